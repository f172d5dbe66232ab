//! What lies below the base DN, looked at cheaply.

use usher_connector::scope::lower_attributes;
use usher_connector::{Check, CheckOutcome, KINDS};
use usher_core::model::Kind;
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
        .attributes([settings.rules.key.attribute.as_str()]);
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
    match settings.rules.key.key(values.map_or(&[], Vec::as_slice)) {
        Ok(key) => add(
            checks,
            &guid,
            CheckOutcome::Good,
            format!("{} has {key}", first.dn),
        ),
        Err(problem) => add(
            checks,
            &guid,
            CheckOutcome::Failed,
            format!("{}: {problem}", first.dn),
        ),
    }
    Ok(())
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
