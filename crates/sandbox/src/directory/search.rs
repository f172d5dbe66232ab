//! Searching: base, scope, filter, page.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::SinkExt as _;
use ldap3_proto::control::LdapControl;
use ldap3_proto::proto::{
    LdapMsg, LdapOp, LdapPartialAttribute, LdapResult, LdapResultCode, LdapSearchRequest,
    LdapSearchResultEntry, LdapSearchScope,
};
use usher_directory::{Dn, Filter, attribute};

use super::connection::{Session, critical, result};
use super::filter;
use super::tree::{Key, Seen, Stored, Tree, is_covered, key};

/// How many entries are looked at while the tree is locked.
const LOOK: usize = 500;

/// The largest page that is given, whatever the client asks for.
const MAX_PAGE: usize = 10_000;

/// A search that is being answered.
struct Search {
    request: LdapSearchRequest,
    filter: Filter,
    base: Key,
    /// The last entry that was looked at.
    after: Option<Key>,
    wanted: Wanted,
}

/// Answers one search. An error ends the connection.
pub(crate) async fn answer(
    session: &mut Session,
    id: i32,
    request: LdapSearchRequest,
    controls: &[LdapControl],
) -> io::Result<()> {
    session.shared.searches.fetch_add(1, Ordering::Relaxed);
    if request.base.is_empty() && request.scope == LdapSearchScope::Base {
        let entry = root_dse(session, &request);
        session
            .wire
            .feed(LdapMsg::new(id, LdapOp::SearchResultEntry(entry)))
            .await?;
        return done(session, id, result(LdapResultCode::Success, ""), None).await;
    }
    let page = controls.iter().find_map(|control| match control {
        LdapControl::SimplePagedResults { size, cookie } => Some((*size, cookie.clone())),
        _ => None,
    });
    match prepare(session, request, controls, page.as_ref()) {
        Ok(search) => stream(session, id, search, page.map(|(size, _)| size)).await,
        Err(refusal) => done(session, id, refusal, None).await,
    }
}

fn prepare(
    session: &Session,
    request: LdapSearchRequest,
    controls: &[LdapControl],
    page: Option<&(i64, Vec<u8>)>,
) -> Result<Search, LdapResult> {
    if let Some(oid) = critical(controls) {
        let text = format!("the control {oid} is not supported");
        return Err(result(LdapResultCode::UnavailableCriticalExtension, text));
    }
    if !session.may_read() {
        return Err(result(
            LdapResultCode::InsufficentAccessRights,
            "bind first: anonymous reads are not allowed",
        ));
    }
    let dn = Dn::parse(&request.base)
        .map_err(|error| result(LdapResultCode::InvalidDNSyntax, error.to_string()))?;
    let base = key(&dn);
    let hidden = session.shared.hidden();
    let is_there = |tree: &Tree, key: &Key| {
        key.is_empty()
            || tree
                .by_key(key)
                .is_some_and(|stored| hidden.as_ref().is_none_or(|hidden| !hidden(&stored.entry)))
    };
    session.shared.read(|tree| {
        if is_there(tree, &base) {
            return Ok(());
        }
        let ups = std::iter::successors(dn.parent(), Dn::parent);
        let matched = ups
            .map(|up| key(&up))
            .find(|up| is_there(tree, up))
            .and_then(|up| tree.by_key(&up).cloned());
        Err(LdapResult {
            matcheddn: matched
                .map(|stored| stored.entry.dn.clone())
                .unwrap_or_default(),
            ..result(LdapResultCode::NoSuchObject, "")
        })
    })?;
    let after = match page {
        Some((_, cookie)) if !cookie.is_empty() => Some(read_cookie(cookie, &base)?),
        _ => None,
    };
    let filter = filter::convert(request.filter.clone());
    let wanted = Wanted::new(&request.attrs);
    Ok(Search {
        request,
        filter,
        base,
        after,
        wanted,
    })
}

/// The cookie of a page is the key of the last entry looked at, so it works whatever has changed since.
fn read_cookie(cookie: &[u8], base: &Key) -> Result<Key, LdapResult> {
    let refused = || {
        result(
            LdapResultCode::UnwillingToPerform,
            "the cookie is not of this search",
        )
    };
    let after: Key = serde_json::from_slice(cookie).map_err(|_| refused())?;
    if after.starts_with(base) {
        Ok(after)
    } else {
        Err(refused())
    }
}

fn write_cookie(after: &Key) -> Vec<u8> {
    serde_json::to_vec(after).unwrap_or_default()
}

async fn stream(
    session: &mut Session,
    id: i32,
    mut search: Search,
    page: Option<i64>,
) -> io::Result<()> {
    let own = session.shared.options.size_limit;
    let asked = usize::try_from(search.request.sizelimit).unwrap_or(0);
    let unpaged = [asked, own].into_iter().filter(|limit| *limit > 0).min();
    let (room, is_page) = match page {
        Some(size) => (usize::try_from(size).unwrap_or(0).clamp(1, MAX_PAGE), true),
        None => (unpaged.unwrap_or(usize::MAX), false),
    };
    let mut sent = 0;
    loop {
        let (found, at_end) = look(session, &mut search, room - sent, is_page);
        let over = !is_page && found.len() > room - sent;
        for entry in found.into_iter().take(room - sent) {
            send_entry(session, id, entry).await?;
            sent += 1;
        }
        if over {
            return done(
                session,
                id,
                result(LdapResultCode::SizeLimitExceeded, ""),
                None,
            )
            .await;
        }
        if at_end || (is_page && sent == room) {
            let cookie = if at_end {
                Vec::new()
            } else {
                write_cookie(search.after.as_ref().unwrap_or(&search.base))
            };
            let control = is_page.then_some(LdapControl::SimplePagedResults { size: 0, cookie });
            return done(session, id, result(LdapResultCode::Success, ""), control).await;
        }
    }
}

/// Looks at the next entries: those to send (one more than there is room for, unless in a page), and whether
/// there are no more.
fn look(
    session: &Session,
    search: &mut Search,
    room: usize,
    is_page: bool,
) -> (Vec<LdapSearchResultEntry>, bool) {
    let most = if is_page {
        room
    } else {
        room.saturating_add(1)
    };
    let hidden = session.shared.hidden();
    session.shared.read(|tree| {
        let mut found = Vec::new();
        let mut after = None;
        let mut at_end = true;
        for (seen, stored) in tree.below(&search.base, search.after.as_ref()).enumerate() {
            if seen == LOOK || found.len() == most {
                at_end = false;
                break;
            }
            after = Some(stored.key.clone());
            let visible = hidden.as_ref().is_none_or(|hidden| !hidden(&stored.entry));
            if visible && matches(tree, search, stored) {
                found.push(search.wanted.entry(tree, stored, search.request.typesonly));
            }
        }
        search.after = after.or_else(|| search.after.take());
        (found, at_end)
    })
}

fn matches(tree: &Tree, search: &Search, stored: &Arc<Stored>) -> bool {
    let depth = stored.key.len() - search.base.len();
    let in_scope = match search.request.scope {
        LdapSearchScope::Base => depth == 0,
        LdapSearchScope::OneLevel => depth == 1,
        LdapSearchScope::Subtree => true,
        LdapSearchScope::Children => depth > 0,
    };
    in_scope && search.filter.evaluate(&Seen { tree, stored }).is_true()
}

async fn send_entry(
    session: &mut Session,
    id: i32,
    entry: LdapSearchResultEntry,
) -> io::Result<()> {
    if session.shared.cuts_now() {
        // What was sent before the cut arrives, as it would from a server that dies.
        session.wire.flush().await?;
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    session
        .wire
        .feed(LdapMsg::new(id, LdapOp::SearchResultEntry(entry)))
        .await?;
    session.shared.entries_sent.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

async fn done(
    session: &mut Session,
    id: i32,
    result: LdapResult,
    control: Option<LdapControl>,
) -> io::Result<()> {
    let ctrl = control.into_iter().collect();
    session
        .wire
        .send(LdapMsg {
            msgid: id,
            op: LdapOp::SearchResultDone(result),
            ctrl,
        })
        .await
}

/// Which attributes the client wants.
struct Wanted {
    user: bool,
    operational: bool,
    names: Vec<String>,
}

impl Wanted {
    fn new(asked: &[String]) -> Self {
        let has = |name: &str| asked.iter().any(|one| one == name);
        let names = asked
            .iter()
            .filter(|name| !matches!(name.as_str(), "*" | "+" | "1.1"));
        Self {
            user: asked.is_empty() || has("*"),
            operational: has("+"),
            names: names
                .map(|name| attribute::canonical_description(name))
                .collect(),
        }
    }

    fn entry(&self, tree: &Tree, stored: &Stored, types_only: bool) -> LdapSearchResultEntry {
        let seen = Seen { tree, stored };
        let mut attributes = Vec::new();
        for ((name, values), description) in
            stored.entry.attributes.iter().zip(&stored.descriptions)
        {
            if self.user
                || self
                    .names
                    .iter()
                    .any(|wanted| is_covered(wanted, description))
            {
                attributes.push((name.clone(), values.clone()));
            }
        }
        let kept = if self.operational {
            seen.all_kept()
        } else {
            self.names
                .iter()
                .filter_map(|name| seen.kept(name))
                .collect()
        };
        attributes.extend(
            kept.into_iter()
                .map(|(name, values)| (name.to_owned(), values)),
        );
        let attributes = attributes
            .into_iter()
            .filter(|(_, values)| !values.is_empty());
        let attributes = attributes.map(|(atype, vals)| LdapPartialAttribute {
            atype,
            vals: if types_only { Vec::new() } else { vals },
        });
        LdapSearchResultEntry {
            dn: stored.entry.dn.clone(),
            attributes: attributes.collect(),
        }
    }
}

fn root_dse(session: &Session, request: &LdapSearchRequest) -> LdapSearchResultEntry {
    let contexts = session.shared.read(Tree::tops);
    let texts = |values: &[&str]| {
        values
            .iter()
            .map(|value| value.as_bytes().to_vec())
            .collect::<Vec<_>>()
    };
    let all = [
        ("objectClass", texts(&["top"])),
        (
            "namingContexts",
            contexts.into_iter().map(String::into_bytes).collect(),
        ),
        ("supportedLDAPVersion", texts(&["3"])),
        ("supportedControl", texts(&["1.2.840.113556.1.4.319"])),
        (
            "supportedExtension",
            texts(&[ldap3_proto::proto::OID_WHOAMI]),
        ),
        ("vendorName", texts(&["Usher sample directory"])),
        ("vendorVersion", texts(&[env!("CARGO_PKG_VERSION")])),
    ];
    let wanted = Wanted::new(&request.attrs);
    let attributes = all.into_iter().filter(|(name, _)| {
        let is_user = *name == "objectClass";
        let named = wanted
            .names
            .iter()
            .any(|one| one == &name.to_ascii_lowercase());
        named
            || if is_user {
                wanted.user
            } else {
                wanted.operational
            }
    });
    let attributes = attributes.map(|(name, vals)| LdapPartialAttribute {
        atype: name.to_owned(),
        vals,
    });
    LdapSearchResultEntry {
        dn: String::new(),
        attributes: attributes.collect(),
    }
}
