//! Accounts of operators, attempts to sign in, sessions, API tokens, the first link.

use usher_core::model::Millis;

use super::Place;
use super::desk::T0;
use crate::{
    Account, AccountChange, AccountId, ApiToken, ApiTokenId, AuditEvent, FirstLink, LockOut,
    PasswordHash, Role, SessionRecord, Store, TokenHash,
};

const MINUTE: i64 = 60_000;
const RULES: LockOut = LockOut {
    after: 3,
    first_ms: MINUTE,
    most_ms: 3 * MINUTE,
    forget_ms: 60 * MINUTE,
};

fn account(name: &str) -> Account {
    Account {
        id: AccountId(0),
        name: name.to_owned(),
        password: PasswordHash(format!("$argon2id$of {name}")),
        roles: [Role::Administrator, Role::UserAdministrator].into(),
        auditor: false,
        active: true,
        description: "a 'description' with \"quotes\"".to_owned(),
        phone: "+49 1".to_owned(),
        email: "é@example.com".to_owned(),
        department: "IT".to_owned(),
        created_at: T0,
        modified_at: T0 + 1,
        password_changed_at: T0 + 2,
    }
}

fn event(name: &str) -> AuditEvent {
    AuditEvent {
        at: T0,
        actor: "ada".to_owned(),
        event: name.to_owned(),
        success: true,
        ..AuditEvent::default()
    }
}

fn hash(byte: u8) -> TokenHash {
    TokenHash([byte; 32])
}

fn session(byte: u8, account: AccountId) -> SessionRecord {
    SessionRecord {
        token: hash(byte),
        account,
        created_at: T0,
        seen_at: T0,
        expires_at: T0 + 10 * MINUTE,
    }
}

fn api_token(byte: u8, account: AccountId) -> ApiToken {
    ApiToken {
        id: ApiTokenId(0),
        name: "a \"script\"".to_owned(),
        token: hash(byte),
        account,
        roles: [Role::Administrator].into(),
        read_only: true,
        created_at: T0,
        expires_at: T0 + MINUTE,
        used_at: None,
    }
}

/// Makes a change from the accounts as they are.
async fn change(store: &dyn Store, change: AccountChange) {
    let from_revision = store.accounts().await.unwrap().revision;
    let change = AccountChange {
        from_revision,
        ..change
    };
    assert!(store.change_accounts(&change, &[]).await.unwrap());
}

async fn add(store: &dyn Store, name: &str) -> Account {
    let write = Some(account(name));
    change(
        store,
        AccountChange {
            write,
            ..AccountChange::default()
        },
    )
    .await;
    store.account(name).await.unwrap().unwrap()
}

async fn names(store: &dyn Store) -> Vec<String> {
    let found = store.accounts().await.unwrap();
    found
        .accounts
        .into_iter()
        .map(|account| account.name)
        .collect()
}

/// Every field, added and replaced.
pub async fn an_account_comes_back_as_it_was_written(place: &dyn Place) {
    let store = place.open().await;
    assert_eq!(store.account("ana").await.unwrap(), None);
    let ana = add(&*store, "ana").await;
    assert_ne!(ana.id, AccountId(0));
    let expected = Account {
        id: ana.id,
        ..account("ana")
    };
    assert_eq!(ana, expected);
    let other = Account {
        name: "Ana".to_owned(),
        password: PasswordHash("another".to_owned()),
        roles: [].into(),
        auditor: true,
        active: false,
        description: String::new(),
        phone: String::new(),
        email: String::new(),
        department: "none".to_owned(),
        modified_at: T0 + 8,
        password_changed_at: T0 + 9,
        ..ana
    };
    let write = Some(other.clone());
    change(
        &*store,
        AccountChange {
            write,
            ..AccountChange::default()
        },
    )
    .await;
    assert_eq!(store.accounts().await.unwrap().accounts, [other]);
}

/// Who signs in as `ANA` is `ana`, and nobody else can be.
pub async fn names_of_accounts_do_not_differ_by_case(place: &dyn Place) {
    let store = place.open().await;
    add(&*store, "ben").await;
    let ana = add(&*store, "Ana").await;
    assert_eq!(store.account("aNA").await.unwrap(), Some(ana));
    assert_eq!(names(&*store).await, ["Ana", "ben"]);
    let from_revision = store.accounts().await.unwrap().revision;
    let twice = AccountChange {
        from_revision,
        write: Some(account("ANA")),
        ..AccountChange::default()
    };
    let result = store.change_accounts(&twice, &[event("OPERATOR")]).await;
    result.unwrap_err();
    assert_eq!(store.accounts().await.unwrap().revision, from_revision);
    assert_eq!(store.audit_log(None, 9).await.unwrap(), []);
}

/// Two who change accounts side by side: the later one must look again, and nothing is logged for it.
pub async fn a_change_from_older_accounts_does_nothing(place: &dyn Place) {
    let store = place.open().await;
    let ana = add(&*store, "ana").await;
    let from_revision = store.accounts().await.unwrap().revision;
    add(&*store, "ben").await;
    let late = AccountChange {
        from_revision,
        remove: Some(ana.id),
        ..AccountChange::default()
    };
    let audit = [event("OPERATOR_REMOVE")];
    assert!(!store.change_accounts(&late, &audit).await.unwrap());
    assert_eq!(names(&*store).await, ["ana", "ben"]);
    assert_eq!(store.audit_log(None, 9).await.unwrap(), []);
    let now = AccountChange {
        from_revision: store.accounts().await.unwrap().revision,
        ..late
    };
    assert!(store.change_accounts(&now, &audit).await.unwrap());
    assert_eq!(names(&*store).await, ["ben"]);
    let log = store.audit_log(None, 9).await.unwrap();
    assert_eq!(log.first().map(|(_, event)| event), Some(&audit[0]));
}

/// What an account leaves behind is no way in.
pub async fn sessions_and_tokens_go_with_their_account(place: &dyn Place) {
    let store = place.open().await;
    let (ana, ben) = (add(&*store, "ana").await, add(&*store, "ben").await);
    for (byte, id) in [(1, ana.id), (2, ben.id)] {
        store.add_session(&session(byte, id)).await.unwrap();
        let token = api_token(byte, id);
        store.add_api_token(&token, &event("T")).await.unwrap();
    }
    let remove = Some(ana.id);
    change(
        &*store,
        AccountChange {
            remove,
            ..AccountChange::default()
        },
    )
    .await;
    assert_eq!(store.session(&hash(1)).await.unwrap(), None);
    assert_eq!(store.api_token(&hash(1)).await.unwrap(), None);
    assert!(store.session(&hash(2)).await.unwrap().is_some());
    let end = AccountChange {
        end_sessions_of: Some(ben.id),
        ..AccountChange::default()
    };
    change(&*store, end).await;
    assert_eq!(store.session(&hash(2)).await.unwrap(), None);
    assert!(store.api_token(&hash(2)).await.unwrap().is_some());
    let revoke = AccountChange {
        revoke_tokens_of: Some(ben.id),
        ..AccountChange::default()
    };
    change(&*store, revoke).await;
    assert_eq!(store.api_tokens(None).await.unwrap(), []);
    let again = add(&*store, "ana").await;
    assert_ne!(again.id, ana.id, "an id is never used twice");
}

/// Counted at the beginning, doubling, never longer than the longest; forgotten by success and by time.
pub async fn failures_to_sign_in_make_a_name_wait(place: &dyn Place) {
    let store = place.open().await;
    let ana = add(&*store, "ana").await;
    for name in ["ANA", "nobody"] {
        let mut now = T0;
        for _ in 0..3 {
            assert_eq!(store.begin_sign_in(name, now, &RULES).await.unwrap(), None);
        }
        for wait in [1, 2, 3, 3, 3] {
            let until = now + wait * MINUTE;
            let asked = store.begin_sign_in(name, until - 1, &RULES).await.unwrap();
            assert_eq!(asked, Some(until), "{name} after {wait} minutes");
            now = until;
            let asked = store.begin_sign_in(name, now, &RULES).await.unwrap();
            assert_eq!(asked, None);
        }
        assert_eq!(store.failures(name).await.unwrap().count, 8);
    }
    // A clock that was ahead by a year locks nobody out until then.
    let ahead = T0 + 525_600 * MINUTE;
    for _ in 0..4 {
        let _ = store.begin_sign_in("cyd", ahead, &RULES).await.unwrap();
    }
    assert!(store.failures("cyd").await.unwrap().locked_until > ahead);
    assert_eq!(store.begin_sign_in("cyd", T0, &RULES).await.unwrap(), None);
    let asked = store.begin_sign_in("cyd", T0, &RULES).await.unwrap();
    assert_eq!(asked, Some(T0 + 2 * MINUTE), "and guessing stays slow");
    store.signed_in("nobody").await.unwrap();
    assert_eq!(
        store.failures("nobody").await.unwrap(),
        crate::Failures::default()
    );
    let later: Millis = T0 + 1000 * MINUTE;
    assert_eq!(
        store.begin_sign_in("ana", later, &RULES).await.unwrap(),
        None
    );
    assert_eq!(store.failures("ana").await.unwrap().count, 1);
    let forgive = AccountChange {
        write: Some(ana),
        forgive: Some("Ana".to_owned()),
        ..AccountChange::default()
    };
    change(&*store, forgive).await;
    assert_eq!(store.failures("ana").await.unwrap().count, 0);
}

/// With its account; used, ended, and swept away by the next one after its end.
pub async fn a_session_lives_until_it_ends(place: &dyn Place) {
    let store = place.open().await;
    let ana = add(&*store, "ana").await;
    let mut first = session(1, ana.id);
    store.add_session(&first).await.unwrap();
    store.touch_session(&hash(1), T0 + 5).await.unwrap();
    store.touch_session(&hash(1), T0 + 4).await.unwrap();
    first.seen_at = T0 + 5;
    let found = store.session(&hash(1)).await.unwrap();
    assert_eq!(found, Some((first, ana.clone())));
    let mut second = session(2, ana.id);
    second.created_at = first.expires_at;
    second.expires_at = first.expires_at + MINUTE;
    store.add_session(&second).await.unwrap();
    assert_eq!(store.session(&hash(1)).await.unwrap(), None);
    assert!(store.end_session(&hash(2)).await.unwrap());
    assert!(!store.end_session(&hash(2)).await.unwrap());
    store.touch_session(&hash(2), T0 + 6).await.unwrap();
    assert_eq!(store.session(&hash(2)).await.unwrap(), None);
}

/// Listed with their owners, used, revoked once.
pub async fn an_api_token_lives_until_it_is_revoked(place: &dyn Place) {
    let store = place.open().await;
    let (ana, ben) = (add(&*store, "ana").await, add(&*store, "ben").await);
    let mut token = api_token(1, ana.id);
    let made = event("TOKEN_ADD");
    token.id = store.add_api_token(&token, &made).await.unwrap();
    let other = api_token(2, ben.id);
    let other = store.add_api_token(&other, &made).await.unwrap();
    store.touch_api_token(token.id, T0 + 3).await.unwrap();
    token.used_at = Some(T0 + 3);
    let found = store.api_token(&hash(1)).await.unwrap();
    assert_eq!(found, Some((token.clone(), ana.clone())));
    let of_ana = store.api_tokens(Some(ana.id)).await.unwrap();
    assert_eq!(of_ana, [(token.clone(), "ana".to_owned())]);
    let all = store.api_tokens(None).await.unwrap();
    let ids: Vec<ApiTokenId> = all.iter().map(|(token, _)| token.id).collect();
    assert_eq!(ids, [token.id, other]);
    let gone = event("TOKEN_REVOKE");
    assert!(store.revoke_api_token(token.id, &gone).await.unwrap());
    assert!(!store.revoke_api_token(token.id, &gone).await.unwrap());
    assert_eq!(store.api_token(&hash(1)).await.unwrap(), None);
    assert_eq!(store.audit_log(None, 9).await.unwrap().len(), 3);
}

/// One at a time, while there is no account; a change made from before it is refused.
pub async fn the_first_link_is_for_the_first_account(place: &dyn Place) {
    let store = place.open().await;
    assert_eq!(store.first_link().await.unwrap(), None);
    let link = |byte| FirstLink {
        token: hash(byte),
        expires_at: T0 + i64::from(byte),
    };
    let made = event("FIRST_LINK");
    assert!(store.set_first_link(&link(1), &made).await.unwrap());
    let old = store.accounts().await.unwrap().revision;
    assert!(store.set_first_link(&link(2), &made).await.unwrap());
    assert_eq!(store.first_link().await.unwrap(), Some(link(2)));
    let late = AccountChange {
        from_revision: old,
        write: Some(account("thief")),
        ..AccountChange::default()
    };
    assert!(!store.change_accounts(&late, &[]).await.unwrap());
    let ana = add(&*store, "ana").await;
    assert_eq!(store.first_link().await.unwrap(), None);
    assert!(!store.set_first_link(&link(3), &made).await.unwrap());
    assert_eq!(store.first_link().await.unwrap(), None);
    assert_eq!(store.audit_log(None, 9).await.unwrap().len(), 2);
    store.add_session(&session(1, ana.id)).await.unwrap();
    store.end_all_sessions().await.unwrap();
    assert_eq!(store.session(&hash(1)).await.unwrap(), None);
}
