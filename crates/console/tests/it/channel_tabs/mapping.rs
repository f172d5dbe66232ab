//! Attribute Mapping: the table, the edit dialog, the preview on real entries, the run over the whole scope.

use usher_engine::admin::Role;

use super::sent::{send, send_again, value};
use crate::rig::{Browser, Page, Rig};

const MAPPING: &str = "/sp-connections/cloud/channels/0/attribute-mapping";
const TITLE: &str = "/sp-connections/cloud/channels/0/attribute-mapping/title";

/// Previews what is typed on the page of a field.
async fn preview(rig: &Rig, browser: &mut Browser, changed: &[(&str, &str)]) -> Page {
    let page = rig.get(browser, TITLE).await.ok();
    let mut all = super::sent::fields(&page, TITLE);
    all.retain(|(name, _)| name != "csrf" && changed.iter().all(|(known, _)| known != name));
    let mut all: Vec<(&str, &str)> = all.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    all.extend(changed);
    rig.post(browser, &format!("{TITLE}/preview"), &all)
        .await
        .ok()
}

#[tokio::test]
async fn a_preview_shows_each_step_on_real_entries_and_keeps_nothing() {
    let rig = Rig::of(2).await;
    let mut browser = rig.first_operator().await;
    let tried = [
        ("attributeNames", "title\nsn"),
        ("expression", "title ~ ' ' ~ sn"),
        ("characterCase", "UPPER"),
        ("masked", "-"),
    ];
    let page = preview(&rig, &mut browser, &tried[..3]).await;
    assert!(page.says("********"), "it is masked: {}", page.text);
    let page = rig.get(&mut browser, TITLE).await.ok();
    let unmasked = send_again(
        &rig,
        &mut browser,
        &page,
        TITLE,
        &[("masked", "-"), ("go", "done")],
    )
    .await;
    assert_eq!(
        unmasked.location(),
        format!("{MAPPING}?done=kept"),
        "{}",
        unmasked.text
    );
    let page = preview(&rig, &mut browser, &tried[..3]).await;
    assert!(
        page.says("uid=u00,ou=people,dc=example,dc=com"),
        "{}",
        page.text
    );
    assert!(
        page.says("after expression") && page.says("ENGINEER EXAMPLE"),
        "{}",
        page.text
    );
    let one = [
        tried[0],
        tried[1],
        ("entry", "uid=u01,ou=people,dc=example,dc=com"),
    ];
    let page = preview(&rig, &mut browser, &one).await;
    assert!(
        page.says("Engineer Example") && !page.says("uid=u00,"),
        "{}",
        page.text
    );
    let page = rig.get(&mut browser, TITLE).await.ok();
    assert_eq!(
        value(&page, TITLE, "attributeNames").as_deref(),
        Some("employeeNumber")
    );
}

#[tokio::test]
async fn an_expression_is_judged_at_its_place_and_secrets_stay_hidden() {
    let rig = Rig::of(1).await;
    let mut browser = rig.first_operator().await;
    let broken = [
        ("expression", "title ~\n  ~ sn"),
        ("attributeNames", "title\nsn"),
        ("masked", "-"),
    ];
    let page = preview(&rig, &mut browser, &broken[..2]).await;
    assert!(page.says("Line 2, column"), "{}", page.text);
    let page = send(
        &rig,
        &mut browser,
        TITLE,
        &[broken[0], broken[1], ("go", "done")],
    )
    .await;
    assert_eq!(page.status, 422, "{}", page.text);
    assert!(page.says("href=\"#f-expression\""), "{}", page.text);
    let page = send(&rig, &mut browser, MAPPING, &[("go", "next")]).await;
    assert_eq!(page.status, 422, "{}", page.text);
    assert!(page.says("href=\"#map-title\""), "{}", page.text);
    let secret = [("attributeNames", "userPassword"), ("expression", "")];
    let page = preview(&rig, &mut browser, &secret).await;
    assert!(
        !page.says("hunter2") && page.says("********"),
        "{}",
        page.text
    );
    // A saved mapping masks it: no draft shows it.
    let unmasked = [
        ("attributeNames", "employeeNumber"),
        ("expression", ""),
        ("masked", "-"),
        ("go", "done"),
    ];
    send(&rig, &mut browser, TITLE, &unmasked).await;
    let page = preview(&rig, &mut browser, &[("entry", "")]).await;
    assert!(
        !page.says("4711-0") && page.says("********"),
        "{}",
        page.text
    );
}

#[tokio::test]
async fn expressions_are_for_whoever_may_write_them() {
    let rig = Rig::of(1).await;
    let _ = rig.first_operator().await;
    let mut ben = rig.operator("ben", &[Role::Administrator]).await;
    let page = rig.get(&mut ben, TITLE).await.ok();
    assert!(
        page.says("needs the role Expression Administrator"),
        "{}",
        page.text
    );
    let sent = [
        ("expression", "title ~ 'x'"),
        ("attributeNames", "title"),
        ("go", "done"),
    ];
    let page = send_again(&rig, &mut ben, &page, TITLE, &sent).await;
    assert_eq!(page.status, 303, "{}", page.text);
    let page = rig.get(&mut ben, TITLE).await.ok();
    assert_eq!(value(&page, TITLE, "expression").as_deref(), Some(""));
    assert_eq!(
        value(&page, TITLE, "attributeNames").as_deref(),
        Some("title")
    );
}

#[tokio::test]
async fn the_table_marks_what_is_required_and_the_whole_scope_can_be_run() {
    let rig = Rig::of(3).await;
    let mut browser = rig.first_operator().await;
    let page = rig.get(&mut browser, MAPPING).await.ok();
    assert!(
        page.says("<abbr title=\"required\">*</abbr>") && page.says("stays in the record"),
        "{}",
        page.text
    );
    let specifications = format!("{MAPPING}/specifications");
    assert!(
        rig.get(&mut browser, &specifications)
            .await
            .ok()
            .says("Partner Field Specifications")
    );
    let page = send(&rig, &mut browser, MAPPING, &[("go", "run")])
        .await
        .ok();
    assert!(
        page.says("Each of 3 people becomes an account."),
        "{}",
        page.text
    );
    let user_name = format!("{MAPPING}/userName");
    let one_for_all = [("attributeNames", "sn"), ("go", "done")];
    send(&rig, &mut browser, &user_name, &one_for_all).await;
    let mail = format!("{MAPPING}/workEmail");
    send(
        &rig,
        &mut browser,
        &mail,
        &[("attributeNames", "title"), ("go", "done")],
    )
    .await;
    let page = send(&rig, &mut browser, MAPPING, &[("go", "run")])
        .await
        .ok();
    assert!(
        page.says("3 of 3 people cannot become an account."),
        "{}",
        page.text
    );
    assert!(
        page.says("expected an e-mail address, found"),
        "{}",
        page.text
    );
    send(
        &rig,
        &mut browser,
        &mail,
        &[("attributeNames", ""), ("go", "done")],
    )
    .await;
    let page = send(&rig, &mut browser, MAPPING, &[("go", "next")]).await;
    assert_eq!(page.status, 422, "{}", page.text);
    assert!(page.says("workEmail"), "{}", page.text);
    assert_eq!(
        rig.get(&mut browser, &format!("{MAPPING}/none"))
            .await
            .status,
        404
    );
}
