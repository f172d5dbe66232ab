//! Mapping, comparing and planning one page of entries.

use std::collections::HashMap;

use usher_connector::{Fetched, ReadEntry};
use usher_core::mapping::{Mapped, map_group, map_user};
use usher_core::model::{
    Entry, FieldValue, Hash128, Kind, Problem, ScopeVerdict, SourceKey, Subject, SubjectId,
    SubjectState, Verdict,
};
use usher_core::planner::SourceState;
use usher_directory::Dn;
use usher_directory::compare::fold;
use usher_store::{Remembered, SubjectHead, UniqueValue};

use super::run::Run;
use super::unchanged::{Look, Page};
use crate::error::EngineError;

/// An entry with what was made of it.
pub(super) struct Judged {
    pub(super) key: SourceKey,
    pub(super) kind: Kind,
    pub(super) dn: String,
    pub(super) dn_hash: Hash128,
    pub(super) container: String,
    pub(super) source: SourceState,
    pub(super) hash: Hash128,
    /// The hash of what was read, where all of it was; see `unchanged`.
    pub(super) content: Option<Hash128>,
    /// The scope group that it was read in.
    pub(super) scope_group: Option<String>,
}

/// How a plan counts in the account of the entries that were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counting {
    /// As an entry that was read.
    Entry,
    /// Not at all: nothing was read of it.
    Not,
    /// In place of the plan that this cycle made before.
    Again,
}

/// The canonical form of a DN, or folded text.
pub(super) fn canonical_name(dn: &str) -> String {
    Dn::canonical_of(dn).unwrap_or_else(|_| fold(dn))
}

/// The canonical form of a DN, and of its container. What is no DN is compared as folded text: a
/// strange name never stops its entry.
pub(crate) fn canonical(dn: &str) -> (String, String) {
    match Dn::parse(dn) {
        Ok(parsed) => (
            parsed.canonical(),
            parsed
                .parent()
                .map_or_else(String::new, |parent| parent.canonical()),
        ),
        Err(_) => (fold(dn), String::new()),
    }
}

/// The hash by which a member's DN is resolved.
pub(super) fn dn_hash(dn: &str) -> Hash128 {
    Hash128::of(canonical_name(dn).as_bytes())
}

/// By what a key is recognised: 16 bytes, however long it is.
pub(super) fn key_hash(key: &SourceKey) -> Hash128 {
    Hash128::of(key.as_str().as_bytes())
}

/// The entries that fetching found.
pub(super) fn present(fetched: Vec<Fetched>) -> Vec<ReadEntry> {
    fetched
        .into_iter()
        .filter_map(|one| match one {
            Fetched::Present(entry) => Some(*entry),
            Fetched::Other { .. } | Fetched::Absent | Fetched::Unknown { .. } => None,
        })
        .collect()
}

impl Run<'_> {
    pub(super) async fn page(&mut self, page: Page) -> Result<(), EngineError> {
        let mut repeated = Vec::new();
        let mut news = Vec::new();
        for (read, look) in page.0 {
            // A source that returns an entry twice must not have it planned twice.
            if !self.seen.insert(key_hash(&read.entry.key)) {
                repeated.push(read.entry);
                continue;
            }
            match look.same {
                Some((id, verdict)) => {
                    if read.entry.kind == Kind::User && verdict != Verdict::OutOfScope {
                        self.people += 1;
                        self.unjudged = true;
                    }
                    self.meet(id, &read.entry, look.name);
                    self.count(verdict);
                }
                None => news.push((read, look)),
            }
        }
        self.progress.read(self.read + news.len() as u64);
        self.news(news).await?;
        self.twins(repeated).await
    }

    /// Entries that do not read as they did, or were never planned.
    async fn news(&mut self, news: Vec<(ReadEntry, Look)>) -> Result<(), EngineError> {
        if news.is_empty() {
            return Ok(());
        }
        let keys: Vec<SourceKey> = news
            .iter()
            .map(|(read, _)| read.entry.key.clone())
            .collect();
        let heads = self.heads(&keys).await?;
        let mut changed = Vec::new();
        let mut same_again = Vec::new();
        let mut seen_in = Vec::new();
        for (read, look) in news {
            let head = heads.get(&read.entry.key);
            if let Some(head) = head {
                if head.dn_hash != look.name && head.kind == Kind::User {
                    self.former_dns.insert(head.dn_hash, head.id);
                }
                match head.state {
                    // By the store's rule these answer to no name; they may be back, once planned.
                    SubjectState::Removed | SubjectState::Archived => {}
                    SubjectState::Pending
                    | SubjectState::Linked
                    | SubjectState::Disabled
                    | SubjectState::Frozen
                    | SubjectState::Rekeying
                    | SubjectState::Ambiguous => self.meet(head.id, &read.entry, look.name),
                }
            }
            let mut item = self.judge(read);
            item.content = Some(look.content);
            self.count_status(&item);
            match self.settled_verdict(&item, head) {
                Some(verdict) => {
                    self.count(verdict);
                    if head.is_none() {
                        self.unstored.insert(key_hash(&item.key), item.dn_hash);
                    }
                    seen_in.extend(head.map(|head| head.id).zip(item.scope_group));
                    same_again.extend(head.map(|head| Remembered {
                        subject: head.id,
                        content: look.content,
                        desired_hash: item.hash,
                    }));
                }
                None => changed.push(item),
            }
        }
        self.look_for_twins(&mut changed, &heads).await?;
        let store = &self.engine.store;
        store.remember_reads(self.fence, &same_again).await?;
        store.remember_scope_groups(self.fence, &seen_in).await?;
        self.plan_changed(changed, &heads, Counting::Entry).await
    }

    /// Counts people in scope, and those of them who are disabled in the source.
    pub(super) fn count_status(&mut self, item: &Judged) {
        let disabled = match &item.source {
            _ if item.kind != Kind::User => return,
            SourceState::OutOfScope { .. } | SourceState::Gone { .. } => return,
            SourceState::InScope(desired) => {
                self.defaulted.note(&item.dn, desired);
                desired.disabled.is_some()
            }
            SourceState::Invalid { disabled, .. } => disabled.is_some(),
            SourceState::Protected { .. } => false,
        };
        self.people += 1;
        self.disabled += u64::from(disabled);
    }

    /// Notes whom an entry that was just read stands for, and by which name.
    fn meet(&mut self, id: SubjectId, entry: &Entry, name: Hash128) {
        self.met.insert(id);
        match entry.kind {
            Kind::Group => {
                let key = Hash128::of(entry.key.as_str().as_bytes());
                self.group_ids.insert(key, id);
            }
            Kind::User => {
                self.names.insert(name, id);
            }
        }
    }

    pub(super) async fn heads(
        &self,
        keys: &[SourceKey],
    ) -> Result<HashMap<SourceKey, SubjectHead>, EngineError> {
        let heads = self.engine.store.heads(&self.open.channel.id, keys).await?;
        Ok(heads
            .into_iter()
            .map(|head| (head.key.clone(), head))
            .collect())
    }

    /// What is known of the entry's fate without planning it: it is as it was when it was last
    /// planned, or it never concerned us.
    fn settled_verdict(&self, item: &Judged, head: Option<&SubjectHead>) -> Option<Verdict> {
        let Some(head) = head else {
            return match item.source {
                SourceState::OutOfScope { .. } => Some(Verdict::OutOfScope),
                SourceState::InScope(_)
                | SourceState::Invalid { .. }
                | SourceState::Gone { .. }
                | SourceState::Protected { .. } => None,
            };
        };
        let due = head.next_at.is_some_and(|at| at <= self.started_at);
        let same = head.desired_hash == Some(item.hash)
            && head.dn_hash == item.dn_hash
            && !head.dirty
            && !due
            && head.state != SubjectState::Archived;
        // A changed option or policy changes plans although the mapped values stay.
        (same && !self.beginning.plans_anew).then_some(head.verdict)
    }

    /// Scope, exclusions, mapping, protection: what the source says of one entry.
    pub(super) fn judge(&self, read: ReadEntry) -> Judged {
        let ReadEntry {
            entry,
            scope,
            scope_group,
        } = read;
        let (name, container) = canonical(&entry.dn);
        let source = self.source_state(&entry, &name, scope);
        Judged {
            hash: source.hash(),
            dn_hash: Hash128::of(name.as_bytes()),
            key: entry.key,
            kind: entry.kind,
            dn: entry.dn,
            container,
            source,
            content: None,
            scope_group,
        }
    }

    fn source_state(&self, entry: &Entry, name: &str, scope: ScopeVerdict) -> SourceState {
        let mapped = match entry.kind {
            Kind::User => map_user(
                entry,
                &self.open.rules,
                self.engine.sealer.as_ref(),
                self.started_at,
            ),
            Kind::Group => map_group(entry, &self.open.rules),
        };
        let resource = match &mapped {
            Mapped::Desired(desired) => Some(&desired.resource),
            Mapped::Invalid { .. } => None,
        };
        if let Some(rule) = self.open.protected.matches(name, entry, resource) {
            return SourceState::Protected { rule };
        }
        // Whoever may be protected is left as they are.
        let rules = [&self.open.protected, &self.open.excluded];
        if let Some(message) = rules.into_iter().find_map(|rules| rules.undecided(entry)) {
            return SourceState::Invalid {
                problems: vec![Problem {
                    field: None,
                    message,
                }],
                disabled: None,
            };
        }
        if let ScopeVerdict::Out { clause } = scope {
            return SourceState::OutOfScope { clause };
        }
        if let Some(rule) = self.open.excluded.matches(name, entry, resource) {
            return SourceState::OutOfScope {
                clause: format!("excluded by {rule}"),
            };
        }
        match mapped {
            Mapped::Desired(desired) => SourceState::InScope(desired),
            Mapped::Invalid {
                problems, disabled, ..
            } => SourceState::Invalid { problems, disabled },
        }
    }

    /// An entry that the reader could not use: kept, visible, never in another's way.
    pub(super) async fn bad_entry(
        &mut self,
        dn: &str,
        key: Option<SourceKey>,
        problem: String,
    ) -> Result<(), EngineError> {
        let Some(key) = key else {
            self.keyless.read(dn);
            self.notes.push(format!("{dn}: {problem}"));
            self.count(Verdict::Invalid);
            return Ok(());
        };
        let heads = self.heads(std::slice::from_ref(&key)).await?;
        let head = heads.get(&key);
        let known = match head {
            Some(head) => self.engine.store.subjects(&[head.id]).await?.pop(),
            None => None,
        };
        // Whose name this is is not known either: whoever has an account keeps the one that is stored.
        let dn = known.map_or_else(|| dn.to_owned(), |subject| subject.dn);
        let (name, container) = canonical(&dn);
        let source = SourceState::Invalid {
            problems: vec![Problem {
                field: None,
                message: problem,
            }],
            disabled: None,
        };
        let item = Judged {
            hash: source.hash(),
            dn_hash: head.map_or_else(|| Hash128::of(name.as_bytes()), |head| head.dn_hash),
            key,
            kind: head.map_or(Kind::User, |head| head.kind),
            dn,
            container,
            source,
            content: None,
            scope_group: None,
        };
        self.seen.insert(Hash128::of(item.key.as_str().as_bytes()));
        match self.settled_verdict(&item, heads.get(&item.key)) {
            Some(verdict) => {
                self.count(verdict);
                Ok(())
            }
            None => self.plan_changed(vec![item], &heads, Counting::Entry).await,
        }
    }
}

/// A name for people: the user name or group name.
pub(super) fn display(
    rules: &usher_core::planner::ChannelRules,
    subject: &Subject,
    source: &SourceState,
) -> String {
    match source {
        SourceState::InScope(desired) => {
            let field = match subject.kind {
                Kind::User => &rules.username_field,
                Kind::Group => &rules.group_name_field,
            };
            desired.resource.text(field).unwrap_or_default().to_owned()
        }
        SourceState::Invalid { .. }
        | SourceState::OutOfScope { .. }
        | SourceState::Gone { .. }
        | SourceState::Protected { .. } => subject.display.clone(),
    }
}

/// The unique values that an entry claims; an empty list gives up what it held.
pub(super) fn unique_values(
    rules: &usher_core::planner::ChannelRules,
    kind: Kind,
    source: &SourceState,
) -> Option<Vec<UniqueValue>> {
    let SourceState::InScope(desired) = source else {
        return match source {
            SourceState::Gone { .. } | SourceState::OutOfScope { .. } => Some(Vec::new()),
            SourceState::InScope(_)
            | SourceState::Invalid { .. }
            | SourceState::Protected { .. } => None,
        };
    };
    let fields: Vec<&str> = match kind {
        Kind::User => vec![rules.username_field.as_str(), rules.email_field.as_str()],
        Kind::Group => vec![rules.group_name_field.as_str()],
    };
    let mut values = Vec::new();
    for field in fields {
        let folded = match desired.resource.fields.get(field) {
            Some(FieldValue::Text(text)) => fold(text),
            Some(FieldValue::Sealed { digest, .. }) => digest.clone(),
            Some(FieldValue::Bool(_) | FieldValue::List(_)) | None => continue,
        };
        // People and groups have separate names at a target.
        values.push(UniqueValue {
            field: format!("{kind}.{field}"),
            folded,
        });
    }
    Some(values)
}
