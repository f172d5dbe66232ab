//! Who has no account, and why.

use std::collections::BTreeMap;
use std::sync::Arc;

use usher_core::model::{CycleMode, Kind, Verdict};
use usher_engine::Silent;
use usher_engine::admin::{NotProvisioned, PlanOptions};

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
        "The question that every administrator is asked. Usher answers it for each entry that it \
         read.",
    );
    story.command("plan --full");
    let options = PlanOptions {
        mode: CycleMode::Full,
        only: None,
        full: false,
    };
    let session = stage.session().await?;
    let plan = session.admin.plan(None, &options, Arc::new(Silent)).await?;
    reasons(story, &plan.not_provisioned);
    story.say(
        "The law of conservation: every entry of a read ends in one of these lines. Guests are not \
         among them, since the filter does not ask for guests.",
    );
    story.ui.line("");
    let mut table = Table::new(&["entries read", "#number"]);
    for (verdict, entries) in &plan.cycle.verdicts {
        table.row([verdict.replace('_', " "), number(*entries)]);
    }
    table.row(["all".to_owned(), number(plan.cycle.read)]);
    table.show(story.ui);
    story.ui.line("");
    let number_of = |kind: Kind| {
        let of_kind = plan
            .not_provisioned
            .iter()
            .filter(|missing| missing.kind == Some(kind));
        of_kind.count()
    };
    let (people, groups) = (number_of(Kind::User), number_of(Kind::Group));
    story.expect(
        people == PEOPLE && groups == GROUPS,
        format!("{people} people and {groups} group have no account, each for a reason"),
    );
    let sum = of(&plan.cycle.verdicts, "unchanged") + (people + groups) as u64;
    story.expect(
        plan.cycle.unexplained() == 0 && sum == plan.cycle.read,
        format!(
            "entries that nothing accounts for: {}",
            plan.cycle.unexplained()
        ),
    );
    Ok(())
}

/// Each reason once, with those whom it is about.
fn reasons(story: &Story<'_>, missing: &[NotProvisioned]) {
    let mut by_reason: BTreeMap<(Verdict, &str), Vec<&str>> = BTreeMap::new();
    for one in missing {
        let of_reason = by_reason
            .entry((one.verdict, one.reason.as_str()))
            .or_default();
        of_reason.push(one.dn.as_str());
    }
    for (at, ((verdict, reason), dns)) in by_reason.into_iter().enumerate() {
        if at > 0 {
            story.ui.line("");
        }
        story.note(&format!("{}: {reason}", in_words(verdict)));
        for dn in dns {
            story.show(format!("    {dn}"));
        }
    }
}

fn in_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Unchanged => "unchanged",
        Verdict::Stepped => "on its way",
        Verdict::Held => "waits for a person",
        Verdict::Parked => "given up until something changes",
        Verdict::SkippedByOption => "skipped by an option",
        Verdict::Protected => "protected",
        Verdict::OutOfScope => "not in scope",
        Verdict::Invalid => "cannot be mapped",
    }
}
