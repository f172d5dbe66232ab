//! Sessions, roles and API tokens end when they should.

use usher_engine::access::{
    AccessError, AccountDetails, Ground, NewAccount, NewToken, SESSION_IDLE_MS, SESSION_MOST_MS,
};
use usher_engine::admin::{Operator, Role};
use usher_engine::{Clock as _, EngineError};

use super::{MINUTE, OTHER, Office, PASSWORD, active, is_refused, named, script, seconds};

#[tokio::test]
async fn a_session_ends_when_nobody_uses_it_and_after_twelve_hours() {
    let office = Office::new().await;
    let idle = office.signed_in("ana").await;
    office.pass(SESSION_IDLE_MS);
    assert!(!office.is_alive(&idle).await);
    let used = office.signed_in("ana").await;
    let step = SESSION_IDLE_MS - 1;
    for _ in 0..SESSION_MOST_MS / step {
        office.pass(step);
        assert!(office.is_alive(&used).await);
    }
    office.pass(step);
    assert!(!office.is_alive(&used).await, "after twelve hours");
}

#[tokio::test]
async fn a_session_from_a_clock_that_was_ahead_ends() {
    let office = Office::new().await;
    office.pass(MINUTE);
    let little = office.signed_in("ana").await;
    office.pass(-MINUTE);
    assert!(office.is_alive(&little).await, "a little");
    office.pass(365 * 24 * 60 * MINUTE);
    let ahead = office.signed_in("ana").await;
    office.pass(-365 * 24 * 60 * MINUTE);
    assert!(!office.is_alive(&ahead).await, "a year");
}

/// As with a full disk: the file is not where it was, so nothing is written.
#[tokio::test]
async fn while_nothing_can_be_written_whoever_is_let_in_can_look_and_nobody_guesses_for_long() {
    let office = Office::new().await;
    let session = office.signed_in("ana").await;
    let token = office.token(&session.operator, script(&[])).await.unwrap();
    let file = office.world.folder.path().join("state/state.db");
    std::fs::rename(&file, office.world.folder.path().join("moved")).unwrap();
    office.pass(2 * MINUTE);
    assert!(office.is_alive(&session).await);
    assert!(office.bearer(&token).await.is_some());
    let basic = office.access.basic("root", PASSWORD, None).await.unwrap();
    assert_eq!(basic.name, "root");
    let refused = office.sign_in("root").await.unwrap_err().to_string();
    assert!(
        refused.contains("state.db` was removed, moved"),
        "{refused}"
    );
    for _ in 0..10 {
        let guessed = office.access.sign_in("ana", OTHER, None).await;
        assert!(is_refused(&guessed), "{guessed:?}");
    }
    assert_eq!(seconds(office.sign_in("ana").await), 60);
}

/// As on a disk that is nearly full: now and then something is written.
#[tokio::test]
async fn what_can_be_written_under_one_name_forgets_no_guess_at_another_and_is_added_to_its_own() {
    let office = Office::new().await;
    let file = office.world.folder.path().join("state/state.db");
    let away = office.world.folder.path().join("moved");
    std::fs::rename(&file, &away).unwrap();
    for name in ["ana", "root"] {
        for _ in 0..9 {
            let guessed = office.access.sign_in(name, OTHER, None).await;
            assert!(is_refused(&guessed), "{guessed:?}");
        }
    }
    std::fs::rename(&away, &file).unwrap();
    let guessed = office.access.sign_in("root", OTHER, None).await;
    assert!(is_refused(&guessed), "{guessed:?}");
    assert_eq!(
        seconds(office.sign_in("root").await),
        60,
        "all were counted"
    );
    std::fs::rename(&file, &away).unwrap();
    let guessed = office.access.sign_in("ana", OTHER, None).await;
    assert!(is_refused(&guessed), "{guessed:?}");
    assert_eq!(
        seconds(office.sign_in("ana").await),
        60,
        "none was forgotten"
    );
}

#[tokio::test]
async fn sessions_end_with_a_new_password_with_the_account_and_when_it_is_turned_off() {
    let office = Office::new().await;
    let root = &office.root;
    let bystander = office.signed_in("root").await;
    let session = office.signed_in("ana").await;
    let token = office.token(&session.operator, script(&[])).await.unwrap();
    let change = office
        .access
        .change_password(&session.operator, PASSWORD, OTHER);
    change.await.unwrap();
    assert!(!office.is_alive(&session).await, "one's own new password");
    assert!(office.bearer(&token).await.is_some(), "API tokens stay");
    assert!(is_refused(&office.sign_in("ana").await), "the old password");
    office
        .access
        .reset_password(root, "ana", PASSWORD)
        .await
        .unwrap();
    assert!(
        office.bearer(&token).await.is_none(),
        "a reset revokes them"
    );
    let session = office.signed_in("ana").await;
    office
        .access
        .reset_password(root, "ana", PASSWORD)
        .await
        .unwrap();
    assert!(
        !office.is_alive(&session).await,
        "a password that was reset"
    );
    let session = office.signed_in("ana").await;
    let token = office.token(&session.operator, script(&[])).await.unwrap();
    let off = AccountDetails {
        active: false,
        ..active(&[Role::Administrator])
    };
    office
        .access
        .update_account(root, "ana", off)
        .await
        .unwrap();
    let on = active(&[Role::Administrator]);
    assert!(office.bearer(&token).await.is_none(), "turned off");
    office.access.update_account(root, "ana", on).await.unwrap();
    assert!(!office.is_alive(&session).await, "turned off and on again");
    let session = office.signed_in("ana").await;
    office.access.remove_account(root, "ana").await.unwrap();
    assert!(!office.is_alive(&session).await, "removed");
    assert!(is_refused(&office.sign_in("ana").await), "removed");
    office.add("ana", &[Role::Administrator]).await;
    assert!(!office.is_alive(&session).await, "another ana");
    assert!(office.bearer(&token).await.is_none(), "another ana");
    assert!(office.is_alive(&bystander).await, "nobody else's");
}

#[tokio::test]
async fn roles_follow_the_account_at_once() {
    let office = Office::new().await;
    let session = office.signed_in("ana").await;
    let token = office.token(&session.operator, script(&[Role::Administrator]));
    let token = token.await.unwrap();
    let other = active(&[Role::CryptoAdministrator]);
    office
        .access
        .update_account(&office.root, "ana", other)
        .await
        .unwrap();
    let found = office.access.session(session.token.reveal()).await.unwrap();
    let expected = named("ana", &[Role::CryptoAdministrator]);
    assert_eq!(found.expect("a session").operator, expected);
    assert_eq!(
        office.bearer(&token).await,
        Some(by_token(&named("ana", &[]))),
        "nothing is left of it"
    );
}

#[tokio::test]
async fn a_token_gives_no_more_than_its_owner_has_and_ends() {
    let office = Office::new().await;
    let ana = named("ana", &[Role::Administrator]);
    let full = office
        .token(&ana, script(&[Role::Administrator]))
        .await
        .unwrap();
    assert!(full.starts_with("usher_") && full.len() > 40);
    assert_eq!(office.bearer(&full).await, Some(by_token(&ana)));
    let looks = office.token(&ana, script(&[])).await.unwrap();
    let looking = office.bearer(&looks).await.expect("an operator");
    assert!(looking.auditor && looking.roles.is_empty());
    let wrong = NewToken {
        name: String::new(),
        roles: [Role::UserAdministrator].into(),
        read_only: true,
        days: 1000,
    };
    let Err(AccessError::Invalid(problems)) = office.token(&ana, wrong).await else {
        panic!("a token with more than its owner");
    };
    let fields: Vec<&str> = problems.iter().map(|p| p.field.as_str()).collect();
    assert_eq!(fields, ["name", "days", "roles", "roles"]);
    for wrong in [&full[..full.len() - 1], "usher_", "", "Usher_x"] {
        assert_eq!(office.bearer(wrong).await, None);
    }
    let id = office.access.tokens(&ana).await.unwrap()[1].id;
    let ben = named("ben", &[Role::Administrator]);
    office.add("ben", &[Role::Administrator]).await;
    assert_eq!(office.access.tokens(&ben).await.unwrap(), []);
    let foreign = office.access.revoke_token(&ben, id).await;
    assert!(
        matches!(foreign, Err(AccessError::NotFound(_))),
        "{foreign:?}"
    );
    office.access.revoke_token(&ana, id).await.unwrap();
    assert_eq!(office.bearer(&looks).await, None);
    assert!(office.bearer(&full).await.is_some());
    let view = &office.access.tokens(&office.root).await.unwrap()[0];
    assert_eq!((view.owner.as_str(), view.used_at.is_some()), ("ana", true));
    office.pass(30 * 24 * 60 * MINUTE);
    assert_eq!(office.bearer(&full).await, None, "expired");
}

fn by_token(operator: &Operator) -> Operator {
    Operator {
        by_token: true,
        ..operator.clone()
    }
}

fn is_forbidden<T>(result: Result<T, AccessError>) -> bool {
    matches!(result, Err(AccessError::Engine(EngineError::Forbidden(_))))
}

#[tokio::test]
async fn a_token_never_becomes_more_than_it_is() {
    let office = Office::new().await;
    let token = office
        .token(&office.root, script(&[Role::UserAdministrator]))
        .await
        .unwrap();
    let token = office.bearer(&token).await.unwrap();
    let access = &office.access;
    let new = |name: &str, roles: &[Role]| NewAccount {
        name: name.to_owned(),
        password: OTHER.to_owned(),
        details: active(roles),
    };
    let manages = [Role::UserAdministrator];
    let more = [Role::UserAdministrator, Role::Administrator];
    assert!(is_forbidden(
        access.add_account(&token, new("eve", &more)).await
    ));
    access
        .add_account(&token, new("ben", &manages))
        .await
        .unwrap();
    let raised = access.update_account(&token, "ben", active(&more)).await;
    assert!(is_forbidden(raised));
    for (who, what) in [("root", "its owner"), ("ana", "a role that it has not")] {
        let reset = access.reset_password(&token, who, OTHER).await;
        assert!(is_forbidden(reset), "{what}");
        let changed = access.update_account(&token, who, active(&manages)).await;
        assert!(is_forbidden(changed), "{what}");
        assert!(
            is_forbidden(access.remove_account(&token, who).await),
            "{what}"
        );
    }
    access
        .reset_password(&token, "ben", PASSWORD)
        .await
        .unwrap();
    let another = office.token(&token, script(&manages)).await;
    assert!(is_forbidden(another));
    let own = access.change_password(&token, PASSWORD, OTHER).await;
    assert!(is_forbidden(own));
    // In person all of it is allowed.
    access
        .add_account(&office.root, new("eve", &more))
        .await
        .unwrap();
    access
        .reset_password(&office.root, "ana", OTHER)
        .await
        .unwrap();
}

#[tokio::test]
async fn whoever_may_not_look_any_more_is_found_out_without_a_use() {
    let office = Office::new().await;
    let session = office.signed_in("ana").await;
    let text = office.token(&session.operator, script(&[])).await.unwrap();
    let now = office.world.clock.now();
    let grounds = || {
        [
            Ground::Session(session.token.clone()),
            Ground::Token(text.as_str().into()),
            Ground::Password {
                name: "ana".to_owned(),
                at: now,
            },
        ]
    };
    let look = async || {
        let mut may = Vec::new();
        for ground in grounds() {
            may.push(office.access.still_may_look(&ground).await.unwrap());
        }
        may
    };
    assert_eq!(look().await, [true, true, true]);
    office.pass(SESSION_IDLE_MS - 1);
    assert_eq!(look().await, [true, true, true]);
    office.pass(1);
    assert_eq!(look().await, [false, true, true], "that was no use of it");
    let off = AccountDetails::default();
    office
        .access
        .update_account(&office.root, "ana", off)
        .await
        .unwrap();
    assert_eq!(look().await, [false, false, false]);
    let on = active(&[Role::Administrator]);
    let access = &office.access;
    access
        .update_account(&office.root, "ana", on)
        .await
        .unwrap();
    assert_eq!(look().await, [false, true, true]);
    access
        .reset_password(&office.root, "ana", OTHER)
        .await
        .unwrap();
    assert_eq!(look().await, [false, false, false], "another password");
}
