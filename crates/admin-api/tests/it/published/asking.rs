//! Directories and targets are asked before anything is saved.

use std::sync::Arc;

use axum::http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use usher_connector_atlassian::API_KEY;
use usher_core::model::CycleMode;
use usher_engine::Silent;
use usher_engine::admin::SyncOptions;

use super::{
    BYPASS, CLOUD, Face, PEOPLE, fields, is, ldap_store, ldif_store, small, toggles, turned,
};

#[tokio::test]
async fn a_data_store_is_asked_before_it_is_saved_unless_that_is_left_out() {
    let face = Face::new().await;
    let post = async |store: &Value, headers: &[(&str, &str)]| {
        let body = Some(store.clone());
        face.ask(Method::POST, "/dataStores", body, headers).await
    };
    let answer = post(&ldap_store(), &[]).await;
    is(&answer, StatusCode::UNPROCESSABLE_ENTITY);
    let error = &answer.body["validationErrors"][0];
    assert_eq!(error["errorId"], "external_validation_error");
    assert_eq!(error["fieldPath"], "hostnames");
    assert!(
        error["message"]
            .as_str()
            .expect("text")
            .contains("127.0.0.1:9"),
        "{error}"
    );
    is(&post(&ldap_store(), BYPASS).await, StatusCode::CREATED);
    let path = face.world.folder.path().join("people.ldif");
    let file = ldif_store("export", &path);
    assert_eq!(fields(&post(&file, &[]).await), ["configuration.fields"]);
    std::fs::write(&path, "version: 1\n").expect("a file");
    let empty = post(&file, &[]).await;
    let text = empty.body.to_string();
    assert!(!text.contains("nowhere"), "{text}");
    std::fs::write(&path, PEOPLE).expect("a file");
    is(&post(&file, &[]).await, StatusCode::CREATED);
}

/// The document with this key in the clear.
pub(super) fn enter_key(sp: &mut Value, key: &str) {
    let settings = &mut sp["outboundProvision"]["targetSettings"];
    for setting in settings.as_array_mut().expect("a list") {
        if setting["name"] == API_KEY {
            *setting = json!({"name": API_KEY, "value": key});
        }
    }
}

#[tokio::test]
async fn a_target_that_refuses_leaves_off_what_was_turned_on_last() {
    let (face, sandbox) = small().await;
    let mut good = face.get(CLOUD).await.body;
    enter_key(&mut good, &sandbox.key());
    let put = async |sp: Value| {
        let answer = face.ask(Method::PUT, CLOUD, Some(sp), &[]).await;
        is(&answer, StatusCode::OK);
        let mut warnings = answer.headers.get_all("warning").iter();
        let is_off = |w: &HeaderValue| w.to_str().is_ok_and(|w| w.contains("stays off"));
        (toggles(&answer.body), warnings.any(is_off))
    };
    let mut wrong = good.clone();
    enter_key(&mut wrong, "wrong");
    assert_eq!(
        put(turned(wrong.clone(), true, true)).await,
        ((false, true), true)
    );
    // The connection alone asks nobody: nothing would run.
    assert_eq!(
        put(turned(wrong.clone(), true, false)).await.0,
        (true, false)
    );
    assert_eq!(
        put(turned(wrong.clone(), true, true)).await,
        ((true, false), true)
    );

    assert_eq!(put(turned(good.clone(), true, true)).await.0, (true, true));
    assert!(
        face.world
            .admin
            .engine
            .configuration()
            .await
            .unwrap()
            .channels()
            .all(|(_, c)| c.policy.scope_count_seen)
    );
    // What runs goes on with the settings it has.
    let answer = face
        .ask(
            Method::PUT,
            CLOUD,
            Some(turned(wrong.clone(), true, true)),
            &[],
        )
        .await;
    is(&answer, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer
            .body
            .to_string()
            .contains("external_validation_error"),
        "{answer:?}"
    );
    let answer = face
        .ask(Method::PUT, CLOUD, Some(turned(wrong, true, true)), BYPASS)
        .await;
    assert_eq!(toggles(&answer.body), (true, true));

    is(
        &face.put(CLOUD, turned(good.clone(), false, false)).await,
        StatusCode::OK,
    );
    sandbox.fault(usher_sandbox::scim::FaultRule::always(
        usher_sandbox::scim::FaultKind::Error {
            status: 503,
            commit: false,
        },
    ));
    let answer = face
        .ask(Method::PUT, CLOUD, Some(turned(good, true, true)), &[])
        .await;
    assert_eq!(toggles(&answer.body), (true, true), "it waits: {answer:?}");
    assert!(
        answer.headers["warning"]
            .to_str()
            .expect("text")
            .contains("PROTECTED_ACCOUNTS"),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_linked_channel_is_not_renamed_where_channels_have_no_id() {
    let (face, _sandbox) = small().await;
    let on = turned(face.get(CLOUD).await.body, true, true);
    is(
        &face.ask(Method::PUT, CLOUD, Some(on.clone()), &[]).await,
        StatusCode::OK,
    );
    let options = SyncOptions::of(CycleMode::Full);
    let synced = face.world.admin.sync(None, &options, Arc::new(Silent));
    synced.await.expect("a cycle");
    let mut renamed = on.clone();
    renamed["outboundProvision"]["channels"][0]["name"] = json!("people");
    let answer = face.ask(Method::PUT, CLOUD, Some(renamed), &[]).await;
    is(&answer, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer
            .body
            .to_string()
            .contains("Rename it through /api/v1"),
        "{answer:?}"
    );
    let mut dropped = on;
    dropped["outboundProvision"]["channels"] = json!([]);
    is(
        &face.ask(Method::PUT, CLOUD, Some(dropped), &[]).await,
        StatusCode::OK,
    );
}

/// Nobody who did not say from which version a change was made is told of a conflict.
#[tokio::test]
async fn twenty_clients_who_change_different_things_all_succeed() {
    let world = Arc::new(crate::world::World::start().await);
    let path = world.folder.path().join("people.ldif");
    std::fs::write(&path, PEOPLE).expect("a file");
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..20 {
        let (world, path) = (world.clone(), path.clone());
        clients.spawn(async move {
            // Every other one has its file looked at first.
            let headers = if client % 2 == 0 { BYPASS } else { &[] };
            for n in 0..5 {
                let id = format!("store-{client}-{n}");
                let mut store = ldif_store(&id, &path);
                store["name"] = json!(id);
                let place = "/pf-admin-api/v1/dataStores";
                let answer = world.call_with(Method::POST, place, Some(store), headers);
                is(&answer.await, StatusCode::CREATED);
            }
        });
    }
    while let Some(ended) = clients.join_next().await {
        ended.expect("the client got all it asked for");
    }
    let configuration = world
        .admin
        .engine
        .configuration()
        .await
        .expect("it is read");
    assert_eq!(configuration.data_stores.len(), 100);
}
