//! What a directory is and supports, as checks with cause and remedy.

mod content;
mod vendor;

use usher_connector::{Check, CheckOutcome, ProbeReport, SourceError};
use usher_core::model::{ChangeDetection, DirectoryKind};
use usher_ldap::{Client, LdapError, PAGED_RESULTS, Security};

use crate::session::{Facts, facts};
use crate::settings::Settings;
use crate::watermark::Point;

/// A difference of clocks that is worth a look, in milliseconds.
const CLOCKS_MS: i64 = 60_000;

/// Finds out what the server is. What does not work is a failed check, not an error: the checks before
/// it still tell something.
pub(crate) async fn probe(settings: &Settings) -> Result<ProbeReport, SourceError> {
    let mut report = ProbeReport::default();
    if let Some(mut client) = connect(settings, &mut report.checks).await
        && let Err(error) = look(settings, &mut client, &mut report).await
    {
        add(
            &mut report.checks,
            "connection",
            CheckOutcome::Failed,
            error.to_string(),
        );
    }
    Ok(report)
}

pub(super) fn add(
    checks: &mut Vec<Check>,
    name: &str,
    outcome: CheckOutcome,
    detail: impl Into<String>,
) {
    checks.push(Check {
        name: name.to_owned(),
        outcome,
        detail: detail.into(),
    });
}

/// Connects to every host in order until one works.
async fn connect(settings: &Settings, checks: &mut Vec<Check>) -> Option<Client> {
    let mut failed = Vec::new();
    let mut found = None;
    for endpoint in &settings.endpoints {
        match Client::connect(std::slice::from_ref(endpoint), &settings.options).await {
            Ok(client) => {
                found = Some((client, endpoint.security));
                break;
            }
            Err(error) => failed.push(error.to_string()),
        }
    }
    // A silent host is only half as bad where another one answers.
    let outcome = if found.is_some() {
        CheckOutcome::Warning
    } else {
        CheckOutcome::Failed
    };
    for error in failed {
        add(checks, "host", outcome, error);
    }
    let (client, security) = found?;
    let (outcome, how) = match security {
        Security::Plain if has_password(settings) => (
            CheckOutcome::Warning,
            "without encryption: the password and all data travel in the clear; use LDAPS or StartTLS",
        ),
        Security::Plain => (
            CheckOutcome::Warning,
            "without encryption; use LDAPS or StartTLS",
        ),
        Security::StartTls => (CheckOutcome::Good, "encrypted by StartTLS"),
        Security::Ldaps => (CheckOutcome::Good, "encrypted by TLS"),
    };
    add(
        checks,
        "host",
        outcome,
        format!("{} answers, {how}", client.endpoint()),
    );
    Some(client)
}

fn has_password(settings: &Settings) -> bool {
    matches!(settings.credentials, usher_ldap::Credentials::Simple { .. })
}

async fn look(
    settings: &Settings,
    client: &mut Client,
    report: &mut ProbeReport,
) -> Result<(), LdapError> {
    client.endpoint().clone_into(&mut report.host);
    match client.bind(&settings.credentials).await {
        Ok(()) => {
            let who = match &settings.credentials {
                usher_ldap::Credentials::Anonymous => "anonymously".to_owned(),
                usher_ldap::Credentials::Simple { dn, .. } => format!("as {dn}"),
            };
            add(
                &mut report.checks,
                "bind",
                CheckOutcome::Good,
                format!("bound {who}"),
            );
        }
        Err(error) => {
            add(
                &mut report.checks,
                "bind",
                CheckOutcome::Failed,
                error.to_string(),
            );
            return Ok(());
        }
    }
    let facts = facts(client, settings).await?;
    server(settings, &facts, report);
    changes(settings, &facts, &mut report.checks);
    content::look(settings, client, &mut report.checks).await
}

fn server(settings: &Settings, facts: &Facts, report: &mut ProbeReport) {
    let root = &facts.root;
    report.looks_like = vendor::looks_like(root);
    report.server = vendor::words(root, report.looks_like);
    report.naming_contexts.clone_from(&root.naming_contexts);
    let checks = &mut report.checks;
    let (seems, set) = (report.looks_like, settings.directory);
    let known = seems != DirectoryKind::Generic;
    if known && seems != set {
        add(
            checks,
            "directory type",
            CheckOutcome::Warning,
            format!(
                "the server says it is {}, the data store says `{}`: set `template` to `{}` in the policy of the data store (`policies` of the configuration), so that status, expiry and changes are read as it keeps them",
                report.server,
                set.as_str(),
                seems.as_str()
            ),
        );
    } else {
        add(
            checks,
            "directory type",
            CheckOutcome::Good,
            report.server.clone(),
        );
    }
    let base = &settings.rules.base_dn;
    match &facts.context {
        Some(context) => {
            add(
                checks,
                "naming context",
                CheckOutcome::Good,
                format!("{base} lies in {context}"),
            );
        }
        None if root.naming_contexts.is_empty() => add(
            checks,
            "naming context",
            CheckOutcome::Warning,
            "the server does not show its naming contexts to this account: whether the base DN lies in one is not known",
        ),
        None => add(
            checks,
            "naming context",
            CheckOutcome::Failed,
            format!(
                "{base} lies in none of the server's naming contexts ({}): correct the base DN or the host",
                root.naming_contexts.join("; ")
            ),
        ),
    }
    if root.supports_control(PAGED_RESULTS) {
        add(checks, "paged results", CheckOutcome::Good, "supported");
    } else {
        add(
            checks,
            "paged results",
            CheckOutcome::Warning,
            "the server does not say that it supports paged results (RFC 2696), which every read uses: if reads fail, use another host",
        );
    }
}

fn changes(settings: &Settings, facts: &Facts, checks: &mut Vec<Check>) {
    let usn = settings.source.change_detection == ChangeDetection::ActiveDirectoryUsn;
    match Point::now(settings, facts) {
        Some(_) => add(
            checks,
            "changes",
            CheckOutcome::Good,
            if usn {
                "read by update sequence number"
            } else {
                "read by time stamp"
            },
        ),
        None if usn => add(
            checks,
            "changes",
            CheckOutcome::Warning,
            "the server shows no highestCommittedUSN, so every read is a full one: choose a time stamp algorithm, or check that this is Active Directory",
        ),
        None => add(
            checks,
            "changes",
            CheckOutcome::Warning,
            "the server tells neither its time nor when it changed last, and there is no clock, so every read is a full one",
        ),
    }
    let now = settings.clock.as_ref().map(|clock| (clock.0)());
    if let (Some(server), Some(now)) = (facts.server_time, now) {
        let difference = server - now;
        let seconds = difference / 1_000;
        if difference.abs() > CLOCKS_MS {
            add(
                checks,
                "clock",
                CheckOutcome::Warning,
                format!(
                    "the server's clock is {seconds} s from this machine's: correct the one that is wrong, since expiry of accounts goes by this machine's"
                ),
            );
        } else {
            add(
                checks,
                "clock",
                CheckOutcome::Good,
                format!("{seconds} s from this machine's"),
            );
        }
    }
}
