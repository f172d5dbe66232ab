//! People and groups, what waits, and search.

use serde_json::json;
use usher_sandbox::scim::{FaultKind, FaultRule};

use crate::company::CHANNEL;
use crate::rig::{Browser, Page, Rig, between};

/// The address of whoever is called so.
async fn address(rig: &Rig, browser: &mut Browser, name: &str) -> String {
    let list = rig.get(browser, &format!("/subjects?q={name}")).await.ok();
    let link = list.between("<th scope=\"row\"><a href=\"", "\"");
    link.to_owned()
}

fn next(page: &Page) -> Option<String> {
    let link = between(&page.text, "rel=\"next\">", "</a>").is_some();
    let before = page.text.split("\" rel=\"next\"").next()?;
    let href = before.rsplit("href=\"").next()?;
    link.then(|| href.replace("&amp;", "&").replace("&#38;", "&"))
}

#[tokio::test]
async fn everybody_is_listed_once_page_by_page_and_filters_have_an_address() {
    let rig = Rig::provisioned(60).await;
    let mut root = rig.first_operator().await;
    let mut page = rig
        .get(&mut root, "/subjects?kind=user&scope=in")
        .await
        .ok();
    let mut seen = Vec::new();
    let mut pages = 0;
    loop {
        let links = page.text.split("<th scope=\"row\"><a href=\"").skip(1);
        seen.extend(links.map(|rest| rest.split('"').next().unwrap().to_owned()));
        pages += 1;
        assert!(page.text.len() < 150_000);
        let Some(href) = next(&page) else {
            break;
        };
        page = rig.get(&mut root, &href).await.ok();
    }
    assert_eq!((pages, seen.len()), (2, 60));
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 60);

    let groups = rig.get(&mut root, "/subjects?kind=group").await.ok();
    assert!(groups.says("<bdi>team</bdi>") && !groups.says("<bdi>u01</bdi>"));
    assert!(groups.says("<option value=\"group\" selected>"));
    let out = rig.get(&mut root, "/subjects?scope=out").await.ok();
    assert!(out.says("Nobody is like that."), "{}", out.text);
    let elsewhere = rig.get(&mut root, "/subjects?channel=none").await.ok();
    assert!(elsewhere.says("Nobody is like that."));
}

#[tokio::test]
async fn a_person_page_tells_scope_values_link_groups_and_what_was_sent() {
    let rig = Rig::provisioned(3).await;
    let mut auditor = rig.operator("ada", &[]).await;
    let at = address(&rig, &mut auditor, "u01").await;
    let page = rig.get(&mut auditor, &at).await.ok();
    for said in [
        "in scope: under dc=example,dc=com",
        "filter (uid=*)",
        "<span class=\"state good\">holds</span>",
        "<bdi>workEmail</bdi>",
        "u01@example.com",
        "created at the target",
        "<bdi>team</bdi>",
        "<h3>Create",
        "POST ",
        "Sent at ",
        "nothing: unchanged",
    ] {
        assert!(page.says(said), "{said}: {}", page.text);
    }
    assert!(page.says("********") && !page.says("4711-1"), "masked");
    assert!(!page.says(&rig.company.sandbox.key()));
    // An auditor only looks.
    assert!(!page.says("Provision now"));
    let form = rig.get(&mut auditor, &format!("{at}/provision")).await;
    assert_eq!(form.status, 403);
    let sent = rig
        .post(&mut auditor, &format!("{at}/provision"), &[])
        .await;
    assert_eq!(sent.status, 403);

    let group = address(&rig, &mut auditor, "team").await;
    let page = rig.get(&mut auditor, &group).await.ok();
    assert!(page.says("<h2 id=\"members\">Members</h2>"));
    let members = page
        .text
        .matches("<th scope=\"row\"><a href=\"/subjects/")
        .count();
    assert_eq!(members, 3, "{}", page.text);
    let none = rig.get(&mut auditor, "/subjects/999999").await;
    assert_eq!(none.status, 404);
    let odd = rig.get(&mut auditor, "/subjects/%3Cscript%3E").await;
    assert!(odd.status == 404 && !odd.says("<script>"), "{}", odd.text);
}

#[tokio::test]
async fn a_person_is_provisioned_by_itself_and_told_so() {
    let mut rig = Rig::provisioned(3).await;
    let mut root = rig.first_operator().await;
    let at = address(&rig, &mut root, "u01").await;
    rig.company.lock("u01");
    rig.company.lock("u02");
    let confirm = rig.get(&mut root, &format!("{at}/provision")).await.ok();
    assert!(confirm.says("of this one only"));
    let done = rig.post(&mut root, &format!("{at}/provision"), &[]).await;
    assert_eq!(
        done.location(),
        format!("{at}?done=provisioned"),
        "{}",
        done.text
    );
    let page = rig.get(&mut root, done.location()).await.ok();
    assert!(
        page.says("<h3>Disable <span class=\"state good\">Done</span>"),
        "{}",
        page.text
    );
    assert!(page.says("The time line says what came of it."));
    let other = address(&rig, &mut root, "u02").await;
    assert!(!rig.get(&mut root, &other).await.says("<h3>Disable"));
}

#[tokio::test]
async fn somebody_who_is_not_known_is_explained_from_the_directory() {
    let rig = Rig::of(3).await;
    let mut root = rig.first_operator().await;
    let ask = format!("/subjects/ask?channel={CHANNEL}&who=u01%40example.com");
    let page = rig.get(&mut root, &ask).await.ok();
    for said in [
        "No channel has read this entry yet",
        "in scope: under",
        "it is planned by the next cycle",
        "u01@example.com",
    ] {
        assert!(page.says(said), "{said}: {}", page.text);
    }
    let nobody = rig.get(&mut root, "/subjects/ask?who=%3Cb%3Enobody").await;
    assert_eq!(nobody.status, 422);
    assert!(
        nobody.says("nobody is known as") && !nobody.says("<b>"),
        "{}",
        nobody.text
    );
    let mut auditor = rig.operator("ada", &[]).await;
    assert_eq!(rig.get(&mut auditor, &ask).await.status, 403);
    rig.company.run(json!({"mode": "full"})).await;
    let known = rig.get(&mut root, &ask).await;
    assert!(known.location().starts_with("/subjects/"), "{}", known.text);
}

#[tokio::test]
async fn what_is_parked_is_told_by_reason_and_sent_again_one_or_all() {
    let rig = Rig::of(6).await;
    let mut root = rig.first_operator().await;
    for name in ["u01@", "u02@", "u03@"] {
        rig.company.sandbox.fault(FaultRule {
            body_contains: Some(name.to_owned()),
            ..FaultRule::always(FaultKind::Error {
                status: 400,
                commit: false,
            })
        });
    }
    rig.company.run(json!({"mode": "full"})).await;
    let page = rig.get(&mut root, "/waiting").await.ok();
    assert!(
        page.says("<span class=\"state bad\">parked</span>"),
        "{}",
        page.text
    );
    assert!(page.says("<td class=\"number\">3</td>") && page.says("Retry all of this reason"));
    assert!(page.says("Cloud / staff") && page.says("<bdi>u02</bdi>"));
    let held = rig.get(&mut root, "/subjects?verdict=parked").await.ok();
    assert!(held.says("<bdi>u03</bdi>") && !held.says("<bdi>u04</bdi>"));

    rig.company.sandbox.clear_faults();
    // Neither a step nor a reason means nothing, never all.
    let nothing = rig
        .post(&mut root, "/waiting/retry", &[("channel", CHANNEL)])
        .await;
    assert_eq!(nothing.status, 409);
    let link = |page: &Page, label: &str| {
        let before = page.text.split(label).next().unwrap();
        let href = before.rsplit("href=\"").next().unwrap();
        let href = href.split('"').next().unwrap();
        href.replace("&amp;", "&").replace("&#38;", "&")
    };
    let one = link(&page, "\" aria-label=\"Retry u02\"");
    let confirm = rig.get(&mut root, &one).await.ok();
    let step = confirm.between("name=\"step\" value=\"", "\"").to_owned();
    let retried = rig
        .post(
            &mut root,
            "/waiting/retry",
            &[("channel", CHANNEL), ("step", &step)],
        )
        .await;
    assert_eq!(
        retried.location(),
        "/waiting?done=retried",
        "{}",
        retried.text
    );
    let left = rig.get(&mut root, "/waiting").await.ok();
    assert!(left.says("<td class=\"number\">2</td>"), "{}", left.text);

    let all = link(&left, "Retry all of this reason");
    let confirm = rig.get(&mut root, &all).await.ok();
    let reason = all.split("reason=").nth(1).unwrap();
    let reason: String = url::form_urlencoded::parse(format!("r={reason}").as_bytes())
        .map(|(_, value)| value.into_owned())
        .collect();
    assert!(confirm.says("Every step of this channel"));
    let fields = [("channel", CHANNEL), ("reason", reason.as_str())];
    rig.post(&mut root, "/waiting/retry", &fields).await;
    let none = rig.get(&mut root, "/waiting").await.ok();
    assert!(none.says("Nothing is held or parked."), "{}", none.text);
    rig.company.run(json!({"mode": "full"})).await;
    assert_eq!(rig.company.accounts(), 6);
}

#[tokio::test]
async fn what_is_held_is_told_with_its_remedy_and_leads_to_its_review() {
    let mut rig = Rig::provisioned(30).await;
    let mut auditor = rig.operator("ada", &[]).await;
    for n in 0..27 {
        rig.company.lock(&format!("u{n:02}"));
    }
    rig.company.run(json!({"mode": "full"})).await;
    let page = rig.get(&mut auditor, "/waiting").await.ok();
    assert!(
        page.says("<span class=\"state warn\">held</span>"),
        "{}",
        page.text
    );
    assert!(page.says("<td class=\"number\">27</td>") && page.says("and 22 more"));
    assert!(page.says(&format!("href=\"/channels/{CHANNEL}/held?hold=guard\"")));
    assert!(page.says("Look at them, and approve or reject them."));
    let refused = rig.get(&mut auditor, "/waiting/retry?step=1").await;
    assert_eq!(refused.status, 403);
    let refused = rig
        .post(
            &mut auditor,
            "/waiting/retry",
            &[("channel", CHANNEL), ("step", "1")],
        )
        .await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn a_search_finds_places_and_people_and_has_a_stable_address() {
    let rig = Rig::provisioned(3).await;
    let mut root = rig.first_operator().await;
    let exact = rig.get(&mut root, "/search?q=u01%40example.com").await.ok();
    assert!(
        exact.says("<bdi>u01</bdi>") && !exact.says("<bdi>u02</bdi>"),
        "{}",
        exact.text
    );
    for (q, said) in [
        ("cloud", "/sp-connections/cloud/activation-summary"),
        ("STAFF", "/channels/0199c3a2"),
        ("export", "/system/data-stores/export"),
        ("team", "<bdi>team</bdi>"),
        ("uid%3Du02", "<bdi>u02</bdi>"),
    ] {
        let page = rig.get(&mut root, &format!("/search?q={q}")).await.ok();
        assert!(page.says(said), "{q}: {}", page.text);
    }
    let nothing = rig
        .get(&mut root, "/search?q=%22%3E%3Cscript%3E")
        .await
        .ok();
    assert!(nothing.says("Nothing is called so") && !nothing.says("<script>"));
    let short = rig.get(&mut root, "/search?q=u").await.ok();
    assert!(short.says("Two characters or more"));
}
