//! Checks of everything a channel needs, each failure with its cause and remedy.

use serde::Serialize;
use usher_connector::{Check, CheckOutcome};
use usher_core::model::{ChannelId, Configuration};

use super::Admin;
use super::activation::{SUSPICIOUS, status_attribute};
use super::counting::{Counted, count};
use super::operator::Permission;
use super::status::unprotected;
use crate::context::OpenChannel;
use crate::cycle::unread_members;
use crate::error::EngineError;

const PROTECTED: &str = "protected accounts";

/// What the doctor found.
#[derive(Clone, Debug, Serialize)]
pub struct DoctorReport {
    /// Per channel: its name and its checks, in order.
    pub channels: Vec<(String, Vec<Check>)>,
    /// Checks of the installation itself.
    pub installation: Vec<Check>,
}

impl DoctorReport {
    /// The worst outcome.
    pub fn worst(&self) -> CheckOutcome {
        let all = self
            .channels
            .iter()
            .flat_map(|(_, checks)| checks)
            .chain(&self.installation);
        let mut worst = CheckOutcome::Good;
        for check in all {
            worst = match (worst, check.outcome) {
                (CheckOutcome::Failed, _) | (_, CheckOutcome::Failed) => CheckOutcome::Failed,
                (CheckOutcome::Warning, _) | (_, CheckOutcome::Warning) => CheckOutcome::Warning,
                (CheckOutcome::Good, CheckOutcome::Good) => CheckOutcome::Good,
            };
        }
        worst
    }
}

impl Admin {
    /// Checks one channel, or all; reads the directory's whole scope, sends one cheap request to
    /// each target.
    pub async fn doctor(&self, channel: Option<&str>) -> Result<DoctorReport, EngineError> {
        self.require(Permission::Look)?;
        let installation = self.installation().await;
        let configuration = self.engine.configuration().await?;
        let ids: Vec<ChannelId> = match channel {
            Some(text) => vec![self.select(Some(text)).await?.1],
            None => configuration
                .channels()
                .map(|(_, channel)| channel.id.clone())
                .collect(),
        };
        let mut channels = Vec::new();
        for (sp, channel) in configuration
            .channels()
            .filter(|(_, c)| ids.contains(&c.id))
        {
            let name = format!("{}/{}", sp.name, channel.name);
            channels.push((name, self.channel_checks(&configuration, &channel.id).await));
        }
        Ok(DoctorReport {
            channels,
            installation,
        })
    }

    async fn installation(&self) -> Vec<Check> {
        let store = match self.engine.store.check().await {
            Ok(bytes) => good(
                "state store",
                &format!("sound and writable, {} KiB", bytes / 1024),
            ),
            Err(error) => failed("state store", &error.to_string()),
        };
        let key = good(
            "key file",
            &format!("present, key {}", self.engine.sealer.key_id()),
        );
        let configuration = match self.engine.configuration().await {
            Ok(found) if found.sp_connections.is_empty() => warning(
                "configuration",
                "there is none yet: `usher config import FILE`",
            ),
            Ok(found) => good(
                "configuration",
                &format!(
                    "revision {}, {} data stores, {} SP connections",
                    found.revision,
                    found.data_stores.len(),
                    found.sp_connections.len()
                ),
            ),
            Err(error) => failed("configuration", &error.to_string()),
        };
        vec![store, key, configuration]
    }

    async fn channel_checks(&self, configuration: &Configuration, id: &ChannelId) -> Vec<Check> {
        let open = match self.engine.open(configuration, id) {
            Ok(open) => open,
            Err(error) => return vec![failed("configuration of the channel", &error.to_string())],
        };
        let mut checks = vec![good(
            "configuration of the channel",
            "mapping and filters compile",
        )];
        match open.source.probe().await {
            Ok(report) => checks.extend(report.checks),
            Err(error) => checks.push(failed("directory", &error.to_string())),
        }
        match count(&open, self.engine.clock.now()).await {
            Ok(counted) => checks.extend(scope_checks(&open, &counted)),
            Err(error) => checks.push(failed("scope", &error.to_string())),
        }
        checks.extend(open.target.check().await);
        checks.extend(self.key_age(&open));
        checks.push(match unprotected(&open.sp, &open.channel) {
            Some(text) => warning(PROTECTED, &text),
            None => good(PROTECTED, "there are some; none of them is ever written to"),
        });
        checks
    }

    /// How long ago the target's key was entered: keys commonly end after a year.
    fn key_age(&self, open: &OpenChannel) -> Option<Check> {
        let entered = open.sp.secret_entered_at.values().min()?;
        let days = (self.engine.clock.now() - entered) / 86_400_000;
        let left = 365 - days;
        let detail = format!("entered {days} days ago; if it lasts a year, {left} days are left");
        Some(if left > 30 {
            good("age of the key", &detail)
        } else {
            warning("age of the key", &detail)
        })
    }
}

fn scope_checks(open: &OpenChannel, counted: &Counted) -> Vec<Check> {
    let scope = &counted.scope;
    let mut checks = Vec::new();
    let people = format!(
        "{} people and {} groups are in scope",
        scope.users, scope.groups
    );
    checks.push(if scope.users == 0 {
        failed(
            "scope",
            "nobody is in scope: look at the base DN, the filter and the group",
        )
    } else {
        good("scope", &people)
    });
    let disabled = format!("{} of {} people are disabled", scope.disabled, scope.users);
    let is_odd = scope.disabled == 0 && scope.users > SUSPICIOUS;
    checks.push(if is_odd && !open.channel.policy.no_disabled_seen {
        warning(
            "disabled people",
            &format!(
                "{disabled}: is the account-status attribute right ({})? If it is right that nobody is disabled, say so in the channel's policy: `\"no_disabled_seen\": true`; until then the channel is not activated",
                status_attribute(&open.channel.source)
            ),
        )
    } else {
        good("disabled people", &disabled)
    });
    if counted.invalid > 0 {
        let first = counted.first_invalid.as_deref().unwrap_or_default();
        checks.push(warning(
            "mapping",
            &format!(
                "{} of {} people cannot be mapped; the first: {first}",
                counted.invalid, scope.users
            ),
        ));
    } else {
        checks.push(good("mapping", "every person in scope can be mapped"));
    }
    for words in counted.defaulted.words() {
        checks.push(warning("mapping", &words));
    }
    let certificate = counted.certificate.as_ref();
    let unread = certificate.and_then(|found| unread_members(&found.incomplete_groups));
    checks.extend(unread.map(|words| warning("members of groups", &words)));
    match &counted.certificate {
        Some(certificate) if certificate.is_complete() => {
            checks.push(good(
                "evidence",
                "the read was complete: it may prove absence",
            ));
        }
        Some(certificate) => checks.push(warning(
            "evidence",
            &format!(
                "the read was not complete, so it proves no absence: {}",
                certificate.incomplete.join("; ")
            ),
        )),
        None => checks.push(warning("evidence", "the read ended without saying so")),
    }
    checks
}

fn good(name: &str, detail: &str) -> Check {
    check(name, CheckOutcome::Good, detail)
}

fn warning(name: &str, detail: &str) -> Check {
    check(name, CheckOutcome::Warning, detail)
}

fn failed(name: &str, detail: &str) -> Check {
    check(name, CheckOutcome::Failed, detail)
}

fn check(name: &str, outcome: CheckOutcome, detail: &str) -> Check {
    Check {
        name: name.to_owned(),
        outcome,
        detail: detail.to_owned(),
    }
}
