//! Channels, their policies, and what is configured.

use axum::http::{Method, StatusCode};
use serde_json::json;
use usher_core::model::Configuration;
use usher_engine::admin::{Operator, Role};

use crate::company::{AT, CHANNEL, Company};

#[tokio::test]
async fn a_channel_is_run_watched_paused_and_set_going_again() {
    let company = Company::of(5).await;
    let listed = company.world.get("/api/v1/channels").await;
    assert_eq!(listed.body["items"][0]["mode"], "draft", "{listed:?}");
    let report = company.run(json!({"mode": "full"})).await;
    assert_eq!(
        (&report["mode"], &report["succeeded"]),
        (&json!("active"), &json!(7)),
        "{report:#}"
    );
    assert_eq!(report["cycle"]["unexplained"], 0);
    assert_eq!(company.accounts(), 5);
    let one = company.get("").await;
    assert_eq!(one.body["health"], "good", "{one:?}");
    assert_eq!(one.body["counts"]["active_links"], 5);
    assert_eq!(one.body["source"]["base_dn"], "dc=example,dc=com");

    let paused = company
        .world
        .call(
            Method::PUT,
            &format!("{AT}/mode"),
            Some(json!({"mode": "paused"})),
        )
        .await;
    assert_eq!(
        paused.body,
        json!({"mode": "paused", "in_flight": [], "unwritten": null})
    );
    let refused = company.post("/runs", json!({})).await;
    let ended = company.ended(&refused).await;
    assert_eq!(ended["state"], "failed");
    assert_eq!(ended["problem"]["code"], "refused", "{ended:#}");
    let active = company
        .world
        .call(
            Method::PUT,
            &format!("{AT}/mode"),
            Some(json!({"mode": "active"})),
        )
        .await;
    assert_eq!(active.status, StatusCode::OK, "{active:?}");
    let stopped = company.world.call(Method::POST, "/api/v1/stop", None).await;
    assert_eq!(stopped.body["channels"], json!(["Cloud/staff"]));
}

/// Behaviour §3: kept on the channel for as long as nobody is named.
#[tokio::test]
async fn a_channel_that_protects_nobody_says_so_until_somebody_is_named() {
    let company = Company::of(1).await;
    let warned = async || {
        let remarks = |answer: crate::world::Answer| answer.body.to_string();
        let listed = remarks(company.world.get("/api/v1/channels").await);
        let one = remarks(company.get("").await);
        let doctor = company.post("/test", json!({})).await;
        let checks = doctor.body["checks"].as_array().unwrap().iter();
        let mut of_protection = checks.filter(|check| check["name"] == "protected accounts");
        let outcome = of_protection.next().unwrap()["outcome"].clone();
        let says = |text: &str| text.contains("no protected accounts");
        assert_eq!(says(&listed), says(&one));
        assert_eq!(outcome, if says(&one) { "warning" } else { "good" });
        says(&one)
    };
    assert!(!warned().await);
    let with = async |change: &dyn Fn(&mut Configuration)| {
        let mut configuration = company.world.admin.engine.configuration().await.unwrap();
        change(&mut configuration);
        let revision = configuration.revision;
        let saved = company
            .world
            .admin
            .save(configuration, revision, "protected");
        saved.await.unwrap();
    };
    let sp = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        move |all: &mut Configuration| {
            all.sp_connections[0].protected_accounts.clone_from(&names);
        }
    };
    with(&sp(&[])).await;
    assert!(warned().await);
    company.run(json!({"mode": "full"})).await;
    assert!(warned().await, "a run ends no warning");
    with(&sp(&[" "])).await;
    assert!(warned().await, "a blank name is nobody's");
    with(&|all| {
        let policy = &mut all.sp_connections[0].channels[0].policy;
        policy.protected.filter = Some("(employeeType=admin)".to_owned());
    })
    .await;
    assert!(!warned().await);
}

#[tokio::test]
async fn an_activation_that_is_refused_tells_every_reason() {
    let company = Company::of(1).await;
    let mut configuration = company.world.admin.engine.configuration().await.unwrap();
    configuration.sp_connections[0].active = false;
    configuration.sp_connections[0].channels[0].active = false;
    company
        .world
        .admin
        .save(configuration, 1, "off")
        .await
        .unwrap();
    let refusals = company.get("/refusals").await;
    assert_eq!(refusals.body["refusals"].as_array().unwrap().len(), 2);
    let put = company
        .world
        .call(
            Method::PUT,
            &format!("{AT}/mode"),
            Some(json!({"mode": "active"})),
        )
        .await;
    assert_eq!(put.status, StatusCode::CONFLICT, "{put:?}");
    assert_eq!(put.body["errors"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_policy_is_changed_from_the_version_that_was_read_and_from_no_other() {
    let company = Company::of(1).await;
    let place = format!("{AT}/policy");
    let read = company.world.get(&place).await;
    let tag = read.headers["etag"].to_str().unwrap().to_owned();
    let mut policy = read.body.clone();
    policy["approval_hours"] = json!(24);
    let bare = company
        .world
        .call(Method::PUT, &place, Some(policy.clone()))
        .await;
    assert_eq!(bare.status, StatusCode::PRECONDITION_REQUIRED, "{bare:?}");
    let from = [("If-Match", tag.as_str())];
    let saved = company
        .world
        .call_with(Method::PUT, &place, Some(policy.clone()), &from)
        .await;
    assert_eq!(saved.status, StatusCode::OK, "{saved:?}");
    assert_eq!(saved.body["approval_hours"], 24);
    assert_ne!(saved.headers["etag"], tag.as_str());

    policy["approval_hours"] = json!(48);
    let late = company
        .world
        .call_with(Method::PUT, &place, Some(policy.clone()), &from)
        .await;
    assert_eq!(late.status, StatusCode::PRECONDITION_FAILED, "{late:?}");
    assert_eq!(late.body["current"]["approval_hours"], 24);
    assert_eq!(late.headers["etag"], saved.headers["etag"]);

    policy["approval_hours"] = json!(0);
    policy["protected"]["filter"] = json!("(uid=");
    policy["guards"]["creates"]["percent"] = json!(200.0);
    let tag = saved.headers["etag"].to_str().unwrap().to_owned();
    let from = [("If-Match", tag.as_str())];
    let wrong = company
        .world
        .call_with(Method::PUT, &place, Some(policy), &from)
        .await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        wrong.body["errors"].as_array().unwrap().len(),
        3,
        "{wrong:?}"
    );
    let misspelt = json!({"guards": {"createss": {}}});
    let wrong = company
        .world
        .call_with(Method::PUT, &place, Some(misspelt), &from)
        .await;
    assert_eq!(
        wrong.body["errors"][0]["pointer"], "#/guards/createss",
        "{wrong:?}"
    );

    let audit = company
        .world
        .get("/api/v1/audit?event=CONFIG&limit=1")
        .await;
    let event = &audit.body["items"][0];
    let change = &event["changes"][0];
    assert_eq!(
        (&change["before"], &change["after"]),
        (&json!("72"), &json!("24"))
    );
}

#[tokio::test]
async fn a_channel_keeps_its_links_under_another_name() {
    let company = Company::of(2).await;
    company.run(json!({"mode": "full"})).await;
    let place = format!("{AT}/name");
    let read = company.world.get(&place).await;
    let tag = read.headers["etag"].to_str().unwrap().to_owned();
    let from = [("If-Match", tag.as_str())];
    let named = company
        .world
        .call_with(Method::PUT, &place, Some(json!({"name": "people"})), &from)
        .await;
    assert_eq!(named.body, json!({"name": "people"}));
    let one = company.get("").await;
    assert_eq!(
        (&one.body["name"], &one.body["id"]),
        (&json!("people"), &json!(CHANNEL))
    );
    assert_eq!(one.body["counts"]["active_links"], 2);
    let tag = named.headers["etag"].to_str().unwrap().to_owned();
    let from = [("If-Match", tag.as_str())];
    let blank = company
        .world
        .call_with(Method::PUT, &place, Some(json!({"name": " x"})), &from)
        .await;
    assert_eq!(blank.status, StatusCode::UNPROCESSABLE_ENTITY, "{blank:?}");
}

#[tokio::test]
async fn what_is_configured_and_what_can_be_is_shown_without_secrets() {
    let company = Company::of(1).await;
    let key = company.sandbox.key();
    let stores = company.world.get("/api/v1/data-stores").await;
    assert_eq!(stores.body["items"][0]["channels"], json!([CHANNEL]));
    let store = company.world.get("/api/v1/data-stores/export").await;
    assert_eq!(store.body["type"], "ldif");
    let connections = company.world.get("/api/v1/sp-connections").await;
    let secrets = &connections.body["items"][0]["secrets"];
    assert_eq!(
        secrets,
        &json!([{"name": "API_KEY", "entered_at": 1_795_000_000_000_i64}])
    );
    let connection = company.world.get("/api/v1/sp-connections/cloud").await;
    for text in [connections.body.to_string(), connection.body.to_string()] {
        assert!(!text.contains(&key) && !text.contains("usher1:"), "{text}");
    }
    let templates = company.world.get("/api/v1/templates").await;
    let template = &templates.body["items"][0];
    assert_eq!(template["id"], "AtlassianCloud");
    assert!(
        template["default_mapping"]["open_ldap"]
            .as_array()
            .is_some_and(|m| !m.is_empty())
    );
    let directories = company.world.get("/api/v1/directory-templates").await;
    assert_eq!(directories.body["items"].as_array().unwrap().len(), 7);
}

#[tokio::test]
async fn an_auditor_looks_at_everything_and_changes_nothing() {
    let company = Company::of(1).await;
    let auditor = Operator {
        name: "eve".to_owned(),
        roles: [Role::Administrator].into(),
        auditor: true,
        by_token: false,
    };
    // The permission is checked by the service, whatever the way in.
    let admin = usher_engine::admin::Admin {
        operator: auditor,
        ..company.world.admin.clone()
    };
    let policy = usher_core::model::Policy::default();
    let configuration = admin.look_at_configuration().await.unwrap();
    let changed = admin
        .with_policy(
            &configuration,
            &usher_core::model::ChannelId::new(CHANNEL),
            &policy,
        )
        .unwrap();
    let refused = admin.save(changed, 1, "").await.unwrap_err();
    assert!(refused.to_string().contains("auditor"), "{refused}");
    assert!(admin.stop(None).await.is_err());
    assert!(
        admin
            .audit_page(&usher_engine::admin::AuditWanted::default(), None, 10)
            .await
            .is_ok()
    );
}

/// Behaviour §16, by every way in.
#[tokio::test]
async fn many_people_of_whom_nobody_is_disabled_must_be_acknowledged_first() {
    let company = Company::of(501).await;
    let run = company.run(json!({"mode": "full"})).await;
    assert_eq!(run["mode"], "observe", "{run:#}");
    let mode = async || {
        let body = json!({"mode": "active"});
        company
            .world
            .call(Method::PUT, &format!("{AT}/mode"), Some(body))
            .await
    };
    let refused = mode().await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{refused:?}");
    let refusals = company.get("/refusals").await;
    for text in [refused.body.to_string(), refusals.body.to_string()] {
        assert!(text.contains("0 of 501 people"), "{text}");
        assert!(text.contains("no_disabled_seen"), "{text}");
    }
    let published = "/pf-admin-api/v1/idp/spConnections/cloud";
    let mut connection = company.world.get(published).await.body;
    for (active, expected) in [(false, false), (true, false)] {
        connection["active"] = json!(active);
        let put = company
            .world
            .call(Method::PUT, published, Some(connection.clone()))
            .await;
        assert_eq!(put.status, StatusCode::OK, "{put:?}");
        assert_eq!(put.body["active"], expected, "{put:?}");
        if active {
            let warning = put.headers["warning"].to_str().unwrap();
            assert!(warning.contains("no_disabled_seen"), "{warning}");
        }
    }
    let place = format!("{AT}/policy");
    let read = company.world.get(&place).await;
    let tag = read.headers["etag"].to_str().unwrap().to_owned();
    let mut policy = read.body.clone();
    policy["no_disabled_seen"] = json!(true);
    let from = [("If-Match", tag.as_str())];
    let saved = company
        .world
        .call_with(Method::PUT, &place, Some(policy), &from)
        .await;
    assert_eq!(saved.status, StatusCode::OK, "{saved:?}");
    connection["active"] = json!(true);
    let put = company
        .world
        .call(Method::PUT, published, Some(connection))
        .await;
    assert_eq!(put.body["active"], true, "{put:?}");
    let active = mode().await;
    assert_eq!(active.status, StatusCode::OK, "{active:?}");
}
