//! Lists, filters and projections: rows 7 to 11 and 39.

use jiff::SignedDuration;
use serde_json::{Value, json};
use usher_sandbox::scim::knobs::{Acceptance, EmptyList, ItemsPerPage, UnsupportedFilter};

use super::rig::{Answer, Rig, user};

fn names(answer: &Answer) -> Vec<&str> {
    let resources = answer.body["Resources"].as_array().expect("Resources");
    resources
        .iter()
        .filter_map(|r| r["userName"].as_str())
        .collect()
}

fn total(answer: &Answer) -> u64 {
    answer.body["totalResults"].as_u64().expect("a number")
}

/// Row 7: `userName eq` ignores case, `externalId eq` does not; `+` and `%20` are both a space.
#[tokio::test]
async fn users_are_found_by_user_name_in_any_case_and_by_external_id_in_its_own() {
    let rig = Rig::new().await;
    let mut ana = user("Ana");
    ana["externalId"] = json!("KEY-1");
    rig.post("/Users", ana).await.ok(201);
    rig.user("ben").await;
    let found = rig.get("/Users?filter=userName+eq+%22aNA%22").await.ok(200);
    assert_eq!((total(&found), names(&found)), (1, vec!["Ana"]));
    let found = rig
        .get("/Users?filter=externalId%20eq%20%22KEY-1%22")
        .await
        .ok(200);
    assert_eq!(names(&found), ["Ana"]);
    let found = rig
        .get("/Users?filter=externalId%20eq%20%22key-1%22")
        .await
        .ok(200);
    assert_eq!((total(&found), names(&found).len()), (0, 0));
    rig.sandbox.change_knobs(|k| k.filters_fold_case = false);
    assert_eq!(
        total(&rig.get("/Users?filter=userName+eq+%22aNA%22").await),
        0
    );
    assert_eq!(
        total(&rig.get("/Users?filter=userName+eq+%22Ana%22").await),
        1
    );
}

/// Row 8: any other filter, 400 invalidFilter; a knob leaves the scimType out.
#[tokio::test]
async fn any_other_filter_of_users_gets_400() {
    let rig = Rig::new().await;
    for filter in [
        "emails%5Btype+eq+%22work%22%5D.value+eq+%22x%22",
        "userName+co+%22x%22",
        "userName+eq+%22x%22+and+externalId+eq+%22y%22",
        "displayName+eq+%22x%22",
        "meta.lastModified+gt+%222020%22",
        "userName+pr",
    ] {
        let answer = rig.get(&format!("/Users?filter={filter}")).await;
        answer.scim_error(400, Some("invalidFilter"));
    }
    rig.sandbox
        .change_knobs(|k| k.unsupported_filter = UnsupportedFilter::NoScimType);
    rig.get("/Users?filter=userName+pr")
        .await
        .scim_error(400, None);
}

/// Row 9: startIndex below 1 is 1, itemsPerPage echoes the page size, totalResults counts all, the
/// page is capped.
#[tokio::test]
async fn pages_are_clamped_capped_and_counted_in_full() {
    let rig = Rig::knobs(|k| k.page_cap = 3).await;
    for at in 0..7 {
        rig.user(&format!("u{at}")).await;
    }
    let page = rig.get("/Users?startIndex=0&count=2").await.ok(200);
    assert_eq!(page.body["startIndex"], 1);
    assert_eq!(page.body["itemsPerPage"], 2);
    assert_eq!((total(&page), names(&page)), (7, vec!["u0", "u1"]));
    let page = rig.get("/Users?startIndex=6&count=50").await.ok(200);
    assert_eq!(page.body["itemsPerPage"], 3, "the cap");
    assert_eq!((total(&page), names(&page)), (7, vec!["u5", "u6"]));
    assert_eq!(
        page.at("/schemas/0"),
        Some("urn:ietf:params:scim:api:messages:2.0:ListResponse")
    );
    rig.get("/Users?count=many")
        .await
        .scim_error(400, Some("invalidValue"));
    rig.sandbox
        .change_knobs(|k| k.items_per_page = ItemsPerPage::Returned);
    assert_eq!(
        rig.get("/Users?startIndex=6&count=50").await.body["itemsPerPage"],
        2
    );
    rig.sandbox.change_knobs(|k| k.default_count = 1);
    assert_eq!(names(&rig.get("/Users").await), ["u0"]);
}

/// Row 9 and C.3: an empty list has an empty `Resources`, or none.
#[tokio::test]
async fn an_empty_list_may_have_no_resources_at_all() {
    let rig = Rig::new().await;
    assert_eq!(rig.get("/Users").await.ok(200).body["Resources"], json!([]));
    rig.sandbox
        .change_knobs(|k| k.empty_list = EmptyList::Omitted);
    assert!(
        rig.get("/Users")
            .await
            .ok(200)
            .body
            .get("Resources")
            .is_none()
    );
}

/// A list after a deletion keeps its order and leaves the deleted out.
#[tokio::test]
async fn a_list_leaves_out_the_deleted_and_keeps_its_order() {
    let rig = Rig::new().await;
    rig.user("a").await;
    let b = rig.user("b").await;
    rig.user("c").await;
    rig.delete(&format!("/Users/{b}")).await.ok(204);
    rig.user("d").await;
    let list = rig.get("/Users").await.ok(200);
    assert_eq!((total(&list), names(&list)), (3, vec!["a", "c", "d"]));
}

/// Row 10: attributes and excludedAttributes are honoured; both together, 400.
#[tokio::test]
async fn projections_are_honoured_and_exclude_each_other() {
    let rig = Rig::new().await;
    let mut ana = user("ana");
    ana["name"] = json!({"givenName": "Ana", "familyName": "Silva"});
    let id = rig
        .post("/Users?attributes=userName", ana)
        .await
        .ok(201)
        .id();
    let keys = |answer: &Answer| -> Vec<String> {
        answer
            .body
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect()
    };
    let one = rig
        .get(&format!("/Users/{id}?attributes=USERNAME,emails.value"))
        .await
        .ok(200);
    assert_eq!(keys(&one), ["emails", "id", "schemas", "userName"]);
    assert_eq!(one.body["emails"], json!([{"value": "ana@example.com"}]));
    let one = rig
        .get(&format!(
            "/Users/{id}?excludedAttributes=name.givenName,meta"
        ))
        .await
        .ok(200);
    assert_eq!(one.body["name"], json!({"familyName": "Silva"}));
    assert!(one.body.get("meta").is_none() && one.body["groups"] == json!([]));
    let list = rig.get("/Users?excludedAttributes=emails").await.ok(200);
    assert!(list.body["Resources"][0].get("emails").is_none());
    let both = format!("/Users/{id}?attributes=userName&excludedAttributes=emails");
    rig.get(&both).await.scim_error(400, Some("invalidValue"));
    rig.sandbox
        .change_knobs(|k| k.both_projections = Acceptance::Ignore);
    assert_eq!(
        keys(&rig.get(&both).await.ok(200)),
        ["id", "schemas", "userName"]
    );
}

/// Row 10: a projection that is refused changes nothing.
#[tokio::test]
async fn a_write_with_a_refused_projection_is_not_carried_out() {
    let rig = Rig::new().await;
    let path = "/Users?attributes=userName&excludedAttributes=emails";
    rig.post(path, user("ana"))
        .await
        .scim_error(400, Some("invalidValue"));
    assert!(rig.sandbox.snapshot().users.is_empty());
}

/// Row 11: groups are filtered by displayName only, in any case; members are always there.
#[tokio::test]
async fn groups_are_found_by_name_in_any_case_always_with_members() {
    let rig = Rig::new().await;
    let ana = rig.user("ana").await;
    rig.group("Team One", &[&ana]).await;
    let path = "/Groups?filter=displayName+eq+%22team+one%22&excludedAttributes=members";
    let found = rig.get(path).await.ok(200);
    assert_eq!(total(&found), 1);
    assert_eq!(found.at("/Resources/0/members/0/value"), Some(ana.as_str()));
    for filter in [
        "id+eq+%22x%22",
        "displayName+sw+%22T%22",
        "externalId+eq+%22x%22",
    ] {
        let answer = rig.get(&format!("/Groups?filter={filter}")).await;
        answer.scim_error(400, Some("invalidFilter"));
    }
}

/// Row 39: sortBy is ignored.
#[tokio::test]
async fn sorting_is_ignored() {
    let rig = Rig::new().await;
    rig.user("b").await;
    rig.user("a").await;
    let list = rig
        .get("/Users?sortBy=userName&sortOrder=ascending")
        .await
        .ok(200);
    assert_eq!(names(&list), ["b", "a"]);
}

/// Row 43, contradicted by a knob: a new record is read by id at once, listed and found later.
#[tokio::test]
async fn a_new_record_can_stay_out_of_lists_for_a_while() {
    let rig = Rig::knobs(|k| k.visible_after_ms = 3_600_000).await;
    let ana = rig.user("ana").await;
    rig.group("team", &[]).await;
    rig.get(&format!("/Users/{ana}")).await.ok(200);
    let paths = [
        "/Users",
        "/Groups",
        "/Users?filter=userName+eq+%22ana%22",
        "/Groups?filter=displayName+eq+%22team%22",
    ];
    for path in paths {
        assert_eq!(total(&rig.get(path).await.ok(200)), 0, "{path}");
    }
    rig.post("/Users", user("ana"))
        .await
        .scim_error(409, Some("uniqueness"));
    rig.sandbox.set_time_offset(SignedDuration::from_hours(2));
    for path in paths {
        let answer = rig.get(path).await.ok(200);
        assert_eq!(total(&answer), 1, "{path}");
        assert_eq!(
            answer.body["Resources"].as_array().map(Vec::<Value>::len),
            Some(1)
        );
    }
}
