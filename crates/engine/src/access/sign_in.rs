//! Signing in with a name and a password, and what a session is.

use std::net::IpAddr;
use std::sync::PoisonError;

use sha2::{Digest as _, Sha256};
use usher_core::model::Millis;
use usher_store::{Account, PasswordHash, SessionRecord, StoreError};

use super::hashing::Busy;
use super::secret::{self, Secret};
use super::{
    Access, LOCK_OUT, NAME_MOST, PASSWORD_MOST, SESSION_IDLE_MS, SESSION_MOST_MS, VERIFIED_MS,
    operator,
};
use crate::admin::{Operator, Permission};
use crate::error::EngineError;

/// A use of a session within so long of the last is not written down, milliseconds.
const TOUCH_MS: i64 = 60 * 1000;
/// So far in the future the times of a session may be: clocks are set right by a little all the time.
const AHEAD_MS: i64 = 5 * 60 * 1000;
/// Most verified credentials that are remembered.
const VERIFIED_MOST: usize = 1000;

/// A session.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its token: whoever has it is signed in.
    pub token: Secret,
    /// What a request that changes something must bring beside the token.
    pub csrf: Secret,
    /// Whose.
    pub operator: Operator,
    /// When it began.
    pub created_at: Millis,
    /// When it ends however it is used.
    pub expires_at: Millis,
}

impl Session {
    /// Whether a request of this session brought the right text along; takes as long when it did not.
    pub fn is_csrf(&self, text: &str) -> bool {
        secret::same_text(self.csrf.reveal(), text)
    }
}

/// What somebody was let in with.
#[derive(Clone, Debug)]
pub enum Ground {
    /// A session's token.
    Session(Secret),
    /// An API token.
    Token(Secret),
    /// A name and a password.
    Password {
        /// The name.
        name: String,
        /// When the password fitted.
        at: Millis,
    },
}

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Name and password do not fit, or the account may not sign in. Which of them is not told.
    #[error(
        "the user name or the password is wrong, or the account is not active; somebody with the role USER_ADMINISTRATOR can set a new password (on the machine itself: `usher operators reset-password NAME`)"
    )]
    Refused,
    /// There were too many failures.
    #[error(
        "there were too many failures to sign in; try again in {seconds} seconds. Sessions that are open go on"
    )]
    Wait {
        /// How long to wait.
        seconds: u64,
    },
    /// Too many sign in at once.
    #[error("too many are signing in at this moment; try again in a few seconds")]
    Busy,
    /// The state store failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<StoreError> for SignInError {
    fn from(error: StoreError) -> Self {
        Self::Engine(error.into())
    }
}

impl From<Busy> for SignInError {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

/// A name and a password that fitted.
pub(super) struct Verified {
    /// The hash that the password fitted: another one asks anew.
    hash: PasswordHash,
    until: Millis,
}

impl Access {
    /// Signs in: a new session with a token of its own, whatever the caller had before.
    pub async fn sign_in(
        &self,
        name: &str,
        password: &str,
        from: Option<IpAddr>,
    ) -> Result<Session, SignInError> {
        let account = self.verify(name, password, from).await?;
        self.open_session(&account).await
    }

    /// Who has this name and password; remembered for [`VERIFIED_MS`] per address, so that programs which
    /// send both with each request do not compute each time. Another address gains nothing by that: its
    /// guesses count as everybody's.
    pub async fn basic(
        &self,
        name: &str,
        password: &str,
        from: Option<IpAddr>,
    ) -> Result<Operator, SignInError> {
        let key = self.key_of(name, password, from);
        if let Some(account) = self.remembered(&key, name).await? {
            return Ok(operator(&account));
        }
        // Whoever sends the same side by side waits for the first and finds its result.
        let place = usize::from(key.first().copied().unwrap_or_default());
        let gate = self.0.gates.get(place % self.0.gates.len().max(1));
        let _turn = match gate {
            Some(gate) => Some(gate.lock().await),
            None => None,
        };
        if let Some(account) = self.remembered(&key, name).await? {
            return Ok(operator(&account));
        }
        let account = self.verify(name, password, from).await?;
        self.remember(key, &account);
        Ok(operator(&account))
    }

    /// The session of a token, unless it has ended; it counts as used.
    pub async fn session(&self, token: &str) -> Result<Option<Session>, EngineError> {
        let hash = secret::hash(token);
        let Some((record, account)) = self.0.store.session(&hash).await? else {
            return Ok(None);
        };
        let now = self.now();
        if !self.is_alive(&record, &account) {
            noted(
                "the end of a session",
                self.0.store.end_session(&hash).await,
            );
            return Ok(None);
        }
        if now.saturating_sub(record.seen_at) >= TOUCH_MS {
            let touched = self.0.store.touch_session(&hash, now).await;
            noted("the use of a session", touched);
        }
        Ok(Some(Session {
            csrf: secret::csrf(token),
            token: Secret::from(token),
            operator: operator(&account),
            created_at: record.created_at,
            expires_at: record.expires_at,
        }))
    }

    fn is_alive(&self, record: &SessionRecord, account: &Account) -> bool {
        let now = self.now();
        let idle = now.saturating_sub(record.seen_at) >= SESSION_IDLE_MS;
        // Of a clock that was ahead: it would live on for as long as that was.
        let is_future = record.created_at.max(record.seen_at) > now.saturating_add(AHEAD_MS);
        !idle && !is_future && now < record.expires_at && account.active
    }

    /// Whether what somebody was let in with still lets them in to look; nothing of it counts as used.
    pub async fn still_may_look(&self, ground: &Ground) -> Result<bool, EngineError> {
        let operator = match ground {
            Ground::Session(token) => {
                let found = self.0.store.session(&secret::hash(token.reveal())).await?;
                let alive = found.filter(|(record, account)| self.is_alive(record, account));
                alive.map(|(_, account)| operator(&account))
            }
            Ground::Token(text) => {
                let found = self.valid_token(text.reveal()).await?;
                found.map(|(_, operator)| operator)
            }
            Ground::Password { name, at } => {
                let found = self.0.store.account(name).await?;
                let same = found.filter(|one| one.active && one.password_changed_at <= *at);
                same.map(|account| operator(&account))
            }
        };
        Ok(operator.is_some_and(|operator| operator.may(Permission::Look)))
    }

    /// Ends a session.
    pub async fn sign_out(&self, token: &str) -> Result<(), EngineError> {
        let hash = secret::hash(token);
        let Some((_, account)) = self.0.store.session(&hash).await? else {
            return Ok(());
        };
        if self.0.store.end_session(&hash).await? {
            let event = self.event(&account.name, "SIGN_OUT", "");
            self.0.store.audit(&[event]).await?;
        }
        Ok(())
    }

    pub(super) async fn open_session(&self, account: &Account) -> Result<Session, SignInError> {
        let token = secret::draw("");
        let now = self.now();
        let record = SessionRecord {
            token: secret::hash(token.reveal()),
            account: account.id,
            created_at: now,
            seen_at: now,
            expires_at: now.saturating_add(SESSION_MOST_MS),
        };
        self.0.store.add_session(&record).await?;
        Ok(Session {
            csrf: secret::csrf(token.reveal()),
            token,
            operator: operator(account),
            created_at: now,
            expires_at: record.expires_at,
        })
    }

    /// The account that this name and password belong to. Costs one computation, whoever asks.
    pub(super) async fn verify(
        &self,
        name: &str,
        password: &str,
        from: Option<IpAddr>,
    ) -> Result<Account, SignInError> {
        if let Some(from) = from
            && let Some(until) = self.addresses().begin(from, self.now())
        {
            return Err(self.wait(until));
        }
        // Counted when it is its turn: who signs in rightly many times side by side is nobody who guesses.
        let turn = self.0.hashing.turn().await?;
        let limited: String = name.chars().take(NAME_MOST + 1).collect();
        if let Some(until) = self.begin(&limited).await? {
            return Err(self.wait(until));
        }
        let account = self.0.store.account(&limited).await?;
        let hash = account.as_ref().map(|account| &account.password);
        let password = if password.len() > PASSWORD_MOST {
            ""
        } else {
            password
        };
        let fits = self.0.hashing.fits(turn, password, hash).await?;
        match account {
            Some(account) if fits && account.active => {
                self.guesses().remove(&limited);
                noted("a sign-in", self.0.store.signed_in(&limited).await);
                if let Some(from) = from {
                    self.addresses().signed_in(from);
                }
                noted("a sign-in", self.told(&account.name, true, from).await);
                Ok(account)
            }
            known => {
                // What is no name of ours may be a password that was typed into the wrong field.
                let who = known.map_or("unknown".to_owned(), |account| account.name);
                noted("a failure to sign in", self.told(&who, false, from).await);
                Err(SignInError::Refused)
            }
        }
    }

    /// Begins an attempt under a name; `Some` = not before then. While that cannot be written, attempts are
    /// counted here: nobody guesses without end, and whoever signs in rightly can look.
    async fn begin(&self, name: &str) -> Result<Option<Millis>, StoreError> {
        let now = self.now();
        let begun = self.0.store.begin_sign_in(name, now, &LOCK_OUT).await;
        let Err(error) = begun else {
            self.write_guesses(name, now).await;
            return begun;
        };
        let written = self.0.store.failures(name).await?;
        let longest = now.saturating_add(LOCK_OUT.most_ms);
        if (now + 1..=longest).contains(&written.locked_until) {
            return Ok(Some(written.locked_until));
        }
        tracing::warn!(%error, "an attempt to sign in could not be written");
        Ok(self.guesses().begin(name, now))
    }

    /// Adds to the state what was counted here under a name, until it waits there. What was counted under
    /// other names stays: where something is written now and then only, nobody guesses anew.
    async fn write_guesses(&self, name: &str, now: Millis) {
        while self.guesses().has(name) {
            match self.0.store.begin_sign_in(name, now, &LOCK_OUT).await {
                Ok(None) => self.guesses().written(name),
                Ok(Some(_)) => self.guesses().remove(name),
                Err(_) => return,
            }
        }
    }

    async fn told(&self, who: &str, success: bool, from: Option<IpAddr>) -> Result<(), StoreError> {
        let detail = from.map_or_else(String::new, |from| format!("from {from}"));
        let mut event = self.event(who, "SIGN_IN", detail);
        event.success = success;
        self.0.store.audit(&[event]).await
    }

    fn wait(&self, until: Millis) -> SignInError {
        let ms = until.saturating_sub(self.now()).max(1) as u64;
        SignInError::Wait {
            seconds: ms.div_ceil(1000),
        }
    }

    fn addresses(&self) -> std::sync::MutexGuard<'_, super::Addresses> {
        self.0
            .addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn guesses(&self) -> std::sync::MutexGuard<'_, super::Guesses> {
        self.0
            .guesses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// What name and password are remembered under; each part with its length before it.
    fn key_of(&self, name: &str, password: &str, from: Option<IpAddr>) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(self.0.key);
        let from = from.map_or_else(String::new, |from| from.to_string());
        for part in [name, password, &from] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.finalize().into()
    }

    async fn remembered(&self, key: &[u8; 32], name: &str) -> Result<Option<Account>, SignInError> {
        let hash = {
            let verified = self.verified();
            match verified.get(key) {
                Some(found) if found.until > self.now() => found.hash.clone(),
                _ => return Ok(None),
            }
        };
        let account = self.0.store.account(name).await?;
        Ok(account.filter(|account| account.active && account.password == hash))
    }

    fn remember(&self, key: [u8; 32], account: &Account) {
        let now = self.now();
        let mut verified = self.verified();
        if verified.len() >= VERIFIED_MOST {
            verified.retain(|_, found| found.until > now);
        }
        if verified.len() >= VERIFIED_MOST {
            verified.clear();
        }
        let found = Verified {
            hash: account.password.clone(),
            until: now.saturating_add(VERIFIED_MS),
        };
        verified.insert(key, found);
    }

    fn verified(&self) -> std::sync::MutexGuard<'_, std::collections::HashMap<[u8; 32], Verified>> {
        self.0
            .verified
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request does not fail because something beside it could not be written down; the log says what.
pub(super) fn noted<T>(what: &str, written: Result<T, StoreError>) {
    if let Err(error) = written {
        tracing::warn!(%error, "{what} could not be written");
    }
}
