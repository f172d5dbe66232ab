//! Channel Info, Source, Source Settings and Source Location.

use axum::http::StatusCode;
use usher_engine::admin::Role;

use super::sent::{send, send_again, value};
use crate::rig::{Browser, Rig};

const NEW: &str = "/sp-connections/cloud/channels/1";
const STAFF: &str = "/sp-connections/cloud/channels/0";
const FILTER: &str = "channelSource.userSourceLocation.filter";

fn at(base: &str, tab: &str) -> String {
    format!("{base}/{tab}")
}

/// A new channel of the saved connection.
async fn created(rig: &Rig, browser: &mut Browser) {
    let list = "/sp-connections/cloud/manage-channels";
    let page = send(rig, browser, list, &[("go", "create")]).await;
    assert_eq!(page.location(), at(NEW, "channel-info"));
}

#[tokio::test]
async fn a_new_channel_takes_what_is_usual_from_its_data_store_and_is_counted_before_it_is_saved() {
    let mut rig = Rig::of(4).await;
    rig.company.lock("u01");
    let mut browser = rig.first_operator().await;
    created(&rig, &mut browser).await;

    let info = at(NEW, "channel-info");
    let page = send(
        &rig,
        &mut browser,
        &info,
        &[("name", "staff"), ("go", "next")],
    )
    .await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.says("aria-invalid") && page.says("a second time"),
        "{}",
        page.text
    );
    let page = send_again(
        &rig,
        &mut browser,
        &page,
        &info,
        &[("name", "guests"), ("go", "next")],
    )
    .await;
    assert_eq!(page.location(), at(NEW, "source"), "{}", page.text);

    let source = at(NEW, "source");
    let store = "channelSource.dataSource.id";
    let page = send(&rig, &mut browser, &source, &[(store, ""), ("go", "next")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.says("expected a data store of the list"),
        "{}",
        page.text
    );
    let page = send(
        &rig,
        &mut browser,
        &source,
        &[(store, "export"), ("go", "next")],
    )
    .await;
    let settings = at(NEW, "source-settings");
    assert_eq!(
        page.location(),
        format!("{settings}?loaded=both"),
        "{}",
        page.text
    );

    let page = rig
        .get(&mut browser, &format!("{settings}?loaded=both"))
        .await
        .ok();
    assert!(page.says("usual for OpenLDAP"), "{}", page.text);
    let status = "channelSource.accountManagementSettings.accountStatusAttributeName";
    assert_eq!(
        value(&page, &settings, status).as_deref(),
        Some("pwdAccountLockedTime")
    );
    let page = send(&rig, &mut browser, &settings, &[("go", "probe")])
        .await
        .ok();
    assert!(
        page.says("What the directory says") && page.says("next tab says who is in scope"),
        "{}",
        page.text
    );
    let page = send(&rig, &mut browser, &settings, &[("go", "next")]).await;
    let location = at(NEW, "source-location");
    assert_eq!(page.location(), location, "{}", page.text);

    located(&rig, &mut browser).await;
}

/// Says who is in scope, and counts them.
async fn located(rig: &Rig, browser: &mut Browser) {
    let (settings, location) = (at(NEW, "source-settings"), at(NEW, "source-location"));
    let page = send(rig, browser, &location, &[("go", "next")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.says("the DN below which everything is searched"),
        "{}",
        page.text
    );
    let scope = [
        ("channelSource.baseDn", "dc=example,dc=com"),
        (FILTER, "(uid=u*)"),
        ("policy.exclude.names", "u00@example.com"),
        ("go", "count"),
    ];
    let page = send(rig, browser, &location, &scope).await.ok();
    assert!(page.says("1 of 3 people are disabled."), "{}", page.text);
    assert!(
        page.says("excluded by name u00@example.com"),
        "{}",
        page.text
    );
    assert!(page.says("uid=u02,ou=people,dc=example,dc=com"));
    let page = rig.get(browser, &settings).await.ok();
    let page = send_again(rig, browser, &page, &settings, &[("go", "probe")])
        .await
        .ok();
    assert!(page.says("1 of 3 people are disabled."), "{}", page.text);
    let page = send(rig, browser, &location, &[("go", "next")]).await;
    assert_eq!(
        page.location(),
        at(NEW, "attribute-mapping"),
        "{}",
        page.text
    );
}

#[tokio::test]
async fn another_data_store_replaces_settings_only_after_a_question() {
    let rig = Rig::of(1).await;
    let mut browser = rig.first_operator().await;
    let settings = at(STAFF, "source-settings");
    let own = ("channelSource.guidAttributeName", "employeeNumber");
    send(&rig, &mut browser, &settings, &[own, ("go", "stay")]).await;
    let mut configuration = rig
        .company
        .world
        .admin
        .engine
        .configuration()
        .await
        .expect("one");
    let mut other = configuration.data_stores[0].clone();
    other.id = usher_core::model::DataStoreId::new("other");
    "Other".clone_into(&mut other.name);
    configuration.data_stores.push(other);
    let revision = configuration.revision;
    rig.company
        .world
        .admin
        .save(configuration, revision, "another")
        .await
        .expect("saved");

    let source = at(STAFF, "source");
    let store = ("channelSource.dataSource.id", "other");
    let page = send(&rig, &mut browser, &source, &[store, ("go", "next")])
        .await
        .ok();
    assert!(page.says("Nothing is changed yet"), "{}", page.text);
    let kept = rig.get(&mut browser, &source).await.ok();
    assert_eq!(value(&kept, &source, store.0).as_deref(), Some("export"));
    let keep = [store, ("template", "keep"), ("go", "stay")];
    send_again(&rig, &mut browser, &page, &source, &keep).await;
    let page = rig.get(&mut browser, &settings).await.ok();
    assert_eq!(
        value(&page, &settings, own.0).as_deref(),
        Some("employeeNumber")
    );
    let back = [
        ("channelSource.dataSource.id", "export"),
        ("template", "load"),
        ("go", "stay"),
    ];
    send(&rig, &mut browser, &source, &back).await;
    let page = rig.get(&mut browser, &settings).await.ok();
    assert_eq!(value(&page, &settings, own.0).as_deref(), Some("entryUUID"));
}

#[tokio::test]
async fn the_directory_is_looked_through_and_a_dn_is_chosen_without_scripts() {
    let rig = Rig::of(2).await;
    let mut browser = rig.first_operator().await;
    let location = at(STAFF, "source-location");
    let page = send(&rig, &mut browser, &location, &[("go", "browse-users")]).await;
    let browse = format!("{location}/browse");
    assert_eq!(page.location(), format!("{browse}?for=users"));
    let level = format!("{browse}?for=users&dn=ou%3Dpeople%2Cdc%3Dexample%2Cdc%3Dcom");
    let page = rig.get(&mut browser, &level).await.ok();
    assert!(
        page.says("uid=u01,ou=people,dc=example,dc=com"),
        "{}",
        page.text
    );
    let version = page.between("name=\"version\" value=\"", "\"").to_owned();
    let dn = "cn=team,ou=people,dc=example,dc=com";
    let chosen = [("version", version.as_str()), ("for", "users"), ("dn", dn)];
    let page = rig.post(&mut browser, &browse, &chosen).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    let page = rig.get(&mut browser, &location).await.ok();
    let field = "channelSource.userSourceLocation.groupDN";
    assert_eq!(value(&page, &location, field).as_deref(), Some(dn));
    let nowhere = rig.get(&mut browser, &format!("{browse}?for=name")).await;
    assert_eq!(nowhere.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_protected_account_in_scope_is_warned_of_and_hostile_names_are_text() {
    let rig = Rig::of(3).await;
    let mut browser = rig.first_operator().await;
    let location = at(STAFF, "source-location");
    let target = "/sp-connections/cloud/target";
    let page = send(
        &rig,
        &mut browser,
        target,
        &[("PROTECTED_ACCOUNTS", "u02@example.com"), ("go", "stay")],
    )
    .await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    let page = send(&rig, &mut browser, &location, &[("go", "count")])
        .await
        .ok();
    assert!(
        page.says("Protected accounts are in scope") && page.says("name u02@example.com"),
        "{}",
        page.text
    );
    let hostile = "\"><script>alert(1)</script>";
    let page = send(
        &rig,
        &mut browser,
        &location,
        &[(FILTER, hostile), ("go", "count")],
    )
    .await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!page.says("<script>alert"), "{}", page.text);
}

#[tokio::test]
async fn two_who_change_one_tab_lose_nothing() {
    let rig = Rig::of(1).await;
    let mut ana = rig.first_operator().await;
    let mut ben = rig.operator("ben", &[Role::Administrator]).await;
    let info = at(STAFF, "channel-info");
    let first = rig.get(&mut ana, &info).await.ok();
    send(&rig, &mut ben, &info, &[("timeout", "45"), ("go", "stay")]).await;
    let page = send_again(
        &rig,
        &mut ana,
        &first,
        &info,
        &[("timeout", "90"), ("go", "stay")],
    )
    .await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(
        page.says("value=\"90\"") && page.says("<code>45</code>"),
        "{}",
        page.text
    );
    let page = send_again(&rig, &mut ana, &page, &info, &[("go", "stay")]).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
    let page = rig.get(&mut ben, &info).await.ok();
    assert_eq!(value(&page, &info, "timeout").as_deref(), Some("90"));
}

#[tokio::test]
async fn an_auditor_looks_and_changes_nothing() {
    let rig = Rig::of(1).await;
    let _ = rig.first_operator().await;
    let mut auditor = rig.operator("zoe", &[]).await;
    for tab in [
        "channel-info",
        "source",
        "source-settings",
        "source-location",
    ] {
        let path = at(STAFF, tab);
        let page = rig.get(&mut auditor, &path).await.ok();
        assert!(
            !page.says("name=\"go\"") && page.says(" disabled"),
            "{tab}: {}",
            page.text
        );
        let page = rig
            .post(&mut auditor, &path, &[("version", "0"), ("go", "stay")])
            .await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{tab}");
    }
    let browse = at(STAFF, "source-location/browse?for=users");
    assert_eq!(
        rig.get(&mut auditor, &browse).await.status,
        StatusCode::FORBIDDEN
    );
    let none = rig
        .get(&mut auditor, "/sp-connections/cloud/channels/7/source")
        .await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
}
