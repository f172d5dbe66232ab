//! The directory breaks off in the middle of a read.

use usher_core::model::{CycleMode, CycleState};
use usher_sandbox::sample;

use super::super::stage::Stage;
use super::super::story::Story;
use super::{cycle_of, of, prepare};
use crate::failure::Failure;

/// Entries that arrive before the connection is cut: the middle of a page.
const ENTRIES: u64 = 70;

pub(super) async fn play(stage: &mut Stage, story: &mut Story<'_>) -> Result<(), Failure> {
    story.scene("cut", "The directory breaks off");
    prepare(stage, story).await?;
    story.say(format!(
        "Petra Lind's entry is deleted, and the next full read breaks off after {ENTRIES} entries: the \
         server's connection is cut in the middle of a page. Over a hundred people were not \
         returned, Petra among them. Nothing tells them apart, so nobody is taken to be gone."
    ));
    story.command("sync --full");
    stage.note_leaver(sample::PETRA);
    stage.delete(sample::PETRA)?;
    stage.directory.cut_after_entries(ENTRIES);
    let mark = stage.mark();
    let (report, _) = stage.sync(CycleMode::Full, story.ui).await?;
    let cycle = cycle_of(report)?;
    match &cycle.state {
        CycleState::Incomplete { reasons } => {
            for reason in reasons {
                story.note(reason);
            }
        }
        other => story.show(format!("the cycle is {}", other.name())),
    }
    story.ui.line("");
    story.expect(
        matches!(cycle.state, CycleState::Incomplete { .. }),
        format!("the cycle is {}, and says why", cycle.state.name()),
    );
    let requests = stage.since(mark).len();
    story.expect(
        requests == 0,
        format!("{requests} requests reached the target"),
    );
    complete(stage, story).await
}

async fn complete(stage: &mut Stage, story: &mut Story<'_>) -> Result<(), Failure> {
    story.say(
        "The next read is complete. It returned everybody but Petra, and a second look by her key, \
         apart from the read, finds nothing either. That is proof: her account is disabled, and she \
         is taken out of her groups.",
    );
    story.command("sync --full");
    let mark = stage.mark();
    let (report, _) = stage.sync(CycleMode::Full, story.ui).await?;
    let cycle = cycle_of(report)?;
    let writes = stage.writes_since(mark);
    let disables: Vec<_> = writes
        .iter()
        .filter(|write| write.path.contains("/Users/"))
        .collect();
    for request in &disables {
        story.exchange(request);
    }
    story.ui.line("");
    let hers = disables
        .iter()
        .all(|write| stage.is_of(write, sample::PETRA));
    story.expect(
        disables.len() == 1 && hers && of(&cycle.steps, "disable") == 1,
        format!("{} account is disabled, and it is hers", disables.len()),
    );
    Ok(())
}
