//! Managing the accounts of operators.

use std::collections::BTreeSet;

use serde::Serialize;
use usher_core::model::Millis;
use usher_store::{
    Account, AccountChange, AccountId, Accounts, AuditEvent, Change, Failures, PasswordHash, Role,
};

use super::{Access, AccessError, FieldProblem, LOCK_OUT, rules, secret_changed, shown};
use crate::admin::{Operator, Permission};
use crate::error::EngineError;

/// How often a change is decided anew when somebody else changed an account in between.
const ROUNDS: u32 = 20;

/// What an account is, without its password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountDetails {
    /// The roles.
    pub roles: BTreeSet<Role>,
    /// Only looks; excludes every role.
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
}

/// An account to make.
#[derive(Clone)]
pub struct NewAccount {
    /// The name to sign in with.
    pub name: String,
    /// The password.
    pub password: String,
    /// The rest.
    pub details: AccountDetails,
}

/// An account as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccountView {
    /// The name to sign in with.
    pub name: String,
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
    /// When it was made, UTC milliseconds.
    pub created_at: Millis,
    /// When anything but the password changed last.
    pub modified_at: Millis,
    /// When the password changed last.
    pub password_changed_at: Millis,
    /// Failures to sign in since the last success.
    pub failed_sign_ins: u32,
    /// Nobody signs in under this name before that time; 0 = no wait.
    pub locked_until: Millis,
}

impl Access {
    /// Every account, by name. Takes [`Permission::Look`].
    pub async fn accounts(&self, acting: &Operator) -> Result<Vec<AccountView>, AccessError> {
        acting.require(Permission::Look)?;
        let mut views = Vec::new();
        for account in self.0.store.accounts().await?.accounts {
            views.push(self.view(account).await?);
        }
        Ok(views)
    }

    /// The account of that name. Takes [`Permission::Look`].
    pub async fn account(&self, acting: &Operator, name: &str) -> Result<AccountView, AccessError> {
        acting.require(Permission::Look)?;
        let account = self.0.store.account(name).await?;
        self.view(account.ok_or_else(|| not_found(name))?).await
    }

    /// Makes an account. Takes [`Permission::ManageOperators`].
    pub async fn add_account(
        &self,
        acting: &Operator,
        new: NewAccount,
    ) -> Result<AccountView, AccessError> {
        acting.require(Permission::ManageOperators)?;
        acting.require_within(&new.details.roles, "make an account")?;
        self.add(&acting.name, new, None).await
    }

    /// Replaces what an account is, but its name and password. One that is not active any more loses its
    /// sessions at once. Takes [`Permission::ManageOperators`].
    pub async fn update_account(
        &self,
        acting: &Operator,
        name: &str,
        details: AccountDetails,
    ) -> Result<AccountView, AccessError> {
        acting.require(Permission::ManageOperators)?;
        refuse(details_problems(&details))?;
        acting.require_within(&details.roles, "change an account to one")?;
        self.change(|accounts| {
            let before = find(accounts, name)?;
            acting.require_within(&before.roles, "change an account")?;
            let after = Account {
                roles: details.roles.clone(),
                auditor: details.auditor,
                active: details.active,
                description: details.description.clone(),
                phone: details.phone.clone(),
                email: details.email.clone(),
                department: details.department.clone(),
                modified_at: self.now(),
                ..before.clone()
            };
            let change = AccountChange {
                end_sessions_of: (!after.active).then_some(before.id),
                write: Some(after.clone()),
                ..AccountChange::default()
            };
            let event = self.told_of("OPERATOR_CHANGE", acting, Some(before), Some(&after));
            Ok((change, event))
        })
        .await?;
        self.account(acting, name).await
    }

    /// Sets another's password. Their sessions end, their API tokens are revoked, their failures to sign in
    /// are forgiven. Takes [`Permission::ManageOperators`].
    pub async fn reset_password(
        &self,
        acting: &Operator,
        name: &str,
        password: &str,
    ) -> Result<(), AccessError> {
        acting.require(Permission::ManageOperators)?;
        let account = self.0.store.account(name).await?;
        let account = account.ok_or_else(|| not_found(name))?;
        // Whoever knows the new password has all of the account, not what the token has of it.
        if acting.name.eq_ignore_ascii_case(&account.name) {
            acting.require_in_person("reset its owner's password")?;
        }
        acting.require_within(&account.roles, "reset the password of an account")?;
        refuse(rules::password("newPassword", password, &account.name))?;
        let hash = self.hash(password).await?;
        self.set_password(&acting.name, name, "OPERATOR_PASSWORD_RESET", &hash, true)
            .await
    }

    /// Changes one's own password; takes the present one, and nothing else. One's sessions end; API tokens
    /// stay. Failures count as those to sign in.
    pub async fn change_password(
        &self,
        acting: &Operator,
        current: &str,
        new: &str,
    ) -> Result<(), AccessError> {
        acting.require_in_person("change its owner's password, nor try one")?;
        let account = self.0.store.account(&acting.name).await?.ok_or_else(|| {
            AccessError::NotFound(format!(
                "`{}` has no account whose password could be changed",
                acting.name
            ))
        })?;
        let mut problems = rules::password("newPassword", new, &account.name);
        if new == current {
            let same = "the new password is the present one; choose another";
            problems.push(FieldProblem::new("newPassword", same));
        }
        refuse(problems)?;
        match self.verify(&account.name, current, None).await {
            Ok(_) => {}
            Err(super::SignInError::Refused) => {
                let wrong = "this is not the present password";
                return Err(AccessError::invalid("currentPassword", wrong));
            }
            Err(error) => return Err(error.into()),
        }
        let hash = self.hash(new).await?;
        let name = &account.name;
        self.set_password(name, name, "OPERATOR_PASSWORD", &hash, false)
            .await
    }

    /// Removes an account with its sessions and API tokens. Takes [`Permission::ManageOperators`].
    pub async fn remove_account(&self, acting: &Operator, name: &str) -> Result<(), AccessError> {
        acting.require(Permission::ManageOperators)?;
        self.change(|accounts| {
            let before = find(accounts, name)?;
            acting.require_within(&before.roles, "remove an account")?;
            let change = AccountChange {
                remove: Some(before.id),
                forgive: Some(before.name.clone()),
                ..AccountChange::default()
            };
            let event = self.told_of("OPERATOR_REMOVE", acting, Some(before), None);
            Ok((change, event))
        })
        .await
    }

    /// Makes an account, from these accounts only if a revision is given.
    pub(super) async fn add(
        &self,
        actor: &str,
        new: NewAccount,
        only_from: Option<u64>,
    ) -> Result<AccountView, AccessError> {
        let mut problems = rules::name(&new.name);
        problems.extend(rules::password("password", &new.password, &new.name));
        problems.extend(details_problems(&new.details));
        if self.0.store.account(&new.name).await?.is_some() {
            problems.push(name_taken(&new.name));
        }
        refuse(problems)?;
        let password = self.hash(&new.password).await?;
        let actor = Operator::local(actor);
        self.change(|accounts| {
            if only_from.is_some_and(|revision| revision != accounts.revision) {
                return Err(super::first::link_is_used().into());
            }
            if find(accounts, &new.name).is_ok() {
                return Err(AccessError::Invalid(vec![name_taken(&new.name)]));
            }
            let account = self.made(&new, password.clone());
            let event = self.told_of("OPERATOR_ADD", &actor, None, Some(&account));
            let change = AccountChange {
                write: Some(account),
                ..AccountChange::default()
            };
            Ok((change, event))
        })
        .await?;
        let made = self.0.store.account(&new.name).await?;
        self.view(made.ok_or_else(|| not_found(&new.name))?).await
    }

    fn made(&self, new: &NewAccount, password: PasswordHash) -> Account {
        let now = self.now();
        let details = &new.details;
        Account {
            id: AccountId(0),
            name: new.name.clone(),
            password,
            roles: details.roles.clone(),
            auditor: details.auditor,
            active: details.active,
            description: details.description.clone(),
            phone: details.phone.clone(),
            email: details.email.clone(),
            department: details.department.clone(),
            created_at: now,
            modified_at: now,
            password_changed_at: now,
        }
    }

    async fn set_password(
        &self,
        actor: &str,
        name: &str,
        told: &str,
        hash: &PasswordHash,
        revoke_tokens: bool,
    ) -> Result<(), AccessError> {
        self.change(|accounts| {
            let before = find(accounts, name)?;
            let after = Account {
                password: hash.clone(),
                password_changed_at: self.now(),
                ..before.clone()
            };
            let mut event = self.event(actor, told, format!("operator `{}`", before.name));
            let path = format!("operators[{}].password", before.name);
            event.changes = vec![secret_changed(path, true)];
            let change = AccountChange {
                write: Some(after),
                end_sessions_of: Some(before.id),
                revoke_tokens_of: revoke_tokens.then_some(before.id),
                forgive: Some(before.name.clone()),
                ..AccountChange::default()
            };
            Ok((change, event))
        })
        .await
    }

    /// Decides a change from the accounts as they are, and once more when they changed in between. The last
    /// active account that can manage accounts stays one.
    async fn change(
        &self,
        decide: impl Fn(&Accounts) -> Result<(AccountChange, AuditEvent), AccessError>,
    ) -> Result<(), AccessError> {
        for _ in 0..ROUNDS {
            let accounts = self.0.store.accounts().await?;
            let (change, event) = decide(&accounts)?;
            let change = AccountChange {
                from_revision: accounts.revision,
                ..change
            };
            keep_a_manager(&accounts, &change)?;
            if self.0.store.change_accounts(&change, &[event]).await? {
                return Ok(());
            }
        }
        let busy = "others change accounts at this moment; try again";
        Err(EngineError::Refused(busy.to_owned()).into())
    }

    async fn hash(&self, password: &str) -> Result<PasswordHash, AccessError> {
        let turn = self.0.hashing.turn().await?;
        Ok(self.0.hashing.hash(turn, password).await?)
    }

    async fn view(&self, account: Account) -> Result<AccountView, AccessError> {
        let Failures {
            count,
            locked_until,
        } = self.0.store.failures(&account.name).await?;
        let longest = self.now().saturating_add(LOCK_OUT.most_ms);
        let is_locked = locked_until > self.now() && locked_until <= longest;
        Ok(AccountView {
            name: account.name,
            roles: account.roles,
            auditor: account.auditor,
            active: account.active,
            description: account.description,
            phone: account.phone,
            email: account.email,
            department: account.department,
            created_at: account.created_at,
            modified_at: account.modified_at,
            password_changed_at: account.password_changed_at,
            failed_sign_ins: count,
            locked_until: if is_locked { locked_until } else { 0 },
        })
    }

    fn told_of(
        &self,
        event: &str,
        acting: &Operator,
        before: Option<&Account>,
        after: Option<&Account>,
    ) -> AuditEvent {
        let name = after.or(before).map_or("", |account| account.name.as_str());
        let mut event = self.event(&acting.name, event, format!("operator `{name}`"));
        event.changes = differences(name, before, after);
        event
    }
}

/// What differs between two states of an account, without its password.
fn differences(name: &str, before: Option<&Account>, after: Option<&Account>) -> Vec<Change> {
    let values = |account: &Account| {
        [
            ("roles", shown(&account.roles)),
            ("auditor", shown(&account.auditor)),
            ("active", shown(&account.active)),
            ("description", shown(&account.description)),
            ("phone", shown(&account.phone)),
            ("email", shown(&account.email)),
            ("department", shown(&account.department)),
        ]
    };
    let (old, new) = (before.map(values), after.map(values));
    let fields = old.as_ref().or(new.as_ref()).into_iter().flatten();
    let value = |of: &Option<[(&str, String); 7]>, field: &str| {
        let found = of.iter().flatten().find(|(name, _)| *name == field);
        found.map(|(_, value)| value.clone())
    };
    let mut changes: Vec<Change> = fields
        .map(|(field, _)| Change {
            path: format!("operators[{name}].{field}"),
            before: value(&old, field),
            after: value(&new, field),
        })
        .filter(|change| change.before != change.after)
        .collect();
    if before.is_none() {
        changes.push(secret_changed(format!("operators[{name}].password"), false));
    }
    changes
}

fn find<'a>(accounts: &'a Accounts, name: &str) -> Result<&'a Account, AccessError> {
    accounts
        .accounts
        .iter()
        .find(|account| account.name.eq_ignore_ascii_case(name))
        .ok_or_else(|| not_found(name))
}

fn not_found(name: &str) -> AccessError {
    AccessError::NotFound(format!("there is no operator `{name}`"))
}

fn name_taken(name: &str) -> FieldProblem {
    FieldProblem::new(
        "username",
        format!("there is an operator `{name}` already; names do not differ by case"),
    )
}

fn refuse(problems: Vec<FieldProblem>) -> Result<(), AccessError> {
    if problems.is_empty() {
        Ok(())
    } else {
        Err(AccessError::Invalid(problems))
    }
}

fn details_problems(details: &AccountDetails) -> Vec<FieldProblem> {
    let texts = [
        ("description", &details.description),
        ("phoneNumber", &details.phone),
        ("emailAddress", &details.email),
        ("department", &details.department),
    ];
    let mut problems: Vec<FieldProblem> = texts
        .into_iter()
        .filter_map(|(field, text)| rules::text(field, text))
        .collect();
    if details.auditor && !details.roles.is_empty() {
        problems.push(FieldProblem::new(
            "roles",
            "an auditor only looks: expected no roles beside `auditor`; leave out one of the two",
        ));
    }
    problems
}

/// Refuses to leave nobody who could manage accounts.
fn keep_a_manager(accounts: &Accounts, change: &AccountChange) -> Result<(), EngineError> {
    let manages = |account: &Account| {
        account.active && !account.auditor && account.roles.contains(&Role::UserAdministrator)
    };
    let mut managers = accounts.accounts.iter().filter(|account| manages(account));
    let Some(first) = managers.next() else {
        return Ok(());
    };
    if managers.next().is_some() {
        return Ok(());
    }
    let loses = change.remove == Some(first.id)
        || change
            .write
            .as_ref()
            .is_some_and(|after| after.id == first.id && !manages(after));
    let gains = change.write.as_ref().is_some_and(|after| {
        after.id != first.id && manages(after) && change.remove != Some(after.id)
    });
    if loses && !gains {
        return Err(EngineError::Refused(format!(
            "`{}` is the last active operator with the role USER_ADMINISTRATOR: without one nobody could manage accounts. Give another operator that role first",
            first.name
        )));
    }
    Ok(())
}
