//! The configuration as a file, backups, and events.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use usher_admin_api::Peer;

use crate::company::Company;
use crate::world::{Answer, World};

const PLACE: &str = "/api/v1/configuration";
const BYPASS: &str = "bypass_external_validation";

async fn import(world: &World, query: &str, file: Value, tag: &str) -> Answer {
    let place = format!("{PLACE}{query}");
    world
        .call_with(Method::PUT, &place, Some(file), &[("If-Match", tag)])
        .await
}

fn connection(file: &mut Value) -> &mut Value {
    let operations = file["pf"]["operations"].as_array_mut().unwrap();
    let found = operations
        .iter_mut()
        .find(|operation| operation["resourceType"] == "/idp/spConnections");
    &mut found.unwrap()["items"][0]
}

#[tokio::test]
async fn a_configuration_is_exported_compared_and_taken_back() {
    let company = Company::of(1).await;
    let exported = company.world.get(PLACE).await;
    assert!(!exported.body.to_string().contains(&company.sandbox.key()));
    let tag = exported.headers["etag"].to_str().unwrap().to_owned();
    let mut file = exported.body.clone();
    let diff = |file: Value| {
        company
            .world
            .call(Method::POST, "/api/v1/configuration/diff", Some(file))
    };
    let same = diff(file.clone()).await;
    assert_eq!(same.body["differences"], json!([]), "{same:?}");
    let again = import(&company.world, "", file.clone(), &tag).await;
    assert_eq!(again.body["revision"], 1, "{again:?}");

    connection(&mut file)["name"] = json!("Cloud two");
    let settings = &mut connection(&mut file)["outboundProvision"]["targetSettings"];
    for setting in settings.as_array_mut().unwrap() {
        if setting["name"] == "API_KEY" {
            *setting = json!({"name": "API_KEY", "value": "another key"});
        }
    }
    let differs = diff(file.clone()).await;
    let text = differs.body.to_string();
    assert!(
        text.contains("Cloud two") && !text.contains("another key"),
        "{text}"
    );
    // The target refuses that key, and what runs must go on.
    let refused = import(&company.world, "", file.clone(), &tag).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.to_string().contains(BYPASS), "{refused:?}");
    let unasked = format!("?{BYPASS}=true");
    let taken = import(&company.world, &unasked, file.clone(), &tag).await;
    assert_eq!(taken.status, StatusCode::OK, "{taken:?}");
    assert_eq!(taken.body["revision"], 2);
    let late = import(&company.world, "", file, &tag).await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(
        connection(&mut late.body["current"].clone())["name"],
        "Cloud two"
    );
    let audit = company
        .world
        .get("/api/v1/audit?event=CONFIG&limit=1")
        .await;
    assert!(!audit.body.to_string().contains("another key"), "{audit:?}");
}

#[tokio::test]
async fn a_connection_whose_target_refuses_the_key_stays_off() {
    let company = Company::of(1).await;
    let version = async || {
        let exported = company.world.get(PLACE).await;
        let tag = exported.headers["etag"].to_str().unwrap().to_owned();
        (exported.body, tag)
    };
    let (mut file, tag) = version().await;
    connection(&mut file)["active"] = json!(false);
    let off = import(&company.world, "", file, &tag).await;
    assert_eq!(off.status, StatusCode::OK, "{off:?}");
    let (mut file, tag) = version().await;
    connection(&mut file)["active"] = json!(true);
    let settings = &mut connection(&mut file)["outboundProvision"]["targetSettings"];
    for setting in settings.as_array_mut().unwrap() {
        if setting["name"] == "API_KEY" {
            *setting = json!({"name": "API_KEY", "value": "another key"});
        }
    }
    let taken = import(&company.world, "", file, &tag).await;
    assert_eq!(taken.status, StatusCode::OK, "{taken:?}");
    let warnings = taken.body["warnings"].to_string();
    assert!(warnings.contains("stays off"), "{warnings}");
    let (mut file, _) = version().await;
    assert_eq!(connection(&mut file)["active"], false);
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_refused_with_every_mistake_and_its_place() {
    let company = Company::of(1).await;
    let exported = company.world.get(PLACE).await;
    let tag = exported.headers["etag"].to_str().unwrap().to_owned();
    let mut file = exported.body;
    connection(&mut file)["outboundProvision"]["channels"][0]["maxThreads"] = json!("many");
    file["policies"] = json!([{"connection": "cloud", "channel": "nobody"}]);
    let refused = import(&company.world, "", file.clone(), &tag).await;
    assert_eq!(
        refused.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{refused:?}"
    );
    let errors = refused.body["errors"].as_array().unwrap();
    let places: Vec<&str> = errors
        .iter()
        .map(|e| e["pointer"].as_str().unwrap())
        .collect();
    assert!(places.contains(&"#/policies/0/channel"), "{places:?}");
    assert!(
        places.iter().any(|at| at.ends_with("/maxThreads")),
        "{places:?}"
    );
}

#[tokio::test]
async fn two_connections_to_one_target_are_refused() {
    let company = Company::of(1).await;
    let exported = company.world.get(PLACE).await;
    let tag = exported.headers["etag"].to_str().unwrap().to_owned();
    let mut file = exported.body;
    let mut second = connection(&mut file).clone();
    second["id"] = json!("second");
    second["name"] = json!("Second");
    second["entityId"] = json!("https://second.example.com");
    let operations = file["pf"]["operations"].as_array_mut().unwrap();
    let sps = operations
        .iter_mut()
        .find(|operation| operation["resourceType"] == "/idp/spConnections");
    sps.unwrap()["items"].as_array_mut().unwrap().push(second);
    let refused = import(&company.world, "", file, &tag).await;
    assert_eq!(
        refused.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{refused:?}"
    );
    let text = refused.body["errors"].to_string();
    assert!(
        text.contains("no other SP connection provisions") && text.contains("/items/1/"),
        "{text}"
    );
}

#[tokio::test]
async fn nobody_has_files_or_variables_of_the_machine_taken_for_secrets() {
    let company = Company::of(1).await;
    let exported = company.world.get(PLACE).await;
    let tag = exported.headers["etag"].to_str().unwrap().to_owned();
    for secret in ["env:HOME", "file:/etc/passwd"] {
        let mut file = exported.body.clone();
        connection(&mut file)["outboundProvision"]["targetSettings"] = json!([
            {"name": "DIRECTORY_BASE_URL", "value": "https://api.atlassian.com/scim/directory/x"},
            {"name": "API_KEY", "value": secret},
        ]);
        let refused = import(&company.world, "", file, &tag).await;
        assert_eq!(
            refused.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{refused:?}"
        );
        let text = refused.body.to_string();
        assert!(
            text.contains("command line") && !text.contains("root:"),
            "{text}"
        );
    }
    let mut file = exported.body.clone();
    let operations = file["pf"]["operations"].as_array_mut().unwrap();
    let stores = operations
        .iter_mut()
        .find(|operation| operation["resourceType"] == "/dataStores")
        .unwrap();
    stores["items"][0]["configuration"]["fields"] =
        json!([{"name": "path", "value": "../directory.ldif"}]);
    let relative = import(&company.world, "", file, &tag).await;
    assert!(
        relative.body.to_string().contains("absolute"),
        "{relative:?}"
    );
}

#[tokio::test]
async fn channels_with_links_are_dropped_only_when_that_is_meant() {
    let company = Company::of(2).await;
    company.run(json!({"mode": "full"})).await;
    let exported = company.world.get(PLACE).await;
    let tag = exported.headers["etag"].to_str().unwrap().to_owned();
    let empty =
        json!({"usher": 1, "pf": {"metadata": {"pfVersion": "12.1.0.0"}, "operations": []}});
    let refused = import(&company.world, "", empty.clone(), &tag).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{refused:?}");
    assert!(
        refused.body["detail"]
            .as_str()
            .unwrap()
            .contains("Cloud/staff (2 accounts)")
    );
    let merged = import(&company.world, "?merge=true", empty.clone(), &tag).await;
    assert_eq!(merged.body["differences"], json!([]), "{merged:?}");
    let dropped = import(&company.world, "?drop_channels=true", empty, &tag).await;
    assert_eq!(
        dropped.body["archived"],
        json!([{"channel": "Cloud/staff", "accounts": 2}])
    );
    assert_eq!(company.accounts(), 2);
}

#[tokio::test]
async fn a_large_configuration_is_taken_where_another_body_would_be_too_large() {
    let company = Company::of(1).await;
    let exported = company.world.get(PLACE).await;
    let mut file = exported.body;
    file["pf"]["metadata"]["note"] = json!("x".repeat(3 << 20));
    let diff = company
        .world
        .call(Method::POST, "/api/v1/configuration/diff", Some(file))
        .await;
    assert_eq!(diff.status, StatusCode::OK, "{:?}", diff.status);
}

#[tokio::test]
async fn a_backup_is_written_beside_the_state_and_listed() {
    let company = Company::of(1).await;
    let made = company
        .world
        .call(Method::POST, "/api/v1/backups", None)
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    assert!(made.body["bytes"].as_u64().unwrap() > 0);
    let name = made.body["name"].as_str().unwrap();
    let file = company
        .world
        .folder
        .path()
        .join("state/backups")
        .join(name)
        .join("state.db");
    assert!(file.is_file());
    let twice = company
        .world
        .call(Method::POST, "/api/v1/backups", None)
        .await;
    assert_eq!(twice.status, StatusCode::CONFLICT, "{twice:?}");
    company.world.clock.advance(1);
    company
        .world
        .call(Method::POST, "/api/v1/backups", None)
        .await;
    let listed = company.world.get("/api/v1/backups").await;
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 2);
    assert_eq!(listed.body["items"][1]["name"], name);
}

#[tokio::test]
async fn whoever_listens_hears_of_a_run_as_it_begins_and_ends() {
    let company = Company::of(2).await;
    let request = Request::get("/api/v1/events")
        .extension(Peer("test".to_owned()))
        .body(Body::empty())
        .unwrap();
    let response = company
        .world
        .api
        .clone()
        .router()
        .oneshot(request)
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut stream = response.into_body().into_data_stream();
    company.run(json!({"mode": "full"})).await;
    let mut heard = String::new();
    while heard.matches("\n\n").count() < 2 || !heard.contains("\"done\"") {
        let chunk = stream.next().await.unwrap().unwrap();
        heard.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert!(
        heard.contains("event: job\n") && heard.contains("\"state\":\"running\""),
        "{heard}"
    );
}

#[tokio::test]
async fn whoever_listens_hears_what_the_service_does_and_that_some_of_it_was_missed() {
    let company = Company::of(1).await;
    let service = tokio::sync::broadcast::Sender::<Value>::new(2);
    let listen = service.clone();
    let api = company
        .world
        .api
        .clone()
        .with_events(move || listen.subscribe());
    let request = Request::get("/api/v1/events")
        .extension(Peer("test".to_owned()))
        .body(Body::empty())
        .unwrap();
    let response = api.router().oneshot(request).await.unwrap();
    let mut stream = response.into_body().into_data_stream();
    for number in 0..3 {
        service
            .send(json!({"event": "configuration_saved", "revision": number}))
            .unwrap();
    }
    let mut heard = String::new();
    while !heard.contains("\"revision\":2") {
        let chunk = stream.next().await.unwrap().unwrap();
        heard.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert!(
        heard.starts_with("event: lagged\ndata: {\"missed\":1}"),
        "{heard}"
    );
    assert!(heard.contains("event: service\n"), "{heard}");
}
