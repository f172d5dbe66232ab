//! Operators: accounts, attempts to sign in, sessions, API tokens, the first link.

use async_trait::async_trait;
use serde::Serialize;
use sqlx::Row as _;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use usher_core::model::Millis;
use usher_store::{
    Account, AccountChange, AccountId, Accounts, ApiToken, ApiTokenId, AuditEvent, Failures,
    FirstLink, LockOut, Operators, PasswordHash, Result, Role, SessionRecord, TokenHash,
};

use crate::admin::add_audit;
use crate::cells::Cells;
use crate::error::backend;
use crate::open::SqliteStore;
use crate::sql::operators as sql;
use crate::tx::{Tx, list};

/// A row of `account`, for statements that take it apart.
#[derive(Serialize)]
struct AccountRow<'a> {
    id: i64,
    name: &'a str,
    password: &'a str,
    roles: &'a std::collections::BTreeSet<Role>,
    auditor: bool,
    active: bool,
    description: &'a str,
    phone: &'a str,
    email: &'a str,
    department: &'a str,
    created_at: Millis,
    modified_at: Millis,
    password_changed_at: Millis,
}

impl<'a> From<&'a Account> for AccountRow<'a> {
    fn from(account: &'a Account) -> Self {
        Self {
            id: account.id.0,
            name: &account.name,
            password: &account.password.0,
            roles: &account.roles,
            auditor: account.auditor,
            active: account.active,
            description: &account.description,
            phone: &account.phone,
            email: &account.email,
            department: &account.department,
            created_at: account.created_at,
            modified_at: account.modified_at,
            password_changed_at: account.password_changed_at,
        }
    }
}

pub(crate) type Query<'q> = sqlx::query::Query<'q, sqlx::Sqlite, SqliteArguments>;

pub(crate) async fn execute(tx: &mut Tx, query: Query<'_>) -> Result<u64> {
    Ok(query
        .execute(tx.conn())
        .await
        .map_err(backend)?
        .rows_affected())
}

fn bytes(token: &TokenHash) -> Vec<u8> {
    token.0.to_vec()
}

#[async_trait]
impl Operators for SqliteStore {
    async fn accounts(&self) -> Result<Accounts> {
        // One snapshot: the revision must be that of the accounts.
        let mut read = self.readers.begin().await.map_err(backend)?;
        let row = sqlx::query(sql::REVISION)
            .fetch_one(&mut *read)
            .await
            .map_err(backend)?;
        let rows = sqlx::query(sql::ACCOUNTS)
            .fetch_all(&mut *read)
            .await
            .map_err(backend)?;
        Ok(Accounts {
            revision: Cells::of("accounts", &row).count("revision")?,
            accounts: rows.iter().map(account).collect::<Result<_>>()?,
        })
    }

    async fn account(&self, name: &str) -> Result<Option<Account>> {
        let row = sqlx::query(sql::ACCOUNT)
            .bind(name)
            .fetch_optional(&self.readers)
            .await
            .map_err(backend)?;
        row.as_ref().map(account).transpose()
    }

    async fn change_accounts(&self, change: &AccountChange, audit: &[AuditEvent]) -> Result<bool> {
        let mut tx = Tx::begin(&self.writer).await?;
        let next = sqlx::query(sql::REVISION_NEXT).bind(change.from_revision as i64);
        if execute(&mut tx, next).await? == 0 {
            return Ok(false);
        }
        if let Some(account) = &change.write {
            let statement = match account.id {
                AccountId(0) => sql::ACCOUNT_ADD,
                _ => sql::ACCOUNT_SAVE,
            };
            tx.batch(statement, &list(&AccountRow::from(account))?)
                .await?;
        }
        for (statement, id) in [
            (sql::SESSIONS_OF, change.end_sessions_of),
            (sql::TOKENS_OF, change.revoke_tokens_of),
            (sql::ACCOUNT_REMOVE, change.remove),
        ] {
            if let Some(id) = id {
                execute(&mut tx, sqlx::query(statement).bind(id.0)).await?;
            }
        }
        if let Some(name) = &change.forgive {
            execute(&mut tx, sqlx::query(sql::FORGIVE).bind(name)).await?;
        }
        add_audit(&mut tx, audit).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn begin_sign_in(
        &self,
        name: &str,
        now: Millis,
        rules: &LockOut,
    ) -> Result<Option<Millis>> {
        let mut tx = Tx::begin(&self.writer).await?;
        let row = sqlx::query(sql::FAILURES)
            .bind(name)
            .fetch_optional(tx.conn())
            .await
            .map_err(backend)?;
        let (mut found, at) = match &row {
            None => (Failures::default(), now),
            Some(row) => (failures(row)?, Cells::of("sign_in", row).get("at")?),
        };
        // A longer wait than there is comes of a clock that was ahead: it does not hold.
        let longest = now.saturating_add(rules.most_ms);
        if (now + 1..=longest).contains(&found.locked_until) {
            return Ok(Some(found.locked_until));
        }
        if now.saturating_sub(at) >= rules.forget_ms {
            found.count = 0;
        }
        let count = found.count.saturating_add(1);
        let wait = rules.wait_ms(count);
        let until = if wait == 0 {
            0
        } else {
            now.saturating_add(wait)
        };
        let save = sqlx::query(sql::FAILURES_SAVE)
            .bind(name)
            .bind(i64::from(count))
            .bind(until)
            .bind(now);
        execute(&mut tx, save).await?;
        if row.is_none() {
            execute(&mut tx, sqlx::query(sql::FAILURES_TRIM)).await?;
        }
        tx.commit().await?;
        Ok(None)
    }

    async fn signed_in(&self, name: &str) -> Result<()> {
        let mut tx = Tx::begin(&self.writer).await?;
        execute(&mut tx, sqlx::query(sql::FORGIVE).bind(name)).await?;
        tx.commit().await
    }

    async fn failures(&self, name: &str) -> Result<Failures> {
        let row = sqlx::query(sql::FAILURES)
            .bind(name)
            .fetch_optional(&self.readers)
            .await
            .map_err(backend)?;
        row.as_ref().map_or(Ok(Failures::default()), failures)
    }

    async fn add_session(&self, session: &SessionRecord) -> Result<()> {
        let mut tx = Tx::begin(&self.writer).await?;
        let expired = sqlx::query(sql::SESSIONS_EXPIRED).bind(session.created_at);
        execute(&mut tx, expired).await?;
        let add = sqlx::query(sql::SESSION_ADD)
            .bind(bytes(&session.token))
            .bind(session.account.0)
            .bind(session.created_at)
            .bind(session.seen_at)
            .bind(session.expires_at);
        execute(&mut tx, add).await?;
        tx.commit().await
    }

    async fn session(&self, token: &TokenHash) -> Result<Option<(SessionRecord, Account)>> {
        let row = sqlx::query(sql::SESSION)
            .bind(bytes(token))
            .fetch_optional(&self.readers)
            .await
            .map_err(backend)?;
        let Some(row) = row else { return Ok(None) };
        let cells = Cells::of("session", &row);
        let session = SessionRecord {
            token: hash(&cells)?,
            account: AccountId(cells.get("account")?),
            created_at: cells.get("session_created_at")?,
            seen_at: cells.get("seen_at")?,
            expires_at: cells.get("expires_at")?,
        };
        Ok(Some((session, account(&row)?)))
    }

    async fn touch_session(&self, token: &TokenHash, seen_at: Millis) -> Result<()> {
        let mut tx = Tx::begin(&self.writer).await?;
        let touch = sqlx::query(sql::SESSION_TOUCH)
            .bind(bytes(token))
            .bind(seen_at);
        execute(&mut tx, touch).await?;
        tx.commit().await
    }

    async fn end_session(&self, token: &TokenHash) -> Result<bool> {
        let mut tx = Tx::begin(&self.writer).await?;
        let ended = execute(&mut tx, sqlx::query(sql::SESSION_END).bind(bytes(token))).await?;
        tx.commit().await?;
        Ok(ended > 0)
    }

    async fn add_api_token(&self, token: &ApiToken, audit: &AuditEvent) -> Result<ApiTokenId> {
        let mut tx = Tx::begin(&self.writer).await?;
        let row = sqlx::query(sql::TOKEN_ADD)
            .bind(&token.name)
            .bind(bytes(&token.token))
            .bind(token.account.0)
            .bind(list(&token.roles)?)
            .bind(token.read_only)
            .bind(token.created_at)
            .bind(token.expires_at)
            .fetch_one(tx.conn())
            .await
            .map_err(backend)?;
        let id = ApiTokenId(row.try_get(0).map_err(backend)?);
        add_audit(&mut tx, std::slice::from_ref(audit)).await?;
        tx.commit().await?;
        Ok(id)
    }

    async fn api_tokens(&self, account: Option<AccountId>) -> Result<Vec<(ApiToken, String)>> {
        let rows = sqlx::query(sql::TOKENS)
            .bind(account.map(|id| id.0))
            .fetch_all(&self.readers)
            .await
            .map_err(backend)?;
        rows.iter()
            .map(|row| Ok((api_token(row)?, Cells::of("api_token", row).get("owner")?)))
            .collect()
    }

    async fn api_token(&self, token: &TokenHash) -> Result<Option<(ApiToken, Account)>> {
        let row = sqlx::query(sql::TOKEN)
            .bind(bytes(token))
            .fetch_optional(&self.readers)
            .await
            .map_err(backend)?;
        row.map(|row| Ok((api_token(&row)?, account(&row)?)))
            .transpose()
    }

    async fn touch_api_token(&self, id: ApiTokenId, used_at: Millis) -> Result<()> {
        let mut tx = Tx::begin(&self.writer).await?;
        let touch = sqlx::query(sql::TOKEN_TOUCH).bind(id.0).bind(used_at);
        execute(&mut tx, touch).await?;
        tx.commit().await
    }

    async fn revoke_api_token(&self, id: ApiTokenId, audit: &AuditEvent) -> Result<bool> {
        let mut tx = Tx::begin(&self.writer).await?;
        let revoke = sqlx::query(sql::TOKEN_REVOKE).bind(id.0);
        if execute(&mut tx, revoke).await? == 0 {
            return Ok(false);
        }
        add_audit(&mut tx, std::slice::from_ref(audit)).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn first_link(&self) -> Result<Option<FirstLink>> {
        let row = sqlx::query(sql::REVISION)
            .fetch_one(&self.readers)
            .await
            .map_err(backend)?;
        let cells = Cells::of("accounts", &row);
        let Some(bytes) = cells.get::<Option<&[u8]>>("link")? else {
            return Ok(None);
        };
        Ok(Some(FirstLink {
            token: token_hash(&cells, "link", bytes)?,
            expires_at: cells.get("link_expires_at")?,
        }))
    }

    async fn set_first_link(&self, link: &FirstLink, audit: &AuditEvent) -> Result<bool> {
        let mut tx = Tx::begin(&self.writer).await?;
        let save = sqlx::query(sql::LINK_SAVE)
            .bind(bytes(&link.token))
            .bind(link.expires_at);
        if execute(&mut tx, save).await? == 0 {
            return Ok(false);
        }
        add_audit(&mut tx, std::slice::from_ref(audit)).await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn end_all_sessions(&self) -> Result<()> {
        let mut tx = Tx::begin(&self.writer).await?;
        for statement in [sql::SESSIONS_ALL, sql::LINK_CLEAR] {
            execute(&mut tx, sqlx::query(statement)).await?;
        }
        tx.commit().await
    }
}

fn account(row: &SqliteRow) -> Result<Account> {
    let cells = Cells::of("account", row);
    Ok(Account {
        id: AccountId(cells.get("id")?),
        name: cells.get("name")?,
        password: PasswordHash(cells.get("password")?),
        roles: cells.json("roles_json")?,
        auditor: cells.get("auditor")?,
        active: cells.get("active")?,
        description: cells.get("description")?,
        phone: cells.get("phone")?,
        email: cells.get("email")?,
        department: cells.get("department")?,
        created_at: cells.get("created_at")?,
        modified_at: cells.get("modified_at")?,
        password_changed_at: cells.get("password_changed_at")?,
    })
}

fn failures(row: &SqliteRow) -> Result<Failures> {
    let cells = Cells::of("sign_in", row);
    Ok(Failures {
        count: u32::try_from(cells.count("failures")?).unwrap_or(u32::MAX),
        locked_until: cells.get("locked_until")?,
    })
}

fn api_token(row: &SqliteRow) -> Result<ApiToken> {
    let cells = Cells::of("api_token", row);
    Ok(ApiToken {
        id: ApiTokenId(cells.get("token_id")?),
        name: cells.get("token_name")?,
        token: hash(&cells)?,
        account: AccountId(cells.get("account")?),
        roles: cells.json("token_roles_json")?,
        read_only: cells.get("read_only")?,
        created_at: cells.get("token_created_at")?,
        expires_at: cells.get("expires_at")?,
        used_at: cells.get("used_at")?,
    })
}

fn hash(cells: &Cells<'_>) -> Result<TokenHash> {
    let bytes = cells.get::<&[u8]>("token")?;
    token_hash(cells, "token", bytes)
}

fn token_hash(cells: &Cells<'_>, column: &'static str, bytes: &[u8]) -> Result<TokenHash> {
    let array = <[u8; 32]>::try_from(bytes)
        .map_err(|_| cells.bad(column, format!("expected 32 bytes, found {}", bytes.len())))?;
    Ok(TokenHash(array))
}
