//! What waits for a person, what a person decides, and the story of each.

use axum::http::StatusCode;
use serde_json::json;

use crate::company::Company;

/// Seven people, thirty of whose accounts would be disabled at once: held by the guard.
async fn with_held() -> Company {
    let mut company = Company::of(30).await;
    company.run(json!({"mode": "full"})).await;
    for n in 0..27 {
        company.lock(&format!("u{n:02}"));
    }
    company.run(json!({"mode": "full"})).await;
    company
}

#[tokio::test]
async fn held_steps_are_paged_approved_by_number_and_rejected_by_what_they_share() {
    let company = with_held().await;
    let page = company.get("/held?verb=disable&limit=20").await;
    assert_eq!(page.body["items"].as_array().unwrap().len(), 20, "{page:?}");
    let next = page.body["next"].as_str().unwrap();
    let rest = company
        .get(&format!("/held?verb=disable&limit=20&cursor={next}"))
        .await;
    assert_eq!(rest.body["items"].as_array().unwrap().len(), 7, "{rest:?}");
    assert_eq!(rest.body["next"], json!(null));
    assert_eq!(page.body["items"][0]["hold"], "guard");
    let one = company.get("/held?q=u05").await;
    let id = one.body["items"][0]["id"].as_i64().unwrap();

    let nothing = company.post("/held/approve", json!({})).await;
    assert_eq!(
        nothing.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{nothing:?}"
    );
    let odd = company.post("/held/approve", json!({"hold": "whim"})).await;
    assert_eq!(odd.body["errors"][0]["pointer"], "#/hold");
    let approved = company
        .post("/held/approve", json!({"steps": [id], "send": true}))
        .await;
    assert_eq!(approved.body["done"], 1, "{approved:?}");
    assert_eq!(
        approved.body["sent"]["succeeded"].as_u64(),
        Some(1),
        "{approved:?}"
    );
    let again = company.post("/held/approve", json!({"steps": [id]})).await;
    assert_eq!(again.body["done"], 0, "{again:?}");

    let step = company.world.get(&format!("/api/v1/steps/{id}")).await;
    assert_eq!(step.body["step"]["state"], "succeeded", "{step:?}");
    let exchange = &step.body["exchanges"][0];
    assert_eq!(
        (&exchange["method"], &exchange["status"]),
        (&json!("PATCH"), &json!(200))
    );
    assert!(!step.body.to_string().contains(&company.sandbox.key()));

    let rejected = company
        .post(
            "/held/reject",
            json!({"verbs": ["disable"], "hold": "guard"}),
        )
        .await;
    assert_eq!(rejected.body["done"], 26, "{rejected:?}");
    let left = company.get("/held").await;
    assert_eq!(left.body["items"], json!([]));
    let counted = company.get("/steps?state=rejected&limit=500").await;
    assert_eq!(counted.body["items"].as_array().unwrap().len(), 26);
    let audit = company
        .world
        .get("/api/v1/audit?event=reject,approve&actor=test")
        .await;
    assert_eq!(
        audit.body["items"].as_array().unwrap().len(),
        3,
        "{audit:?}"
    );
}

#[tokio::test]
async fn parked_steps_are_named_or_all_are_meant() {
    let company = Company::of(1).await;
    let neither = company.post("/parked/retry", json!({})).await;
    assert_eq!(
        neither.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{neither:?}"
    );
    let all = company.post("/parked/retry", json!({"all": true})).await;
    assert_eq!(all.body["done"], 0, "{all:?}");
}

#[tokio::test]
async fn people_are_found_filtered_and_explained_without_what_is_masked() {
    let mut company = Company::of(6).await;
    company.run(json!({"mode": "full"})).await;
    company.lock("u01");
    company.run(json!({"mode": "full"})).await;
    let all = company.get("/links?kind=user&limit=4").await;
    assert_eq!(all.body["items"].as_array().unwrap().len(), 4);
    let next = all.body["next"].as_str().unwrap();
    let rest = company
        .get(&format!("/links?kind=user&limit=4&cursor={next}"))
        .await;
    assert_eq!(rest.body["items"].as_array().unwrap().len(), 2);
    let disabled = company.get("/links?state=disabled").await;
    let disabled = disabled.body["items"].as_array().unwrap().clone();
    assert_eq!(disabled.len(), 1, "{disabled:?}");
    assert_eq!(
        (&disabled[0]["display"], &disabled[0]["active_at_target"]),
        (&json!("u01"), &json!(false))
    );
    assert_eq!(disabled[0]["held"]["title"], "********");
    let id = disabled[0]["id"].as_i64().unwrap();
    let one = company.world.get(&format!("/api/v1/links/{id}")).await;
    assert_eq!(one.body["display"], "u01");

    let story = company
        .world
        .get(&format!("/api/v1/links/{id}/story"))
        .await;
    assert_eq!(story.status, StatusCode::OK, "{story:?}");
    assert_eq!(story.body["groups"][0]["name"], "team");
    assert_eq!(story.body["steps"][0]["verb"], "disable");
    let text = story.body.to_string();
    assert!(
        !text.contains("4711") && !text.contains("hunter2"),
        "{text}"
    );
    let named = company.get("/explain?who=u01%40example.com").await;
    assert_eq!(named.body["link"]["id"], id, "{named:?}");
    assert_eq!(named.body["known"], true, "{named:?}");
    let nobody = company.get("/explain?who=nobody").await;
    assert_eq!(nobody.status, StatusCode::CONFLICT, "{nobody:?}");
    let unsaid = company.get("/explain").await;
    assert_eq!(unsaid.status, StatusCode::BAD_REQUEST, "{unsaid:?}");

    let found = company.world.get("/api/v1/search?q=u02").await;
    assert_eq!(found.body["links"][0]["display"], "u02", "{found:?}");
    let found = company.world.get("/api/v1/search?q=staff").await;
    assert_eq!(found.body["channels"][0]["name"], "staff");
    let short = company.world.get("/api/v1/search?q=u").await;
    assert_eq!(short.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_was_approved_is_sent_also_when_the_client_goes_away() {
    let company = with_held().await;
    let held = async || {
        let page = company.get("/held?limit=100").await;
        page.body["items"].as_array().unwrap().len()
    };
    assert_eq!(held().await, 27);
    {
        let body = json!({"all": true, "send": true});
        let mut asked = std::pin::pin!(company.post("/held/approve", body));
        let approved = async {
            let mut looks = tokio::time::interval(std::time::Duration::from_millis(1));
            while held().await > 0 {
                looks.tick().await;
            }
        };
        tokio::select! {
            biased;
            answer = &mut asked => panic!("all of it was sent at once: {answer:?}"),
            () = approved => {}
        }
    }
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(20));
    for _ in 0..1_500 {
        looks.tick().await;
        let steps = company
            .get("/steps?verb=disable&state=succeeded&limit=100")
            .await;
        let sent = steps.body["items"].as_array().map_or(0, Vec::len);
        if sent == 27 {
            return;
        }
    }
    panic!("what was approved is not sent");
}

#[tokio::test]
async fn whom_no_cycle_has_read_is_told_from_the_directory() {
    let company = Company::of(2).await;
    let told = company.get("/explain?who=u01").await;
    assert_eq!(told.status, StatusCode::OK, "{told:?}");
    assert_eq!(
        (&told.body["known"], &told.body["link"]["display"]),
        (&json!(false), &json!("u01")),
        "{told:?}"
    );
    let what = told.body["next"]["what"].as_str().unwrap();
    assert!(
        what.starts_with("it is planned by the next cycle"),
        "{what}"
    );
}
