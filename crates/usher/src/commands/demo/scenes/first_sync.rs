//! A plan, an approval, and everybody is there.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use usher_core::model::{CycleMode, Kind, Verb};
use usher_engine::Silent;
use usher_engine::admin::{PlanOptions, PlanReport, StepSample};
use usher_sandbox::sample;
use usher_sandbox::scim::LoggedRequest;

use super::super::stage::Stage;
use super::super::story::{Story, short_path};
use super::of;
use crate::failure::Failure;
use crate::ui::{Table, count, duration, number, verb};

pub(super) async fn play(stage: &mut Stage, story: &mut Story<'_>) -> Result<(), Failure> {
    story.scene("first-sync", "The first sync");
    plan(stage, story).await?;
    observe(stage, story).await?;
    send(stage, story).await?;
    again(stage, story).await
}

async fn plan(stage: &mut Stage, story: &mut Story<'_>) -> Result<(), Failure> {
    story.say(
        "Before anything is sent there is a plan. The real cycle makes it on a copy of the state, so \
         that what you read is what would happen.",
    );
    story.command("plan");
    let options = PlanOptions {
        mode: CycleMode::Full,
        only: None,
        full: true,
    };
    let mark = stage.mark();
    let session = stage.session().await?;
    let plan = session.admin.plan(None, &options, Arc::new(Silent)).await?;
    totals(story, &plan);
    let follow = count(plan.memberships_to_follow, "membership", "memberships");
    story.ui.line("");
    story.show(format!(
        "up to {follow} follow once the accounts exist; {}",
        plan.estimate
    ));
    story.say("Every step can be looked at, down to the very request. One of them:");
    story.ui.line("");
    let ana = |step: &&StepSample| step.dn == sample::ANA;
    if let Some(request) = plan
        .samples
        .iter()
        .find(ana)
        .and_then(|step| step.request.as_ref())
    {
        story.show(format!("{} {}", request.method, request.path));
        story.body(
            &request
                .shown
                .as_ref()
                .map(Value::to_string)
                .unwrap_or_default(),
        );
    }
    story.ui.line("");
    let creates = of(&plan.cycle.steps, "create");
    let waiting: u64 = plan.held.iter().map(|held| held.steps).sum();
    story.expect(
        creates > 0 && waiting > 0 && plan.cycle.unexplained() == 0,
        format!(
            "{} entries were read, and each is accounted for",
            plan.cycle.read
        ),
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
         slip in her name. It corresponds to an entry of the directory, so Usher would adopt it \
         instead of making a second one. Adopting waits for a person, and until then the channel \
         only observes.",
    );
    story.command("sync");
    let mark = stage.mark();
    let (report, _) = stage.sync(CycleMode::Full, story.ui).await?;
    let writes = stage.writes_since(mark).len();
    story.expect(
        report.mode == "observe" && writes == 0,
        format!(
            "the channel is in mode \"{}\", and {writes} writes were sent",
            report.mode
        ),
    );
    Ok(())
}

async fn send(stage: &mut Stage, story: &mut Story<'_>) -> Result<(), Failure> {
    story.say(
        "A person approves the adoption, and the channel goes to work: accounts first, then groups, \
         then members in batches.",
    );
    story.command("approve --hold adoption");
    let mark = stage.mark();
    let (report, took) = stage.approve_adoptions(story.ui).await?;
    stage.is_settled();
    arrived(stage, story, mark, took);
    let (users, groups, members) = stage.totals();
    story.ui.line("");
    story.expect(
        users == sample::PROVISIONED_PEOPLE && groups == sample::PROVISIONED_GROUPS,
        format!("the target has {users} people, {groups} groups and {members} memberships"),
    );
    let is_lena =
        |user: &&Value| user.get("userName").and_then(Value::as_str) == Some("lena.hoffmann");
    let snapshot = stage.sandbox.snapshot();
    let lena = snapshot.users.iter().find(is_lena);
    let name = lena.and_then(|lena| lena.get("displayName")?.as_str());
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
        ("members added, in batches", "PATCH", "/Groups/"),
        ("reads", "GET", "/"),
    ];
    let mut table = Table::new(&["what", "#requests", "#refused"]);
    for (what, method, path) in kinds {
        let of_kind = |request: &&LoggedRequest| {
            request.method == method && short_path(&request.path).starts_with(path)
        };
        let refused = |request: &&LoggedRequest| request.status.is_none_or(|status| status >= 300);
        let all: Vec<&LoggedRequest> = requests.iter().filter(of_kind).collect();
        let refused = all.iter().copied().filter(refused).count();
        table.row([
            what.to_owned(),
            number(all.len() as u64),
            number(refused as u64),
        ]);
    }
    table.show(story.ui);
    story.ui.line("");
    let all = count(requests.len() as u64, "request", "requests");
    story.show(format!("{all} in {}", duration(took.as_millis() as i64)));
}

/// The same again: nothing.
async fn again(stage: &mut Stage, story: &mut Story<'_>) -> Result<(), Failure> {
    story.say(
        "The same once more. Everything is read, nothing changed, nothing is sent; the target is not \
         even asked.",
    );
    story.command("sync --full");
    let mark = stage.mark();
    stage.sync(CycleMode::Full, story.ui).await?;
    let requests = stage.since(mark).len();
    story.expect(
        requests == 0,
        format!("{requests} requests reached the target"),
    );
    Ok(())
}
