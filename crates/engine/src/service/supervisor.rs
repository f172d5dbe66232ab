//! Starts and ends tasks as the configuration wants, and looks after what has no channel.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinSet;
use usher_core::model::{ChannelId, Configuration, Millis};
use usher_store::ChannelState;

use super::{Core, ServiceEvent, alerts, channel, locked, target};
use crate::distress::Cannot;

/// Old rows are deleted once in so long, milliseconds.
const PRUNE_EVERY: i64 = 24 * 3_600 * 1_000;
/// The first time soon after the start, milliseconds: not in its rush.
const PRUNE_FIRST: i64 = 10 * 60 * 1_000;

/// Runs until the service stops and every task ended.
pub(super) async fn run(core: Arc<Core>) {
    let mut tasks = JoinSet::new();
    let mut changes = core.admin.engine.shared.changes();
    let mut states = BTreeMap::new();
    let mut prune_at = core.now() + PRUNE_FIRST;
    tasks.spawn(alerts::judge(core.clone()));
    tasks.spawn(alerts::deliver(core.clone()));
    tasks.spawn(try_writing(core.clone()));
    loop {
        changes.mark_unchanged();
        match core.admin.engine.configuration().await {
            Ok(configuration) => {
                core.admin.engine.shared.distress.note(Cannot::Read, None);
                staff(&core, &mut tasks, configuration);
                watch_states(&core, &mut states).await;
            }
            Err(error) => {
                let distress = &core.admin.engine.shared.distress;
                distress.note(Cannot::Read, Some(error.to_string()));
            }
        }
        if core.now() >= prune_at {
            prune_at = core.now() + PRUNE_EVERY;
            tasks.spawn(prune(core.clone(), core.now()));
        }
        tokio::select! {
            () = core.stopped() => break,
            _ = changes.changed() => {}
            () = tokio::time::sleep(core.options.tick) => {}
        }
        while let Some(ended) = tasks.try_join_next() {
            note_end(&core, ended.err());
        }
    }
    while let Some(ended) = tasks.join_next().await {
        note_end(&core, ended.err());
    }
}

/// Looks again and again whether the state can be written: the schedule may leave it alone for long.
async fn try_writing(core: Arc<Core>) {
    while !core.is_stopping() {
        core.admin.engine.try_writing().await;
        tokio::select! {
            () = core.stopped() => {}
            () = tokio::time::sleep(core.options.tick * 10) => {}
        }
    }
}

fn note_end(core: &Core, error: Option<tokio::task::JoinError>) {
    let Some(error) = error.filter(tokio::task::JoinError::is_panic) else {
        return;
    };
    core.count_panic();
    tracing::error!(%error, "a task of the service panicked; it is started again");
}

/// A task for every channel and every SP connection that has none.
fn staff(core: &Arc<Core>, tasks: &mut JoinSet<()>, configuration: Configuration) {
    let configuration = Arc::new(configuration);
    if core.configuration.borrow().revision != configuration.revision {
        core.configuration.send_replace(configuration.clone());
        // What is being sent goes through channels as they were opened: open them anew.
        for post in locked(&core.targets).values() {
            post.desk.end();
        }
        for post in locked(&core.channels).values() {
            post.look_up();
        }
    }
    staff_targets(core, tasks, &configuration);
    staff_channels(core, tasks, &configuration);
}

fn staff_targets(core: &Arc<Core>, tasks: &mut JoinSet<()>, configuration: &Configuration) {
    // Never locked together with the channels: whoever asks how things are locks both.
    let mut targets = locked(&core.targets);
    targets.retain(|_, post| !post.is_left());
    for sp in &configuration.sp_connections {
        if !targets.contains_key(&sp.id) {
            let post = Arc::new(target::Post::new(core, sp));
            targets.insert(sp.id.clone(), post.clone());
            tasks.spawn(target::run(core.clone(), post));
        }
    }
}

fn staff_channels(core: &Arc<Core>, tasks: &mut JoinSet<()>, configuration: &Configuration) {
    let mut channels = locked(&core.channels);
    channels.retain(|_, post| !post.is_left());
    for (sp, one) in configuration.channels() {
        if !channels.contains_key(&one.id) {
            let post = Arc::new(channel::Post::new(sp, one, core.now()));
            channels.insert(one.id.clone(), post.clone());
            tasks.spawn(channel::run(core.clone(), post));
        }
    }
}

/// Tells of channels that changed their state, whoever changed it: another process may have.
async fn watch_states(core: &Core, known: &mut BTreeMap<ChannelId, ChannelState>) {
    let ids: Vec<ChannelId> = locked(&core.channels).keys().cloned().collect();
    known.retain(|id, _| ids.contains(id));
    for id in ids {
        let Ok(record) = core.admin.engine.kept(&id).await else {
            continue;
        };
        let before = known.insert(id.clone(), record.state.clone());
        if before.as_ref() == Some(&record.state) {
            continue;
        }
        if let Some(post) = locked(&core.channels).get(&id) {
            post.look_up();
        }
        for post in locked(&core.targets).values() {
            post.desk.poke();
        }
        if before.is_some() {
            tracing::info!(channel.id = %id, state = ?record.state, "the channel's state changed");
            core.admin.engine.shared.tell(ServiceEvent::ChannelState {
                at: core.now(),
                channel: id,
                state: record.state,
            });
        }
    }
}

async fn prune(core: Arc<Core>, now: Millis) {
    let store = &core.admin.engine.store;
    match store.prune(&core.options.retention, now).await {
        Ok(rows) => tracing::info!(rows, "old rows were deleted"),
        Err(error) => tracing::warn!(%error, "old rows could not be deleted"),
    }
}
