//! SP connections: drafts, saving, and what two operators do at once.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use usher_core::model::Configuration;
use usher_engine::admin::Role;
use usher_store::DraftId;

use crate::channel_tabs::sent::{send, send_again, value};
use crate::rig::{Browser, Page, Rig};

const CLOUD: &str = "/sp-connections/cloud";

fn at(tab: &str) -> String {
    format!("{CLOUD}/{tab}")
}

async fn saved(rig: &Rig) -> Configuration {
    let admin = &rig.company.world.admin;
    admin.engine.configuration().await.unwrap()
}

/// Begins a connection; the address of its pages.
async fn begun(rig: &Rig, browser: &mut Browser) -> String {
    rig.get(browser, "/sp-connections").await.ok();
    let made = rig.post(browser, "/sp-connections/new", &[]).await;
    let location = made.location().to_owned();
    let base = location.strip_suffix("/connection-template");
    base.expect("the first tab").to_owned()
}

/// Sends the template tab with a file, as a browser does.
async fn upload(rig: &Rig, browser: &mut Browser, path: &str, file: &str, version: &str) -> Page {
    let fields = [
        ("version", version),
        ("usage", "true"),
        ("template", "AtlassianCloud"),
        ("go", "open"),
    ];
    send_file(rig, browser, path, &fields, file).await
}

async fn send_file(
    rig: &Rig,
    browser: &mut Browser,
    path: &str,
    fields: &[(&str, &str)],
    file: &str,
) -> Page {
    let mut body = String::new();
    let csrf = ("csrf", browser.csrf.as_str());
    for (name, text) in std::iter::once(&csrf).chain(fields) {
        body.push_str(&format!(
            "--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n"
        ));
    }
    body.push_str(&format!(
        "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"m.xml\"\r\n\r\n{file}\r\n--B--\r\n"
    ));
    let request = Request::post(path)
        .header("content-type", "multipart/form-data; boundary=B")
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(body));
    rig.send(browser, request.unwrap()).await
}

#[tokio::test]
async fn a_connection_is_configured_tab_by_tab_and_is_there_only_when_it_is_saved() {
    let rig = Rig::of(3).await;
    let mut browser = rig.first_operator().await;
    let base = begun(&rig, &mut browser).await;
    let tab = |slug: &str| format!("{base}/{slug}");

    let template = tab("connection-template");
    let page = send(&rig, &mut browser, &template, &[("go", "next")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    let file = rig.get(
        &mut browser,
        "/sp-connections/metadata/atlassian-saml-metadata.xml",
    );
    let file = file.await.ok().text;
    rig.get(&mut browser, &template).await.ok();
    let page = upload(&rig, &mut browser, &template, &file, "2").await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);

    let general = tab("general-info");
    let fields = [("baseUrl", "https://t.example/scim"), ("go", "next")];
    let page = send(&rig, &mut browser, &general, &fields).await;
    assert_eq!(
        page.location(),
        tab("outbound-provisioning"),
        "{}",
        page.text
    );
    let target = tab("target");
    let page = rig.get(&mut browser, &target).await.ok();
    let offered = value(&page, &target, "DIRECTORY_BASE_URL");
    assert_eq!(offered.as_deref(), Some("https://t.example/scim"));

    let url = "http://127.0.0.1:1/scim/directory/another";
    let fields = [("DIRECTORY_BASE_URL", url), ("go", "next")];
    let page = send(&rig, &mut browser, &target, &fields).await;
    assert_eq!(
        page.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{}",
        page.text
    );
    assert!(page.says("f-API-KEY-wrong"), "{}", page.text);
    let fields = [
        ("DIRECTORY_BASE_URL", url),
        ("API_KEY", "hush-hush-key"),
        ("createNewUsers", "-"),
        ("key_expires", "2027-01-31"),
        ("go", "next"),
    ];
    let page = send(&rig, &mut browser, &target, &fields).await;
    assert_eq!(page.location(), tab("manage-channels"), "{}", page.text);
    assert_eq!(
        saved(&rig).await.sp_connections.len(),
        1,
        "nothing is saved yet"
    );

    let summary = tab("activation-summary");
    let page = rig.get(&mut browser, &summary).await.ok();
    assert!(
        page.says("given; not shown") && !page.says("hush-hush"),
        "{}",
        page.text
    );
    let page = send(&rig, &mut browser, &summary, &[("go", "save")])
        .await
        .ok();
    assert!(
        page.says("Saved.") && page.says("it has no channel"),
        "{}",
        page.text
    );

    let configuration = saved(&rig).await;
    let made = &configuration.sp_connections[1];
    assert_eq!(made.name, "Atlassian Cloud");
    assert_eq!(made.settings["DIRECTORY_BASE_URL"], url);
    assert!(!made.options.user_create && made.options.user_update);
    let expires = configuration.alerts.key_expires_at(made).unwrap();
    assert!(usher_pf::date(expires).starts_with("2027-01-31"));
    let id = DraftId(made.id.to_string());
    let store = &rig.company.world.admin.engine.store;
    assert_eq!(
        store.draft(&id).await.unwrap(),
        None,
        "the draft is done with"
    );
}

#[tokio::test]
async fn a_typed_key_is_in_no_file_and_on_no_page_while_it_waits_in_a_draft() {
    let rig = Rig::of(1).await;
    let mut browser = rig.first_operator().await;
    let fields = [("API_KEY", "a-very-new-key"), ("go", "stay")];
    send(&rig, &mut browser, &at("target"), &fields).await;
    for tab in ["target", "activation-summary", "general-info", "export"] {
        let page = rig.get(&mut browser, &at(tab)).await.ok();
        assert!(!page.says("a-very-new-key"), "{tab}");
    }
    for entry in std::fs::read_dir(rig.company.world.folder.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes.windows(14).any(|window| window == b"a-very-new-key");
            assert!(!found, "{}", path.display());
        }
    }
}

#[tokio::test]
async fn two_who_edit_one_draft_lose_nothing() {
    let rig = Rig::of(1).await;
    let mut ana = rig.first_operator().await;
    let mut ben = rig.operator("ben", &[Role::Administrator]).await;
    let general = at("general-info");
    let for_ana = rig.get(&mut ana, &general).await.ok();
    let for_ben = rig.get(&mut ben, &general).await.ok();
    let fields = [("applicationName", "Ana's"), ("go", "stay")];
    let page = send_again(&rig, &mut ana, &for_ana, &general, &fields).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    let fields = [("applicationName", "Ben's"), ("go", "stay")];
    let page = send_again(&rig, &mut ben, &for_ben, &general, &fields).await;
    assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.text);
    assert!(
        page.says("value=\"Ben&#39;s\""),
        "what he typed: {}",
        page.text
    );
    assert!(
        page.says("<code>Ana&#39;s</code>"),
        "what she has: {}",
        page.text
    );
    let page = send_again(&rig, &mut ben, &page, &general, &[("go", "stay")]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    let page = rig.get(&mut ana, &general).await.ok();
    assert_eq!(
        value(&page, &general, "applicationName").as_deref(),
        Some("Ben's")
    );
}

#[tokio::test]
async fn what_somebody_else_saved_meanwhile_is_shown_and_overwritten_only_on_purpose() {
    let rig = Rig::of(1).await;
    let mut browser = rig.first_operator().await;
    let fields = [("applicationName", "Mine"), ("go", "stay")];
    send(&rig, &mut browser, &at("general-info"), &fields).await;
    let mut theirs = saved(&rig).await;
    theirs.sp_connections[0].general.company = Some("Theirs".to_owned());
    let revision = theirs.revision;
    let admin = &rig.company.world.admin;
    admin.save(theirs, revision, "somebody else").await.unwrap();

    let summary = at("activation-summary");
    let page = send(&rig, &mut browser, &summary, &[("go", "save")]).await;
    assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.text);
    assert!(page.says("Theirs") && page.says("Mine"), "{}", page.text);
    let now = saved(&rig).await;
    assert_eq!(
        now.sp_connections[0].general.company.as_deref(),
        Some("Theirs")
    );
    let page = send_again(&rig, &mut browser, &page, &summary, &[("go", "over")]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    let now = saved(&rig).await;
    assert_eq!(
        now.sp_connections[0].general.application_name.as_deref(),
        Some("Mine")
    );
}

#[tokio::test]
async fn nothing_is_turned_on_before_it_is_said_who_administers_the_target() {
    let rig = Rig::of(1).await;
    let mut browser = rig.first_operator().await;
    let fields = [
        ("PROTECTED_ACCOUNTS", ""),
        ("nobody_to_protect", "-"),
        ("go", "stay"),
    ];
    send(&rig, &mut browser, &at("target"), &fields).await;
    let summary = at("activation-summary");
    let page = send(&rig, &mut browser, &summary, &[("go", "save")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.says("accounts that administer the target"),
        "{}",
        page.text
    );
    let fields = [("nobody_to_protect", "true"), ("go", "stay")];
    send(&rig, &mut browser, &at("target"), &fields).await;
    let page = send(&rig, &mut browser, &summary, &[("go", "save")]).await;
    assert!(
        page.status.is_success() || page.status.is_redirection(),
        "{}",
        page.text
    );
    assert!(
        saved(&rig).await.sp_connections[0]
            .protected_accounts
            .is_empty()
    );
}

#[tokio::test]
async fn hostile_metadata_is_refused_with_the_reason() {
    let rig = Rig::of(1).await;
    let mut browser = rig.first_operator().await;
    let base = begun(&rig, &mut browser).await;
    let template = format!("{base}/connection-template");
    let bomb = "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>";
    for (file, version, words) in [
        (bomb, "1", "without a document type"),
        (
            "<html><script>alert(1)</script></html>",
            "2",
            "EntityDescriptor",
        ),
        ("not xml", "3", "without a document type"),
    ] {
        rig.get(&mut browser, &template).await.ok();
        let page = upload(&rig, &mut browser, &template, file, version).await;
        assert_eq!(
            page.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{}",
            page.text
        );
        assert!(
            page.says(words) && !page.says("<script>alert"),
            "{}",
            page.text
        );
    }
}

#[tokio::test]
async fn a_connection_is_turned_off_copied_exported_and_deleted_with_what_stays_told() {
    let rig = Rig::provisioned(3).await;
    let mut browser = rig.first_operator().await;
    rig.get(&mut browser, "/sp-connections").await.ok();
    let off = rig
        .post(&mut browser, &at("status"), &[("turn", "off")])
        .await;
    assert_eq!(off.status, StatusCode::SEE_OTHER, "{}", off.text);
    assert!(!saved(&rig).await.sp_connections[0].active);

    let file = rig.get(&mut browser, &at("export")).await.ok().text;
    let file: serde_json::Value = serde_json::from_str(&file).unwrap();
    assert_eq!(file["usher"], 1);
    let copy = rig.post(&mut browser, &at("copy"), &[]).await;
    let general = copy.location().to_owned();
    let page = rig.get(&mut browser, &general).await.ok();
    assert_eq!(
        value(&page, &general, "name").as_deref(),
        Some("Cloud (copy)")
    );

    let page = rig.get(&mut browser, &at("delete")).await.ok();
    assert!(page.says("staff: 3 accounts stay"), "{}", page.text);
    let gone = rig.post(&mut browser, &at("delete"), &[]).await;
    assert_eq!(gone.status, StatusCode::SEE_OTHER, "{}", gone.text);
    assert!(saved(&rig).await.sp_connections.is_empty());
    assert_eq!(rig.company.sandbox.snapshot().users.len(), 3);
}

#[tokio::test]
async fn a_channel_is_deleted_only_when_the_connection_is_saved() {
    let rig = Rig::provisioned(2).await;
    let mut browser = rig.first_operator().await;
    let channels = at("manage-channels");
    let page = send(&rig, &mut browser, &channels, &[("delete", "0")]).await;
    assert_eq!(page.location(), channels);
    let page = rig.get(&mut browser, &channels).await.ok();
    assert!(
        page.says("2 accounts stay at the target as they are"),
        "{}",
        page.text
    );
    assert_eq!(saved(&rig).await.sp_connections[0].channels.len(), 1);
    let page = send(&rig, &mut browser, &channels, &[("undelete", "0")]).await;
    assert_eq!(page.location(), channels);
    send(&rig, &mut browser, &channels, &[("delete", "0")]).await;
    let summary = at("activation-summary");
    send(&rig, &mut browser, &summary, &[("go", "save")]).await;
    assert!(saved(&rig).await.sp_connections[0].channels.is_empty());
}

#[tokio::test]
async fn an_auditor_looks_and_changes_nothing() {
    let rig = Rig::of(1).await;
    let mut root = rig.first_operator().await;
    let fields = [("applicationName", "draft"), ("go", "stay")];
    send(&rig, &mut root, &at("general-info"), &fields).await;
    let mut auditor = rig.operator("aud", &[]).await;
    let page = rig.get(&mut auditor, "/sp-connections").await.ok();
    assert!(
        !page.says("Create new") && !page.says("draft not saved"),
        "{}",
        page.text
    );
    let general = at("general-info");
    let page = rig.get(&mut auditor, &general).await.ok();
    assert!(
        !page.says("value=\"draft\""),
        "a draft is for those who may configure"
    );
    let page = send_again(&rig, &mut auditor, &page, &general, &[("go", "stay")]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.text);
    for path in [
        "/sp-connections/new",
        "/sp-connections/cloud/delete",
        "/sp-connections/cloud/copy",
    ] {
        let page = rig.post(&mut auditor, path, &[]).await;
        assert!(
            !page.status.is_success() && !page.status.is_redirection(),
            "{path}: {}",
            page.status
        );
    }
    assert_eq!(saved(&rig).await.sp_connections.len(), 1);
}

#[tokio::test]
async fn an_imported_connection_without_provisioning_is_opened_and_given_it() {
    let rig = Rig::of(1).await;
    let mut browser = rig.first_operator().await;
    let import = "/sp-connections/import";
    rig.get(&mut browser, import).await.ok();
    let file = serde_json::json!({"usher": 1, "pf": {
        "metadata": {"pfVersion": usher_pf::PF_VERSION},
        "operations": [{"resourceType": "/idp/spConnections", "operationType": "SAVE", "items": [
            {"type": "SP", "id": "wiki", "name": "Wiki", "entityId": "https://wiki.example", "active": true},
        ]}],
    }});
    let page = send_file(&rig, &mut browser, import, &[], &file.to_string()).await;
    let page = page.ok();
    assert!(page.says("`Wiki` does not provision"), "{}", page.text);
    let list = rig.get(&mut browser, "/sp-connections").await.ok();
    let rest = list
        .text
        .split_once("Begun and not saved")
        .expect("a draft")
        .1;
    let base = crate::rig::between(rest, "href=\"", "/activation-summary").unwrap();
    let kind = format!("{base}/connection-type");
    let fields = [
        ("provisions", "true"),
        ("type", "AtlassianCloud"),
        ("go", "next"),
    ];
    let page = send(&rig, &mut browser, &kind, &fields).await;
    assert_eq!(
        page.location(),
        format!("{base}/general-info"),
        "{}",
        page.text
    );
    let target = format!("{base}/target");
    let fields = [
        (
            "DIRECTORY_BASE_URL",
            "http://127.0.0.1:1/scim/directory/wiki",
        ),
        ("API_KEY", "a-key"),
        ("go", "next"),
    ];
    send(&rig, &mut browser, &target, &fields).await;
    let summary = format!("{base}/activation-summary");
    let page = send(&rig, &mut browser, &summary, &[("go", "save")]).await;
    assert!(page.says("Saved."), "{}", page.text);
    assert_eq!(saved(&rig).await.sp_connections[1].name, "Wiki");
}

#[tokio::test]
async fn what_saving_a_change_would_cause_is_shown_before_it_is_saved() {
    let rig = Rig::provisioned(4).await;
    let mut browser = rig.first_operator().await;
    let sent = rig.company.sandbox.requests().len();
    let tab = at("channels/0/attribute-mapping/nickName");
    let fields = [("defaultValue", "colleague"), ("go", "done")];
    let page = send(&rig, &mut browser, &tab, &fields).await;
    assert!(page.status.is_redirection(), "{}", page.text);
    let summary = at("activation-summary");
    let mut page = rig.get(&mut browser, &summary).await.ok();
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(50));
    for _ in 0..400 {
        if page.says("steps would follow") {
            break;
        }
        assert!(page.says("entries read so far"), "{}", page.text);
        looks.tick().await;
        page = rig.get(&mut browser, &summary).await.ok();
    }
    assert!(page.says("4 steps would follow"), "{}", page.text);
    let plan = format!("/plans/{}", page.between("href=\"/plans/", "\""));
    let page = rig.get(&mut browser, &plan).await.ok();
    assert!(
        page.says("nothing to apply") && !page.says("Apply the plan<"),
        "{}",
        page.text
    );
    let apply = rig
        .post(&mut browser, &format!("{plan}/apply"), &[("which", "all")])
        .await;
    assert_eq!(apply.status, StatusCode::CONFLICT, "{}", apply.text);
    assert_eq!(
        rig.company.sandbox.requests().len(),
        sent,
        "the target was not asked"
    );
}
