//! Who is let in, and who is not.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use usher_engine::EngineError;
use usher_engine::access::{
    Access, AccessError, AccountDetails, LOCK_OUT, NewAccount, NewToken, SESSION_IDLE_MS,
    SESSION_MOST_MS, Session, SignInError, VERIFIED_MS,
};
use usher_engine::admin::{Operator, Role};

use crate::world::World;

const PASSWORD: &str = "seven green boats";
const OTHER: &str = "eight brown boats";
const MINUTE: i64 = 60_000;

/// An engine's state with the operators `root` (every role), `ana` (administrator) and `audi` (auditor).
struct Office {
    world: World,
    access: Access,
    root: Operator,
}

impl Office {
    async fn new() -> Self {
        let world = World::of(0).await;
        let access = Access::new(&world.admin.engine);
        let office = Self {
            world,
            access,
            root: Operator::local("root"),
        };
        office.add("root", &Role::ALL).await;
        office.add("ana", &[Role::Administrator]).await;
        let auditor = AccountDetails {
            auditor: true,
            ..active(&[])
        };
        office.make("audi", auditor).await.expect("an auditor");
        office
    }

    async fn make(&self, name: &str, details: AccountDetails) -> Result<(), AccessError> {
        let new = NewAccount {
            name: name.to_owned(),
            password: PASSWORD.to_owned(),
            details,
        };
        self.access.add_account(&self.root, new).await.map(|_| ())
    }

    async fn add(&self, name: &str, roles: &[Role]) {
        self.make(name, active(roles)).await.expect("an account");
    }

    async fn sign_in(&self, name: &str) -> Result<Session, SignInError> {
        self.access.sign_in(name, PASSWORD, None).await
    }

    async fn signed_in(&self, name: &str) -> Session {
        self.sign_in(name).await.expect("signed in")
    }

    async fn is_alive(&self, session: &Session) -> bool {
        let found = self.access.session(session.token.reveal()).await;
        found.expect("the store answers").is_some()
    }

    async fn token(&self, of: &Operator, new: NewToken) -> Result<String, AccessError> {
        let made = self.access.add_token(of, new).await?;
        Ok(made.1.reveal().to_owned())
    }

    /// Who an API token stands for.
    async fn bearer(&self, text: &str) -> Option<Operator> {
        self.access
            .api_token(text)
            .await
            .expect("the store answers")
    }

    /// The events of the audit log, oldest first: who, what, with what success.
    async fn log(&self) -> Vec<(String, String, bool)> {
        let log = self.world.admin.engine.store.audit_log(None, 100).await;
        let events = log.expect("a log").into_iter().rev();
        events
            .map(|(_, event)| (event.actor, event.event, event.success))
            .collect()
    }

    fn pass(&self, ms: i64) {
        self.world.clock.advance(ms);
    }
}

fn active(roles: &[Role]) -> AccountDetails {
    AccountDetails {
        roles: roles.iter().copied().collect(),
        active: true,
        ..AccountDetails::default()
    }
}

fn named(name: &str, roles: &[Role]) -> Operator {
    Operator {
        name: name.to_owned(),
        roles: roles.iter().copied().collect(),
        auditor: false,
    }
}

fn script(roles: &[Role]) -> NewToken {
    NewToken {
        name: "script".to_owned(),
        roles: roles.iter().copied().collect(),
        read_only: roles.is_empty(),
        days: 30,
    }
}

fn address(last: u8) -> Option<IpAddr> {
    Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)))
}

fn is_refused<T>(result: &Result<T, SignInError>) -> bool {
    matches!(result, Err(SignInError::Refused))
}

fn seconds<T>(result: Result<T, SignInError>) -> u64 {
    match result {
        Err(SignInError::Wait { seconds }) => seconds,
        Err(other) => panic!("expected to wait: {other}"),
        Ok(_) => panic!("expected to wait, was let in"),
    }
}

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
        Some(named("ana", &[])),
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
    assert_eq!(office.bearer(&full).await, Some(ana.clone()));
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
