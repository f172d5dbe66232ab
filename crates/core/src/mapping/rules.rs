//! Compiled mapping rules.

use std::collections::BTreeSet;
use std::fmt;

use crate::descriptor::{ConnectorDescriptor, FieldDescriptor};
use crate::model::{Channel, ExpiryRule, GroupNameSource, MappingRule, SpConnection, StatusRule};

/// What rules are compiled from.
#[derive(Clone, Debug)]
pub struct RulesInput<'a> {
    /// The mapping rules of the channel.
    pub mapping: &'a [MappingRule],
    /// The fields that the target has.
    pub fields: &'a [FieldDescriptor],
    /// The field that identifies an account (`userName`).
    pub username_field: &'a str,
    /// The field of the work e-mail (`workEmail`).
    pub email_field: &'a str,
    /// The field that carries the source key (`externalId`).
    pub external_id_field: &'a str,
    /// The field that holds a group's name (`displayName`).
    pub group_name_field: &'a str,
    /// How an account's status is read.
    pub status: &'a StatusRule,
    /// How an account's expiry is read.
    pub expiry: Option<&'a ExpiryRule>,
    /// Where a group's name comes from.
    pub group_name: GroupNameSource,
}

impl<'a> RulesInput<'a> {
    /// The input for one channel.
    pub fn of(
        sp: &'a SpConnection,
        channel: &'a Channel,
        descriptor: &'a ConnectorDescriptor,
    ) -> Self {
        Self {
            mapping: &channel.mapping,
            fields: &descriptor.fields,
            username_field: &descriptor.username_field,
            email_field: &descriptor.email_field,
            external_id_field: &descriptor.external_id_field,
            group_name_field: "displayName",
            status: &channel.source.status,
            expiry: channel.source.expiry.as_ref(),
            group_name: sp.options.group_name_source,
        }
    }
}

/// Something wrong with a mapping rule, in words for an administrator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingProblem {
    /// The target field.
    pub field: String,
    /// The rule's place in the list; `None` when the field has no rule.
    pub rule: Option<usize>,
    /// What was expected, what was found, what to do.
    pub message: String,
    /// The line in the expression, from 1, if it is about one.
    pub line: Option<usize>,
    /// The column in the expression, from 1, if it is known.
    pub column: Option<usize>,
}

impl fmt::Display for MappingProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "field `{}`: {}", self.field, self.message)
    }
}

/// Compiled mapping rules of one channel. Cheap to use from several threads at once.
#[derive(Debug)]
pub struct Rules {
    pub(super) username_field: String,
}

impl Rules {
    /// Compiles the rules, or reports every problem at once.
    pub fn compile(input: &RulesInput<'_>) -> Result<Self, Vec<MappingProblem>> {
        Ok(Self {
            username_field: input.username_field.to_owned(),
        })
    }

    /// Which attributes of a person's entry are needed: mapping, status and expiry. Names as the
    /// rules write them, each once whatever its case.
    pub fn user_attributes(&self) -> Vec<String> {
        Vec::new()
    }

    /// Which attributes of a group's entry are needed.
    pub fn group_attributes(&self) -> Vec<String> {
        Vec::new()
    }

    /// Fields that are sent on create, never on update.
    pub fn create_only(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    /// Fields whose values are masked.
    pub fn masked(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }
}
