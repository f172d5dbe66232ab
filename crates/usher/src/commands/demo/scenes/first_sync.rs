//! A plan, an approval, and everybody is there.

use std::sync::Arc;
use std::time::Duration;

use usher_core::model::{CycleMode, Kind, Verb};
use usher_engine::Silent;
use usher_engine::admin::{PlanOptions, PlanReport};
use usher_sandbox::sample;
use usher_sandbox::scim::LoggedRequest;

use super::super::stage::Stage;
use super::super::story::{Story, short_path};
use super::of;
use crate::failure::Failure;
use crate::ui::{Table, count, duration, number, request_lines, verb};

pub(super) async fn play(stage: &mut Stage, story: &mut Story<'_>) -> Result<(), Failure> {
    story.scene("first-sync", "The first sync");
    plan(stage, story).await?;
    observe(stage, story).await?;
    send(stage, story).await?;
    again(stage, story).await
}

/// `usher plan`
async fn plan(stage: &mut Stage, story: &mut Story<'_>) -> Result<(), Failure> {
    story.say(
        "Before anything is sent there is a plan. It is made by the real cycle on a copy of the \
         state, so that what you read is what would happen.   (usher plan)",
    );
    let options = PlanOptions {
        mode: CycleMode::Full,
        only: None,
        full: true,
    };
    let mark = stage.mark();
    let session = stage.session().await?;
    let plan = session.admin.plan(None, &options, Arc::new(Silent)).await?;
    story.ui.line("");
    totals(story, &plan);
    story.show(format!(
        "{} follow once the accounts exist; {}",
        count(plan.memberships_to_follow, "membership", "memberships"),
        plan.estimate
    ));
    story.say("Each step can be looked at, down to the very request. One of them:");
    story.ui.line("");
    let ana = |sample: &&usher_engine::admin::StepSample| sample.dn == sample::ANA;
    if let Some(request) = plan
        .samples
        .iter()
        .find(ana)
        .and_then(|step| step.request.as_ref())
    {
        for line in request_lines(request) {
            story.show(line);
        }
    }
    story.ui.line("");
    story.expect(
        of(&plan.cycle.steps, "create") as usize
            >= sample::PROVISIONED_PEOPLE + sample::PROVISIONED_GROUPS - 1,
        "the plan creates everybody who is in scope and not there yet",
    );
    story.expect(
        plan.cycle.unexplained() == 0,
        "every entry read is accounted for",
    );
    let writes = stage.writes_since(mark).len();
    story.expect(writes == 0, format!("planning sent {writes} writes"));
    Ok(())
}

fn totals(story: &Story<'_>, plan: &PlanReport) {
    let mut table = Table::new(&["step", "#ready", "#waits for a person"]);
    for of_verb in Verb::ALL {
        for kind in [Kind::User, Kind::Group] {
            let counts = plan.totals.iter();
            let counts = counts.filter(|count| count.verb == of_verb && count.kind == kind);
            let (mut ready, mut held) = (0, 0);
            for count in counts {
                if count.state == "held" {
                    held += count.count;
                } else {
                    ready += count.count;
                }
            }
            if ready + held > 0 {
                table.row([verb(of_verb, kind), number(ready), number(held)]);
            }
        }
    }
    table.show(story.ui);
}

/// The target has a record that corresponds to somebody: nothing is written before a person looked.
async fn observe(stage: &mut Stage, story: &mut Story<'_>) -> Result<(), Failure> {
    story.say(
        "The target is not empty: somebody typed in an account for lena.hoffmann by hand, with a \
         slip in her name. It corresponds to an entry of the directory, so Usher would adopt it, \
         and adopting waits for a person. Until then a sync only observes.   (usher sync)",
    );
    let mark = stage.mark();
    let (report, _) = stage.sync(CycleMode::Full, story.ui).await?;
    story.ui.line("");
    let writes = stage.writes_since(mark).len();
    story.expect(
        report.mode == "observe" && writes == 0,
        format!(
            "the channel is in mode \"{}\"; {writes} writes were sent",
            report.mode
        ),
    );
    Ok(())
}

/// `usher approve --hold adoption`
async fn send(stage: &mut Stage, story: &mut Story<'_>) -> Result<(), Failure> {
    story.say(
        "Now a person approves the adoption, and the channel goes to work: accounts first, then \
         groups, then members in batches.   (usher approve --hold adoption)",
    );
    let mark = stage.mark();
    let (report, took) = stage.approve_adoptions(story.ui).await?;
    stage.is_settled();
    story.ui.line("");
    arrived(stage, story, mark, took);
    let (users, groups, members) = stage.totals();
    story.ui.line("");
    story.expect(
        users == sample::PROVISIONED_PEOPLE && groups == sample::PROVISIONED_GROUPS,
        format!("the target has {users} people, {groups} groups and {members} memberships"),
    );
    let lena = stage.sandbox.snapshot().users.into_iter().find(|user| {
        user.get("userName").and_then(serde_json::Value::as_str) == Some("lena.hoffmann")
    });
    let name = lena
        .as_ref()
        .and_then(|lena| lena.get("displayName")?.as_str());
    story.expect(
        name == Some("Lena Hoffmann"),
        "lena.hoffmann kept her account, and her name is right now",
    );
    story.expect(
        report.mode == "active" && report.waiting == 0,
        "nothing is left to send",
    );
    Ok(())
}

/// What the target was asked for, by kind.
fn arrived(stage: &Stage, story: &Story<'_>, mark: u64, took: Duration) {
    let requests = stage.since(mark);
    let kinds: [(&str, &str, &str); 5] = [
        ("people created", "POST", "/Users"),
        ("people changed", "PATCH", "/Users/"),
        ("groups created", "POST", "/Groups"),
        ("groups given members", "PATCH", "/Groups/"),
        ("reads", "GET", "/"),
    ];
    let mut table = Table::new(&["what", "#requests", "#failed"]);
    for (what, method, path) in kinds {
        let of_kind = |request: &&LoggedRequest| {
            request.method == method && short_path(&request.path).starts_with(path)
        };
        let failed = |request: &&LoggedRequest| request.status.is_none_or(|status| status >= 300);
        let all: Vec<&LoggedRequest> = requests.iter().filter(of_kind).collect();
        let failed = all.iter().copied().filter(failed).count();
        table.row([
            what.to_owned(),
            number(all.len() as u64),
            number(failed as u64),
        ]);
    }
    table.show(story.ui);
    story.show(format!("in {}", duration(took.as_millis() as i64)));
}

/// The same again: nothing.
async fn again(stage: &mut Stage, story: &mut Story<'_>) -> Result<(), Failure> {
    story.say(
        "The same once more. Nothing changed, so nothing is sent; the target is not even read.   \
         (usher sync --full)",
    );
    let mark = stage.mark();
    stage.sync(CycleMode::Full, story.ui).await?;
    let requests = stage.since(mark).len();
    story.ui.line("");
    story.expect(requests == 0, format!("{requests} requests"));
    Ok(())
}
