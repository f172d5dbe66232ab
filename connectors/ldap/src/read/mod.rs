//! One read from begin to end.

mod changes;
mod closure;
mod index;
mod lists;
mod members;
mod pages;
mod sentinels;

pub(crate) use closure::{judge, scope_sets};
use index::GroupIndex;
use lists::ListCache;

use usher_connector::scope::{Members, ScopeSets};
use usher_connector::{EventSink, ReadEntry, ReadRequest, SourceError, SourceEvent};
use usher_core::model::{Certificate, Hash128, Kind, SourceKey};
use usher_directory::Filter;

use crate::attributes::asked;
use crate::errors::{Halt, source_error};
use crate::session::Session;
use crate::settings::Settings;
use crate::watermark::{Mark, Point};

/// Reasons for unusable entries that a certificate keeps.
const BAD_KEPT: usize = 1_000;

/// A group whose members are to be read.
struct GroupToRead {
    key: SourceKey,
    dn: String,
}

/// A read under way.
struct Reading<'a> {
    settings: &'a Settings,
    request: &'a ReadRequest,
    asked: Vec<String>,
    session: Session,
    sink: &'a mut dyn EventSink,
    certificate: Certificate,
    scope: ScopeSets,
    index: GroupIndex,
    cache: ListCache,
    groups: Vec<GroupToRead>,
    /// Whether the bind account's own entry was there at the start.
    own_seen: bool,
    /// A person who changed is not in scope.
    someone_left: bool,
    full: bool,
    /// The main connection is in the middle of a page.
    aside: bool,
}

/// Reads, giving events to the sink.
pub(crate) async fn read(
    settings: &Settings,
    request: &ReadRequest,
    sink: &mut dyn EventSink,
) -> Result<(), SourceError> {
    if let Some(problem) = settings.rules.unset() {
        return Err(SourceError::Settings(problem));
    }
    let session = Session::open(settings).await?;
    let mut reading = Reading::new(settings, request, session, sink);
    let begun = reading.begin().await;
    let since = match begun {
        Ok(since) => since,
        Err(Halt::Receiver(error)) => return Err(error),
        Err(Halt::Directory(error)) => return Err(source_error(&error)),
    };
    let outcome = reading.body(since.as_ref()).await;
    reading.end(outcome).await
}

impl<'a> Reading<'a> {
    fn new(
        settings: &'a Settings,
        request: &'a ReadRequest,
        session: Session,
        sink: &'a mut dyn EventSink,
    ) -> Self {
        let certificate = Certificate {
            host: session.facts.host.clone(),
            ..Certificate::default()
        };
        Self {
            settings,
            request,
            asked: asked(settings, &request.attributes),
            session,
            sink,
            certificate,
            scope: ScopeSets::default(),
            index: GroupIndex::default(),
            cache: ListCache::default(),
            groups: Vec::new(),
            own_seen: false,
            someone_left: false,
            full: true,
            aside: false,
        }
    }

    /// Decides between full and delta and says so; the point to read from, for a delta.
    async fn begin(&mut self) -> Result<Option<Point>, Halt> {
        // The moment was taken when the session asked the host about itself, before any entry.
        let now = Point::now(self.settings, &self.session.facts);
        self.first_look().await?;
        let rules = &self.settings.rules;
        // To tell member groups from people; the groups in scope ask for it later.
        self.index.wanted = (rules.users.nested && !rules.users.groups.is_empty())
            || rules
                .groups
                .as_ref()
                .is_some_and(|groups| !groups.groups.is_empty());
        self.ensure_index().await?;
        self.read_scope_groups().await;
        let old = self.request.from.as_ref().and_then(Mark::parse);
        let since = old.filter(|old| self.may_continue(old, now.as_ref()));
        self.full = since.is_none();
        let hash = |members: &Option<Members>| members.as_ref().map(Members::hash);
        let mark = now.map(|point| Mark {
            point,
            base: rules.base_dn.clone(),
            users: hash(&self.scope.users),
            groups: hash(&self.scope.groups),
            change: self.session.facts.last_change,
        });
        let begin = SourceEvent::Begin {
            full: self.full,
            mark: mark.and_then(|mark| mark.print()),
        };
        self.send(begin).await?;
        let last_change = self.session.facts.last_change;
        Ok(since.map(|mark| mark.start(last_change)))
    }

    /// Whether a delta can tell everything. Who left a scope group has not changed himself, so a
    /// changed group means a full read; one that could not be read says nothing.
    fn may_continue(&self, old: &Mark, now: Option<&Point>) -> bool {
        let same = |members: &Option<Members>, before: Option<Hash128>| match members {
            None => before.is_none(),
            Some(members) => members.incomplete.is_some() || before == Some(members.hash()),
        };
        old.base == self.settings.rules.base_dn
            && now.is_some_and(|now| old.point.leads_to(now))
            && same(&self.scope.users, old.users)
            && same(&self.scope.groups, old.groups)
    }

    async fn body(&mut self, since: Option<&Point>) -> Result<(), Halt> {
        match since {
            None => {
                self.full_kind(Kind::User).await?;
                if self.settings.rules.groups.is_some() {
                    self.full_kind(Kind::Group).await?;
                }
            }
            Some(point) => self.changes(&point.since(self.settings)).await?,
        }
        self.members().await
    }

    /// Reads everybody or every group in scope.
    async fn full_kind(&mut self, kind: Kind) -> Result<(), Halt> {
        let rules = &self.settings.rules;
        let Some(location) = rules.location(kind) else {
            return Ok(());
        };
        if !location.groups.is_empty() {
            return self.by_membership(kind).await;
        }
        let mut parts = vec![rules.class(kind).clone()];
        parts.extend(location.filter.clone());
        let result = self.paged(kind, Filter::and(parts)).await;
        self.go_on(result)
    }

    /// After an answer that ends one search only, the others still teach something.
    fn go_on(&mut self, result: Result<(), Halt>) -> Result<(), Halt> {
        match result {
            Err(Halt::Directory(error)) if error.code().is_some() => {
                self.certificate.incomplete.push(error.to_string());
                Ok(())
            }
            other => other,
        }
    }

    async fn end(mut self, outcome: Result<(), Halt>) -> Result<(), SourceError> {
        let outcome = match outcome {
            Ok(()) => self.sentinels().await,
            halted => halted,
        };
        match outcome {
            Ok(()) => {}
            Err(Halt::Receiver(error)) => return Err(error),
            Err(Halt::Directory(error)) => self.certificate.incomplete.push(error.to_string()),
        }
        let certificate = std::mem::take(&mut self.certificate);
        self.sink.event(SourceEvent::End(certificate)).await?;
        self.session.close().await;
        Ok(())
    }

    async fn send(&mut self, event: SourceEvent) -> Result<(), Halt> {
        self.sink.event(event).await.map_err(Halt::Receiver)
    }

    /// Sends a page, counts it, and notes the groups in scope.
    async fn send_page(&mut self, kind: Kind, page: Vec<ReadEntry>) -> Result<(), Halt> {
        if page.is_empty() {
            return Ok(());
        }
        match kind {
            Kind::User => self.certificate.users += page.len() as u64,
            Kind::Group => self.certificate.groups += page.len() as u64,
        }
        self.send(SourceEvent::Page(page)).await
    }

    async fn send_bad(
        &mut self,
        dn: String,
        key: Option<SourceKey>,
        problem: String,
    ) -> Result<(), Halt> {
        if self.certificate.bad_entries.len() < BAD_KEPT {
            self.certificate
                .bad_entries
                .push(format!("{dn}: {problem}"));
        }
        self.send(SourceEvent::Bad { dn, key, problem }).await
    }

    fn ask(&mut self, what: &str, filter: &Filter) {
        let words = format!(
            "{what} below {} with {filter}; attributes {}",
            self.settings.rules.base_dn,
            self.asked.join(" ")
        );
        self.certificate.asked.push(words);
    }
}
