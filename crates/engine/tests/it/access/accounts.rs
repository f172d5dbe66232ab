//! The first link, and managing accounts.

use usher_engine::EngineError;
use usher_engine::access::{Access, AccessError, AccountDetails, NewAccount};
use usher_engine::admin::{Operator, Role};

use crate::world::World;

use super::{MINUTE, OTHER, Office, PASSWORD, active, named, script};

#[tokio::test]
async fn the_first_link_works_once_for_a_day_and_only_the_latest() {
    let world = World::of(0).await;
    let access = Access::new(&world.admin.engine);
    let root = Operator::local("root");
    assert!(access.is_first_run().await.unwrap());
    let old = access.first_link(&root).await.unwrap();
    let new = access.first_link(&root).await.unwrap();
    let redeem = async |link: &str, password| access.redeem(link, "ana", password).await;
    for wrong in [old.reveal(), "", "x"] {
        let refused = redeem(wrong, PASSWORD).await;
        let engine = matches!(refused, Err(AccessError::Engine(EngineError::Forbidden(_))));
        assert!(engine, "{wrong}: {refused:?}");
    }
    let weak = redeem(new.reveal(), "short").await;
    assert!(matches!(weak, Err(AccessError::Invalid(_))), "{weak:?}");
    world.clock.advance(24 * 60 * MINUTE);
    redeem(new.reveal(), PASSWORD)
        .await
        .expect_err("after a day");
    let link = access.first_link(&root).await.unwrap();
    let (one, two) = tokio::join!(
        access.redeem(link.reveal(), "ana", PASSWORD),
        access.redeem(link.reveal(), "thief", PASSWORD),
    );
    assert_eq!(
        [&one, &two].iter().filter(|r| r.is_ok()).count(),
        1,
        "{one:?} {two:?}"
    );
    let session = one.or(two).unwrap();
    assert_eq!(session.operator.roles, Role::ALL.into());
    assert!(
        access
            .session(session.token.reveal())
            .await
            .unwrap()
            .is_some()
    );
    redeem(link.reveal(), PASSWORD)
        .await
        .expect_err("a second time");
    let refused = access.first_link(&root).await;
    assert!(
        matches!(refused, Err(EngineError::Refused(_))),
        "{refused:?}"
    );
    assert!(!access.is_first_run().await.unwrap());
    assert_eq!(access.accounts(&root).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_last_who_can_manage_accounts_stays_one() {
    let office = Office::new().await;
    let access = &office.access;
    let root = &office.root;
    let refused = |result: Result<(), AccessError>| {
        let text = result
            .expect_err("somebody must manage accounts")
            .to_string();
        assert!(text.contains("last active operator"), "{text}");
    };
    let changes = [
        active(&[Role::Administrator]),
        AccountDetails {
            active: false,
            ..active(&Role::ALL)
        },
        AccountDetails {
            auditor: true,
            ..active(&[])
        },
    ];
    for details in changes.clone() {
        refused(
            access
                .update_account(root, "root", details)
                .await
                .map(|_| ()),
        );
    }
    refused(access.remove_account(root, "ROOT").await);
    let manages = active(&[Role::UserAdministrator]);
    let off = AccountDetails {
        active: false,
        ..manages.clone()
    };
    office.make("off", off).await.unwrap();
    refused(access.remove_account(root, "root").await);
    office.make("second", manages).await.unwrap();
    for details in changes {
        access.update_account(root, "root", details).await.unwrap();
        access
            .update_account(root, "root", active(&Role::ALL))
            .await
            .unwrap();
    }
    let (one, two) = tokio::join!(
        access.remove_account(root, "root"),
        access.remove_account(root, "second"),
    );
    assert_eq!(
        [&one, &two].iter().filter(|r| r.is_ok()).count(),
        1,
        "{one:?} {two:?}"
    );
}

#[tokio::test]
async fn only_who_may_manage_accounts_does() {
    let office = Office::new().await;
    let access = &office.access;
    let auditor = office.signed_in("audi").await.operator;
    let others = [
        named(
            "ana",
            &[
                Role::Administrator,
                Role::CryptoAdministrator,
                Role::ExpressionAdministrator,
            ],
        ),
        auditor,
    ];
    for acting in others {
        let new = NewAccount {
            name: "mine".to_owned(),
            password: PASSWORD.to_owned(),
            details: active(&Role::ALL),
        };
        let more = active(&Role::ALL);
        for result in [
            access.add_account(&acting, new).await.map(|_| ()),
            access
                .update_account(&acting, "ana", more)
                .await
                .map(|_| ()),
            access.reset_password(&acting, "root", OTHER).await,
            access.remove_account(&acting, "root").await,
            access
                .first_link(&acting)
                .await
                .map(|_| ())
                .map_err(Into::into),
        ] {
            let is_forbidden =
                matches!(result, Err(AccessError::Engine(EngineError::Forbidden(_))));
            assert!(is_forbidden, "{acting:?}: {result:?}");
        }
        assert_eq!(access.accounts(&acting).await.unwrap().len(), 3);
    }
    let nobody = named("ana", &[]);
    assert!(access.accounts(&nobody).await.is_err());
    let manager = named("someone", &[Role::UserAdministrator]);
    let all = active(&Role::ALL);
    access.update_account(&manager, "ana", all).await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_with_an_account_is_said_at_once() {
    let office = Office::new().await;
    let new = NewAccount {
        name: "A na".to_owned(),
        password: "a na".to_owned(),
        details: AccountDetails {
            auditor: true,
            phone: "\u{7}".to_owned(),
            ..active(&[Role::Administrator])
        },
    };
    let Err(AccessError::Invalid(problems)) = office.access.add_account(&office.root, new).await
    else {
        panic!("expected problems");
    };
    let fields: Vec<&str> = problems.iter().map(|p| p.field.as_str()).collect();
    let expected = ["username", "password", "password", "phoneNumber", "roles"];
    assert_eq!(fields, expected);
    let taken = office
        .make("ANA", active(&[]))
        .await
        .unwrap_err()
        .to_string();
    assert!(taken.contains("already"), "{taken}");
    let ana = named("ana", &[]);
    let wrong = office
        .access
        .change_password(&ana, OTHER, "nine white boats")
        .await;
    assert!(wrong.unwrap_err().to_string().contains("present password"));
    let same = office
        .access
        .change_password(&ana, PASSWORD, PASSWORD)
        .await;
    assert!(same.unwrap_err().to_string().contains("present one"));
}

#[tokio::test]
async fn what_was_done_to_accounts_is_in_the_audit_log_without_secrets() {
    let office = Office::new().await;
    let access = &office.access;
    let ana = named("ana", &[Role::Administrator]);
    let other = AccountDetails {
        department: "IT".to_owned(),
        ..active(&[Role::CryptoAdministrator])
    };
    access
        .update_account(&office.root, "ana", other)
        .await
        .unwrap();
    access.change_password(&ana, PASSWORD, OTHER).await.unwrap();
    let log = office
        .world
        .admin
        .engine
        .store
        .audit_log(None, 100)
        .await
        .unwrap();
    let event = |name: &str| {
        let found = log.iter().find(|(_, event)| event.event == name);
        found.map_or_else(|| panic!("no {name}"), |(_, event)| event.clone())
    };
    let changed = event("OPERATOR_CHANGE");
    assert_eq!(
        (changed.actor.as_str(), changed.detail.as_str()),
        ("root", "operator `ana`")
    );
    let told: Vec<String> = changed
        .changes
        .iter()
        .map(|c| {
            format!(
                "{} {:?} {:?}",
                c.path,
                c.before.as_deref(),
                c.after.as_deref()
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            r#"operators[ana].roles Some("[\"ADMINISTRATOR\"]") Some("[\"CRYPTO_ADMINISTRATOR\"]")"#,
            r#"operators[ana].department Some("\"\"") Some("\"IT\"")"#,
        ]
    );
    assert_eq!(event("OPERATOR_PASSWORD").actor, "ana");
    let added = event("OPERATOR_ADD").changes;
    assert_eq!(added.len(), 8, "{added:?}");
    let text = format!("{log:?}");
    for secret in [PASSWORD, OTHER, "argon2"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn nothing_that_lets_somebody_in_is_stored_or_shown_in_the_clear() {
    let office = Office::new().await;
    let session = office.signed_in("ana").await;
    let token = office.token(&session.operator, script(&[])).await.unwrap();
    let shown = format!("{session:?} {:?}", office.access.tokens(&office.root).await);
    let folder = office.world.folder.path();
    let copy = folder.join("copy.db");
    office.world.admin.engine.store.backup(&copy).await.unwrap();
    let bytes = std::fs::read(&copy).unwrap();
    for secret in [
        PASSWORD,
        session.token.reveal(),
        session.csrf.reveal(),
        &token,
    ] {
        let stored = bytes
            .windows(secret.len())
            .any(|part| part == secret.as_bytes());
        assert!(!stored, "{secret} is stored");
        assert!(!shown.contains(secret), "{secret} is shown: {shown}");
    }
}
