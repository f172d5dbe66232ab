//! Running a channel, plans, and what is held.

use std::time::Duration;

use axum::http::StatusCode;

use crate::company::CHANNEL;
use crate::rig::{Browser, Page, Rig};

fn at(end: &str) -> String {
    format!("/channels/{CHANNEL}{end}")
}

/// Loads a page anew until it says something.
async fn until(rig: &Rig, browser: &mut Browser, path: &str, says: &str) -> Page {
    let looking = async {
        loop {
            let page = rig.get(browser, path).await.ok();
            if page.says(says) {
                return page;
            }
        }
    };
    let found = tokio::time::timeout(Duration::from_mins(1), looking).await;
    found.unwrap_or_else(|_| panic!("{path} never says {says}"))
}

/// Makes a plan; its address, and its page once it is made.
async fn plan(rig: &Rig, browser: &mut Browser, fields: &[(&str, &str)]) -> (String, Page) {
    let begun = rig.post(browser, &at("/plans/new"), fields).await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.text);
    let place = begun.location().to_owned();
    let page = until(rig, browser, &place, "What it would do").await;
    (place, page)
}

#[tokio::test]
async fn a_plan_is_made_looked_through_and_applied_as_it_is() {
    let rig = Rig::of(5).await;
    let mut root = rig.first_operator().await;
    rig.get(&mut root, &at("/plans/new")).await.ok();
    let (place, page) = plan(&rig, &mut root, &[("what", "full")]).await;
    let creates = page.between("?verb=create&amp;kind=user\">", "</tr>");
    assert!(creates.contains("<td class=\"number\">5</td>"), "{creates}");
    assert_eq!(rig.company.accounts(), 0);
    // One step on its own address, with its very request; masked values are dots.
    let number = page.between("/steps/", "\"");
    let step = rig
        .get(&mut root, &format!("{place}/steps/{number}"))
        .await
        .ok();
    assert!(
        step.says("POST /Users") || step.says("POST <bdi>/Users"),
        "{}",
        step.text
    );
    assert!(!step.says("4711"), "{}", step.text);
    let none = rig.get(&mut root, &format!("{place}?q=nobody")).await.ok();
    assert!(none.says("No step is like that."));
    let one = rig.get(&mut root, &format!("{place}?q=u03")).await.ok();
    assert_eq!(one.text.matches("aria-label=\"Step ").count(), 1);
    let applied = rig
        .post(&mut root, &format!("{place}/apply"), &[("which", "all")])
        .await;
    assert_eq!(applied.status, StatusCode::SEE_OTHER, "{}", applied.text);
    until(&rig, &mut root, &at(""), "<dt>Succeeded</dt>").await;
    assert_eq!(rig.company.accounts(), 5);
}

#[tokio::test]
async fn a_pilot_sends_the_first_steps_and_pauses_the_channel() {
    let rig = Rig::of(5).await;
    let mut root = rig.first_operator().await;
    let (place, _) = plan(&rig, &mut root, &[("what", "full")]).await;
    let fields = [("which", "first"), ("first", "2")];
    let applied = rig
        .post(&mut root, &format!("{place}/apply"), &fields)
        .await;
    assert_eq!(applied.status, StatusCode::SEE_OTHER, "{}", applied.text);
    until(&rig, &mut root, &at(""), "the pilot is over").await;
    assert_eq!(rig.company.accounts(), 2);
    let page = rig.get(&mut root, &at("")).await.ok();
    assert!(
        page.says("Paused") && page.says(">Resume</button>"),
        "{}",
        page.text
    );
}

#[tokio::test]
async fn a_plan_of_one_person_is_about_nobody_else_and_a_stranger_is_refused() {
    let rig = Rig::of(5).await;
    let mut root = rig.first_operator().await;
    let (_, page) = plan(&rig, &mut root, &[("what", "subject"), ("subjects", "u02")]).await;
    assert!(page.says("u02") && !page.says("u03"), "{}", page.text);
    let fields = [("what", "subject"), ("subjects", "nobody-here")];
    let refused = rig.post(&mut root, &at("/plans/new"), &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.says("nobody-here</textarea>"), "{}", refused.text);
}

#[tokio::test]
async fn a_channel_is_run_paused_and_resumed() {
    let rig = Rig::of(4).await;
    let mut root = rig.first_operator().await;
    let run = rig.post(&mut root, &at("/run"), &[("what", "full")]).await;
    assert_eq!(run.location(), at("?done=started"), "{}", run.text);
    let page = until(&rig, &mut root, &at(""), "<dt>Succeeded</dt>").await;
    assert_eq!(rig.company.accounts(), 4);
    let read = page.between("<th scope=\"row\">Read</th>", "</tr>");
    assert!(read.contains("<b>5</b>"), "{read}");
    assert!(page.says("<title id=\"changes-title\">"), "{}", page.text);
    let stop = rig
        .post(&mut root, &at("/mode"), &[("mode", "paused")])
        .await
        .ok();
    assert!(stop.says("Nothing was in flight."), "{}", stop.text);
    let refused = rig.post(&mut root, &at("/run"), &[("what", "full")]).await;
    assert_eq!(refused.status, StatusCode::SEE_OTHER);
    until(
        &rig,
        &mut root,
        &at(""),
        "is paused. Nothing was read or sent",
    )
    .await;
    let back = rig
        .post(&mut root, &at("/mode"), &[("mode", "active")])
        .await;
    assert_eq!(back.location(), at("?done=saved"), "{}", back.text);
    let page = rig.get(&mut root, &at("")).await.ok();
    let settings = page
        .between("<dt>Channel</dt><dd><a href=\"", "\"")
        .to_owned();
    let settings = rig.get(&mut root, &settings).await.ok();
    assert!(settings.says("value=\"staff\""), "{}", settings.text);
    let page = rig.get(&mut root, &at("/cycles")).await.ok();
    let cycle = page.between("<a href=\"/cycles/", "\"").to_owned();
    let page = rig.get(&mut root, &format!("/cycles/{cycle}")).await.ok();
    assert!(page.says("Unexplained") && page.says("Evidence of the read"));
}

#[tokio::test]
async fn held_steps_are_told_by_reason_and_decided_with_a_note() {
    let mut rig = Rig::provisioned(30).await;
    for n in 0..27 {
        rig.company.lock(&format!("u{n:02}"));
    }
    rig.company.run(serde_json::json!({"mode": "full"})).await;
    let mut root = rig.first_operator().await;
    let page = rig.get(&mut root, &at("/held")).await.ok();
    assert!(page.says("?hold=guard\">A guard"), "{}", page.text);
    let step = page.between("name=\"step\" value=\"", "\"").to_owned();
    let nothing = rig
        .post(
            &mut root,
            &at("/held"),
            &[("decision", "approve"), ("which", "steps")],
        )
        .await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    let fields = [
        ("decision", "reject"),
        ("which", "steps"),
        ("step", step.as_str()),
        ("note", "still here until June"),
    ];
    let done = rig.post(&mut root, &at("/held"), &fields).await.ok();
    assert!(done.says("1 step is rejected."), "{}", done.text);
    let shown = rig.get(&mut root, &format!("/steps/{step}")).await.ok();
    assert!(shown.says("Rejected"), "{}", shown.text);
    let log = rig.company.world.get("/api/v1/audit?event=REJECT").await;
    assert!(
        log.body.to_string().contains("still here until June"),
        "{:#}",
        log.body
    );
    let fields = [
        ("decision", "approve"),
        ("which", "reason"),
        ("hold", "guard"),
    ];
    let done = rig.post(&mut root, &at("/held"), &fields).await.ok();
    assert!(done.says("steps are approved."), "{}", done.text);
    let page = rig.get(&mut root, &at("/held")).await.ok();
    assert!(page.says("No step is held."), "{}", page.text);
}

#[tokio::test]
async fn who_only_looks_is_offered_nothing_and_may_do_nothing() {
    let rig = Rig::provisioned(4).await;
    let mut ada = rig.operator("ada", &[]).await;
    let page = rig.get(&mut ada, &at("")).await.ok();
    assert!(!page.says("Run now</button>") && !page.says("value=\"paused\""));
    for (path, field) in [
        ("/run", ("what", "full")),
        ("/mode", ("mode", "paused")),
        ("/held", ("which", "all")),
    ] {
        let refused = rig.post(&mut ada, &at(path), &[field]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
    }
    let (place, page) = plan(&rig, &mut ada, &[("what", "full")]).await;
    assert!(!page.says("Apply the plan"));
    let refused = rig
        .post(&mut ada, &format!("{place}/apply"), &[("which", "all")])
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    ada.csrf = "another".to_owned();
    let forged = rig
        .post(&mut ada, &at("/plans/new"), &[("what", "full")])
        .await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
}
