//! What lies below the base DN, looked at cheaply.

use std::collections::BTreeMap;

use usher_connector::scope::lower_attributes;
use usher_connector::{Check, CheckOutcome, KINDS};
use usher_core::model::{ChangeDetection, Kind};
use usher_core::templates::{defaults_for, is_no_stable_id};
use usher_directory::Dn;
use usher_directory::compare::generalized_time_to_unix_ms;
use usher_ldap::{Client, LdapEntry, LdapError, ResultCode, SearchItem, SearchRequest};

use super::add;
use crate::settings::Settings;

/// Entries that are counted at most.
const COUNTED: u32 = 1_000;

pub(super) async fn look(
    settings: &Settings,
    client: &mut Client,
    checks: &mut Vec<Check>,
) -> Result<(), LdapError> {
    let base = &settings.rules.base_dn;
    match client.read_entry(base, &["1.1"]).await {
        Ok(Some(_)) => add(
            checks,
            "base DN",
            CheckOutcome::Good,
            format!("{base} is readable"),
        ),
        Ok(None) => add(
            checks,
            "base DN",
            CheckOutcome::Failed,
            format!("{base} is there, but the bind account may not read it: give it the right to"),
        ),
        Err(error) if error.code().is_some() => {
            add(checks, "base DN", CheckOutcome::Failed, error.to_string());
            return Ok(());
        }
        Err(error) => return Err(error),
    }
    for kind in KINDS {
        count(settings, client, kind, checks).await?;
    }
    scope_groups(settings, client, checks).await
}

async fn count(
    settings: &Settings,
    client: &mut Client,
    kind: Kind,
    checks: &mut Vec<Check>,
) -> Result<(), LdapError> {
    let name = match kind {
        Kind::User => "people",
        Kind::Group => "groups",
    };
    let class = settings.rules.class(kind);
    let mut request = SearchRequest::new(settings.rules.base_dn.as_str(), class.clone())
        .attributes([
            settings.rules.key.attribute.as_str(),
            settings.source.timestamp_attribute.as_str(),
        ]);
    request.size_limit = COUNTED;
    let mut first: Option<LdapEntry> = None;
    let mut count = 0_u32;
    let mut stream = client.search(&request).await?;
    let more = loop {
        match stream.next().await {
            Ok(Some(SearchItem::Entry(entry))) => {
                count += 1;
                first.get_or_insert(entry);
            }
            Ok(Some(SearchItem::Unreadable(_))) => count += 1,
            Ok(Some(SearchItem::Reference(_))) => {}
            Ok(None) => break "",
            Err(error) if error.code() == Some(ResultCode::SIZE_LIMIT_EXCEEDED) => {
                break "at least ";
            }
            Err(error) if error.code().is_some() => {
                add(checks, name, CheckOutcome::Failed, error.to_string());
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    };
    let Some(first) = first else {
        add(
            checks,
            name,
            CheckOutcome::Warning,
            format!(
                "none with {class} below {}: check the object class, the base DN and the rights of the bind account",
                settings.rules.base_dn
            ),
        );
        return Ok(());
    };
    add(
        checks,
        name,
        CheckOutcome::Good,
        format!("{more}{count} with {class}, whatever the filter says"),
    );
    let attributes = lower_attributes(first.attributes);
    let values = attributes.get(&settings.rules.key.attribute.to_ascii_lowercase());
    let guid = format!("GUID of {name}");
    let key = &settings.rules.key;
    let (outcome, detail) = match key.key(values.map_or(&[], Vec::as_slice)) {
        Ok(_) if is_the_name(values, &first.dn) => (
            CheckOutcome::Failed,
            format!(
                "`{}` of {} is its DN, which changes with each renaming and move: choose an attribute that never changes, such as entryUUID or objectGUID",
                key.attribute, first.dn
            ),
        ),
        Ok(found) if is_no_stable_id(&key.attribute) => (
            CheckOutcome::Warning,
            format!(
                "{} has {found}, but `{}` changes when somebody is renamed or gets another address, and then is taken for somebody else: choose an attribute that never changes, such as entryUUID or objectGUID",
                first.dn, key.attribute
            ),
        ),
        Ok(found) => (CheckOutcome::Good, format!("{} has {found}", first.dn)),
        Err(problem) => (CheckOutcome::Failed, format!("{}: {problem}", first.dn)),
    };
    add(checks, &guid, outcome, detail);
    if let Some(problem) = stamp_problem(settings, &attributes) {
        let detail = format!("{}: {problem}", first.dn);
        add(
            checks,
            &format!("time stamp of {name}"),
            CheckOutcome::Failed,
            detail,
        );
    }
    Ok(())
}

/// Whether a value is the entry's own DN.
fn is_the_name(values: Option<&Vec<Vec<u8>>>, dn: &str) -> bool {
    let Ok(dn) = Dn::parse(dn) else { return false };
    let texts = values.into_iter().flatten();
    let mut names = texts.filter_map(|value| Dn::parse(std::str::from_utf8(value).ok()?).ok());
    names.any(|name| name.canonical() == dn.canonical())
}

/// Why changes are not seen by the time stamp attribute of an entry; `None` when they are, or are not looked for by it.
fn stamp_problem(
    settings: &Settings,
    attributes: &BTreeMap<String, Vec<Vec<u8>>>,
) -> Option<String> {
    if settings.source.change_detection == ChangeDetection::ActiveDirectoryUsn {
        return None;
    }
    let name = &settings.source.timestamp_attribute;
    let usual = defaults_for(settings.directory).timestamp_attribute;
    let value = attributes
        .get(&name.to_ascii_lowercase())
        .and_then(|values| values.first());
    let remedy = format!(
        "whoever changes is seen by the next full read only. Name the attribute in which this directory keeps the time of the last change, usually `{usual}`, and let the bind account read it"
    );
    let Some(value) = value else {
        return Some(format!("it shows no `{name}`, so that {remedy}"));
    };
    let text = String::from_utf8_lossy(value);
    generalized_time_to_unix_ms(&text)
        .is_err()
        .then(|| format!("`{name}` is `{text}`, which is no time, so that {remedy}"))
}

async fn scope_groups(
    settings: &Settings,
    client: &mut Client,
    checks: &mut Vec<Check>,
) -> Result<(), LdapError> {
    let rules = &settings.rules;
    let groups = KINDS
        .into_iter()
        .filter_map(|kind| rules.location(kind))
        .flat_map(|l| &l.groups);
    for group in groups {
        let dn = &group.dn;
        match client.read_entry(dn, &["1.1"]).await {
            Ok(Some(_)) => add(
                checks,
                "scope group",
                CheckOutcome::Good,
                format!("{dn} is readable"),
            ),
            Ok(None) => add(
                checks,
                "scope group",
                CheckOutcome::Failed,
                format!(
                    "the server returns nothing for {dn}: give the bind account the right to read it"
                ),
            ),
            Err(error) if error.code().is_some() => {
                add(
                    checks,
                    "scope group",
                    CheckOutcome::Failed,
                    format!("{dn}: {error}"),
                );
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
