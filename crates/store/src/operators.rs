//! The accounts of operators, and what proves that a request comes from one of them.
//!
//! None of this belongs to a target, so nothing here carries a fence. What proves who somebody is never
//! stands here in the clear: passwords as argon2id hashes, the random tokens of sessions, API tokens and the
//! first link as SHA-256. Whoever copies the state can sign in with none of it.

use std::collections::BTreeSet;
use std::fmt;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use usher_core::model::Millis;

use crate::{AuditEvent, Result};

/// A role of an operator, as the published administrative API names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// Configures and operates everything but what the other roles are for.
    Administrator,
    /// Manages the accounts of operators.
    UserAdministrator,
    /// Manages certificates and keys.
    CryptoAdministrator,
    /// Writes mapping expressions.
    ExpressionAdministrator,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [
        Self::Administrator,
        Self::UserAdministrator,
        Self::CryptoAdministrator,
        Self::ExpressionAdministrator,
    ];
}

/// The id of an account; 0 until the store gave it one. Never used twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(
    /// The number.
    pub i64,
);

/// The id of an API token; 0 until the store gave it one. Never used twice.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct ApiTokenId(
    /// The number.
    pub i64,
);

/// An argon2id hash in PHC form. Its `Debug` hides it: a log is no place for something to guess against.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(
    /// The text, such as `$argon2id$v=19$...`.
    pub String,
);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// The SHA-256 of a random token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(
    /// The bytes.
    pub [u8; 32],
);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}

/// An operator's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id; 0 for one that is not stored yet.
    pub id: AccountId,
    /// The name to sign in with. Compared without regard to the case of ASCII letters, and unique so.
    pub name: String,
    /// The hash of the password.
    pub password: PasswordHash,
    /// The roles.
    pub roles: BTreeSet<Role>,
    /// Only looks.
    pub auditor: bool,
    /// May sign in.
    pub active: bool,
    /// What it is for.
    pub description: String,
    /// A phone number.
    pub phone: String,
    /// An e-mail address.
    pub email: String,
    /// A department.
    pub department: String,
    /// When it was made.
    pub created_at: Millis,
    /// When anything but the password changed last.
    pub modified_at: Millis,
    /// When the password changed last.
    pub password_changed_at: Millis,
}

/// All accounts as they were at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// Grows with every change to any account or to the first link.
    pub revision: u64,
    /// The accounts, by name.
    pub accounts: Vec<Account>,
}

/// A change to the accounts, made from one revision of them.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// The revision that it was made from.
    pub from_revision: u64,
    /// An account to add (id 0) or to replace.
    pub write: Option<Account>,
    /// An account to remove, with its sessions and API tokens.
    pub remove: Option<AccountId>,
    /// The sessions of this account end.
    pub end_sessions_of: Option<AccountId>,
    /// The API tokens of this account are revoked.
    pub revoke_tokens_of: Option<AccountId>,
    /// Failures to sign in under this name are forgotten.
    pub forgive: Option<String>,
}

/// When signing in must wait, for one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockOut {
    /// From this failure on.
    pub after: u32,
    /// The first wait, milliseconds; each further failure doubles it.
    pub first_ms: i64,
    /// The longest wait, milliseconds.
    pub most_ms: i64,
    /// Without an attempt for so long, milliseconds, failures are forgotten.
    pub forget_ms: i64,
}

impl LockOut {
    /// How long to wait after so many failures, milliseconds; 0 = not at all.
    pub fn wait_ms(&self, failures: u32) -> i64 {
        match failures.checked_sub(self.after) {
            None => 0,
            Some(further) => self
                .first_ms
                .saturating_mul(1_i64.checked_shl(further.min(40)).unwrap_or(i64::MAX))
                .min(self.most_ms),
        }
    }
}

/// Failures to sign in under a name since the last success.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: u32,
    /// Nobody signs in under this name before that time; 0 = no wait.
    pub locked_until: Millis,
}

/// A session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// The hash of its token.
    pub token: TokenHash,
    /// Whose.
    pub account: AccountId,
    /// When it began.
    pub created_at: Millis,
    /// When it was used last.
    pub seen_at: Millis,
    /// When it ends whatever is done with it.
    pub expires_at: Millis,
}

/// An API token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiToken {
    /// Its id; 0 for one that is not stored yet.
    pub id: ApiTokenId,
    /// What its owner calls it.
    pub name: String,
    /// The hash of the token.
    pub token: TokenHash,
    /// Whose.
    pub account: AccountId,
    /// The roles that it gives, as far as its owner has them.
    pub roles: BTreeSet<Role>,
    /// It only looks.
    pub read_only: bool,
    /// When it was made.
    pub created_at: Millis,
    /// When it ends.
    pub expires_at: Millis,
    /// When it was used last.
    pub used_at: Option<Millis>,
}

/// The link with which the first account is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstLink {
    /// The hash of its token.
    pub token: TokenHash,
    /// When it ends.
    pub expires_at: Millis,
}

/// Accounts, sessions, API tokens. Each method is one transaction.
#[async_trait]
pub trait Operators: Send + Sync {
    /// Every account, and the revision of them all.
    async fn accounts(&self) -> Result<Accounts>;

    /// The account of that name.
    async fn account(&self, name: &str) -> Result<Option<Account>>;

    /// Changes accounts and writes what is told of it. `false`, and nothing happens, when the accounts have
    /// another revision by now: read them again and decide anew. So a rule over all accounts (one of them
    /// must be able to manage the others) holds however many processes change them. Any change takes the
    /// first link away. A name that another account has is [`crate::StoreError::Backend`]; the caller looks
    /// before.
    async fn change_accounts(&self, change: &AccountChange, audit: &[AuditEvent]) -> Result<bool>;

    /// Begins an attempt to sign in under a name, whether there is such an account or not: `Some` = wait
    /// until then, and nothing is counted. Otherwise it is counted as a failure at once, so that attempts
    /// made side by side do not get past the limit; [`Operators::signed_in`] takes it back.
    ///
    /// Names without an account are remembered too (the ten thousand latest), or waiting would tell who has
    /// one.
    async fn begin_sign_in(
        &self,
        name: &str,
        now: Millis,
        rules: &LockOut,
    ) -> Result<Option<Millis>>;

    /// Forgets the failures of a name.
    async fn signed_in(&self, name: &str) -> Result<()>;

    /// The failures of a name since its last success.
    async fn failures(&self, name: &str) -> Result<Failures>;

    /// Adds a session. Those that have expired by its beginning are deleted.
    async fn add_session(&self, session: &SessionRecord) -> Result<()>;

    /// The session of a token, with its account; expired or not.
    async fn session(&self, token: &TokenHash) -> Result<Option<(SessionRecord, Account)>>;

    /// Keeps when a session was used. One that ended meanwhile stays ended.
    async fn touch_session(&self, token: &TokenHash, seen_at: Millis) -> Result<()>;

    /// Ends a session; whether there was one.
    async fn end_session(&self, token: &TokenHash) -> Result<bool>;

    /// Adds an API token with its audit event; its id.
    async fn add_api_token(&self, token: &ApiToken, audit: &AuditEvent) -> Result<ApiTokenId>;

    /// The API tokens of an account, or of all, with the name of each owner; by id.
    async fn api_tokens(&self, account: Option<AccountId>) -> Result<Vec<(ApiToken, String)>>;

    /// The API token of a hash, with its owner; expired or not.
    async fn api_token(&self, token: &TokenHash) -> Result<Option<(ApiToken, Account)>>;

    /// Keeps when an API token was used.
    async fn touch_api_token(&self, id: ApiTokenId, used_at: Millis) -> Result<()>;

    /// Revokes an API token with its audit event; whether there was one. Without one nothing is written.
    async fn revoke_api_token(&self, id: ApiTokenId, audit: &AuditEvent) -> Result<bool>;

    /// The link with which the first account can be made.
    async fn first_link(&self) -> Result<Option<FirstLink>>;

    /// Replaces the link, with its audit event. `false`, and nothing happens, when there is an account.
    async fn set_first_link(&self, link: &FirstLink, audit: &AuditEvent) -> Result<bool>;

    /// Ends every session and takes the first link away: after a restore, what was signed in at the time of
    /// the backup is nobody's any more.
    async fn end_all_sessions(&self) -> Result<()>;
}
