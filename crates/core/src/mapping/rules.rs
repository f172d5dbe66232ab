//! Compiled mapping rules.

use std::collections::BTreeSet;
use std::fmt;

use super::binary::BinaryAttributes;
use super::expression::Expressions;
use crate::descriptor::{ConnectorDescriptor, FieldDescriptor};
use crate::model::{
    Channel, ChannelSource, DataStore, ExpiryRule, GroupNameSource, MappingRule, SpConnection,
    StatusRule,
};

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
    /// Which attributes are bytes.
    pub binary: BinaryAttributes,
}

impl<'a> RulesInput<'a> {
    /// The input for one channel, whose attributes are all text: see [`RulesInput::with_store`].
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
            binary: BinaryAttributes::default(),
        }
    }

    /// With the attributes that are bytes in what this channel reads.
    #[must_use]
    pub fn with_store(self, store: Option<&DataStore>, source: &ChannelSource) -> Self {
        let key = source.guid_binary.then_some(source.guid_attribute.as_str());
        Self {
            binary: BinaryAttributes::of(store, key),
            ..self
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

/// Compiled mapping rules of one channel. Used from several threads at once.
#[derive(Debug)]
pub struct Rules {
    pub(super) fields: Vec<FieldRule>,
    pub(super) expressions: Expressions,
    pub(super) status: StatusRule,
    pub(super) expiry: Option<ExpiryRule>,
    pub(super) external_id_field: String,
    pub(super) group_name_field: String,
    pub(super) group_name: GroupNameSource,
    pub(super) binary: BinaryAttributes,
}

/// One compiled rule.
#[derive(Clone, Debug)]
pub(super) struct FieldRule {
    pub(super) rule: MappingRule,
    /// The name of its compiled expression.
    pub(super) expression: Option<String>,
    pub(super) required: bool,
    pub(super) multi_valued: bool,
    pub(super) max_length: Option<usize>,
    pub(super) is_email: bool,
    /// Identifies the account: nothing in it may be repaired silently.
    pub(super) is_identity: bool,
}

impl Rules {
    /// Compiles the rules, or reports every problem at once.
    pub fn compile(input: &RulesInput<'_>) -> Result<Self, Vec<MappingProblem>> {
        super::compile::compile(input)
    }

    /// Which attributes of a person's entry are needed: mapping, status and expiry. Names as the
    /// rules write them, each once whatever its case.
    pub fn user_attributes(&self) -> Vec<String> {
        let mapped = self.fields.iter().flat_map(|field| &field.rule.attributes);
        distinct(mapped.map(String::as_str).chain(self.status_attributes()))
    }

    /// The attributes that say whether an account is enabled.
    pub(super) fn status_attributes(&self) -> impl Iterator<Item = &str> {
        let status = match &self.status {
            StatusRule::AdBitmap { attribute, .. } | StatusRule::Flag { attribute, .. } => {
                attribute
            }
        };
        let expiry = self.expiry.iter().map(|rule| rule.attribute.as_str());
        [status.as_str()].into_iter().chain(expiry)
    }

    /// Which attributes of a group's entry are needed.
    pub fn group_attributes(&self) -> Vec<String> {
        match self.group_name {
            GroupNameSource::CommonName => vec!["cn".to_owned()],
            GroupNameSource::Dn => Vec::new(),
            GroupNameSource::SamAccountName => vec!["sAMAccountName".to_owned()],
        }
    }

    /// Fields that are sent on create, never on update.
    pub fn create_only(&self) -> BTreeSet<String> {
        self.names(|rule| rule.create_only)
    }

    /// Fields whose values are masked.
    pub fn masked(&self) -> BTreeSet<String> {
        self.names(|rule| rule.masked)
    }

    fn names(&self, wanted: impl Fn(&MappingRule) -> bool) -> BTreeSet<String> {
        self.fields
            .iter()
            .filter(|field| wanted(&field.rule))
            .map(|field| field.rule.field.clone())
            .collect()
    }
}

/// The names, each once whatever its case, empty ones left out.
fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names
        .filter(|name| !name.is_empty() && seen.insert(name.to_ascii_lowercase()))
        .map(str::to_owned)
        .collect()
}
