//! Entries page by page, or by their names.

use std::collections::HashSet;

use usher_connector::ReadEntry;
use usher_core::model::{Entry, Hash128, Kind, ScopeVerdict};
use usher_directory::Filter;
use usher_ldap::{
    Client, LdapEntry, LdapError, PagedSearch, ResultCode, SearchItem, SearchRequest,
};

use super::{GroupToRead, Reading};
use crate::attributes;
use crate::errors::Halt;
use crate::query;
use crate::references::hidden_part;

/// A page is sent on when its values have this many bytes.
const PAGE_BYTES: usize = 1 << 20;

/// A server may send more than a page was asked to have, but a page must end.
const MOST_ON_A_PAGE: u64 = 10_000;

/// What the client was doing when an entry, and not the connection, could not be used.
const READING_AN_ENTRY: &str = "reading an entry";

/// Entries that wait to be sent.
#[derive(Default)]
struct Waiting {
    entries: Vec<Entry>,
    bytes: usize,
}

/// Notices a server that begins pages again that it gave already.
#[derive(Default)]
struct Repeats {
    firsts: HashSet<Hash128>,
    page: Option<u64>,
}

impl Repeats {
    fn is_repeat(&mut self, page: u64, dn: &str) -> bool {
        if self.page == Some(page) {
            return false;
        }
        self.page = Some(page);
        !self.firsts.insert(Hash128::of(dn.as_bytes()))
    }
}

impl Reading<'_> {
    /// Reads a search page by page; in a full read all of it is in scope by the filter itself.
    pub(super) async fn paged(&mut self, kind: Kind, filter: Filter) -> Result<(), Halt> {
        self.ask(words(kind), &filter);
        let request = SearchRequest::new(self.settings.rules.base_dn.as_str(), filter)
            .attributes(self.asked.iter().map(String::as_str));
        let client = self.session.take(self.settings).await?;
        let mut search = Client::into_search_paged(client, request, self.settings.page_size);
        let mut waiting = Waiting::default();
        let mut result = self.drain(kind, &mut search, &mut waiting).await;
        self.certificate.pages += search.pages();
        self.session.put(search.into_client());
        if let Ok(()) | Err(Halt::Directory(_)) = result {
            // What came before the end is true, however it ended.
            let flushed = self.flush(kind, &mut waiting).await;
            result = result.and(flushed);
        }
        result
    }

    async fn drain(
        &mut self,
        kind: Kind,
        search: &mut PagedSearch<Client>,
        waiting: &mut Waiting,
    ) -> Result<(), Halt> {
        let mut repeats = Repeats::default();
        let mut on_page = (0, 0);
        while let Some(item) = search.next().await? {
            // Only now: the server is at the next page already.
            let full = waiting.entries.len() >= self.settings.page_size as usize;
            if full || waiting.bytes >= PAGE_BYTES {
                self.flush(kind, waiting).await?;
            }
            on_page = if on_page.0 == search.pages() {
                (on_page.0, on_page.1 + 1)
            } else {
                (search.pages(), 1)
            };
            if on_page.1 > MOST_ON_A_PAGE.max(10 * u64::from(self.settings.page_size)) {
                self.note(Some(format!(
                    "the server sent over {} entries for a page of {}: the page does not end",
                    on_page.1 - 1,
                    self.settings.page_size
                )));
                return Ok(());
            }
            match item {
                SearchItem::Entry(entry) => {
                    if repeats.is_repeat(search.pages(), &entry.dn) {
                        self.certificate.incomplete.push(format!(
                            "the server sent the page that begins with {} twice: nobody can say what it left out",
                            entry.dn
                        ));
                        return Ok(());
                    }
                    self.take(kind, entry, waiting).await?;
                }
                SearchItem::Unreadable(entry) => {
                    let dn = entry.dn;
                    self.send_bad(dn, None, entry.problem).await?;
                }
                SearchItem::Reference(urls) => {
                    let base = &self.settings.rules.base;
                    let hidden = hidden_part(&urls, base, self.settings.is_ad());
                    self.note(hidden);
                }
            }
        }
        Ok(())
    }

    /// Notes a reason once.
    pub(super) fn note(&mut self, reason: Option<String>) {
        let known = &mut self.certificate.incomplete;
        if let Some(reason) = reason.filter(|reason| !known.contains(reason)) {
            known.push(reason);
        }
    }

    async fn take(
        &mut self,
        kind: Kind,
        raw: LdapEntry,
        waiting: &mut Waiting,
    ) -> Result<(), Halt> {
        waiting.bytes += raw
            .attributes
            .iter()
            .flat_map(|(_, v)| v)
            .map(Vec::len)
            .sum::<usize>();
        match attributes::entry(self.settings, kind, raw) {
            // A search is asked below the base: what lies elsewhere is no answer to it.
            Ok(entry) if !self.settings.rules.is_under_base(&entry.dn) => {
                self.note(Some(format!(
                    "the server returned {}, which is not below the base DN: its answers cannot be trusted",
                    entry.dn
                )));
                let problem = "it is not below the base DN that was searched".to_owned();
                self.send_bad(entry.dn, None, problem).await?;
            }
            // Who is a person is read as one, even where the entry is a group as well.
            Ok(entry)
                if kind == Kind::Group
                    && self.settings.rules.kind_of(&entry.attributes) == Some(Kind::User) => {}
            Ok(entry) => waiting.entries.push(entry),
            Err((dn, problem)) => self.send_bad(dn, None, problem).await?,
        }
        Ok(())
    }

    async fn flush(&mut self, kind: Kind, waiting: &mut Waiting) -> Result<(), Halt> {
        let entries = std::mem::take(&mut waiting.entries);
        waiting.bytes = 0;
        if entries.is_empty() {
            return Ok(());
        }
        let page = if self.full {
            let all = entries.into_iter();
            all.map(|entry| self.read_entry(entry, ScopeVerdict::In))
                .collect()
        } else {
            self.judged(kind, entries).await?
        };
        self.note_groups(&page);
        self.send_page(kind, page).await
    }

    /// Remembers the groups in scope, whose members come later.
    pub(super) fn note_groups(&mut self, page: &[ReadEntry]) {
        let groups = page
            .iter()
            .filter(|read| read.entry.kind == Kind::Group && read.scope == ScopeVerdict::In);
        self.groups.extend(groups.map(|read| GroupToRead {
            key: read.entry.key.clone(),
            dn: read.entry.dn.clone(),
        }));
    }

    /// Reads the members of the scope groups by name: complete only if every one was fetched.
    pub(super) async fn by_membership(&mut self, kind: Kind) -> Result<(), Halt> {
        let Some(location) = self.settings.rules.location(kind) else {
            return Ok(());
        };
        self.certificate.asked.push(format!(
            "{} who are members of {}, one by one; attributes {}",
            words(kind),
            location.group_clause(),
            self.asked.join(" ")
        ));
        let dns = self
            .scope
            .of(kind)
            .map(|members| members.dns.clone())
            .unwrap_or_default();
        let base = &self.settings.rules;
        let dns: Vec<String> = dns
            .into_iter()
            .filter(|dn| base.is_under_base(dn))
            .collect();
        for some in dns.chunks(self.settings.page_size as usize) {
            let found = self.named(kind, some).await?;
            let page = self.judged(kind, found).await?;
            let page: Vec<ReadEntry> = page
                .into_iter()
                .filter(|read| read.scope == ScopeVerdict::In)
                .collect();
            self.note_groups(&page);
            self.certificate.pages += 1;
            self.send_page(kind, page).await?;
        }
        Ok(())
    }

    /// Reads entries of one kind by name; what is of another kind is left out.
    pub(super) async fn named(&mut self, kind: Kind, dns: &[String]) -> Result<Vec<Entry>, Halt> {
        let reads = query::by_dns(self.session.pool(), self.settings, dns, &self.asked).await;
        let mut found = Vec::new();
        for (dn, read) in dns.iter().zip(reads) {
            match read {
                Ok(Some((raw, Some(is)))) if is == kind => {
                    match attributes::entry(self.settings, kind, raw) {
                        Ok(entry) => found.push(entry),
                        Err((dn, problem)) => self.send_bad(dn, None, problem).await?,
                    }
                }
                Ok(Some(_)) => {}
                Ok(None) => self.note(Some(format!(
                    "{dn} is a member, but the server returns nothing for it: check the rights of the bind account"
                ))),
                Err(LdapError::Protocol { doing, detail, .. }) if doing == READING_AN_ENTRY => {
                    self.send_bad(dn.clone(), None, detail).await?;
                }
                // A value that outlived its entry.
                Err(error) if error.code() == Some(ResultCode::NO_SUCH_OBJECT) => {}
                Err(error) if error.code().is_some() => self.note(Some(format!("{dn}: {error}"))),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(found)
    }
}

fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "people",
        Kind::Group => "groups",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_begins_like_an_earlier_one_is_a_repeat() {
        let mut repeats = Repeats::default();
        assert!(!repeats.is_repeat(0, "a"));
        assert!(
            !repeats.is_repeat(0, "a"),
            "only the first of a page counts"
        );
        assert!(!repeats.is_repeat(1, "b"));
        assert!(repeats.is_repeat(2, "a"));
    }
}
