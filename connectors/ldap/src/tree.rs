//! Looking around in the directory, one level at a time.

use usher_connector::{SourceError, TreeEntry, TreeLevel};
use usher_directory::{Dn, Filter};
use usher_ldap::{LdapEntry, LdapError, Pool, ResultCode, Scope, SearchItem, SearchRequest};

use crate::errors::source_error;

/// What tells whether an entry has something below it, with what each server calls it.
const BELOW: [&str; 3] = [
    "hasSubordinates",
    "numSubordinates",
    "msDS-Approx-Immed-Subordinates",
];

/// What lies directly below a DN.
pub(crate) async fn children(pool: &Pool, dn: &str, limit: u32) -> Result<TreeLevel, SourceError> {
    let dn = parsed(dn)?;
    let found = if dn.is_root() {
        contexts(pool, limit).await
    } else {
        level(pool, &dn.to_string(), limit).await
    };
    found.map_err(|error| source_error(&error))
}

/// One entry with everything that it shows.
pub(crate) async fn entry(pool: &Pool, dn: &str) -> Result<Option<TreeEntry>, SourceError> {
    let dn = parsed(dn)?.to_string();
    let read = async {
        let mut client = pool.get().await?;
        let mut asked = vec!["*", "+"];
        asked.extend(BELOW);
        client.read_entry(&dn, &asked).await
    };
    match read.await {
        Ok(found) => Ok(found.map(|entry| TreeEntry {
            attributes: entry.attributes.clone(),
            ..tree_entry(&entry)
        })),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(source_error(&error)),
    }
}

fn parsed(dn: &str) -> Result<Dn, SourceError> {
    Dn::parse(dn).map_err(|error| SourceError::Settings(format!("`{dn}` is no DN: {error}")))
}

fn is_missing(error: &LdapError) -> bool {
    error.code() == Some(ResultCode::NO_SUCH_OBJECT)
}

async fn contexts(pool: &Pool, limit: u32) -> Result<TreeLevel, LdapError> {
    let mut client = pool.get().await?;
    let root = client.root_dse().await?;
    let more = root.naming_contexts.len() > limit as usize;
    let names = root.naming_contexts.into_iter().take(limit as usize);
    Ok(TreeLevel {
        entries: names
            .map(|dn| TreeEntry {
                dn,
                ..TreeEntry::default()
            })
            .collect(),
        more,
    })
}

async fn level(pool: &Pool, dn: &str, limit: u32) -> Result<TreeLevel, LdapError> {
    let mut client = pool.get().await?;
    let mut asked = vec!["objectClass"];
    asked.extend(BELOW);
    let mut request = SearchRequest::new(dn, Filter::present("objectClass"))
        .scope(Scope::One)
        .attributes(asked);
    // The server stops by itself; more than was asked for is never read.
    request.size_limit = limit;
    let mut found = TreeLevel::default();
    let mut stream = client.search(&request).await?;
    loop {
        match stream.next().await {
            Ok(Some(SearchItem::Entry(entry))) if (found.entries.len() as u32) < limit => {
                found.entries.push(tree_entry(&entry));
            }
            Ok(Some(
                SearchItem::Entry(_) | SearchItem::Reference(_) | SearchItem::Unreadable(_),
            )) => {
                found.more = true;
            }
            Ok(None) => break,
            Err(error) if error.code() == Some(ResultCode::SIZE_LIMIT_EXCEEDED) => {
                found.more = true;
                break;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn tree_entry(entry: &LdapEntry) -> TreeEntry {
    let below = BELOW.iter().find_map(|name| entry.text(name));
    TreeEntry {
        dn: entry.dn.clone(),
        object_classes: entry.texts("objectClass"),
        has_children: below.map(|text| !matches!(text, "0" | "FALSE" | "false")),
        attributes: Vec::new(),
    }
}
