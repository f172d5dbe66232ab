//! Two letters exchanged in a filter.

use usher_core::model::CycleMode;
use usher_sandbox::sample;

use super::super::stage::Stage;
use super::super::story::Story;
use super::{cycle_of, of, prepare};
use crate::failure::Failure;

/// Held steps that are shown.
const SHOWN: usize = 1;

pub(super) async fn play(stage: &mut Stage, story: &mut Story<'_>) -> Result<(), Failure> {
    story.scene("filter-typo", "A filter with a typing error");
    prepare(stage, story).await?;
    let people = sample::PROVISIONED_PEOPLE - stage.left_for_good();
    let staff = people - sample::CONTRACTORS;
    story.say(format!(
        "Somebody edits the channel's filter and exchanges two letters: \"satff\". Only the {} \
         contractors are in scope now; everybody else seems to have left. A simple engine would \
         disable {staff} of {people} people within a minute.",
        sample::CONTRACTORS
    ));
    story.ui.line("");
    story.show(format!("before  {}", sample::PEOPLE_FILTER));
    story.show(format!("now     {}", sample::MISTYPED_FILTER));
    story.command("config import demo.json && usher sync");
    stage.set_filter(sample::MISTYPED_FILTER).await?;
    let mark = stage.mark();
    let (report, _) = stage.sync(CycleMode::Incremental, story.ui).await?;
    let cycle = cycle_of(report)?;
    let waiting = stage.held_disables().await?;
    for breach in &cycle.breaches {
        story.note(breach);
    }
    for step in waiting.iter().take(SHOWN) {
        story.note(&format!(
            "{} {}: {}; {}",
            step.verb.as_str(),
            step.display,
            step.reason,
            step.hold.as_deref().unwrap_or_default()
        ));
    }
    story.ui.line("");
    let more = waiting.len().saturating_sub(SHOWN);
    story.show(format!("... and {more} more, for the same reason"));
    story.say(
        "The whole plan is judged before the first write. What would take something away because \
         the configuration changed always waits for a person, however little it is.",
    );
    story.ui.line("");
    let held = of(&cycle.held, "disable");
    story.expect(
        held as usize == staff && waiting.len() == staff,
        format!("{held} disables are held, each waiting for a person"),
    );
    let requests = stage.since(mark).len();
    story.expect(
        requests == 0,
        format!("{requests} requests reached the target"),
    );
    back(stage, story).await
}

async fn back(stage: &mut Stage, story: &mut Story<'_>) -> Result<(), Failure> {
    story.say("The filter is set right again. What was held is void; nobody noticed anything.");
    story.command("config import demo.json && usher sync");
    let mark = stage.mark();
    stage.set_filter(sample::PEOPLE_FILTER).await?;
    let (report, _) = stage.sync(CycleMode::Incremental, story.ui).await?;
    let cycle = cycle_of(report)?;
    let requests = stage.since(mark).len();
    let held = stage.held_disables().await?.len();
    story.expect(
        held == 0 && of(&cycle.steps, "disable") == 0,
        format!("{held} disables are held now"),
    );
    story.expect(
        requests == 0,
        format!("{requests} requests reached the target"),
    );
    Ok(())
}
