//! How a channel begins: the first cycle, and when the first sync is over (behaviour §1).

use usher_core::model::{Channel, ChannelSource, StatusRule, StepId, StepState, Verb};
use usher_store::{ChannelRecord, ChannelState, Fence, StepFilter};

use super::Admin;
use crate::context::OpenChannel;
use crate::cycle::CycleReport;
use crate::error::EngineError;

/// Held adoptions that are looked through to decide whether a first activation must wait.
const LOOK_THROUGH: u32 = 10_000;
/// More people than this without a single disabled one must be acknowledged (behaviour §16).
pub(crate) const SUSPICIOUS: u64 = 500;
/// One step is enough to know that there is one.
const LOOK_AT: u32 = 1;

/// Why a channel may not run by what its last complete full read saw of the status of accounts: nobody is disabled
/// among many, and nobody said that this is right.
pub(crate) fn nobody_disabled(channel: &Channel, record: &ChannelRecord) -> Option<String> {
    let people = record.last_complete_people;
    let is_odd = people > SUSPICIOUS && record.disabled_people == Some(0);
    (is_odd && !channel.policy.no_disabled_seen).then(|| {
        format!(
            "0 of {people} people in scope are disabled, as the last full read saw it. Look whether the account-status attribute `{}` tells who is disabled; after a correction the next `usher sync` reads everything again. If it is right that nobody is disabled, say so in the channel's policy: `\"no_disabled_seen\": true`",
            status_attribute(&channel.source)
        )
    })
}

/// The attribute that tells who is disabled.
pub(super) fn status_attribute(source: &ChannelSource) -> &str {
    match &source.status {
        StatusRule::AdBitmap { attribute, .. } | StatusRule::Flag { attribute, .. } => attribute,
    }
}

impl Admin {
    /// The first cycle decides how a channel goes on (behaviour §1): any adoption waits for
    /// approval; an empty target whose scope count was seen runs at once.
    pub(super) async fn first_activation(
        &self,
        open: &OpenChannel,
        cycle: &CycleReport,
    ) -> Result<(), EngineError> {
        if cycle.record.state != ChannelState::Draft {
            return Ok(());
        }
        let configuration = self.engine.configuration().await?;
        let refusals = self.refusals(&configuration, &open.channel.id).await?;
        let adopts = !cycle.record.adoption_approved && self.has_adoptions(open).await?;
        let seen = open.channel.policy.scope_count_seen;
        let (state, why) = if !refusals.is_empty() {
            (ChannelState::Observe, refusals.join("; "))
        } else if adopts {
            let why = "the target has accounts that correspond to people of the source: the adoption plan waits for approval";
            (ChannelState::Observe, why.to_owned())
        } else if !seen {
            let why = "the scope count was not confirmed yet: look at `usher plan`, then `usher channels activate`";
            (ChannelState::Observe, why.to_owned())
        } else {
            let why = "nothing to adopt, and the scope count was seen";
            (ChannelState::Active, why.to_owned())
        };
        let event = self.event("MODE", Some(&open.channel.id), &why);
        self.set(&open.sp, &open.channel.id, &state, &event).await
    }

    pub(super) async fn has_adoptions(&self, open: &OpenChannel) -> Result<bool, EngineError> {
        let filter = StepFilter {
            channel: Some(open.channel.id.clone()),
            states: vec!["held".to_owned()],
            verbs: vec![Verb::Adopt],
            ..StepFilter::default()
        };
        let held = self
            .engine
            .store
            .steps(&filter, StepId(0), LOOK_THROUGH)
            .await?;
        // What another channel owns is not ours to adopt; it waits for nobody.
        Ok(held.iter().any(|step| match &step.state {
            StepState::Held { hold } => hold.is_approvable(),
            _ => false,
        }))
    }

    /// The first sync is over when every create of the first complete plan has an outcome.
    pub(crate) async fn finish_first_sync(
        &self,
        open: &OpenChannel,
        fence: &Fence,
    ) -> Result<(), EngineError> {
        let mut record = self.engine.record(&open.sp, &open.channel.id).await?;
        if record.first_sync_done
            || record.last_complete_at.is_none()
            || record.state != ChannelState::Active
        {
            return Ok(());
        }
        let filter = StepFilter {
            channel: Some(open.channel.id.clone()),
            states: ["pending", "claimed", "waiting", "unknown"]
                .map(str::to_owned)
                .to_vec(),
            verbs: vec![Verb::Create],
            ..StepFilter::default()
        };
        if self
            .engine
            .store
            .steps(&filter, StepId(0), LOOK_AT)
            .await?
            .is_empty()
        {
            record.first_sync_done = true;
            self.engine.store.save_channel(fence, &record).await?;
        }
        Ok(())
    }
}
