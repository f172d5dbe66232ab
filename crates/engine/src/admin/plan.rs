//! A plan for people: the real cycle on a copy of the state, shown and thrown away.

use std::collections::BTreeMap;
use std::sync::Arc;

use usher_connector::Request;
use usher_core::model::{
    ChannelId, Configuration, Cycle, FieldChange, FieldValue, Kind, Operation, Step, StepId,
    StepState, Subject, SubjectId, Verb, Verdict,
};
use usher_directory::compare::fold;
use usher_store::{Membership, StepCount, StepFilter, Store, SubjectFilter};

use super::held::held_groups;
use super::not_provisioned::not_provisioned;
use super::operator::Permission;
use super::plan_steps::steps_of_plan;
use super::report::{Adoption, MailDomain, PlanOptions, PlanReport, StepSample};
use super::unread::never_read;
use super::{Admin, ScratchCopy};
use crate::context::{Engine, OpenChannel, Progress};
use crate::cycle::CycleOptions;
use crate::each_step::{STEPS_AT_ONCE, each_step};
use crate::error::EngineError;

/// Steps of each operation that a summary shows.
const SAMPLES: usize = 3;
/// Subjects that are read at once.
const PAGE: u32 = 500;
/// Steps that a full listing shows at most.
const FULL: u32 = 100_000;

/// Steps in flight that are named at most.
const IN_FLIGHT: u32 = 1_000;

/// A cycle that ran on a copy of the state.
pub(super) struct Rehearsed {
    /// Works on the copy.
    pub(super) engine: Engine,
    pub(super) open: OpenChannel,
    pub(super) cycle: Cycle,
    /// The copy; gone when dropped.
    pub(super) keep: ScratchCopy,
}

impl Admin {
    /// Plans a channel without changing anything anywhere.
    pub async fn plan(
        &self,
        channel: Option<&str>,
        options: &PlanOptions,
        progress: Arc<dyn Progress>,
    ) -> Result<PlanReport, EngineError> {
        let Rehearsed {
            engine,
            open,
            cycle,
            keep: _keep,
        } = self.rehearse(channel, options, progress).await?;
        describe(&engine, &open, cycle, options).await
    }

    /// Runs the real cycle on a copy of the state.
    pub(super) async fn rehearse(
        &self,
        channel: Option<&str>,
        options: &PlanOptions,
        progress: Arc<dyn Progress>,
    ) -> Result<Rehearsed, EngineError> {
        self.require(Permission::Look)?;
        let (configuration, id) = self.select(channel).await?;
        let open = self.engine.open(&configuration, &id)?;
        let copy = self.rehearsal.copy().await?;
        self.rehearse_on(copy, open, options, progress).await
    }

    /// The same with another configuration than the saved one: what saving it would cause.
    pub(super) async fn rehearse_draft(
        &self,
        mut draft: Configuration,
        channel: &ChannelId,
        options: &PlanOptions,
        progress: Arc<dyn Progress>,
    ) -> Result<Rehearsed, EngineError> {
        self.require(Permission::Configure)?;
        let open = self.engine.open(&draft, channel)?;
        let copy = self.rehearsal.copy().await?;
        draft.revision = copy.store.configuration().await?.revision + 1;
        copy.store.save_configuration(&draft, &[], &[]).await?;
        self.rehearse_on(copy, open, options, progress).await
    }

    async fn rehearse_on(
        &self,
        copy: ScratchCopy,
        open: OpenChannel,
        options: &PlanOptions,
        progress: Arc<dyn Progress>,
    ) -> Result<Rehearsed, EngineError> {
        let engine = Engine {
            store: copy.store.clone(),
            shared: Arc::default(),
            ..self.engine.clone()
        };
        engine.store.break_lease(&open.sp.id).await?;
        let lease = engine.hold(&open.sp.id).await?;
        let cycle_options = CycleOptions {
            mode: options.mode,
            only: options.only.clone(),
            expected_hash: None,
            hash_all: true,
            only_as_asked: false,
        };
        let report = engine
            .run_cycle(&open, lease.fence(), &cycle_options, progress)
            .await?;
        lease.release().await?;
        Ok(Rehearsed {
            engine,
            open,
            cycle: report.cycle,
            keep: copy,
        })
    }

    /// A plan's steps as they stand in the outbox now.
    pub async fn steps(
        &self,
        channel: Option<&str>,
        states: &[&str],
        limit: u32,
    ) -> Result<Vec<StepSample>, EngineError> {
        self.require(Permission::Look)?;
        let (configuration, id) = self.select(channel).await?;
        let open = self.engine.open(&configuration, &id)?;
        let filter = StepFilter {
            channel: Some(id),
            states: states.iter().map(|state| (*state).to_owned()).collect(),
            ..StepFilter::default()
        };
        let steps = self.engine.store.steps(&filter, StepId(0), limit).await?;
        samples(&self.engine, &open, steps).await
    }
}

pub(super) async fn describe(
    engine: &Engine,
    open: &OpenChannel,
    cycle: Cycle,
    options: &PlanOptions,
) -> Result<PlanReport, EngineError> {
    let store = engine.store.as_ref();
    let filter = steps_of_plan(store, open, &cycle, options.only.as_deref()).await?;
    let totals = store.step_counts(&filter).await?;
    let steps = sample_steps(store, &filter, options.full).await?;
    let memberships_to_follow = memberships_to_follow(store, open).await?;
    let certificate = cycle.certificate.as_ref();
    let bad = certificate.map_or(&[][..], |certificate| &certificate.bad_entries);
    let mut not_provisioned = not_provisioned(store, open, bad).await?;
    let only = options.only.as_deref().unwrap_or_default();
    not_provisioned.extend(never_read(store, open, only).await?);
    Ok(PlanReport {
        channel: format!("{}/{}", open.sp.name, open.channel.name),
        hash: cycle.plan_hash.clone().unwrap_or_default(),
        held: held_groups(store, &filter).await?,
        adoption: adoption(store, open, &filter, &totals).await?,
        samples: samples(engine, open, steps).await?,
        not_provisioned,
        email_domains: email_domains(store, open).await?,
        estimate: estimate(open, &totals, memberships_to_follow),
        memberships_to_follow,
        totals,
        cycle,
    })
}

/// The domains that the policy could list (behaviour §13).
async fn email_domains(
    store: &dyn Store,
    open: &OpenChannel,
) -> Result<Vec<MailDomain>, EngineError> {
    let field = format!("{}.{}", Kind::User, open.descriptor.email_field);
    let ticked = &open.channel.policy.email_domains;
    let is_ticked = |domain: &str| {
        ticked
            .iter()
            .any(|one| fold(one.trim_start_matches('@')) == domain)
    };
    let domains = store.domains(&open.channel.id, &field).await?;
    Ok(domains
        .into_iter()
        .map(|(domain, people)| MailDomain {
            may_be_sent: ticked.is_empty() || is_ticked(&domain),
            domain,
            people,
        })
        .collect())
}

async fn sample_steps(
    store: &dyn Store,
    filter: &StepFilter,
    full: bool,
) -> Result<Vec<Step>, EngineError> {
    if full {
        return Ok(store.steps(filter, StepId(0), FULL).await?);
    }
    let mut sample = Vec::new();
    for verb in Verb::ALL {
        let of_verb = StepFilter {
            verbs: vec![verb],
            ..filter.clone()
        };
        sample.extend(store.steps(&of_verb, StepId(0), SAMPLES as u32).await?);
    }
    Ok(sample)
}

/// Shows steps: whom they are about, why, what changes, and the very request.
pub(super) async fn samples(
    engine: &Engine,
    open: &OpenChannel,
    steps: Vec<Step>,
) -> Result<Vec<StepSample>, EngineError> {
    shown(engine, Some(open), steps).await
}

/// The steps of a channel that are being sent. Without requests: nothing is opened for it, so that it works without
/// the key and with settings that are broken.
pub(super) async fn in_flight(
    engine: &Engine,
    channel: &ChannelId,
) -> Result<Vec<StepSample>, EngineError> {
    let filter = StepFilter {
        channel: Some(channel.clone()),
        states: vec!["claimed".to_owned()],
        ..StepFilter::default()
    };
    let steps = engine.store.steps(&filter, StepId(0), IN_FLIGHT).await?;
    shown(engine, None, steps).await
}

async fn shown(
    engine: &Engine,
    open: Option<&OpenChannel>,
    steps: Vec<Step>,
) -> Result<Vec<StepSample>, EngineError> {
    let ids: Vec<SubjectId> = steps.iter().map(|step| step.subject).collect();
    let subjects: BTreeMap<SubjectId, Subject> = engine
        .store
        .subjects(&ids)
        .await?
        .into_iter()
        .filter_map(|subject| Some((subject.id?, subject)))
        .collect();
    Ok(steps
        .into_iter()
        .filter_map(|step| {
            let subject = subjects.get(&step.subject)?;
            let operation = &step.planned.operation;
            let request = open.and_then(|open| {
                let request = open
                    .target
                    .encode(step.kind, operation, engine.sealer.as_ref());
                let request = request.ok().flatten()?;
                Some(Request {
                    body: request.shown.clone(),
                    ..request
                })
            });
            Some(StepSample {
                id: step.id.0,
                verb: step.verb(),
                kind: step.kind,
                dn: subject.dn.clone(),
                display: subject.display.clone(),
                key: subject.key.to_string(),
                reason: step.planned.reason.to_string(),
                state: step.state.name().into(),
                hold: waits(&step.state),
                changes: changes(operation),
                request,
            })
        })
        .collect())
}

/// Why a step waits, if it does.
fn waits(state: &StepState) -> Option<String> {
    match state {
        StepState::Held { hold } => Some(hold.to_string()),
        StepState::Parked { reason } | StepState::Waiting { reason, .. } => Some(reason.clone()),
        StepState::Planned
        | StepState::Pending
        | StepState::Claimed
        | StepState::Succeeded
        | StepState::Replan { .. }
        | StepState::Unknown
        | StepState::Superseded
        | StepState::Rejected
        | StepState::Expired => None,
    }
}

fn changes(operation: &Operation) -> Vec<(String, Option<String>, Option<String>)> {
    let shown = |value: &Option<FieldValue>| value.as_ref().map(FieldValue::shown);
    match operation {
        Operation::Create { resource, .. } => resource
            .fields
            .iter()
            .map(|(field, value)| (field.clone(), None, Some(value.shown())))
            .collect(),
        Operation::Update { changes, .. }
        | Operation::Adopt { changes, .. }
        | Operation::Rekey { changes, .. } => changes
            .iter()
            .map(|FieldChange { field, from, to }| (field.clone(), shown(from), shown(to)))
            .collect(),
        Operation::Disable { .. } => {
            vec![(
                "active".to_owned(),
                Some("true".to_owned()),
                Some("false".to_owned()),
            )]
        }
        Operation::Enable { .. } => {
            vec![(
                "active".to_owned(),
                Some("false".to_owned()),
                Some("true".to_owned()),
            )]
        }
        Operation::AddMembers { members, .. } => {
            vec![(
                "members".to_owned(),
                None,
                Some(format!("+{}", members.len())),
            )]
        }
        Operation::RemoveMembers { members, .. } => {
            vec![(
                "members".to_owned(),
                Some(format!("-{}", members.len())),
                None,
            )]
        }
        Operation::Delete { .. } | Operation::Unlink { .. } => Vec::new(),
    }
}

async fn adoption(
    store: &dyn Store,
    open: &OpenChannel,
    filter: &StepFilter,
    totals: &[StepCount],
) -> Result<Adoption, EngineError> {
    let mut adoption = Adoption {
        create: totals
            .iter()
            .filter(|count| count.verb == Verb::Create && count.kind == Kind::User)
            .map(|count| count.count)
            .sum(),
        ..Adoption::default()
    };
    let adopts = StepFilter {
        verbs: vec![Verb::Adopt],
        ..filter.clone()
    };
    let page = |after| store.steps(&adopts, after, STEPS_AT_ONCE);
    each_step(page, |step| {
        let Operation::Adopt { changes, .. } = &step.planned.operation else {
            return;
        };
        // Writing our externalId is the link itself.
        let own = |change: &FieldChange| change.field == open.descriptor.external_id_field;
        if changes.iter().all(own) {
            adoption.adopt_unchanged += 1;
        } else {
            adoption.adopt_with_changes += 1;
        }
    })
    .await?;
    let found = adoption.adopt_unchanged + adoption.adopt_with_changes;
    let counts = store.counts(&open.channel.id).await?;
    adoption.ambiguous = counts
        .states
        .get("user.ambiguous")
        .copied()
        .unwrap_or_default();
    for kind in super::sync::KINDS {
        adoption.only_at_target += store.index_count(&open.sp.id, kind).await?.1;
    }
    adoption.only_at_target = adoption.only_at_target.saturating_sub(found);
    Ok(adoption)
}

/// Members that are wanted, but cannot be planned before their account has an id.
async fn memberships_to_follow(store: &dyn Store, open: &OpenChannel) -> Result<u64, EngineError> {
    let filter = SubjectFilter {
        channel: Some(open.channel.id.clone()),
        kind: Some(Kind::Group),
        ..SubjectFilter::default()
    };
    let mut total = 0;
    let mut after = SubjectId(0);
    loop {
        let groups = store.list(&filter, after, PAGE).await?;
        let Some(last) = groups.last().and_then(|group| group.id) else {
            break;
        };
        after = last;
        for group in groups.iter().filter(|group| group.in_scope) {
            let Some(id) = group.id else { continue };
            // Both sides linked: its step is planned already.
            let is_open = |row: &&Membership| {
                let both = row.target_id.is_some() && group.linked_id().is_some();
                row.desired && !row.present && !both
            };
            let members = store.members(id).await?;
            let waiting: Vec<SubjectId> =
                members.iter().filter(is_open).map(|row| row.user).collect();
            total += will_have_an_id(store, &waiting).await?;
        }
    }
    Ok(total)
}

/// How many of these subjects have an account, or get one by this plan.
async fn will_have_an_id(store: &dyn Store, ids: &[SubjectId]) -> Result<u64, EngineError> {
    let mut total = 0;
    for some in ids.chunks(1_000) {
        let subjects = store.subjects(some).await?;
        total += subjects
            .iter()
            .filter(|subject| match subject.verdict {
                Verdict::Unchanged | Verdict::Stepped => true,
                Verdict::Held
                | Verdict::Parked
                | Verdict::SkippedByOption
                | Verdict::Protected
                | Verdict::OutOfScope
                | Verdict::Invalid => subject.linked_id().is_some(),
            })
            .count() as u64;
    }
    Ok(total)
}

fn estimate(open: &OpenChannel, totals: &[StepCount], memberships: u64) -> String {
    let load = &open.channel.policy.load;
    let capabilities = &open.descriptor.capabilities;
    let batch = u64::from(load.member_batch.unwrap_or(capabilities.member_batch)).max(1);
    let steps: u64 = totals
        .iter()
        .filter(|count| count.state != "held")
        .map(|count| count.count)
        .sum();
    let requests = steps + memberships.div_ceil(batch);
    let rate = load
        .requests_per_second
        .unwrap_or(capabilities.requests_per_second);
    if rate <= 0.0 {
        return format!("about {requests} requests, without a rate limit");
    }
    let seconds = (requests as f64 / rate).ceil() as u64;
    format!(
        "about {requests} requests, {}:{:02}:{:02} at {rate} requests per second",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}
