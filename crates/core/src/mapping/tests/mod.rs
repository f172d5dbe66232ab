//! Tests of mapping as a whole.

mod binary;
mod bombs;
mod manual;
mod properties;
mod rules;
mod status;
mod values;

use crate::descriptor::FieldDescriptor;
use crate::mapping::{Mapped, MappingProblem, Rules, RulesInput, Unmasked, map_user};
use crate::model::{
    Desired, Entry, GroupNameSource, Kind, MappingRule, Problem, SourceKey, StatusRule,
};

pub(super) fn descriptor(name: &str) -> FieldDescriptor {
    FieldDescriptor {
        name: name.to_owned(),
        label: name.to_owned(),
        required: false,
        unique: false,
        case_exact: false,
        multi_valued: false,
        reaches_account: true,
        max_length: None,
        scim_path: name.to_owned(),
        notes: Vec::new(),
    }
}

pub(super) fn fields() -> Vec<FieldDescriptor> {
    let mut fields: Vec<FieldDescriptor> = [
        "userName",
        "workEmail",
        "displayName",
        "title",
        "nick",
        "phones",
        "externalId",
    ]
    .into_iter()
    .map(descriptor)
    .collect();
    for field in &mut fields {
        match field.name.as_str() {
            "userName" => {
                field.required = true;
                field.unique = true;
            }
            "workEmail" => field.required = true,
            "phones" => field.multi_valued = true,
            "nick" => field.max_length = Some(10),
            _ => {}
        }
    }
    fields
}

pub(super) fn enabled() -> StatusRule {
    StatusRule::Flag {
        attribute: String::new(),
        value: String::new(),
        status_when_equal: false,
        default: true,
    }
}

pub(super) fn rule(field: &str, attributes: &[&str]) -> MappingRule {
    MappingRule {
        field: field.to_owned(),
        attributes: attributes.iter().map(|&name| name.to_owned()).collect(),
        ..MappingRule::default()
    }
}

pub(super) fn expression(field: &str, attributes: &[&str], text: &str) -> MappingRule {
    MappingRule {
        expression: Some(text.to_owned()),
        ..rule(field, attributes)
    }
}

/// `userName` from `uid` and `workEmail` from `mail`, and these.
pub(super) fn with_basics(more: Vec<MappingRule>) -> Vec<MappingRule> {
    let mut rules = vec![rule("userName", &["uid"]), rule("workEmail", &["mail"])];
    rules.extend(more);
    rules
}

pub(super) fn try_compile(mapping: &[MappingRule]) -> Result<Rules, Vec<MappingProblem>> {
    let fields = fields();
    let status = enabled();
    Rules::compile(&RulesInput {
        mapping,
        fields: &fields,
        username_field: "userName",
        email_field: "workEmail",
        external_id_field: "externalId",
        group_name_field: "displayName",
        status: &status,
        expiry: None,
        group_name: GroupNameSource::CommonName,
        binary: crate::mapping::BinaryAttributes::default(),
    })
}

pub(super) fn compile(mapping: &[MappingRule]) -> Rules {
    try_compile(mapping).expect("the rules are valid")
}

pub(super) fn entry(attributes: &[(&str, &str)]) -> Entry {
    let mut entry = Entry {
        key: SourceKey::new("0e3b5c1a-0000-4000-8000-000000000001"),
        dn: "uid=ana,ou=Sales,dc=example,dc=org".to_owned(),
        kind: Kind::User,
        attributes: Default::default(),
        too_long: Default::default(),
    };
    for (name, value) in attributes {
        entry
            .attributes
            .entry(name.to_ascii_lowercase())
            .or_default()
            .push(value.as_bytes().to_vec());
    }
    entry
}

/// An entry with the basics and these.
pub(super) fn ana(more: &[(&str, &str)]) -> Entry {
    let mut attributes = vec![("uid", "ana"), ("mail", "ana@example.org")];
    attributes.extend_from_slice(more);
    entry(&attributes)
}

pub(super) fn desired(entry: &Entry, rules: &Rules) -> Desired {
    match map_user(entry, rules, &Unmasked, 0) {
        Mapped::Desired(desired) => desired,
        Mapped::Invalid { problems, .. } => panic!("expected an account, found {problems:?}"),
    }
}

pub(super) fn problems(entry: &Entry, rules: &Rules) -> Vec<Problem> {
    match map_user(entry, rules, &Unmasked, 0) {
        Mapped::Desired(desired) => panic!("expected problems, found {desired:?}"),
        Mapped::Invalid { problems, .. } => problems,
    }
}

/// The title that an expression over `a`, `b` and `x-y` gives; `None` when empty.
pub(super) fn evaluate(text: &str, attributes: &[(&str, &str)]) -> Option<String> {
    let rules = compile(&with_basics(vec![expression(
        "title",
        &["a", "b", "x-y"],
        text,
    )]));
    let desired = desired(&ana(attributes), &rules);
    desired.resource.text("title").map(str::to_owned)
}
