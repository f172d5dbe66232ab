//! Who asks, and what they may do.

use std::collections::BTreeSet;

pub use usher_store::Role;

use super::Admin;
use crate::error::EngineError;

/// Something that an operator may do or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Look at configuration, people, plans and history.
    Look,
    /// Change the configuration.
    Configure,
    /// Run, pause, approve, reject and retry.
    Operate,
    /// Manage the accounts of operators.
    ManageOperators,
    /// Manage certificates and keys.
    ManageCertificates,
    /// Write mapping expressions.
    EditExpressions,
}

impl Permission {
    /// The role that gives it; none is needed to look.
    fn role(self) -> Option<Role> {
        match self {
            Self::Look => None,
            Self::Configure | Self::Operate => Some(Role::Administrator),
            Self::ManageOperators => Some(Role::UserAdministrator),
            Self::ManageCertificates => Some(Role::CryptoAdministrator),
            Self::EditExpressions => Some(Role::ExpressionAdministrator),
        }
    }

    /// What it allows, in words that follow "may not".
    fn words(self) -> &'static str {
        match self {
            Self::Look => "look at anything",
            Self::Configure => "change the configuration",
            Self::Operate => "run, pause, approve, reject or retry anything",
            Self::ManageOperators => "manage the accounts of operators",
            Self::ManageCertificates => "manage certificates and keys",
            Self::EditExpressions => "write mapping expressions",
        }
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The name that is written to the audit log.
    pub name: String,
    /// The roles.
    pub roles: BTreeSet<Role>,
    /// Whether this operator only looks, whatever the roles say.
    pub auditor: bool,
    /// Whether an API token of theirs asks: then `roles` are the token's, and what would give more than those
    /// is refused ([`Operator::require_in_person`]).
    pub by_token: bool,
}

impl Operator {
    /// Somebody who can read the state folder and its key anyway: the command line.
    pub fn local(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            roles: Role::ALL.into(),
            auditor: false,
            by_token: false,
        }
    }

    /// Whether this operator may do that.
    pub fn may(&self, permission: Permission) -> bool {
        match permission.role() {
            None => self.auditor || !self.roles.is_empty(),
            Some(role) => !self.auditor && self.roles.contains(&role),
        }
    }
}

impl Operator {
    /// Refuses an API token: whoever finds one must not be able to make more of it.
    pub fn require_in_person(&self, words: &str) -> Result<(), EngineError> {
        if !self.by_token {
            return Ok(());
        }
        Err(EngineError::Forbidden(format!(
            "an API token cannot {words}; sign in with the name and the password"
        )))
    }

    /// Refuses an API token what reaches beyond its own roles, such as an account that has more of them.
    pub fn require_within(&self, roles: &BTreeSet<Role>, words: &str) -> Result<(), EngineError> {
        if self.by_token && !roles.is_subset(&self.roles) {
            let beyond: Vec<&str> = roles
                .difference(&self.roles)
                .copied()
                .map(role_name)
                .collect();
            return Err(EngineError::Forbidden(format!(
                "an API token cannot {words} with roles that it has not itself ({}); sign in with the name and the password",
                beyond.join(", ")
            )));
        }
        Ok(())
    }

    /// Refuses what this operator may not do.
    pub fn require(&self, permission: Permission) -> Result<(), EngineError> {
        if self.may(permission) {
            return Ok(());
        }
        let need = match permission.role() {
            _ if self.auditor => "an auditor only looks".to_owned(),
            None => "the account has no role".to_owned(),
            Some(role) => format!("that takes the role {}", role_name(role)),
        };
        Err(EngineError::Forbidden(format!(
            "`{}` may not {}: {need}",
            self.name,
            permission.words()
        )))
    }
}

impl Admin {
    /// Refuses what the operator may not do.
    pub fn require(&self, permission: Permission) -> Result<(), EngineError> {
        self.operator.require(permission)
    }
}

/// The published name of a role.
pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Administrator => "ADMINISTRATOR",
        Role::UserAdministrator => "USER_ADMINISTRATOR",
        Role::CryptoAdministrator => "CRYPTO_ADMINISTRATOR",
        Role::ExpressionAdministrator => "EXPRESSION_ADMINISTRATOR",
    }
}

#[cfg(test)]
mod tests {
    use super::{Operator, Permission, Role};

    const ALL: [Permission; 6] = [
        Permission::Look,
        Permission::Configure,
        Permission::Operate,
        Permission::ManageOperators,
        Permission::ManageCertificates,
        Permission::EditExpressions,
    ];

    fn may(roles: &[Role], auditor: bool) -> Vec<Permission> {
        let operator = Operator {
            name: "ana".to_owned(),
            roles: roles.iter().copied().collect(),
            auditor,
            by_token: false,
        };
        ALL.into_iter()
            .filter(|permission| operator.may(*permission))
            .collect()
    }

    #[test]
    fn each_role_gives_its_own_and_looking() {
        use Permission::{
            Configure, EditExpressions, Look, ManageCertificates, ManageOperators, Operate,
        };
        assert_eq!(
            may(&[Role::Administrator], false),
            [Look, Configure, Operate]
        );
        assert_eq!(
            may(&[Role::UserAdministrator], false),
            [Look, ManageOperators]
        );
        assert_eq!(
            may(&[Role::CryptoAdministrator], false),
            [Look, ManageCertificates]
        );
        assert_eq!(
            may(&[Role::ExpressionAdministrator], false),
            [Look, EditExpressions]
        );
        assert_eq!(may(&Role::ALL, false), ALL);
    }

    #[test]
    fn an_auditor_looks_and_nothing_else_and_nobody_without_a_role_does() {
        assert_eq!(may(&[], true), [Permission::Look]);
        assert_eq!(may(&Role::ALL, true), [Permission::Look]);
        assert_eq!(may(&[], false), []);
    }
}
