//! Two letters exchanged in a filter.

use usher_core::model::CycleMode;
use usher_sandbox::sample;

use super::super::stage::Stage;
use super::super::story::Story;
use super::{of, prepare};
use crate::failure::Failure;

pub(super) async fn play(stage: &mut Stage, story: &mut Story<'_>) -> Result<(), Failure> {
    story.scene("filter-typo", "A filter with a typing error");
    prepare(stage, story).await?;
    let people = sample::PROVISIONED_PEOPLE - stage.left_for_good();
    let staff = people - sample::CONTRACTORS;
    story.say(format!(
        "Somebody edits the channel's filter and exchanges two letters: \"satff\". Only the {} \
         contractors are in scope now; everybody else seems to have left. A simple engine would \
         disable {staff} of {people} people within a minute.   (usher config import, usher sync)",
        sample::CONTRACTORS
    ));
    story.ui.line("");
    story.show(format!("before  {}", sample::PEOPLE_FILTER));
    story.show(format!("now     {}", sample::MISTYPED_FILTER));
    stage.set_filter(sample::MISTYPED_FILTER).await?;
    let mark = stage.mark();
    let (report, _) = stage.sync(CycleMode::Incremental, story.ui).await?;
    let cycle = report.cycle.unwrap_or_else(super::no_cycle);
    story.say("The guard judges the whole plan before the first write. It says:");
    story.ui.line("");
    for breach in &cycle.breaches {
        story.show(breach);
    }
    story.ui.line("");
    let held = of(&cycle.held, "disable");
    story.expect(
        held as usize == staff,
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
    let mark = stage.mark();
    stage.set_filter(sample::PEOPLE_FILTER).await?;
    let (report, _) = stage.sync(CycleMode::Incremental, story.ui).await?;
    let cycle = report.cycle.unwrap_or_else(super::no_cycle);
    let requests = stage.since(mark).len();
    story.ui.line("");
    let held = stage.held_disables().await?;
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
