//! The story of one person or group: why it is as it is, and what happens next.

use serde::Serialize;
use usher_connector::{FetchBy, Fetched, ReadEntry};
use usher_core::mapping::{FieldPreview, preview};
use usher_core::model::{
    Configuration, Kind, Millis, ScopeVerdict, StepId, StepState, Subject, SubjectId,
};
use usher_directory::Dn;
use usher_store::{ExchangeRecord, StepFilter};

use super::Admin;
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

/// A group with the way that leads into it.
#[derive(Clone, Debug, Serialize)]
pub struct GroupPath {
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
        let (scope, mapping) = self.at_the_source(&open, &subject).await;
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
    ) -> (String, Vec<FieldPreview>) {
        let by = FetchBy::Keys(vec![subject.key.clone()]);
        let fetched = match open.source.fetch(&by, &open.attributes()).await {
            Ok(mut fetched) => fetched.pop(),
            Err(error) => {
                return (
                    format!("the source could not be asked: {error}"),
                    Vec::new(),
                );
            }
        };
        match fetched {
            None | Some(Fetched::Unknown { .. }) => (
                "the source could not say whether it is there".to_owned(),
                Vec::new(),
            ),
            Some(Fetched::Absent) => (
                "the source has no entry with this key".to_owned(),
                Vec::new(),
            ),
            Some(Fetched::Other { what }) => (what, Vec::new()),
            Some(Fetched::Present(read)) => {
                (Self::scope_words(open, &read), mapping_of(open, &read))
            }
        }
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
                clauses(open, read)
            ),
            ScopeVerdict::In => format!("in scope: {}", clauses(open, read)),
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
        for row in rows {
            let other = match subject.kind {
                Kind::User => row.group,
                Kind::Group => row.user,
            };
            let Some(found) = store.subjects(&[other]).await?.pop() else {
                continue;
            };
            let name = if found.display.is_empty() {
                found.dn
            } else {
                found.display
            };
            paths.push(GroupPath {
                name,
                via: row.via,
                desired: row.desired,
                present: row.present,
            });
        }
        Ok(paths)
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
fn clauses(open: &OpenChannel, read: &ReadEntry) -> String {
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
    if is_in {
        let words: Vec<String> = asked.into_iter().map(|(clause, _)| clause).collect();
        return format!("{} - each holds", words.join("; "));
    }
    let words = asked.into_iter().map(|(clause, holds)| match holds {
        Some(true) => format!("{clause} holds"),
        Some(false) => format!("{clause} does not hold"),
        None => format!("{clause} was not asked any more"),
    });
    words.collect::<Vec<_>>().join("; ")
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
