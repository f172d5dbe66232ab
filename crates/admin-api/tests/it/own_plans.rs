//! Plans in the background, and cycles.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::company::{AT, Company};

#[tokio::test]
async fn a_plan_is_made_looked_through_and_applied_by_its_hash() {
    let company = Company::of(7).await;
    let began = company.post("/plans", json!({"mode": "full"})).await;
    assert_eq!(began.status, StatusCode::ACCEPTED, "{began:?}");
    let job = company.ended(&began).await;
    assert_eq!(job["state"], "done", "{job:#}");
    let id = job["id"].as_str().unwrap().to_owned();
    let plan = company.get(&format!("/plans/{id}")).await;
    let plan = &plan.body["plan"];
    assert_eq!(plan["adoption"]["create"], 7, "{plan:#}");
    assert_eq!(company.accounts(), 0);

    let mut seen = Vec::new();
    let mut next = format!("/plans/{id}/steps?limit=3");
    loop {
        let page = company.get(&next).await;
        for step in page.body["items"].as_array().unwrap() {
            seen.push(step["display"].as_str().unwrap().to_owned());
        }
        let Some(cursor) = page.body["next"].as_str() else {
            break;
        };
        next = format!("/plans/{id}/steps?limit=3&cursor={cursor}");
    }
    assert_eq!(seen.len(), 8, "seven people and a group: {seen:?}");
    let one = company.get(&format!("/plans/{id}/steps?q=U03")).await;
    assert_eq!(one.body["items"].as_array().unwrap().len(), 1, "{one:?}");
    assert_eq!(one.body["items"][0]["request"]["method"], "POST");
    // The masked value is in no answer.
    assert!(!one.body.to_string().contains("4711"), "{one:?}");
    let groups = company
        .get(&format!("/plans/{id}/steps?kind=group&verb=create"))
        .await;
    assert_eq!(groups.body["items"][0]["display"], "team");
    let held = company.get(&format!("/plans/{id}/steps?state=held")).await;
    assert_eq!(held.body["items"], json!([]));

    let began = company
        .post(&format!("/plans/{id}/apply"), json!(null))
        .await;
    let job = company.ended(&began).await;
    assert_eq!(job["state"], "done", "{job:#}");
    assert_eq!(company.accounts(), 7);
    let again = company
        .post(&format!("/plans/{id}/apply"), json!(null))
        .await;
    let job = company.ended(&again).await;
    assert_eq!(job["problem"]["code"], "plan_changed", "{job:#}");
}

#[tokio::test]
async fn a_directory_that_was_built_anew_is_planned_and_run_as_one() {
    let mut company = Company::of(4).await;
    company.run(json!({"mode": "full"})).await;
    assert_eq!(company.accounts(), 4);
    company.rebuild();
    let began = company.post("/plans", json!({"mode": "rekey"})).await;
    let job = company.ended(&began).await;
    let id = job["id"].as_str().unwrap();
    let plan = company.get(&format!("/plans/{id}")).await;
    assert_eq!(plan.body["plan"]["mode"], "rekey", "{plan:#?}");
    company.run(json!({"mode": "rekey"})).await;
    let cycles = company.get("/cycles?mode=rekey").await;
    assert_eq!(
        cycles.body["items"].as_array().unwrap().len(),
        1,
        "{cycles:#?}"
    );
    let held = company.get("/held?verb=rekey").await;
    assert_eq!(held.body["items"].as_array().unwrap().len(), 4, "{held:#?}");
    assert_eq!(company.accounts(), 4, "nobody is made twice");
}

#[tokio::test]
async fn plans_are_few_are_dropped_and_are_forgotten() {
    let company = Company::of(1).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let began = company.post("/plans", json!({})).await;
        ids.push(
            company.ended(&began).await["id"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    let listed = company.get("/plans").await;
    let kept = listed.body["items"].as_array().unwrap();
    assert_eq!(kept.len(), 2, "{listed:?}");
    assert_eq!(kept[0]["id"], ids[2].as_str());
    let oldest = company.get(&format!("/plans/{}", ids[0])).await;
    assert_eq!(oldest.status, StatusCode::NOT_FOUND);

    let place = format!("{AT}/plans/{}", ids[2]);
    let dropped = company.world.call(Method::DELETE, &place, None).await;
    assert_eq!(dropped.body["state"], "cancelled", "{dropped:?}");
    let steps = company.get(&format!("/plans/{}/steps", ids[2])).await;
    assert_eq!(steps.status, StatusCode::CONFLICT, "{steps:?}");
    company.world.clock.advance(3_600_001);
    let listed = company.get("/plans").await;
    assert_eq!(listed.body["items"], json!([]));
}

#[tokio::test]
async fn every_cycle_accounts_for_every_entry_and_shows_what_it_proves() {
    let company = Company::of(4).await;
    company.run(json!({"mode": "full"})).await;
    company.run(json!({"mode": "reconcile"})).await;
    let page = company.get("/cycles?mode=full,reconcile&limit=1").await;
    let newest = &page.body["items"][0];
    assert_eq!(newest["mode"], "reconcile", "{page:?}");
    let next = page.body["next"].as_str().unwrap();
    let page = company
        .get(&format!(
            "/cycles?mode=full,reconcile&limit=1&cursor={next}"
        ))
        .await;
    assert_eq!(page.body["items"][0]["mode"], "full");
    let id = page.body["items"][0]["id"].as_i64().unwrap();
    let one = company.world.get(&format!("/api/v1/cycles/{id}")).await;
    let sum: u64 = one.body["verdicts"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(|n| n.as_u64())
        .sum();
    assert_eq!(
        (one.body["read"].as_u64(), &one.body["unexplained"]),
        (Some(sum), &json!(0))
    );
    assert_eq!(one.body["certificate"]["users"], 4, "{one:?}");
    let none = company.get("/cycles?state=aborted").await;
    assert_eq!(none.body, json!({"items": [], "next": null}));
}
