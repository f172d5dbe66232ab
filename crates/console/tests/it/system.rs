//! System > Certificates, Operators and Backups, and one's own account.

use usher_engine::admin::{Operator, Role};

use crate::rig::{Browser, Rig};

const AUTHORITY: &str = include_str!("../../../admin-api/tests/it/authority.pem");
const LEAF: &str = include_str!("../../../admin-api/tests/it/leaf.pem");

#[tokio::test]
async fn an_authority_is_imported_shown_and_deleted_by_who_manages_certificates() {
    let rig = Rig::of(0).await;
    let mut root = rig.first_operator().await;
    let (list, import) = ("/system/certificates", "/system/certificates/import");
    assert!(
        rig.get(&mut root, list)
            .await
            .ok()
            .says("None; only the authorities")
    );
    rig.get(&mut root, import).await.ok();
    let wrong = rig.post(&mut root, import, &[("pem", LEAF)]).await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.says("href=\"#f-pem\"") && wrong.says("no authority"),
        "{}",
        wrong.text
    );
    let saved = rig.post(&mut root, import, &[("pem", AUTHORITY)]).await;
    assert_eq!(
        saved.location(),
        "/system/certificates?done=saved",
        "{}",
        saved.text
    );
    let page = rig.get(&mut root, list).await.ok();
    assert!(
        page.says("1 trusted authority") && page.says("SHA-256 fingerprint"),
        "{}",
        page.text
    );
    let delete = page.between("/system/certificates/", "/delete").to_owned();
    let delete = delete.rsplit('/').next().expect("an id").to_owned();
    let delete = format!("{list}/{delete}/delete");
    for roles in [&[][..], &[Role::Administrator][..]] {
        let name = format!("op{}", roles.len());
        let mut other = rig.operator(&name, roles).await;
        let page = rig.get(&mut other, list).await.ok();
        assert!(!page.says("Delete") && page.says("Crypto Administrator"));
        assert_eq!(rig.get(&mut other, import).await.status, 403);
        assert_eq!(
            rig.post(&mut other, import, &[("pem", AUTHORITY)])
                .await
                .status,
            403
        );
        assert_eq!(rig.post(&mut other, &delete, &[]).await.status, 403);
    }
    assert!(
        rig.get(&mut root, &delete)
            .await
            .ok()
            .says("Delete this certificate?")
    );
    let gone = rig.post(&mut root, &delete, &[]).await;
    assert_eq!(gone.location(), "/system/certificates?done=deleted");
    assert!(rig.get(&mut root, list).await.ok().says("None; only"));
}

#[tokio::test]
async fn a_backup_is_made_and_how_to_restore_it_is_told() {
    let rig = Rig::of(0).await;
    let mut root = rig.first_operator().await;
    let at = "/system/backups";
    assert!(rig.get(&mut root, at).await.ok().says("There is none yet."));
    let made = rig.post(&mut root, at, &[]).await;
    assert_eq!(
        made.location(),
        "/system/backups?done=created",
        "{}",
        made.text
    );
    let page = rig.get(&mut root, at).await.ok();
    assert!(page.says("<th scope=\"row\">backup-"), "{}", page.text);
    assert!(
        page.says("restore ") && page.says("/backups/backup-"),
        "{}",
        page.text
    );
    let again = rig.post(&mut root, at, &[]).await;
    assert_eq!(again.status, 409);
    assert!(again.says("exists already"));
    let mut ana = rig.operator("ana", &[]).await;
    assert!(!rig.get(&mut ana, at).await.ok().says("Back up now"));
    assert_eq!(rig.post(&mut ana, at, &[]).await.status, 403);
}

#[tokio::test]
async fn accounts_are_made_changed_given_new_passwords_and_deleted() {
    let rig = Rig::of(0).await;
    let mut root = rig.first_operator().await;
    let list = "/system/operators";
    rig.get(&mut root, "/system/operators/new").await.ok();
    let mut form = vec![
        ("username", "ben"),
        ("password", "seven green boats"),
        ("again", "seven green boats"),
        ("active", "true"),
        ("description", "Night <i>shift</i>"),
        ("auditor", "true"),
        ("role.ADMINISTRATOR", "true"),
    ];
    let wrong = rig.post(&mut root, "/system/operators/new", &form).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.says("href=\"#f-auditor\""), "{}", wrong.text);
    form.retain(|(name, _)| *name != "auditor");
    let made = rig.post(&mut root, "/system/operators/new", &form).await;
    assert_eq!(
        made.location(),
        "/system/operators?done=created",
        "{}",
        made.text
    );
    let page = rig.get(&mut root, list).await.ok();
    assert!(page.says("Night &#60;i&#62;shift") && page.says("Administrator"));

    let mut ben = Browser::default();
    rig.sign_in(&mut ben, "ben").await;
    assert!(!rig.get(&mut ben, list).await.ok().says("Create account"));
    assert_eq!(rig.get(&mut ben, "/system/operators/new").await.status, 403);
    assert_eq!(
        rig.post(&mut ben, &of("root", "delete"), &[]).await.status,
        403
    );

    let at = "/system/operators/ben/edit";
    let page = rig.get(&mut root, at).await.ok();
    let seen = page.between("name=\"seen\" value=\"", "\"").to_owned();
    rig.company.world.clock.advance(1_000);
    let saved = rig
        .post(
            &mut root,
            at,
            &[("seen", &seen), ("auditor", "true"), ("active", "true")],
        )
        .await;
    assert_eq!(
        saved.location(),
        "/system/operators?done=saved",
        "{}",
        saved.text
    );
    let late = rig
        .post(
            &mut root,
            at,
            &[("seen", &seen), ("role.ADMINISTRATOR", "true")],
        )
        .await;
    assert_eq!(late.status, 422);
    assert!(
        late.says("Saved meanwhile by somebody else"),
        "{}",
        late.text
    );

    let reset = "/system/operators/ben/password";
    rig.get(&mut root, reset).await.ok();
    let page = rig
        .post(&mut root, reset, &[("newPassword", ""), ("again", "")])
        .await
        .ok();
    let drawn = page.between("<pre>", "</pre>").to_owned();
    assert_eq!(rig.get(&mut ben, "/").await.status, 401);
    let form = [("name", "ben"), ("password", drawn.as_str())];
    assert_eq!(rig.post(&mut ben, "/sign-in", &form).await.status, 303);

    assert!(
        rig.get(&mut root, "/system/operators/ben/delete")
            .await
            .ok()
            .says("stays in the log")
    );
    let gone = rig
        .post(&mut root, "/system/operators/ben/delete", &[])
        .await;
    assert_eq!(gone.location(), "/system/operators?done=deleted");
    assert!(!rig.get(&mut root, list).await.ok().says(">ben<"));
    let last = rig.post(&mut root, &of("root", "delete"), &[]).await;
    assert_eq!(last.status, 409, "{}", last.text);
}

#[tokio::test]
async fn a_token_is_shown_once_and_ones_password_is_changed_with_the_present_one() {
    let rig = Rig::of(0).await;
    let mut root = rig.first_operator().await;
    let mut tom = rig.operator("tom", &[Role::Administrator]).await;
    rig.get(&mut tom, "/account").await.ok();
    let wrong = rig
        .post(
            &mut tom,
            "/account/tokens",
            &[("name", "x"), ("days", "900")],
        )
        .await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.says("href=\"#f-days\"") && wrong.says("href=\"#f-read-only\""));
    let form = [
        ("name", "report <1>"),
        ("days", "30"),
        ("role.ADMINISTRATOR", "true"),
    ];
    let made = rig.post(&mut tom, "/account/tokens", &form).await.ok();
    let token = made.between("<pre>", "</pre>").to_owned();
    assert!(token.starts_with("usher_"));
    let access = &rig.company.world.api.access;
    let stands_for = access.api_token(&token).await.expect("an answer");
    assert_eq!(stands_for.expect("a token").name, "tom");
    let page = rig.get(&mut tom, "/account").await.ok();
    assert!(!page.says(&token) && page.says("report &#60;1&#62;"));
    // Somebody who manages accounts sees it and may revoke it; nobody else's page has it.
    assert!(!rig.get(&mut root, "/account").await.ok().says("report"));
    let all = rig.get(&mut root, "/system/operators").await.ok();
    let id = all.between("/account/tokens/", "/revoke").to_owned();
    let revoke = format!("/account/tokens/{id}/revoke");
    let mut ana = rig.operator("ana", &[]).await;
    assert_eq!(rig.post(&mut ana, &revoke, &[]).await.status, 404);
    let gone = rig.post(&mut root, &revoke, &[("back", "operators")]).await;
    assert_eq!(gone.location(), "/system/operators?done=deleted");
    assert_eq!(access.api_token(&token).await.expect("an answer"), None);

    let change = |now, again| {
        [
            ("currentPassword", now),
            ("newPassword", "nine red lanterns"),
            ("again", again),
        ]
    };
    let at = "/account/password";
    for (form, field) in [
        (change("seven green boats", "other"), "#f-again"),
        (
            change("guess guess guess", "nine red lanterns"),
            "#f-currentPassword",
        ),
    ] {
        let refused = rig.post(&mut tom, at, &form).await;
        assert_eq!(refused.status, 422);
        assert!(refused.says(field), "{}", refused.text);
    }
    let done = rig
        .post(
            &mut tom,
            at,
            &change("seven green boats", "nine red lanterns"),
        )
        .await;
    assert_eq!(done.location(), "/sign-in", "{}", done.text);
    assert_eq!(rig.get(&mut tom, "/").await.status, 401);
    let accounts = access
        .accounts(&Operator::local("test"))
        .await
        .expect("accounts");
    assert!(
        accounts
            .iter()
            .any(|account| account.name == "tom" && account.failed_sign_ins == 0)
    );
}

/// The address of a page of an operator.
fn of(name: &str, page: &str) -> String {
    format!("/system/operators/{name}/{page}")
}
