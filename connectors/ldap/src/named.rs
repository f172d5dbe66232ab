//! Finding entries by a name that a person gives.

use usher_connector::{Named, SourceError};
use usher_directory::Filter;
use usher_directory::attribute::is_description;
use usher_ldap::{LdapError, Pool, ResultCode, SearchItem, SearchRequest};

use crate::errors::source_error;
use crate::settings::Settings;

/// Seconds that the server may take: the attributes need not have an index.
const TIME_LIMIT: u32 = 30;

/// The entries under the base DN that have this text as a value of one of the attributes.
pub(crate) async fn find(
    settings: &Settings,
    pool: &Pool,
    text: &str,
    attributes: &[String],
    limit: u32,
) -> Result<Named, SourceError> {
    let names = attributes.iter().filter(|name| is_description(name));
    let filter = Filter::or(names.map(|name| Filter::eq(name, text)).collect());
    let base = &settings.rules.base_dn;
    let mut request = SearchRequest::new(base, filter).attributes(["1.1"]);
    // The server stops by itself; more than was asked for is never read.
    request.size_limit = limit;
    request.time_limit = TIME_LIMIT;
    let found = match search(pool, &request, limit).await {
        // The connection may have died while it was idle.
        Err(error) if error.is_transient() && error.code().is_none() => {
            search(pool, &request, limit).await
        }
        other => other,
    };
    found.map_err(|error| source_error(&error))
}

async fn search(pool: &Pool, request: &SearchRequest, limit: u32) -> Result<Named, LdapError> {
    let mut client = pool.get().await?;
    let mut found = Named::default();
    let mut stream = client.search(request).await?;
    loop {
        match stream.next().await {
            Ok(Some(SearchItem::Entry(entry))) if (found.dns.len() as u32) < limit => {
                found.dns.push(entry.dn);
            }
            Ok(Some(SearchItem::Entry(_))) => found.more = true,
            // Nobody is named by what another server or an entry that cannot be used would say.
            Ok(Some(SearchItem::Reference(_) | SearchItem::Unreadable(_))) => {}
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
