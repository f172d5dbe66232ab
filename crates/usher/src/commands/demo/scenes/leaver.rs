//! Somebody leaves and comes back.

use std::time::Instant;

use usher_core::model::CycleMode;
use usher_sandbox::sample;

use super::super::stage::Stage;
use super::super::story::Story;
use super::super::tally::removed;
use super::prepare;
use crate::failure::Failure;
use crate::ui::duration;

/// A disable may take so long from the change in the directory to the target.
const WITHIN_MS: i64 = 5_000;

pub(super) async fn play(stage: &mut Stage, story: &mut Story<'_>) -> Result<(), Failure> {
    story.scene("leaver", "A leaver");
    prepare(stage, story).await?;
    story.say(
        "Ana Díaz leaves. An administrator locks her entry in the directory. The next look, which \
         reads only what changed, sees it. A disable is a request of its own with nothing else in \
         it, and overtakes everything that waits. The change in the directory:",
    );
    story.ui.line("");
    story.show(format!("dn: {}", sample::ANA));
    story.show("changetype: modify");
    story.show(format!("add: {}", sample::LOCK_ATTRIBUTE));
    story.show(format!("{}: {}", sample::LOCK_ATTRIBUTE, sample::LOCKED));
    story.command("sync");
    let mark = stage.mark();
    let began = Instant::now();
    stage.note_leaver(sample::ANA);
    stage.modify(sample::ANA, |ana| {
        ana.set(sample::LOCK_ATTRIBUTE, sample::LOCKED);
    })?;
    stage.sync(CycleMode::Incremental, story.ui).await?;
    let took = began.elapsed().as_millis() as i64;
    let requests = stage.since(mark);
    for request in &requests {
        story.exchange(request);
    }
    story.ui.line("");
    let alone = requests.len() == 1 && requests.iter().all(|request| removed(request).len() == 1);
    story.expect(
        alone,
        format!("{} request, and it disables one account", requests.len()),
    );
    story.expect(
        took <= WITHIN_MS,
        format!(
            "{} from the change in the directory to the reply of the target",
            duration(took)
        ),
    );
    back(stage, story).await
}

async fn back(stage: &mut Stage, story: &mut Story<'_>) -> Result<(), Failure> {
    story.say(
        "It was a mistake: she is unlocked again. Her account, its id and its groups are kept.",
    );
    story.command("sync");
    let memberships = stage.totals().2;
    let mark = stage.mark();
    stage.modify(sample::ANA, |ana| {
        ana.remove(sample::LOCK_ATTRIBUTE);
    })?;
    stage.sync(CycleMode::Incremental, story.ui).await?;
    let requests = stage.since(mark);
    for request in &requests {
        story.exchange(request);
    }
    story.ui.line("");
    let same = stage.totals().2 == memberships;
    story.expect(
        requests.len() == 1 && same,
        format!(
            "{} request; all {memberships} memberships are as they were",
            requests.len()
        ),
    );
    Ok(())
}
