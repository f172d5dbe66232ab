//! Questions about single entries, asked the same way by a read and by a fetch.

use std::collections::HashSet;

use futures_util::{StreamExt as _, stream};
use usher_connector::scope::lower_attributes;
use usher_core::model::{Kind, SourceKey};
use usher_directory::Filter;
use usher_ldap::{Client, LdapEntry, LdapError, Pool, Scope, SearchItem, SearchRequest};

use crate::references::hidden_part;
use crate::settings::Settings;

/// Keys in one filter.
pub(crate) const KEYS_AT_ONCE: usize = 50;

/// Single entries read at once.
const READS_AT_ONCE: usize = 4;

/// What a search found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) entries: Vec<LdapEntry>,
    /// Why there may be more.
    pub(crate) incomplete: Option<String>,
}

/// Runs a search that is expected to return few entries.
pub(crate) async fn search(
    client: &mut Client,
    settings: &Settings,
    request: &SearchRequest,
) -> Result<Found, LdapError> {
    let mut found = Found::default();
    let mut stream = client.search(request).await?;
    while let Some(item) = stream.next().await? {
        match item {
            SearchItem::Entry(entry) => found.entries.push(entry),
            SearchItem::Unreadable(entry) => {
                let dn = entry.dn;
                found.incomplete = Some(format!(
                    "the entry \"{dn}\" cannot be used: {}",
                    entry.problem
                ));
            }
            SearchItem::Reference(urls) => {
                let hidden = hidden_part(&urls, &settings.rules.base, settings.is_ad());
                found.incomplete = found.incomplete.or(hidden);
            }
        }
    }
    Ok(found)
}

/// Entries below `base` that have one of these keys, whatever they are.
pub(crate) async fn by_keys(
    client: &mut Client,
    settings: &Settings,
    base: &str,
    keys: &[SourceKey],
    attributes: &[String],
) -> Result<Found, LdapError> {
    let filter = settings.rules.key.filter(keys);
    let request = SearchRequest::new(base, filter).attributes(attributes);
    search(client, settings, &request).await
}

/// Who passes a filter.
#[derive(Debug, Default)]
pub(crate) struct Passing {
    pub(crate) keys: HashSet<SourceKey>,
    /// Those of whom it is not known, since not all of the answer could be used.
    pub(crate) unknown: HashSet<SourceKey>,
    /// Why.
    pub(crate) doubt: Option<String>,
}

/// Which of these keys pass the filter of their location, asked of the server.
pub(crate) async fn passing(
    client: &mut Client,
    settings: &Settings,
    kind: Kind,
    keys: &[SourceKey],
) -> Result<Passing, LdapError> {
    let rules = &settings.rules;
    let Some(filter) = rules
        .location(kind)
        .and_then(|location| location.filter.clone())
    else {
        return Ok(Passing {
            keys: keys.iter().cloned().collect(),
            ..Passing::default()
        });
    };
    let mut passing = Passing::default();
    for some in keys.chunks(KEYS_AT_ONCE) {
        let all = vec![
            rules.key.filter(some),
            rules.class(kind).clone(),
            filter.clone(),
        ];
        let request = SearchRequest::new(rules.base_dn.as_str(), Filter::and(all))
            .attributes([rules.key.attribute.as_str()]);
        let found = search(client, settings, &request).await?;
        for entry in found.entries {
            let attributes = lower_attributes(entry.attributes);
            let values = attributes.get(&rules.key.attribute.to_ascii_lowercase());
            passing
                .keys
                .extend(rules.key.key(values.map_or(&[], Vec::as_slice)));
        }
        if found.incomplete.is_some() {
            passing.doubt = found.incomplete;
            let silent = some.iter().filter(|key| !passing.keys.contains(*key));
            passing.unknown.extend(silent.cloned());
        }
    }
    Ok(passing)
}

/// What an entry is. Servers may leave superior classes out of an answer, but know them.
pub(crate) async fn kind_of(
    client: &mut Client,
    settings: &Settings,
    entry: &LdapEntry,
) -> Result<Option<Kind>, LdapError> {
    let attributes = lower_attributes(entry.attributes.clone());
    if let Some(kind) = settings.rules.kind_of(&attributes) {
        return Ok(Some(kind));
    }
    for kind in [Kind::User, Kind::Group] {
        let request = SearchRequest::new(entry.dn.as_str(), settings.rules.class(kind).clone())
            .scope(Scope::Base)
            .attributes(["1.1"]);
        if !search(client, settings, &request).await?.entries.is_empty() {
            return Ok(Some(kind));
        }
    }
    Ok(None)
}

/// One entry with what it is; `None` when the server returns nothing.
pub(crate) type Read = Result<Option<(LdapEntry, Option<Kind>)>, LdapError>;

/// Reads entries by DN over a few connections; answers in the order asked.
pub(crate) async fn by_dns(
    pool: &Pool,
    settings: &Settings,
    dns: &[String],
    attributes: &[String],
) -> Vec<Read> {
    let reads = dns.iter().map(|dn| async move {
        match by_dn(pool, settings, dn, attributes).await {
            // The connection may have died while it was idle.
            Err(error) if error.is_transient() && error.code().is_none() => {
                by_dn(pool, settings, dn, attributes).await
            }
            other => other,
        }
    });
    let reads: Vec<_> = reads.collect();
    stream::iter(reads).buffered(READS_AT_ONCE).collect().await
}

async fn by_dn(pool: &Pool, settings: &Settings, dn: &str, attributes: &[String]) -> Read {
    let mut client = pool.get().await?;
    let names: Vec<&str> = attributes.iter().map(String::as_str).collect();
    let Some(entry) = client.read_entry(dn, &names).await? else {
        return Ok(None);
    };
    let kind = kind_of(&mut client, settings, &entry).await?;
    Ok(Some((entry, kind)))
}
