//! The link with which the first account is made.

use usher_store::{FirstLink, Role};

use super::{
    Access, AccessError, AccountDetails, FIRST_LINK_MS, NewAccount, Secret, Session, secret,
};
use crate::admin::{Operator, Permission};
use crate::error::EngineError;

pub(super) fn link_is_used() -> EngineError {
    EngineError::Forbidden(
        "the first link is not valid: it was used, it is older than a day, or there is a newer one; `usher operators link` makes one while there is no operator"
            .to_owned(),
    )
}

impl Access {
    /// Whether somebody must use the first link before anybody can sign in.
    pub async fn is_first_run(&self) -> Result<bool, EngineError> {
        Ok(self.0.store.accounts().await?.accounts.is_empty())
    }

    /// Makes the link with which the first account is made: works once, for [`FIRST_LINK_MS`], and ends the
    /// one that was made before. Refused when there is an account. Takes [`Permission::ManageOperators`].
    pub async fn first_link(&self, acting: &Operator) -> Result<Secret, EngineError> {
        acting.require(Permission::ManageOperators)?;
        let token = secret::draw("");
        let link = FirstLink {
            token: secret::hash(token.reveal()),
            expires_at: self.now().saturating_add(FIRST_LINK_MS),
        };
        let event = self.event(&acting.name, "FIRST_LINK", "valid for a day, once");
        if self.0.store.set_first_link(&link, &event).await? {
            return Ok(token);
        }
        Err(EngineError::Refused(
            "there are operators already: sign in as one of them, or set a new password with `usher operators reset-password NAME`"
                .to_owned(),
        ))
    }

    /// Makes the first account, with every role, and signs it in.
    pub async fn redeem(
        &self,
        link: &str,
        name: &str,
        password: &str,
    ) -> Result<Session, AccessError> {
        // Read before the link: whatever changes after this is noticed when the account is written.
        let revision = self.0.store.accounts().await?.revision;
        let kept = self.0.store.first_link().await?;
        let hash = secret::hash(link);
        let is_it = kept
            .is_some_and(|kept| secret::same(&kept.token, &hash) && self.now() < kept.expires_at);
        if !is_it {
            return Err(link_is_used().into());
        }
        let new = NewAccount {
            name: name.to_owned(),
            password: password.to_owned(),
            details: AccountDetails {
                roles: Role::ALL.into(),
                active: true,
                description: "the first operator".to_owned(),
                ..AccountDetails::default()
            },
        };
        self.add(name, new, Some(revision)).await?;
        let account = self.0.store.account(name).await?;
        let account = account.ok_or_else(link_is_used)?;
        Ok(self.open_session(&account).await?)
    }
}
