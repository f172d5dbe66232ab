//! Signing in, and guessing.

use std::collections::BTreeSet;

use usher_engine::access::{AccountDetails, LOCK_OUT, Session, SignInError, VERIFIED_MS};
use usher_engine::admin::Role;

use super::{MINUTE, OTHER, Office, PASSWORD, address, is_refused, named, seconds};

#[tokio::test]
async fn a_right_password_opens_a_session_with_a_token_of_its_own() {
    let office = Office::new().await;
    let one = office.signed_in("ana").await;
    let two = office.signed_in("ANA").await;
    assert_ne!(one.token, two.token);
    assert_ne!(one.csrf, two.csrf);
    assert_eq!(one.operator, named("ana", &[Role::Administrator]));
    let found = office.access.session(one.token.reveal()).await.unwrap();
    let found = found.expect("a session");
    assert_eq!(found.operator, one.operator);
    assert!(found.is_csrf(one.csrf.reveal()) && !found.is_csrf(two.csrf.reveal()));
    office.access.sign_out(one.token.reveal()).await.unwrap();
    assert!(!office.is_alive(&one).await && office.is_alive(&two).await);
    assert!(
        !office
            .is_alive(&Session {
                token: "".into(),
                ..two
            })
            .await
    );
}

#[tokio::test]
async fn a_wrong_name_costs_and_says_what_a_wrong_password_does() {
    let office = Office::new().await;
    let inactive = AccountDetails::default();
    office.make("old", inactive).await.unwrap();
    let mut texts = BTreeSet::new();
    for (name, password) in [
        ("ana", OTHER),
        ("nobody", PASSWORD),
        ("old", PASSWORD),
        ("ana", &"x".repeat(5000)),
        (&"n".repeat(5000), PASSWORD),
        ("", ""),
    ] {
        let before = office.access.computations();
        let result = office.access.sign_in(name, password, None).await;
        assert!(is_refused(&result), "{name}: {result:?}");
        assert_eq!(office.access.computations() - before, 1, "{name}");
        texts.insert(result.unwrap_err().to_string());
    }
    assert_eq!(texts.len(), 1, "{texts:?}");
    let log = office.log().await;
    let failed: Vec<&str> = log
        .iter()
        .filter(|(_, event, success)| event == "SIGN_IN" && !success)
        .map(|(actor, _, _)| actor.as_str())
        .collect();
    let unknown = "unknown";
    assert_eq!(failed, ["ana", unknown, "old", "ana", unknown, unknown]);
}

#[tokio::test]
async fn guessing_makes_a_name_wait_longer_and_longer_whether_it_exists_or_not() {
    let office = Office::new().await;
    let session = office.signed_in("ana").await;
    for name in ["ana", "nobody"] {
        for _ in 0..LOCK_OUT.after {
            let result = office.access.sign_in(name, OTHER, None).await;
            assert!(is_refused(&result), "{name}: {result:?}");
        }
        let mut waits = Vec::new();
        for _ in 0..6 {
            let before = office.access.computations();
            let wait = seconds(office.sign_in(name).await);
            assert_eq!(office.access.computations(), before, "nothing is computed");
            waits.push(wait);
            office.pass(wait as i64 * 1000);
            let result = office.access.sign_in(name, OTHER, None).await;
            assert!(is_refused(&result), "{name}: {result:?}");
        }
        assert_eq!(waits, [60, 120, 240, 480, 900, 900], "{name}");
        // Who is in stays in, whatever others guess.
        let _ = office.access.session(session.token.reveal()).await.unwrap();
    }
    office.pass(LOCK_OUT.most_ms);
    office.signed_in("ana").await;
    let result = office.access.sign_in("ana", OTHER, None).await;
    assert!(is_refused(&result), "success forgives: {result:?}");
    office.signed_in("ana").await;
}

#[tokio::test]
async fn an_open_session_goes_on_while_its_name_waits_and_a_reset_ends_the_wait() {
    let office = Office::new().await;
    let session = office.signed_in("ana").await;
    for _ in 0..=LOCK_OUT.after {
        let _ = office.access.sign_in("ana", OTHER, None).await;
    }
    seconds(office.sign_in("ana").await);
    assert!(office.is_alive(&session).await);
    let view = office.access.account(&office.root, "ana").await.unwrap();
    assert_eq!(view.failed_sign_ins, LOCK_OUT.after);
    assert!(view.locked_until > 0);
    let reset = office.access.reset_password(&office.root, "ana", PASSWORD);
    reset.await.unwrap();
    office.signed_in("ana").await;
}

#[tokio::test]
async fn one_address_cannot_guess_at_many_names() {
    let office = Office::new().await;
    let mut tried = 0;
    let waits = loop {
        let name = format!("name{tried}");
        match office.access.sign_in(&name, OTHER, address(1)).await {
            Err(SignInError::Refused) => tried += 1,
            other => break seconds(other),
        }
        assert!(tried < 100, "no limit");
    };
    assert!((1..=300).contains(&waits), "{waits}");
    let elsewhere = office.access.sign_in("ana", PASSWORD, address(2)).await;
    elsewhere.expect("another address signs in");
    office.pass(5 * MINUTE);
    let again = office.access.sign_in("ana", PASSWORD, address(1)).await;
    again.expect("after the wait");
}

#[tokio::test]
async fn basic_credentials_are_remembered_for_five_minutes_and_for_their_address() {
    let office = Office::new().await;
    let basic = async |password: &str, from| office.access.basic("ana", password, from).await;
    let begin = office.access.computations();
    for _ in 0..20 {
        basic(PASSWORD, address(1)).await.expect("let in");
    }
    assert_eq!(office.access.computations() - begin, 1);
    basic(PASSWORD, address(2)).await.expect("let in");
    assert_eq!(office.access.computations() - begin, 2, "another address");
    office.pass(VERIFIED_MS);
    basic(PASSWORD, address(1)).await.expect("let in");
    assert_eq!(
        office.access.computations() - begin,
        3,
        "after five minutes"
    );
    let root = &office.root;
    office
        .access
        .reset_password(root, "ana", OTHER)
        .await
        .unwrap();
    assert!(
        is_refused(&basic(PASSWORD, address(1)).await),
        "an old password"
    );
    basic(OTHER, address(1)).await.expect("let in");
    let off = AccountDetails::default();
    office
        .access
        .update_account(root, "ana", off)
        .await
        .unwrap();
    assert!(is_refused(&basic(OTHER, address(1)).await), "not active");
}

#[tokio::test]
async fn many_who_send_the_same_credentials_at_once_cost_one_computation_and_lock_nobody_out() {
    let office = Office::new().await;
    let before = office.access.computations();
    let all = (0..40).map(|_| office.access.basic("ana", PASSWORD, address(1)));
    let all = futures_util::future::join_all(all).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!(office.access.computations() - before, 1);
    let all = (0..40).map(|n| office.access.basic("ana", PASSWORD, address(n)));
    let all = futures_util::future::join_all(all).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
}
