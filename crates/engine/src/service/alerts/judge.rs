//! Judging: facts are gathered, and what changed since the last time is written down.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use usher_core::alerts::{ChannelFacts, ConnectionFacts, Facts, evaluate};
use usher_core::model::{
    Alert, AlertSettings, Channel, ChannelId, Configuration, CycleMode, Hold, Millis, SpConnection,
};
use usher_store::{AlertChange, ChannelState, Over, Raise, StepFilter, StoredAlert};

use crate::error::EngineError;
use crate::service::channel::{full_name, keeps_off};
use crate::service::schedule::Timetable;
use crate::service::{Core, Doing, ServiceEvent};
use crate::trouble::{never_read, source_failing, source_refused, target_refused};

/// Runs until the service stops.
pub(crate) async fn run(core: Arc<Core>) {
    super::again_and_again(core, "judging what needs a person", pass).await;
}

async fn pass(core: Arc<Core>) -> Result<(), EngineError> {
    let store = &core.admin.engine.store;
    let configuration = core.admin.engine.configuration().await?;
    let open = store.open_alerts().await?;
    let facts = facts(&core, &configuration, &open).await?;
    let now = core.now();
    let mut settings = configuration.alerts;
    if core.options.notifier.is_none() {
        // Nobody can be told: then it is only shown.
        (settings.emails, settings.webhooks) = (Vec::new(), Vec::new());
    }
    let change = compare(&settings, &open, evaluate(&facts, now), now);
    if change == AlertChange::default() {
        return Ok(());
    }
    store.change_alerts(&change, now).await?;
    tell(&core, &open, &change, now);
    Ok(())
}

fn tell(core: &Core, open: &[StoredAlert], change: &AlertChange, at: Millis) {
    for raise in &change.raise {
        let alert = &raise.alert;
        tracing::warn!(alert.key, alert.summary, "an alert is raised");
        core.admin.engine.shared.tell(ServiceEvent::AlertRaised {
            at,
            kind: alert.kind.as_str().to_owned(),
            subject: alert.about.clone(),
            text: alert.summary.clone(),
        });
    }
    let is_over = |one: &&StoredAlert| change.over.iter().any(|over| over.id == one.id);
    for one in open.iter().filter(is_over) {
        tracing::info!(alert.key = one.alert.key, "an alert is over");
        core.admin.engine.shared.tell(ServiceEvent::AlertCleared {
            at,
            kind: one.alert.kind.as_str().to_owned(),
            subject: one.alert.about.clone(),
        });
    }
}

/// What changed.
fn compare(
    settings: &AlertSettings,
    open: &[StoredAlert],
    found: Vec<Alert>,
    now: Millis,
) -> AlertChange {
    let mut change = AlertChange::default();
    let keys: BTreeSet<&str> = found.iter().map(|alert| alert.key.as_str()).collect();
    let matters: BTreeSet<&str> = found.iter().map(|alert| alert.matter.as_str()).collect();
    for one in open {
        if !keys.contains(one.alert.key.as_str()) {
            change.over.push(Over {
                id: one.id,
                // Another stage of it takes its place.
                told: !matters.contains(one.alert.matter.as_str()),
            });
        }
    }
    for alert in found {
        let Some(known) = open.iter().find(|one| one.alert.key == alert.key) else {
            let recipients = if settings.off.contains(&alert.kind) {
                Vec::new()
            } else {
                settings.recipients()
            };
            change.raise.push(Raise { alert, recipients });
            continue;
        };
        // What has no time of its own began when it was raised.
        let since = if alert.since == now {
            known.alert.since
        } else {
            alert.since
        };
        let alert = Alert { since, ..alert };
        // Held steps that are being planned anew are none for a moment.
        if alert != known.alert && alert.count != Some(0) {
            change.update.push((known.id, alert));
        }
    }
    change
}

async fn facts(
    core: &Core,
    configuration: &Configuration,
    open: &[StoredAlert],
) -> Result<Facts, EngineError> {
    let mut channels = Vec::new();
    for (sp, channel) in configuration.channels() {
        channels.push(channel_facts(core, configuration, sp, channel).await?);
    }
    // After the channels: why one stops is known before it is seen to stop.
    let troubles = core.admin.engine.store.troubles().await?;
    let open: BTreeSet<String> = open.iter().map(|one| one.alert.key.clone()).collect();
    let looking = looking(core);
    for channel in &mut channels {
        note_source(core, channel, &troubles).await?;
        note_never_read(core, channel, &troubles).await?;
        channel.planning |= looking.contains_key(&channel.id);
        // A full read that is under way may end what is about to be told.
        let is_read = looking.get(&channel.id).is_some_and(|mode| is_full(*mode));
        if is_read && !open.contains(&format!("full_read_missed:{}", channel.id)) {
            channel.last_complete_at = None;
        }
    }
    let connections = configuration.sp_connections.iter().map(|sp| {
        let refused = troubles.get(&target_refused(&sp.id)).copied();
        ConnectionFacts {
            id: sp.id.clone(),
            name: sp.name.clone(),
            refused_since: refused.filter(|_| sp.active),
            key_expires_at: configuration.alerts.key_expires_at(sp),
        }
    });
    Ok(Facts {
        channels,
        connections: connections.collect(),
        open,
        parked_threshold: configuration.alerts.parked_threshold,
    })
}

async fn channel_facts(
    core: &Core,
    configuration: &Configuration,
    sp: &SpConnection,
    channel: &Channel,
) -> Result<ChannelFacts, EngineError> {
    let store = &core.admin.engine.store;
    let planning = looking(core).contains_key(&channel.id);
    let record = core.admin.engine.kept(&channel.id).await?;
    let held = store.held_steps(&channel.id, &Hold::NOT_APPROVABLE).await?;
    let parked = StepFilter {
        channel: Some(channel.id.clone()),
        states: vec!["parked".to_owned()],
        ..StepFilter::default()
    };
    let parked = store.step_counts(&parked).await?;
    let table = Timetable::of(channel, 0);
    Ok(ChannelFacts {
        id: channel.id.clone(),
        name: full_name(sp, channel),
        connection: sp.id.clone(),
        runs: keeps_off(configuration, sp, channel, &record).is_none(),
        quarantined: matches!(record.state, ChannelState::Quarantined { .. }),
        planning,
        held: held.count,
        held_removals: held.removals,
        held_since: held.since,
        parked: parked.iter().map(|count| count.count).sum(),
        source_failing_since: None,
        source_refused_since: None,
        last_complete_at: record.last_complete_at,
        full_every_ms: table.full_ms,
    })
}

/// Since when the directory cannot be read; of a channel that is not looked at nobody can say.
async fn note_source(
    core: &Core,
    channel: &mut ChannelFacts,
    troubles: &BTreeMap<String, Millis>,
) -> Result<(), EngineError> {
    let (failing, refused) = (source_failing(&channel.id), source_refused(&channel.id));
    if !channel.runs {
        core.admin.engine.end(troubles, &failing).await?;
        return core.admin.engine.end(troubles, &refused).await;
    }
    channel.source_failing_since = troubles.get(&failing).copied();
    channel.source_refused_since = troubles.get(&refused).copied();
    Ok(())
}

/// Since when a channel that was never read as a whole waits for that, whatever started anew meanwhile.
async fn note_never_read(
    core: &Core,
    channel: &mut ChannelFacts,
    troubles: &BTreeMap<String, Millis>,
) -> Result<(), EngineError> {
    let (engine, key) = (&core.admin.engine, never_read(&channel.id));
    if channel.last_complete_at.is_some() || !channel.runs {
        return engine.end(troubles, &key).await;
    }
    engine.begin(troubles, &key).await?;
    channel.last_complete_at = Some(troubles.get(&key).copied().unwrap_or(core.now()));
    Ok(())
}

/// The channels that are being looked at, and what is read.
fn looking(core: &Core) -> BTreeMap<ChannelId, CycleMode> {
    let channels = core.health().channels.into_iter();
    channels
        .filter_map(|one| match one.doing {
            Doing::Looking { mode } => Some((one.id, mode)),
            Doing::Waiting | Doing::Off { .. } => None,
        })
        .collect()
}

fn is_full(mode: CycleMode) -> bool {
    match mode {
        CycleMode::Full | CycleMode::Reconcile | CycleMode::Rekey => true,
        CycleMode::Incremental | CycleMode::FollowUp => false,
    }
}
