//! The story of one person or group: why it is as it is, and what happens next.

use std::collections::BTreeMap;

use serde::Serialize;
use usher_connector::{FetchBy, Fetched, ReadEntry};
use usher_core::mapping::{FieldPreview, preview};
use usher_core::model::{
    Configuration, Kind, Millis, ScopeVerdict, StepId, StepState, Subject, SubjectId,
};
use usher_directory::Dn;
use usher_store::{ExchangeRecord, Membership, StepFilter, Store};

use super::Admin;
use super::history::{CHUNK, Stretch};
use super::operator::Permission;
use super::plan::samples;
use super::report::StepSample;
use super::unread::Hit;
use crate::context::OpenChannel;
use crate::error::EngineError;

/// Subjects that one text may name before it must be said more exactly.
pub(super) const CANDIDATES: u32 = 20;
/// Steps and exchanges that are told.
const TOLD: u32 = 20;

/// Everything about one subject.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// SP connection and channel.
    pub channel: String,
    /// Whether a cycle has read it. If not, all of this is from the directory as it is now, and the subject
    /// is what would be kept of it, without an id.
    pub known: bool,
    /// The subject as stored; masked values are dots.
    pub subject: Subject,
    /// Whether the source has it now, and which clause decides.
    pub scope: String,
    /// The clauses of the scope, in the order in which they are asked; none where the source has no such entry.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clauses: Vec<Clause>,
    /// How each field comes to its value, from the entry as it is now.
    pub mapping: Vec<FieldPreview>,
    /// The groups it belongs to, and through which nesting.
    pub groups: Vec<GroupPath>,
    /// Its steps, newest first.
    pub steps: Vec<StepStory>,
    /// The last requests and replies, masked, newest first.
    pub exchanges: Vec<ExchangeRecord>,
    /// What happens next.
    pub next: NextStep,
}

/// A clause of a channel's scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Clause {
    /// In words, such as `under ou=people,dc=example,dc=com`.
    pub words: String,
    /// Whether it holds; `None` = it was not asked any more.
    pub holds: Option<bool>,
}

/// A group with the way that leads into it.
#[derive(Clone, Debug, Serialize)]
pub struct GroupPath {
    /// The number of the other side.
    #[serde(skip)]
    pub id: SubjectId,
    /// The other side: the group of a person, the person of a group.
    pub name: String,
    /// Nested groups on the way, outermost first.
    pub via: Vec<String>,
    /// The source wants it.
    pub desired: bool,
    /// The target has it, as far as we know.
    pub present: bool,
}

/// A step with its state.
#[derive(Clone, Debug, Serialize)]
pub struct StepStory {
    /// The step.
    pub step: StepSample,
    /// Its state, with what belongs to it.
    pub state: StepState,
    /// When the state last changed.
    pub at: Millis,
    /// Attempts made.
    pub attempts: u32,
}

/// What happens next.
#[derive(Clone, Debug, Serialize)]
pub struct NextStep {
    /// In words.
    pub what: String,
    /// When, if a time is known.
    pub at: Option<Millis>,
}

impl Admin {
    /// Tells the story of whoever the text names: user name, e-mail, DN, source key, target id or
    /// group name. Of somebody whom no cycle has read, the directory is asked. Refuses with the candidates when
    /// it names several.
    pub async fn explain(
        &self,
        channel: Option<&str>,
        text: &str,
    ) -> Result<Explanation, EngineError> {
        self.require(Permission::Look)?;
        let (configuration, known) = self.known(channel, text).await?;
        if let Some(subject) = known {
            return self.told(&configuration, subject).await;
        }
        let hit = self.in_the_directory(&configuration, channel, text).await?;
        let Some(subject) = self.known_by_key(&hit).await? else {
            return Ok(hit.explained());
        };
        let now = hit.dn().to_owned();
        let kept = subject.dn.clone();
        let mut story = Box::pin(self.told(&configuration, subject)).await?;
        if !kept.eq_ignore_ascii_case(&now) {
            story.scope = format!(
                "renamed or moved since the last look, from {kept} to {now}, the key is the same; {}",
                story.scope
            );
        }
        Ok(story)
    }

    /// The story of one subject by its number; `None` when there is none. Nobody else's name can stand in its way.
    pub async fn explain_subject(&self, id: SubjectId) -> Result<Option<Explanation>, EngineError> {
        self.require(Permission::Look)?;
        let Some(subject) = self.engine.store.subjects(&[id]).await?.pop() else {
            return Ok(None);
        };
        let configuration = self.engine.configuration().await?;
        Ok(Some(self.told(&configuration, subject).await?))
    }

    /// Whoever has the key of an entry: a name that no cycle has read may be a new one of somebody known.
    async fn known_by_key(&self, hit: &Hit) -> Result<Option<Subject>, EngineError> {
        let (channel, key) = hit.identity();
        let store = &self.engine.store;
        let heads = store.heads(channel, std::slice::from_ref(key)).await?;
        let Some(head) = heads.first() else {
            return Ok(None);
        };
        Ok(store.subjects(&[head.id]).await?.pop())
    }

    async fn told(
        &self,
        configuration: &Configuration,
        subject: Subject,
    ) -> Result<Explanation, EngineError> {
        let open = self.engine.open(configuration, &subject.channel)?;
        let (scope, clauses, mapping) = self.at_the_source(&open, &subject).await;
        let id = subject.id.unwrap_or(SubjectId(0));
        let steps = self.steps_of(&open, id).await?;
        Ok(Explanation {
            channel: format!("{}/{}", open.sp.name, open.channel.name),
            known: true,
            groups: self.groups(&subject, id).await?,
            exchanges: self.engine.store.exchanges(id, TOLD).await?,
            next: next(&subject, &steps, &scope),
            subject,
            scope,
            clauses,
            mapping,
            steps,
        })
    }

    /// The one subject of the state that a text names, if there is one. Refuses with the candidates when it
    /// names several.
    pub(super) async fn known(
        &self,
        channel: Option<&str>,
        text: &str,
    ) -> Result<(Configuration, Option<Subject>), EngineError> {
        self.require(Permission::Look)?;
        let configuration = self.engine.configuration().await?;
        let id = match channel {
            Some(name) => Some(self.select(Some(name)).await?.1),
            None => None,
        };
        let mut found = self
            .engine
            .store
            .search(id.as_ref(), text, CANDIDATES)
            .await?;
        let exact = |subject: &Subject| {
            subject.display.eq_ignore_ascii_case(text)
                || subject.key.as_str().eq_ignore_ascii_case(text)
                || subject.dn.eq_ignore_ascii_case(text)
                || subject
                    .target_id
                    .as_ref()
                    .is_some_and(|id| id.as_str() == text)
        };
        if found.iter().filter(|subject| exact(subject)).count() == 1 {
            found.retain(exact);
        }
        if found.len() > 1 {
            let line = |subject: &Subject| {
                format!("{} ({}, {})", subject.display, subject.kind, subject.dn)
            };
            return Err(several(text, found.iter().map(line).collect()));
        }
        Ok((configuration, found.pop()))
    }

    async fn at_the_source(
        &self,
        open: &OpenChannel,
        subject: &Subject,
    ) -> (String, Vec<Clause>, Vec<FieldPreview>) {
        let by = FetchBy::Keys(vec![subject.key.clone()]);
        let fetched = match open.source.fetch(&by, &open.attributes()).await {
            Ok(mut fetched) => fetched.pop(),
            Err(error) => {
                let words = format!("the source could not be asked: {error}");
                return (words, Vec::new(), Vec::new());
            }
        };
        let words = match fetched {
            None | Some(Fetched::Unknown { .. }) => {
                "the source could not say whether it is there".to_owned()
            }
            Some(Fetched::Absent) => "the source has no entry with this key".to_owned(),
            Some(Fetched::Other { what }) => what,
            Some(Fetched::Present(read)) => {
                return (
                    Self::scope_words(open, &read),
                    clauses(open, &read),
                    mapping_of(open, &read),
                );
            }
        };
        (words, Vec::new(), Vec::new())
    }

    pub(super) fn scope_words(open: &OpenChannel, read: &ReadEntry) -> String {
        let (name, _) = crate::cycle::canonical(&read.entry.dn);
        if let Some(rule) = open.protected.matches(&name, &read.entry, None) {
            return format!("protected by {rule}: no write of any kind");
        }
        if let Some(rule) = open.excluded.matches(&name, &read.entry, None) {
            return format!("not in scope: excluded by {rule}");
        }
        match &read.scope {
            ScopeVerdict::Out { clause } => format!(
                "not in scope: {clause} does not hold. Asked: {}",
                in_words(&clauses(open, read), false)
            ),
            ScopeVerdict::In => {
                format!("in scope: {}", in_words(&clauses(open, read), true))
            }
        }
    }

    async fn groups(
        &self,
        subject: &Subject,
        id: SubjectId,
    ) -> Result<Vec<GroupPath>, EngineError> {
        let store = &self.engine.store;
        let rows = match subject.kind {
            Kind::User => store.groups_of(id).await?,
            Kind::Group => store.members(id).await?,
        };
        let mut paths = Vec::new();
        for some in rows.chunks(CHUNK as usize) {
            paths.extend(paths_of(store.as_ref(), subject.kind, some).await?);
        }
        Ok(paths)
    }

    /// The members of a group, or the groups of a person, in the order of their numbers; so many after that one.
    pub async fn membership_page(
        &self,
        id: SubjectId,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Stretch<GroupPath>, EngineError> {
        self.require(Permission::Look)?;
        let store = &self.engine.store;
        let Some(subject) = store.subjects(&[id]).await?.pop() else {
            return Ok((Vec::new(), None));
        };
        let mut rows = match subject.kind {
            Kind::User => store.groups_of(id).await?,
            Kind::Group => store.members(id).await?,
        };
        let other = |row: &Membership| other_side(subject.kind, row);
        rows.retain(|row| after.is_none_or(|after| other(row).0 > after));
        rows.sort_by_key(other);
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let end = rows.last().map(|row| other(row).0).filter(|_| more);
        let paths = paths_of(store.as_ref(), subject.kind, &rows).await?;
        Ok((paths, end))
    }

    async fn steps_of(
        &self,
        open: &OpenChannel,
        id: SubjectId,
    ) -> Result<Vec<StepStory>, EngineError> {
        let filter = StepFilter {
            subjects: vec![id],
            ..StepFilter::default()
        };
        let mut steps = self.engine.store.steps(&filter, StepId(0), 10_000).await?;
        steps.reverse();
        steps.truncate(TOLD as usize);
        let states: Vec<(StepState, Millis, u32)> = steps
            .iter()
            .map(|step| (step.state.clone(), step.changed_at, step.attempts))
            .collect();
        let shown = samples(&self.engine, open, steps).await?;
        Ok(shown
            .into_iter()
            .zip(states)
            .map(|(step, (state, at, attempts))| StepStory {
                step,
                state,
                at,
                attempts,
            })
            .collect())
    }
}

fn other_side(kind: Kind, row: &Membership) -> SubjectId {
    match kind {
        Kind::User => row.group,
        Kind::Group => row.user,
    }
}

/// Memberships of a subject of that kind, with the names of the other side.
async fn paths_of(
    store: &dyn Store,
    kind: Kind,
    rows: &[Membership],
) -> Result<Vec<GroupPath>, EngineError> {
    let ids: Vec<SubjectId> = rows.iter().map(|row| other_side(kind, row)).collect();
    let found = store.subjects(&ids).await?;
    let mut names: BTreeMap<SubjectId, String> = BTreeMap::new();
    for subject in found {
        let named = !subject.display.is_empty();
        let name = if named { subject.display } else { subject.dn };
        names.extend(subject.id.map(|id| (id, name)));
    }
    let path = |row: &Membership| {
        let id = other_side(kind, row);
        Some(GroupPath {
            id,
            name: names.get(&id)?.clone(),
            via: row.via.clone(),
            desired: row.desired,
            present: row.present,
        })
    };
    Ok(rows.iter().filter_map(path).collect())
}

pub(super) fn mapping_of(open: &OpenChannel, read: &ReadEntry) -> Vec<FieldPreview> {
    match read.entry.kind {
        Kind::User => preview(&read.entry, &open.rules),
        Kind::Group => Vec::new(),
    }
}

/// Refuses a text that names nobody, with what the directories said.
pub(super) fn nobody(text: &str, notes: &[String]) -> EngineError {
    let directory = match notes {
        [] => "the directory has nobody under the base DN by this name either".to_owned(),
        notes => notes.join("\n  "),
    };
    EngineError::Refused(format!(
        "nobody is known as `{text}`: expected a user name, e-mail address, DN, source key, target id or group name. No cycle has read such an entry, and the directory was asked:\n  {directory}"
    ))
}

/// Refuses a text that names several.
pub(super) fn several(text: &str, names: Vec<String>) -> EngineError {
    EngineError::Refused(format!(
        "`{text}` names several; say which one:\n  {}",
        names.join("\n  ")
    ))
}

/// The clauses of a channel's scope, in the order in which they are asked, and which of them hold.
pub(super) fn clauses(open: &OpenChannel, read: &ReadEntry) -> Vec<Clause> {
    let source = &open.channel.source;
    let kind = read.entry.kind;
    let location = match kind {
        Kind::User => Some(&source.users),
        Kind::Group => source.groups.as_ref(),
    };
    let class = match kind {
        Kind::User => &source.user_object_class,
        Kind::Group => &source.group_object_class,
    };
    let is_in = read.scope == ScopeVerdict::In;
    let base = Dn::parse(&source.base_dn);
    let under = Dn::parse(&read.entry.dn).is_ok_and(|dn| base.is_ok_and(|base| dn.is_under(&base)));
    let mut asked = vec![
        (format!("under {}", source.base_dn), Some(is_in || under)),
        (format!("objectClass {class}"), Some(true)),
    ];
    let mut reached = is_in || under;
    if let Some(location) = location {
        if let Some(group) = &location.group_dn {
            let how = if location.nested { " (nested)" } else { "" };
            let holds = is_in || read.scope_group.is_some();
            asked.push((format!("member of {group}{how}"), reached.then_some(holds)));
            reached &= holds;
        }
        if let Some(filter) = &location.filter {
            asked.push((format!("filter {filter}"), reached.then_some(is_in)));
        }
    }
    let clause = |(words, holds)| Clause { words, holds };
    asked.into_iter().map(clause).collect()
}

fn in_words(clauses: &[Clause], is_in: bool) -> String {
    if is_in {
        let words: Vec<&str> = clauses.iter().map(|one| one.words.as_str()).collect();
        return format!("{} - each holds", words.join("; "));
    }
    let words = clauses.iter().map(|Clause { words, holds }| match holds {
        Some(true) => format!("{words} holds"),
        Some(false) => format!("{words} does not hold"),
        None => format!("{words} was not asked any more"),
    });
    words.collect::<Vec<_>>().join("; ")
}

/// A group whose members are not known to their end.
fn lacks_members(subject: &Subject) -> bool {
    let linked = subject.linked_id().is_some();
    subject.kind == Kind::Group && subject.in_scope && linked && !subject.members_complete
}

fn next(subject: &Subject, steps: &[StepStory], scope: &str) -> NextStep {
    let live = steps.iter().find(|story| !story.state.is_final());
    let (what, at) = match live.map(|story| (&story.step, &story.state)) {
        Some((step, StepState::Pending | StepState::Planned)) => (
            format!("{} is sent at the next sync", step.verb.as_str()),
            None,
        ),
        Some((step, StepState::Held { hold })) => (
            format!(
                "{} waits for a person: {hold}. `usher approve {}` releases it",
                step.verb.as_str(),
                step.id
            ),
            None,
        ),
        Some((step, StepState::Waiting { until, reason, .. })) => (
            format!("{} is tried again: {reason}", step.verb.as_str()),
            Some(*until),
        ),
        Some((step, StepState::Parked { reason })) => (
            format!(
                "{} is parked until the source or the mapping changes, or it is retried: {reason}",
                step.verb.as_str()
            ),
            None,
        ),
        Some((step, _)) => (format!("{} is under way", step.verb.as_str()), None),
        None if lacks_members(subject) => (
            "its members could not be read to their end at the last look: whoever is added is added, and nobody is taken out before they can. `usher cycles ID` says why, and `usher doctor` looks at the group attributes".to_owned(),
            subject.next_at,
        ),
        None if subject.dirty => ("it is planned again at the next cycle".to_owned(), None),
        None if subject.reason.is_empty() => (
            format!("nothing: {} ({scope})", subject.verdict.as_str()),
            subject.next_at,
        ),
        None => (
            format!("nothing: {} - {}", subject.verdict.as_str(), subject.reason),
            subject.next_at,
        ),
    };
    NextStep { what, at }
}
