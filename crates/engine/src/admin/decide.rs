//! A person's decisions over held and parked steps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use usher_core::model::{SourceKey, Step, StepId, StepState, Verb};
use usher_store::{Approval, Approved, ChannelState, Fence, StepFilter};

use super::Admin;
use super::held::not_by_approval;
use super::operator::Permission;
use super::plan_steps::steps_of_plan;
use super::restored;
use super::sync::SyncReport;
use crate::context::{OpenChannel, Progress};
use crate::cycle::CycleReport;
use crate::error::EngineError;
use crate::send::{Only, SendOptions};

/// Most steps of one decision.
const AT_MOST: u32 = 1_000_000;
/// Longest note of a decision, characters.
const LONGEST_NOTE: usize = 500;

/// Which held steps a decision is about; everything given must fit.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Selection {
    /// These steps.
    pub steps: Vec<StepId>,
    /// With one of these verbs.
    pub verbs: Vec<Verb>,
    /// Held for this reason, by name (`guard`, `adoption`).
    pub hold: Option<String>,
    /// Every held step.
    pub all: bool,
    /// Why it was decided so, in the words of whoever did: kept in the log with the steps.
    #[serde(default)]
    pub note: String,
}

impl Selection {
    fn is_empty(&self) -> bool {
        !self.all && self.steps.is_empty() && self.verbs.is_empty() && self.hold.is_none()
    }

    /// What the log says of it, before the numbers of the steps.
    fn were(&self) -> Result<String, EngineError> {
        let note = self.note.trim();
        let length = note.chars().count();
        if length > LONGEST_NOTE || note.chars().any(char::is_control) {
            return Err(EngineError::Refused(format!(
                "expected a note of one line, at most {LONGEST_NOTE} characters, found {length}. Nothing was decided"
            )));
        }
        Ok(if note.is_empty() {
            "held".to_owned()
        } else {
            format!("\"{note}\": held")
        })
    }

    fn fits(&self, step: &Step) -> bool {
        let StepState::Held { hold } = &step.state else {
            return false;
        };
        (self.steps.is_empty() || self.steps.contains(&step.id))
            && (self.verbs.is_empty() || self.verbs.contains(&step.verb()))
            && self.hold.as_deref().is_none_or(|name| name == hold.name())
    }
}

/// What a decision did.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct DecisionReport {
    /// Steps that were released, rejected or retried.
    pub done: u64,
    /// Steps that were not held (to be retried: not parked), with their state; `gone` is one that is not there.
    pub stale: Vec<(i64, String)>,
    /// Steps that approval alone cannot release, with what must be done instead.
    pub refused: Vec<(i64, String)>,
    /// What sending did after an approval.
    pub sync: Option<SyncReport>,
}

impl Admin {
    /// Releases held steps and, if the channel may send, sends them. Each runs only if what it
    /// expects still holds.
    pub async fn approve(
        &self,
        channel: Option<&str>,
        selection: &Selection,
        send: Option<&SendOptions>,
        progress: Arc<dyn Progress>,
    ) -> Result<DecisionReport, EngineError> {
        self.require(Permission::Operate)?;
        let (open, lease) = self.opened(channel).await?;
        let result =
            Box::pin(self.locked_approve(&open, lease.fence(), selection, send, progress)).await;
        lease.release().await?;
        result
    }

    async fn locked_approve(
        &self,
        open: &Arc<OpenChannel>,
        fence: &Fence,
        selection: &Selection,
        send: Option<&SendOptions>,
        progress: Arc<dyn Progress>,
    ) -> Result<DecisionReport, EngineError> {
        restored::may_send(&self.engine.record(&open.sp, &open.channel.id).await?)?;
        let (held, others) = self.held(open, selection).await?;
        let mut report = DecisionReport::default();
        let mut steps = Vec::new();
        let mut adopts = false;
        for step in &held {
            match not_by_approval(step, selection.steps.contains(&step.id)) {
                Some(remedy) => report.refused.push((step.id.0, remedy)),
                None => {
                    adopts |= step.verb() == Verb::Adopt;
                    steps.push(step.id);
                }
            }
        }
        let were = selection.were()?;
        let approval = self.approval(open, "APPROVE", &were, steps);
        let approved = self.engine.store.approve(fence, &approval).await?;
        report.note(&approved);
        report.stale.extend(others);
        // The adoption plan is approved when nothing of it waits any more.
        if adopts && !self.has_adoptions(open).await? {
            self.accept_adoption(open, fence).await?;
        }
        if let Some(options) = send
            && self.has_to_send(open, selection, &approved).await?
        {
            let mut options = options.clone();
            let record = self.engine.record(&open.sp, &open.channel.id).await?;
            let mut turn = None;
            if record.state != ChannelState::Active {
                turn = Some(self.sending_turn(open).await);
                // A channel that only observes sends what was approved, and nothing else, of the same
                // people neither.
                options.only = Some(Only::Steps(self.to_send(open, selection, approved).await?));
            }
            let mut sync = SyncReport::default();
            Box::pin(self.deliver(open, fence, &options, turn, progress, &mut sync)).await?;
            self.fill(open, &mut sync).await?;
            report.sync = Some(sync);
        }
        Ok(report)
    }

    /// Approving adoptions is approving the adoption plan: the channel leaves Observe.
    async fn accept_adoption(&self, open: &OpenChannel, fence: &Fence) -> Result<(), EngineError> {
        let mut record = self.engine.record(&open.sp, &open.channel.id).await?;
        record.adoption_approved = true;
        self.engine.store.save_channel(fence, &record).await?;
        if record.state == ChannelState::Observe {
            let configuration = self.engine.configuration().await?;
            self.verify(&configuration, &open.channel.id).await?;
            let event = self.event(
                "MODE",
                Some(&open.channel.id),
                "the adoption plan was approved",
            );
            self.set(&open.sp, &open.channel.id, &ChannelState::Active, &event)
                .await?;
        }
        Ok(())
    }

    /// Rejects held steps: nothing is sent, and they do not come back until something changes.
    pub async fn reject(
        &self,
        channel: Option<&str>,
        selection: &Selection,
    ) -> Result<DecisionReport, EngineError> {
        self.require(Permission::Operate)?;
        let (open, lease) = self.opened(channel).await?;
        let result = async {
            let (held, others) = self.held(&open, selection).await?;
            let steps = held.iter().map(|step| step.id).collect();
            let approval = self.approval(&open, "REJECT", &selection.were()?, steps);
            let rejected = self.engine.store.reject(lease.fence(), &approval).await?;
            let mut report = DecisionReport::default();
            report.note(&rejected);
            report.stale.extend(others);
            Ok(report)
        }
        .await;
        lease.release().await?;
        result
    }

    /// Makes parked steps ready to be sent again.
    pub async fn retry(
        &self,
        channel: Option<&str>,
        steps: &[StepId],
    ) -> Result<DecisionReport, EngineError> {
        self.require(Permission::Operate)?;
        let (open, lease) = self.opened(channel).await?;
        let result = async {
            let ids = if steps.is_empty() {
                self.parked(&open).await?
            } else {
                steps.to_vec()
            };
            let approval = self.approval(&open, "RETRY", "parked", ids);
            let store = &self.engine.store;
            let retried = store.retry_parked(lease.fence(), &approval).await?;
            let mut report = DecisionReport::default();
            report.note(&retried);
            Ok(report)
        }
        .await;
        lease.release().await?;
        result
    }

    /// Releases everything that a reviewed plan held, whichever cycle held it: the plan was approved as a whole.
    pub(super) async fn release_plan(
        &self,
        open: &Arc<OpenChannel>,
        fence: &Fence,
        cycle: &CycleReport,
        only: Option<&[SourceKey]>,
    ) -> Result<(), EngineError> {
        let store = self.engine.store.as_ref();
        let filter = StepFilter {
            states: vec!["held".to_owned()],
            ..steps_of_plan(store, open, &cycle.cycle, only).await?
        };
        let held = self.engine.store.steps(&filter, StepId(0), AT_MOST).await?;
        let steps: Vec<StepId> = held
            .iter()
            .filter(|step| not_by_approval(step, false).is_none())
            .map(|step| step.id)
            .collect();
        let approval = self.approval(open, "APPLY", "held", steps);
        self.engine.store.approve(fence, &approval).await?;
        self.accept_adoption(open, fence).await
    }

    async fn opened(
        &self,
        channel: Option<&str>,
    ) -> Result<(Arc<OpenChannel>, crate::lease::Lease), EngineError> {
        let (configuration, id) = self.select(channel).await?;
        let open = Arc::new(self.engine.open(&configuration, &id)?);
        let lease = self.lease(&open).await?;
        Ok((open, lease))
    }

    /// The held steps that are meant, and those that were named by their numbers and are not held, with their state;
    /// `gone` is one that this channel does not have.
    async fn held(
        &self,
        open: &OpenChannel,
        selection: &Selection,
    ) -> Result<(Vec<Step>, Vec<(i64, String)>), EngineError> {
        if selection.is_empty() {
            return Err(EngineError::Refused(
                "say which held steps are meant: step numbers, `--verb`, `--hold` or `--all`"
                    .to_owned(),
            ));
        }
        let filter = StepFilter {
            channel: Some(open.channel.id.clone()),
            states: vec!["held".to_owned()],
            ids: selection.steps.clone(),
            ..StepFilter::default()
        };
        let held = self.engine.store.steps(&filter, StepId(0), AT_MOST).await?;
        let known: BTreeSet<StepId> = held.iter().map(|step| step.id).collect();
        let mut others = Vec::new();
        if known.len() < selection.steps.len() {
            let named = StepFilter {
                channel: Some(open.channel.id.clone()),
                ids: selection.steps.clone(),
                ..StepFilter::default()
            };
            let found = self.engine.store.steps(&named, StepId(0), AT_MOST).await?;
            let found: BTreeMap<StepId, &'static str> = found
                .iter()
                .map(|step| (step.id, step.state.name()))
                .collect();
            let named: BTreeSet<StepId> = selection.steps.iter().copied().collect();
            for step in named.difference(&known) {
                let state = found.get(step).copied().unwrap_or("gone");
                others.push((step.0, state.to_owned()));
            }
        }
        let held = held.into_iter().filter(|step| selection.fits(step));
        Ok((held.collect(), others))
    }

    async fn parked(&self, open: &OpenChannel) -> Result<Vec<StepId>, EngineError> {
        let filter = StepFilter {
            channel: Some(open.channel.id.clone()),
            states: vec!["parked".to_owned()],
            ..StepFilter::default()
        };
        let parked = self.engine.store.steps(&filter, StepId(0), AT_MOST).await?;
        Ok(parked.into_iter().map(|step| step.id).collect())
    }

    /// Whether an approval has anything to send: numbers that name nothing begin nothing.
    async fn has_to_send(
        &self,
        open: &OpenChannel,
        selection: &Selection,
        approved: &Approved,
    ) -> Result<bool, EngineError> {
        if !approved.done.is_empty() || selection.steps.is_empty() {
            return Ok(true);
        }
        let sent = self.to_send(open, selection, approved.clone()).await?;
        Ok(!sent.is_empty())
    }

    /// What an approval sends: what it released, and what was approved before and still waits, such as by an
    /// approval that ended in the middle.
    async fn to_send(
        &self,
        open: &OpenChannel,
        selection: &Selection,
        approved: Approved,
    ) -> Result<Vec<StepId>, EngineError> {
        let mut steps = approved.done;
        // Why a step was held is not known any more.
        if selection.hold.is_some() {
            return Ok(steps);
        }
        let store = &self.engine.store;
        let mut earlier = store.approved(&open.channel.id).await?;
        earlier.retain(|id| selection.steps.is_empty() || selection.steps.contains(id));
        if !selection.verbs.is_empty() && !earlier.is_empty() {
            let filter = StepFilter {
                ids: earlier,
                verbs: selection.verbs.clone(),
                ..StepFilter::default()
            };
            let fitting = store.steps(&filter, StepId(0), AT_MOST).await?;
            earlier = fitting.into_iter().map(|step| step.id).collect();
        }
        steps.extend(earlier);
        steps.sort_unstable();
        steps.dedup();
        Ok(steps)
    }

    /// A decision over steps that were `held` or `parked`.
    fn approval(
        &self,
        open: &OpenChannel,
        event: &str,
        were: &str,
        steps: Vec<StepId>,
    ) -> Approval {
        let detail = format!("{were} steps: ");
        Approval {
            steps,
            event: self.event(event, Some(&open.channel.id), &detail),
        }
    }
}

impl DecisionReport {
    fn note(&mut self, approved: &Approved) {
        self.done = approved.done.len() as u64;
        let stale = approved.stale.iter();
        self.stale = stale.map(|(id, state)| (id.0, state.clone())).collect();
    }
}
