//! Who has no account, and why.

use std::sync::Arc;

use usher_core::model::{CycleMode, Kind};
use usher_engine::Silent;
use usher_engine::admin::PlanOptions;

use super::super::stage::Stage;
use super::super::story::Story;
use super::{of, prepare};
use crate::failure::Failure;
use crate::ui::{Table, number};

/// People of the sample directory in scope who have no account, for whatever reason.
const PEOPLE: usize = 11;
/// Groups likewise.
const GROUPS: usize = 1;

pub(super) async fn play(stage: &mut Stage, story: &mut Story<'_>) -> Result<(), Failure> {
    story.scene("not-provisioned", "Who was not provisioned, and why");
    prepare(stage, story).await?;
    story.say(
        "The question that every administrator is asked. Usher knows the answer for each entry that \
         it read.   (usher plan, usher explain PERSON)",
    );
    let options = PlanOptions {
        mode: CycleMode::Full,
        only: None,
        full: false,
    };
    let session = stage.session().await?;
    let plan = session.admin.plan(None, &options, Arc::new(Silent)).await?;
    for missing in &plan.not_provisioned {
        story.ui.line("");
        story.show(&missing.dn);
        story.show(format!(
            "  {}: {}",
            missing.verdict.as_str(),
            missing.reason
        ));
    }
    let number_of = |kind: Kind| {
        let of_kind = plan
            .not_provisioned
            .iter()
            .filter(|missing| missing.kind == kind);
        of_kind.count()
    };
    story.say(
        "The entries of the last read and what became of each. Guests are not in this sum: the \
         filter does not ask for them.",
    );
    story.ui.line("");
    let mut table = Table::new(&["entries read", "#number"]);
    for (verdict, entries) in &plan.cycle.verdicts {
        table.row([verdict.replace('_', " "), number(*entries)]);
    }
    table.row(["all".to_owned(), number(plan.cycle.read)]);
    table.show(story.ui);
    story.ui.line("");
    let (people, groups) = (number_of(Kind::User), number_of(Kind::Group));
    story.expect(
        people == PEOPLE && groups == GROUPS,
        format!("{people} people and {groups} group have no account, each with a reason"),
    );
    let unexplained = plan.cycle.unexplained();
    let sum = of(&plan.cycle.verdicts, "unchanged") + (people + groups) as u64;
    story.expect(
        unexplained == 0 && sum == plan.cycle.read,
        format!("entries that nothing accounts for: {unexplained}"),
    );
    Ok(())
}
