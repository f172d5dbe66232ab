//! Who is allowed in: accounts of operators, passwords, sessions, API tokens, and the first link.
//!
//! [`Access`] finds out who asks; what they may do is decided where it is done
//! ([`Operator::require`](crate::admin::Operator::require)).
//!
//! - A wrong name costs what a wrong password costs, waits as long, and is answered in the same words.
//! - Guessing is slow per name ([`LOCK_OUT`]) and per address; nobody is locked out for longer than
//!   [`LOCK_OUT`]'s longest wait, and who is signed in already stays so.
//! - Tokens are random, kept as SHA-256, and found by that: what an attacker can time is the hash of what they
//!   sent.

mod accounts;
mod addresses;
mod first;
mod guesses;
mod hashing;
mod rules;
mod secret;
mod sign_in;
mod tokens;

pub use accounts::{AccountDetails, AccountView, NewAccount};
pub use addresses::one_client;
pub use rules::{NAME_MOST, PASSWORD_LEAST, PASSWORD_MOST};
pub use secret::Secret;
pub use sign_in::{Ground, Session, SignInError};
pub use tokens::{NewToken, TOKEN_DAYS_MOST, TokenView};

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::Mutex as Gate;
use usher_core::model::Millis;
use usher_store::{Account, AuditEvent, Change, LockOut, Store, StoreError};

use crate::admin::Operator;
use crate::clock::Clock;
use crate::context::Engine;
use crate::error::EngineError;
use addresses::Addresses;
use guesses::Guesses;
use hashing::{Busy, Hashing};
use sign_in::Verified;

const MINUTE: i64 = 60 * 1000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A session that nobody used for so long ends, milliseconds.
pub const SESSION_IDLE_MS: i64 = 30 * MINUTE;
/// A session ends after so long however it is used, milliseconds.
pub const SESSION_MOST_MS: i64 = 12 * HOUR;
/// So long a name and password that fitted need not be computed again, milliseconds.
pub const VERIFIED_MS: i64 = 5 * MINUTE;
/// So long the first link works, milliseconds.
pub const FIRST_LINK_MS: i64 = DAY;
/// What the text of an API token begins with: so that those who search code for forgotten secrets find it.
pub const TOKEN_PREFIX: &str = "usher_";
/// From the tenth failure on a name waits one minute, then two, four, eight, and never more than fifteen.
pub const LOCK_OUT: LockOut = LockOut {
    after: 10,
    first_ms: MINUTE,
    most_ms: 15 * MINUTE,
    forget_ms: DAY,
};

/// Places where one waits for another who sent the same name and password.
const GATES: usize = 64;

/// Finds out who asks.
#[derive(Clone)]
pub struct Access(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    hashing: Hashing,
    addresses: Mutex<Addresses>,
    guesses: Mutex<Guesses>,
    verified: Mutex<HashMap<[u8; 32], Verified>>,
    /// Of this process only: what is remembered says nothing to anybody else.
    key: [u8; 32],
    gates: Vec<Gate<()>>,
}

/// What is wrong with one field of what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldProblem {
    /// The field, as the published interface names it.
    pub field: String,
    /// What was expected, what was found; never a password.
    pub message: String,
}

impl FieldProblem {
    fn new(field: &str, message: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            message: message.into(),
        }
    }
}

/// Why an account, a token or the first link was not changed.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// There is none.
    #[error("{0}")]
    NotFound(String),
    /// What was asked is wrong; everything at once.
    #[error("{}", told(.0))]
    Invalid(Vec<FieldProblem>),
    /// Who asks must prove first who they are.
    #[error(transparent)]
    SignIn(#[from] SignInError),
    /// It is not allowed, or the store failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

fn told(problems: &[FieldProblem]) -> String {
    let lines: Vec<String> = problems
        .iter()
        .map(|problem| format!("{}: {}", problem.field, problem.message))
        .collect();
    lines.join("\n")
}

impl AccessError {
    fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldProblem::new(field, message)])
    }
}

impl From<StoreError> for AccessError {
    fn from(error: StoreError) -> Self {
        Self::Engine(error.into())
    }
}

impl From<Busy> for AccessError {
    fn from(_: Busy) -> Self {
        Self::SignIn(SignInError::Busy)
    }
}

impl Access {
    /// Over the state and the clock of an engine.
    pub fn new(engine: &Engine) -> Self {
        Self(Arc::new(Inner {
            store: engine.store.clone(),
            clock: engine.clock.clone(),
            hashing: Hashing::new(),
            addresses: Mutex::default(),
            guesses: Mutex::default(),
            verified: Mutex::default(),
            key: secret::random(),
            gates: (0..GATES).map(|_| Gate::new(())).collect(),
        }))
    }

    /// How many passwords were computed so far: the same for a name that exists and for one that does not.
    pub fn computations(&self) -> u64 {
        self.0.hashing.computed()
    }

    fn now(&self) -> Millis {
        self.0.clock.now()
    }

    fn event(&self, actor: &str, event: &str, detail: impl Into<String>) -> AuditEvent {
        AuditEvent {
            at: self.now(),
            actor: actor.to_owned(),
            event: event.to_owned(),
            success: true,
            detail: detail.into(),
            ..AuditEvent::default()
        }
    }
}

/// Who an account stands for.
fn operator(account: &Account) -> Operator {
    Operator {
        name: account.name.clone(),
        roles: account.roles.clone(),
        auditor: account.auditor,
        by_token: false,
    }
}

/// A value as the audit log shows it.
fn shown(value: &impl serde::Serialize) -> String {
    // Texts, truth values and names of roles always serialise.
    serde_json::to_string(value).unwrap_or_default()
}

/// A secret that changed.
fn secret_changed(path: String, was_there: bool) -> Change {
    let dots = || Some("\"********\"".to_owned());
    Change {
        path,
        before: if was_there { dots() } else { None },
        after: dots(),
    }
}
