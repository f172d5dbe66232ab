//! The scenes. Each can be played alone: what it needs is prepared without words.

mod cut;
mod explain;
mod filter_typo;
mod first_sync;
mod kill;
mod leaver;
mod not_provisioned;
mod overtake;

use std::collections::BTreeMap;

use usher_core::model::Cycle;
use usher_engine::admin::SyncReport;

use super::stage::Stage;
use super::story::Story;
use super::tally::Tally;
use crate::failure::Failure;

/// A scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scene {
    /// A plan, an approval, and everybody is there
    FirstSync,
    /// Who has no account, and why
    NotProvisioned,
    /// Somebody leaves and comes back
    Leaver,
    /// Two letters exchanged in a filter
    FilterTypo,
    /// The directory breaks off in the middle of a read
    Cut,
    /// The process is killed while it sends, twice
    Kill,
    /// A leaver does not wait behind a long first sync
    Overtake,
    /// The story of one person
    Explain,
}

/// Plays a scene.
pub(super) async fn play(
    scene: Scene,
    stage: &mut Stage,
    story: &mut Story<'_>,
    tally: &mut Tally,
) -> Result<(), Failure> {
    match scene {
        Scene::FirstSync => first_sync::play(stage, story).await,
        Scene::NotProvisioned => not_provisioned::play(stage, story).await,
        Scene::Leaver => leaver::play(stage, story).await,
        Scene::FilterTypo => filter_typo::play(stage, story).await,
        Scene::Cut => cut::play(stage, story).await,
        Scene::Kill => kill::play(story, tally).await,
        Scene::Overtake => overtake::play(story, tally).await,
        Scene::Explain => explain::play(stage, story).await,
    }
}

/// Does the first sync without a word, unless it is done.
async fn prepare(stage: &mut Stage, story: &Story<'_>) -> Result<(), Failure> {
    if stage.settle_first(story.ui).await? {
        let (users, groups, _) = stage.totals();
        story.say(format!(
            "(The first sync was done before this scene: {users} people and {groups} groups are at the target.)"
        ));
    }
    Ok(())
}

/// The cycle of a sync.
pub(super) fn cycle_of(report: SyncReport) -> Result<Cycle, Failure> {
    report
        .cycle
        .ok_or_else(|| Failure::failed("the sync ended without a cycle"))
}

/// A number by name, 0 if it is not there.
fn of(counts: &BTreeMap<String, u64>, name: &str) -> u64 {
    counts.get(name).copied().unwrap_or_default()
}
