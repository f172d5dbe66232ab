//! How channels are, for a glance and for monitoring.

use serde::Serialize;
use usher_core::model::{Channel, ChannelId, Cycle, CycleState, Millis, SpConnection};
use usher_store::{ChannelCounts, ChannelRecord, ChannelState, StepCount, StepFilter};

use super::Admin;
use super::activation::nobody_disabled;
use super::operator::Permission;
use super::state::mode_name;
use super::unfinished::Told;
use crate::cycle::unread_members;
use crate::error::EngineError;

/// A read older than this is worth a look, milliseconds.
const STALE_MS: i64 = 24 * 3600 * 1000;

/// Cycles that are looked through for the last one that read the directory: follow-ups read nothing of it.
const LOOK_BACK: u32 = 10;

/// How well something is; the numbers are those of monitoring plug-ins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Good.
    Good = 0,
    /// A person should look.
    Warning = 1,
    /// It does not do its work.
    Critical = 2,
}

/// How one channel is.
#[derive(Clone, Debug, Serialize)]
pub struct ChannelStatus {
    /// Its id.
    pub id: ChannelId,
    /// SP connection and channel.
    pub channel: String,
    /// Its mode.
    pub mode: String,
    /// How well it is.
    pub health: Health,
    /// What a person should know, worst first.
    pub remarks: Vec<String>,
    /// Subjects.
    pub counts: ChannelCounts,
    /// Steps by verb and state.
    pub steps: Vec<StepCount>,
    /// The last cycle.
    pub last_cycle: Option<Cycle>,
    /// When the last complete read ended.
    pub last_complete_at: Option<Millis>,
}

/// What is odd about a channel for as long as it is so: what its cycles found, and what its configuration lacks.
pub fn warnings(sp: &SpConnection, channel: &Channel, record: &ChannelRecord) -> Vec<String> {
    let noted = record.warnings.iter().cloned();
    noted.chain(unprotected(sp, channel)).collect()
}

/// Behaviour §3: an empty list of protected accounts is no obstacle, and is said as long as it is empty.
pub(super) fn unprotected(sp: &SpConnection, channel: &Channel) -> Option<String> {
    let text = "there are no protected accounts: name those that administer the target in PROTECTED_ACCOUNTS of the SP connection, or under `protected` in the policy, so that none of them is ever disabled";
    (!channel.protects_somebody(sp)).then(|| text.to_owned())
}

impl Admin {
    /// How every channel is.
    pub async fn status(&self) -> Result<Vec<ChannelStatus>, EngineError> {
        self.require(Permission::Look)?;
        let configuration = self.engine.configuration().await?;
        let mut all = Vec::new();
        for (sp, channel) in configuration.channels() {
            all.push(self.status_of(sp, channel).await?);
        }
        Ok(all)
    }

    /// How one channel is.
    pub async fn status_of(
        &self,
        sp: &SpConnection,
        channel: &Channel,
    ) -> Result<ChannelStatus, EngineError> {
        self.require(Permission::Look)?;
        let store = &self.engine.store;
        let record = self.engine.record(sp, &channel.id).await?;
        let filter = StepFilter {
            channel: Some(channel.id.clone()),
            ..StepFilter::default()
        };
        let steps = store.step_counts(&filter).await?;
        let cycles = store.cycles(Some(&channel.id), None, LOOK_BACK).await?;
        let unread = cycles.iter().find_map(|cycle| cycle.certificate.as_ref());
        let unread = unread.map(|certificate| certificate.incomplete_groups.clone());
        let last_cycle = cycles.into_iter().next();
        let mut remarks = Vec::new();
        let mut health = Health::Good;
        let mut worse = |to: Health, remark: String| {
            health = health.max(to);
            remarks.push((to, remark));
        };
        if let Some(trouble) = self.engine.shared.distress.words() {
            worse(Health::Critical, trouble);
        }
        match &record.state {
            ChannelState::Active => {}
            ChannelState::Quarantined { why } => worse(Health::Critical, why.clone()),
            ChannelState::Draft => worse(Health::Warning, "it never ran".to_owned()),
            ChannelState::Observe => {
                worse(
                    Health::Warning,
                    "it only observes: nothing is sent".to_owned(),
                );
            }
            ChannelState::Paused => worse(Health::Warning, "it is paused".to_owned()),
        }
        let nobody_disabled = nobody_disabled(channel, &record);
        for warning in warnings(sp, channel, &record)
            .into_iter()
            .chain(nobody_disabled)
        {
            worse(Health::Warning, warning);
        }
        let of = |state: &str| -> u64 {
            steps
                .iter()
                .filter(|count| count.state == state)
                .map(|count| count.count)
                .sum()
        };
        for (state, remark) in [
            ("held", "steps wait for a person: `usher approve`"),
            (
                "parked",
                "steps are parked: `usher status --parked` says why",
            ),
            (
                "unknown",
                "steps have an unknown outcome; they are looked up at the next sync",
            ),
        ] {
            if of(state) > 0 {
                worse(Health::Warning, format!("{} {remark}", of(state)));
            }
        }
        let counts = store.counts(&channel.id).await?;
        let unfinished = self.unfinished(&sp.id, &channel.id, Told::Lasting, &counts);
        for remark in unfinished.await? {
            worse(Health::Warning, remark);
        }
        if let Some(remark) = archived(&counts) {
            worse(Health::Critical, remark);
        }
        let now = self.engine.clock.now();
        let stale = record.last_complete_at.is_none_or(|at| now - at > STALE_MS);
        if record.state == ChannelState::Active && stale {
            worse(
                Health::Critical,
                "the last complete read is over a day old".to_owned(),
            );
        }
        let of_groups = unread.as_ref().and_then(unread_members);
        let of_reads = of_reads(last_cycle.as_ref(), &record);
        for remark in of_reads.into_iter().chain(of_groups) {
            worse(Health::Warning, remark);
        }
        remarks.sort_by_key(|(health, _)| std::cmp::Reverse(*health));
        Ok(ChannelStatus {
            id: channel.id.clone(),
            channel: format!("{}/{}", sp.name, channel.name),
            mode: mode_name(&record.state).to_owned(),
            health,
            remarks: remarks.into_iter().map(|(_, remark)| remark).collect(),
            counts,
            steps,
            last_cycle,
            last_complete_at: record.last_complete_at,
        })
    }
}

/// Nothing archived is ever planned again, so a channel that is configured has none.
fn archived(counts: &ChannelCounts) -> Option<String> {
    let of = |state: &str| counts.states.get(state).copied().unwrap_or_default();
    let archived = of("user.archived") + of("group.archived");
    (archived > 0).then(|| {
        format!(
            "{archived} people and groups of this channel are archived, as if it had been deleted: they are neither kept up to date nor disabled. Delete the channel and make it anew: the new one finds their accounts again by `externalId`"
        )
    })
}

/// What a person should know of the last reads; the same reasons are told once.
fn of_reads(last_cycle: Option<&Cycle>, record: &ChannelRecord) -> Vec<String> {
    let full = &record.full_incomplete;
    let says =
        |state: &CycleState| matches!(state, CycleState::Incomplete { reasons } if reasons == full);
    let last = last_cycle.filter(|cycle| !super::sync::is_complete(cycle) && !says(&cycle.state));
    let mut remarks: Vec<String> = last
        .map(|cycle| last_cycle_words(&cycle.state))
        .into_iter()
        .collect();
    if !full.is_empty() {
        remarks.push(format!(
            "the last full read was not complete, so whoever is missing does not count as gone: {}",
            full.join("; ")
        ));
    }
    remarks
}

/// What a person should know of a last cycle that was not complete.
fn last_cycle_words(state: &CycleState) -> String {
    match state {
        CycleState::Aborted { reason } => format!("the last cycle was aborted: {reason}"),
        CycleState::Incomplete { reasons } => format!(
            "the last read was not complete, so it proved nobody gone: {}",
            reasons.join("; ")
        ),
        CycleState::Reading => "a cycle is under way, or died".to_owned(),
        CycleState::Completed => "the last cycle was complete".to_owned(),
    }
}
