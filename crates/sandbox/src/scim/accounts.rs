//! The account behind a user: linking, unlinking, what reaches it (rows 14, 16, 17, 21 to 23, C.9).

use serde_json::Value;

use super::attributes::ENTERPRISE;
use super::config::AccountKind;
use super::desk::{Desk, new_hex};
use super::error::{Outcome, Refusal};
use super::knobs::{EmailToUnverified, ExternalChange, UnverifiedDomain};
use super::model::{Attributes, User, fold, primary_email};
use super::org::{Change, PROFILE};

/// What of a record reaches the account.
fn profile(attributes: &Attributes) -> Attributes {
    let mut profile = Attributes::new();
    for name in PROFILE {
        if let Some(value) = attributes.get(name) {
            profile.insert(name.to_owned(), value.clone());
        }
    }
    if let Some(extension) = attributes.get(ENTERPRISE).and_then(Value::as_object) {
        profile.extend(extension.clone());
    }
    profile
}

impl Desk<'_> {
    /// The account for a new user: linked if it exists, made if not.
    pub(crate) fn account_for_new(&mut self, email: &str) -> Outcome<String> {
        let verified = self.org.verified(email);
        if !verified && self.knobs.unverified_domain == UnverifiedDomain::Refused {
            let detail = format!("Invalid payload: The domain of email[{email}] is not verified.");
            return Err(Refusal::value(detail));
        }
        match self.org.account_with_email(email) {
            Some(account) if account.kind == AccountKind::Foreign => {
                Err(Refusal::exists("USER", "email", email))
            }
            Some(account) => Ok(account.id.clone()),
            None => {
                let id = new_hex(self.rng, 24);
                let kind = if verified {
                    AccountKind::Managed
                } else {
                    AccountKind::External
                };
                self.org.add_account(id.clone(), email, kind);
                Ok(id)
            }
        }
    }

    /// Decides what a change of a record means for its account, and moves the account's email.
    /// Returns whether the link is lost; refuses a change that may not happen.
    pub(crate) fn settle_account(&mut self, old: &User, new: &Attributes) -> Outcome<bool> {
        let email = primary_email(new).unwrap_or_default();
        let moved = fold(old.email()) != fold(email);
        let verified = self.org.verified(email);
        if moved && !verified && self.knobs.email_to_unverified == EmailToUnverified::Refused {
            let detail = format!("Invalid payload: The domain of email[{email}] is not verified.");
            return Err(Refusal::value(detail));
        }
        let Some(account) = old.account.as_deref().and_then(|id| self.org.account(id)) else {
            return Ok(false);
        };
        let (id, managed) = (account.id.clone(), account.managed());
        if moved
            && self
                .org
                .account_with_email(email)
                .is_some_and(|other| other.id != id)
        {
            return Err(Refusal::exists("USER", "email", email));
        }
        let external = !managed && self.knobs.external_change == ExternalChange::Unlinked;
        let changed = moved || profile(&old.attributes) != profile(new);
        if (moved && managed && !verified) || (external && changed) {
            let text = format!(
                "Email update to unmanaged user with ID {}, primary email {email}, unlinked any \
                 associated atlassian account.",
                old.id
            );
            self.org.note(self.now, true, text);
            return Ok(true);
        }
        if moved {
            self.org.move_account(&id, email);
        }
        Ok(false)
    }

    /// Sends profile and status to the account; only managed accounts have a status to set.
    pub(crate) fn send_profile(&mut self, user: &User, active: Option<bool>) {
        let Some(account) = user.account.as_deref().and_then(|id| self.org.account(id)) else {
            return;
        };
        let active = active.filter(|_| account.managed());
        let account = account.id.clone();
        self.propagate(Change::Profile {
            account,
            profile: profile(&user.attributes),
            active,
        });
    }
}
