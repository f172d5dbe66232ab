//! What a cycle must read, decided before it reads.

use serde::Serialize;
use usher_core::model::{
    ChannelSource, CycleMode, Hash128, MappingRule, Millis, ProvisioningOptions,
};
use usher_store::ChannelRecord;

use super::CycleOptions;
use crate::admin::restored;
use crate::context::OpenChannel;
use crate::error::EngineError;

/// Everything of the configuration that changes the meaning of what is stored (behaviour §14).
#[derive(Serialize)]
struct Meaning<'a> {
    source: &'a ChannelSource,
    mapping: &'a [MappingRule],
    options: &'a ProvisioningOptions,
    protected_accounts: &'a [String],
    policy: serde_json::Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    binary: Vec<String>,
}

/// The digest of what of the configuration changes the meaning of what is stored: when it differs
/// from the one last planned, the whole channel is planned again and everything removing is held.
pub fn planning_digest(open: &OpenChannel) -> Hash128 {
    let policy = &open.channel.policy;
    let meaning = Meaning {
        source: &open.channel.source,
        mapping: &open.channel.mapping,
        options: &open.sp.options,
        protected_accounts: &open.sp.protected_accounts,
        policy: serde_json::json!({
            "protected": policy.protected,
            "exclude": policy.exclude,
            "email_domains": policy.email_domains,
            "group_removal": policy.group_removal,
            "group_rename": policy.group_rename,
            "protected_groups": policy.protected_groups,
            "authoritative_members": policy.authoritative_members,
            "remove_members_on_disable": policy.remove_members_on_disable,
            "further_group_dns": policy.further_group_dns,
        }),
        binary: open.rules.binary_attributes(),
    };
    Hash128::of_json(&meaning)
}

/// What was decided.
pub(super) struct Beginning {
    /// What is read.
    pub(super) mode: CycleMode,
    /// The configuration changed the meaning of what is stored.
    pub(super) configuration_changed: bool,
    /// Everybody is planned, changed or not: what is stored was planned for another configuration, or
    /// before the backup that it came from was restored.
    pub(super) plans_anew: bool,
    /// The state was restored, so that the target's listing is newer than what is stored of it.
    pub(super) believes_target: bool,
    /// See [`planning_digest`].
    pub(super) digest: Hash128,
}

/// Decides the mode: an incremental cycle becomes a full one when there is nothing to start from,
/// when the configuration changed, or when a full one is due. Refuses links of another target.
pub(super) fn begin(
    open: &OpenChannel,
    record: &ChannelRecord,
    options: &CycleOptions,
    now: Millis,
) -> Result<Beginning, EngineError> {
    if let Some(before) = &record.target_identity
        && before != &open.identity
    {
        return Err(EngineError::Refused(format!(
            "channel `{}` has links to the target directory {before}, but its settings name {} now. Links belong to a target directory: set the Directory base URL back, or make a new SP connection for the new directory",
            open.channel.name, open.identity
        )));
    }
    let digest = planning_digest(open);
    let configuration_changed = record.planned_digest.is_some_and(|before| before != digest);
    // A source that cannot report deletions must be read whole from time to time (behaviour §15).
    let full_every = i64::from(open.channel.policy.schedule.full_seconds) * 1_000;
    let full_is_due = !options.only_as_asked
        && record
            .last_complete_at
            .is_none_or(|at| now.saturating_sub(at) >= full_every);
    let incremental_possible = record.watermark.is_some()
        && record.planned_digest.is_some()
        && !configuration_changed
        && !full_is_due;
    let mode = match options.mode {
        CycleMode::Incremental if !incremental_possible => CycleMode::Full,
        CycleMode::Incremental
        | CycleMode::Full
        | CycleMode::Reconcile
        | CycleMode::Rekey
        | CycleMode::FollowUp => options.mode,
    };
    let believes_target = mode == CycleMode::Reconcile && restored::is_marked(record);
    Ok(Beginning {
        mode,
        configuration_changed,
        plans_anew: configuration_changed || believes_target,
        believes_target,
        digest,
    })
}
