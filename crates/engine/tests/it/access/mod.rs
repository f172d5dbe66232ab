//! Who is let in, and who is not.

mod accounts;
mod sessions;
mod signing_in;

use std::net::{IpAddr, Ipv4Addr};

use usher_engine::access::{
    Access, AccessError, AccountDetails, NewAccount, NewToken, Session, SignInError,
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
        by_token: false,
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
