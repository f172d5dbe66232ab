//! Checking mapping rules and making them ready for use.

use usher_directory::attribute;

use super::expression::Expressions;
use super::rules::FieldRule;
use super::value;
use super::{MappingProblem, Rules, RulesInput};
use crate::descriptor::FieldDescriptor;
use crate::model::{MappingRule, StatusRule};

/// Most rules of one channel.
const MAX_RULES: usize = 500;

pub(super) fn compile(input: &RulesInput<'_>) -> Result<Rules, Vec<MappingProblem>> {
    let mut compiler = Compiler {
        input,
        expressions: Expressions::default(),
        fields: Vec::new(),
        problems: Vec::new(),
    };
    compiler.all();
    if !compiler.problems.is_empty() {
        return Err(compiler.problems);
    }
    Ok(Rules {
        fields: compiler.fields,
        expressions: compiler.expressions,
        status: input.status.clone(),
        expiry: input.expiry.cloned(),
        external_id_field: input.external_id_field.to_owned(),
        group_name_field: input.group_name_field.to_owned(),
        group_name: input.group_name,
        binary: input.binary.clone(),
    })
}

struct Compiler<'a> {
    input: &'a RulesInput<'a>,
    expressions: Expressions,
    fields: Vec<FieldRule>,
    problems: Vec<MappingProblem>,
}

impl Compiler<'_> {
    fn all(&mut self) {
        let input = self.input;
        if input.mapping.len() > MAX_RULES {
            let found = input.mapping.len();
            self.problem(
                "",
                None,
                format!("expected at most {MAX_RULES} mapping rules, found {found}"),
            );
            return;
        }
        for (index, rule) in input.mapping.iter().enumerate() {
            self.rule(index, rule);
        }
        self.required();
        self.status();
    }

    fn problem(&mut self, field: &str, rule: Option<usize>, message: String) {
        self.problems.push(MappingProblem {
            field: field.to_owned(),
            rule,
            message,
            line: None,
            column: None,
        });
    }

    fn rule(&mut self, index: usize, rule: &MappingRule) {
        let Some(descriptor) = self.input.fields.iter().find(|f| f.name == rule.field) else {
            let message = self.unknown_field(&rule.field);
            return self.problem(&rule.field, Some(index), message);
        };
        let earlier = self.input.mapping.iter().take(index);
        if earlier.clone().any(|other| other.field == rule.field) {
            let message = "it has two mapping rules; keep one".to_owned();
            return self.problem(&rule.field, Some(index), message);
        }
        if !is_mapped(rule) {
            return;
        }
        for message in self.rule_problems(rule, descriptor) {
            self.problem(&rule.field, Some(index), message);
        }
        let expression = self.expression(index, rule);
        let mut rule = rule.clone();
        rule.expression = rule.expression.filter(|text| !text.trim().is_empty());
        self.fields.push(FieldRule {
            required: descriptor.required,
            multi_valued: descriptor.multi_valued,
            max_length: descriptor.max_length,
            is_email: rule.field == self.input.email_field,
            is_identity: self.is_identity(&rule.field),
            expression,
            rule,
        });
    }

    fn is_identity(&self, field: &str) -> bool {
        [
            self.input.username_field,
            self.input.email_field,
            self.input.external_id_field,
        ]
        .contains(&field)
    }

    fn unknown_field(&self, name: &str) -> String {
        let names: Vec<&str> = self.input.fields.iter().map(|f| f.name.as_str()).collect();
        match names.iter().find(|known| known.eq_ignore_ascii_case(name)) {
            Some(known) => {
                format!("the target has no such field; did you mean `{known}`? Case matters")
            }
            None => format!(
                "the target has no such field; its fields are {}",
                names.join(", ")
            ),
        }
    }

    fn rule_problems(&self, rule: &MappingRule, descriptor: &FieldDescriptor) -> Vec<String> {
        let mut messages = Vec::new();
        for name in &rule.attributes {
            if !attribute::is_description(name) {
                messages.push(format!(
                    "`{name}` is no attribute name: expected letters, digits and hyphens, such as `givenName` or `cn;lang-de`"
                ));
            }
        }
        let has_expression = rule
            .expression
            .as_deref()
            .is_some_and(|t| !t.trim().is_empty());
        if rule.attributes.len() > 1 && !has_expression {
            messages.push(format!(
                "several attributes ({}) need an expression that says how they become one value, such as `{} ~ ' ' ~ {}`",
                rule.attributes.join(", "),
                rule.attributes.first().map_or("a", String::as_str),
                rule.attributes.get(1).map_or("b", String::as_str),
            ));
        }
        if let Some(default) = rule.default.as_deref().filter(|text| !text.is_empty()) {
            messages.extend(self.default_problem(default, rule, descriptor));
        }
        if rule.masked && (descriptor.multi_valued || self.is_identity(&rule.field)) {
            messages.push(
                "it cannot be masked, since accounts are recognised and compared by it; clear `masked`"
                    .to_owned(),
            );
        }
        messages
    }

    fn default_problem(
        &self,
        default: &str,
        rule: &MappingRule,
        descriptor: &FieldDescriptor,
    ) -> Option<String> {
        if descriptor.unique || self.is_identity(&rule.field) {
            return Some(
                "a default is not allowed, since the field must differ between accounts; use an expression"
                    .to_owned(),
            );
        }
        let length = default.chars().count();
        if let Some(most) = descriptor.max_length.filter(|most| length > *most) {
            return Some(format!(
                "the default is too long: expected at most {most} characters, found {length}"
            ));
        }
        if default.chars().any(value::is_control) {
            return Some("the default contains control characters; remove them".to_owned());
        }
        None
    }

    fn expression(&mut self, index: usize, rule: &MappingRule) -> Option<String> {
        let text = rule
            .expression
            .as_deref()
            .filter(|t| !t.trim().is_empty())?;
        let name = format!("rule {index}");
        match self.expressions.add(&name, text, &rule.attributes) {
            Ok(()) => Some(name),
            Err(problems) => {
                self.problems
                    .extend(problems.into_iter().map(|problem| MappingProblem {
                        field: rule.field.clone(),
                        rule: Some(index),
                        message: format!("expression: {}", problem.message),
                        line: problem.line,
                        column: problem.column,
                    }));
                None
            }
        }
    }

    fn required(&mut self) {
        let input = self.input;
        for descriptor in input.fields.iter().filter(|field| field.required) {
            let mapped = input
                .mapping
                .iter()
                .any(|rule| rule.field == descriptor.name && is_mapped(rule));
            if !mapped && descriptor.name != input.external_id_field {
                self.problem(
                    &descriptor.name,
                    None,
                    "it is required and not mapped; add a rule with an attribute, an expression or a default"
                        .to_owned(),
                );
            }
        }
    }

    fn status(&mut self) {
        let attribute = match self.input.status {
            StatusRule::AdBitmap { attribute, .. } => {
                if attribute.is_empty() {
                    self.problem(
                        "accountStatus",
                        None,
                        "the bitmap rule needs an attribute, usually `userAccountControl`"
                            .to_owned(),
                    );
                }
                attribute
            }
            // Without an attribute the flag rule always gives its default.
            StatusRule::Flag { attribute, .. } => attribute,
        };
        let expiry = self.input.expiry.map(|rule| &rule.attribute);
        for name in [attribute].into_iter().chain(expiry) {
            if !name.is_empty() && !attribute::is_description(name) {
                self.problem(
                    "accountStatus",
                    None,
                    format!("`{name}` is no attribute name: expected letters, digits and hyphens"),
                );
            }
        }
    }
}

/// Whether a rule makes a value at all; a published configuration lists every field, mapped or not.
fn is_mapped(rule: &MappingRule) -> bool {
    let given = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.trim().is_empty());
    !rule.attributes.is_empty() || given(&rule.default) || given(&rule.expression)
}
