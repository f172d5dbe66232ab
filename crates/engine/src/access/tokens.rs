//! API tokens: for programs, with fewer roles than their owner and an end.

use std::collections::BTreeSet;

use serde::Serialize;
use usher_core::model::Millis;
use usher_store::{Account, ApiToken, ApiTokenId, Change, Role};

use super::sign_in::noted;
use super::{Access, AccessError, DAY, FieldProblem, Secret, TOKEN_PREFIX, rules, secret, shown};
use crate::admin::{Operator, Permission, role_name};
use crate::error::EngineError;

/// Most days that an API token is valid.
pub const TOKEN_DAYS_MOST: u32 = 366;
/// A use within so long of the last is not written down, milliseconds.
const TOUCH_MS: i64 = 60 * 1000;
/// Most characters of a token's name.
const NAME_MOST: usize = 100;
/// Most tokens of one account.
const TOKENS_MOST: usize = 100;

/// A token to make.
#[derive(Clone, Debug, Default)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// The roles that it gives: some of its owner's.
    pub roles: BTreeSet<Role>,
    /// It only looks; excludes every role.
    pub read_only: bool,
    /// How many days it is valid, 1 to [`TOKEN_DAYS_MOST`].
    pub days: u32,
}

/// A token as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenView {
    /// Its id.
    pub id: ApiTokenId,
    /// What it is for.
    pub name: String,
    /// Whose.
    pub owner: String,
    /// The roles that it gives, as far as its owner has them.
    pub roles: BTreeSet<Role>,
    /// It only looks.
    pub read_only: bool,
    /// When it was made, UTC milliseconds.
    pub created_at: Millis,
    /// When it ends.
    pub expires_at: Millis,
    /// When it was used last; to the minute.
    pub used_at: Option<Millis>,
}

impl TokenView {
    fn of(token: ApiToken, owner: String) -> Self {
        Self {
            id: token.id,
            name: token.name,
            owner,
            roles: token.roles,
            read_only: token.read_only,
            created_at: token.created_at,
            expires_at: token.expires_at,
            used_at: token.used_at,
        }
    }
}

impl Access {
    /// Who an API token stands for: its owner, with what both the token and the owner have now. `None` for
    /// one that is unknown, revoked or expired, or whose owner is not active.
    pub async fn api_token(&self, text: &str) -> Result<Option<Operator>, EngineError> {
        let Some((token, operator)) = self.valid_token(text).await? else {
            return Ok(None);
        };
        let now = self.now();
        let is_noted = token
            .used_at
            .is_some_and(|used| now.saturating_sub(used) < TOUCH_MS);
        if !is_noted {
            let touched = self.0.store.touch_api_token(token.id, now).await;
            noted("the use of an API token", touched);
        }
        Ok(Some(operator))
    }

    /// The same; it does not count as used.
    pub(super) async fn valid_token(
        &self,
        text: &str,
    ) -> Result<Option<(ApiToken, Operator)>, EngineError> {
        if !text.starts_with(TOKEN_PREFIX) {
            return Ok(None);
        }
        let found = self.0.store.api_token(&secret::hash(text)).await?;
        let Some((token, owner)) = found else {
            return Ok(None);
        };
        if self.now() >= token.expires_at || !owner.active {
            return Ok(None);
        }
        let operator = Operator {
            roles: token.roles.intersection(&owner.roles).copied().collect(),
            auditor: token.read_only || owner.auditor,
            name: owner.name,
            by_token: true,
        };
        Ok(Some((token, operator)))
    }

    /// One's own tokens; with [`Permission::ManageOperators`] everybody's.
    pub async fn tokens(&self, acting: &Operator) -> Result<Vec<TokenView>, AccessError> {
        acting.require(Permission::Look)?;
        let owner = if acting.may(Permission::ManageOperators) {
            None
        } else {
            Some(self.own(acting).await?.id)
        };
        let found = self.0.store.api_tokens(owner).await?;
        Ok(found
            .into_iter()
            .map(|(token, owner)| TokenView::of(token, owner))
            .collect())
    }

    /// Makes a token for oneself; the text is shown this once.
    pub async fn add_token(
        &self,
        acting: &Operator,
        new: NewToken,
    ) -> Result<(TokenView, Secret), AccessError> {
        acting.require(Permission::Look)?;
        acting.require_in_person("make or revoke API tokens")?;
        let account = self.own(acting).await?;
        let problems = problems(acting, &new);
        if !problems.is_empty() {
            return Err(AccessError::Invalid(problems));
        }
        if self.0.store.api_tokens(Some(account.id)).await?.len() >= TOKENS_MOST {
            let full = format!(
                "`{}` has {TOKENS_MOST} tokens; revoke some first",
                account.name
            );
            return Err(EngineError::Refused(full).into());
        }
        let text = secret::draw(TOKEN_PREFIX);
        let now = self.now();
        let mut token = ApiToken {
            id: ApiTokenId(0),
            name: new.name,
            token: secret::hash(text.reveal()),
            account: account.id,
            roles: new.roles,
            read_only: new.read_only,
            created_at: now,
            expires_at: now.saturating_add(i64::from(new.days).saturating_mul(DAY)),
            used_at: None,
        };
        let mut event = self.event(
            &acting.name,
            "TOKEN_ADD",
            format!("API token `{}`", token.name),
        );
        event.changes = vec![
            told(&token, "roles", shown(&token.roles)),
            told(&token, "read_only", shown(&token.read_only)),
            told(&token, "expires_at", shown(&token.expires_at)),
        ];
        token.id = self.0.store.add_api_token(&token, &event).await?;
        Ok((TokenView::of(token, account.name), text))
    }

    /// Revokes a token of one's own; with [`Permission::ManageOperators`] anybody's. Another's is not told
    /// from one that does not exist.
    pub async fn revoke_token(&self, acting: &Operator, id: ApiTokenId) -> Result<(), AccessError> {
        acting.require_in_person("make or revoke API tokens")?;
        let none = || AccessError::NotFound(format!("there is no API token {}", id.0));
        let tokens = self.tokens(acting).await?;
        let token = tokens.into_iter().find(|token| token.id == id);
        let token = token.ok_or_else(none)?;
        let detail = format!("API token `{}` of `{}`", token.name, token.owner);
        let event = self.event(&acting.name, "TOKEN_REVOKE", detail);
        if self.0.store.revoke_api_token(id, &event).await? {
            Ok(())
        } else {
            Err(none())
        }
    }

    async fn own(&self, acting: &Operator) -> Result<Account, AccessError> {
        let account = self.0.store.account(&acting.name).await?;
        account.ok_or_else(|| {
            AccessError::NotFound(format!(
                "`{}` has no account: API tokens belong to accounts. Sign in as an operator",
                acting.name
            ))
        })
    }
}

fn told(token: &ApiToken, field: &str, after: String) -> Change {
    Change {
        path: format!("tokens[{}].{field}", token.name),
        before: None,
        after: Some(after),
    }
}

fn problems(acting: &Operator, new: &NewToken) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    let mut wrong = |field: &str, message: String| problems.push(FieldProblem::new(field, message));
    let length = new.name.chars().count();
    if length == 0 || length > NAME_MOST {
        wrong(
            "name",
            format!("expected 1 to {NAME_MOST} characters, found {length}"),
        );
    } else if let Some(problem) = rules::text("name", &new.name) {
        wrong("name", problem.message);
    }
    if !(1..=TOKEN_DAYS_MOST).contains(&new.days) {
        wrong(
            "days",
            format!("expected 1 to {TOKEN_DAYS_MOST}, found {}", new.days),
        );
    }
    if new.read_only != new.roles.is_empty() {
        wrong(
            "roles",
            "expected either `read_only` or some roles, not both and not neither".to_owned(),
        );
    }
    for role in new.roles.difference(&acting.roles) {
        wrong(
            "roles",
            format!(
                "`{}` does not have the role {} and cannot give it to a token",
                acting.name,
                role_name(*role)
            ),
        );
    }
    if acting.auditor && !new.roles.is_empty() {
        wrong(
            "roles",
            "an auditor only looks, and so do their tokens".to_owned(),
        );
    }
    problems
}
