//! Mapping of one person and of one group.

use usher_directory::Dn;

use super::status::account_status;
use super::value::{self, DEFAULT_USED, NoTrace};
use super::{Mapped, Mask, Rules, context};
use crate::model::{Desired, Entry, FieldValue, GroupNameSource, Millis, Problem, Resource};

/// Longest group name, in characters.
const MAX_GROUP_NAME: usize = 1024;

/// What the account of a person should be. `now` is UTC milliseconds and decides expiry.
///
/// Deterministic apart from the tokens that `mask` gives; linear in the size of the entry's mapped
/// attributes.
pub fn map_user(entry: &Entry, rules: &Rules, mask: &dyn Mask, now: Millis) -> Mapped {
    let textual = rules.textual(entry);
    let entry = textual.as_ref();
    let (status, mut notes) = account_status(entry, &rules.status, rules.expiry.as_ref(), now);
    let mut resource = Resource::default();
    let mut problems = too_long(entry, None, rules.status_attributes());
    for field in &rules.fields {
        // Left out like another fault, an optional value would be cleared at the target.
        let attributes = field.rule.attributes.iter().map(String::as_str);
        let unread = too_long(entry, Some(&field.rule.field), attributes);
        if !unread.is_empty() {
            problems.extend(unread);
            continue;
        }
        let outcome = value::field(entry, rules, field, mask, &mut NoTrace);
        let name = &field.rule.field;
        let is_empty = outcome.value.is_none();
        if let Some(value) = outcome.value {
            resource.fields.insert(name.clone(), value);
        }
        notes.extend(
            outcome
                .notes
                .into_iter()
                .map(|note| format!("{name}: {note}")),
        );
        if !field.required {
            let faults = outcome.faults.into_iter();
            notes.extend(faults.map(|fault| format!("{name}: {fault}; it is left out")));
        } else if is_empty {
            problems.extend(required_problems(field, outcome.faults));
        } else {
            notes.extend(outcome.faults.into_iter().map(|f| format!("{name}: {f}")));
        }
    }
    if !rules
        .fields
        .iter()
        .any(|f| f.rule.field == rules.external_id_field)
    {
        let key = FieldValue::Text(entry.key.as_str().to_owned());
        resource.fields.insert(rules.external_id_field.clone(), key);
    }
    if problems.is_empty() {
        Mapped::Desired(Desired {
            resource,
            disabled: status.disabled,
            changes_at: status.changes_at,
            notes,
        })
    } else {
        Mapped::Invalid {
            problems,
            disabled: status.disabled,
            changes_at: status.changes_at,
        }
    }
}

/// The fields of a mapped account whose expression or attribute failed, so that their default is used, each with
/// what failed.
pub fn defaulted(desired: &Desired) -> impl Iterator<Item = (&str, &str)> {
    desired.notes.iter().filter_map(|note| {
        let told = note.strip_suffix(DEFAULT_USED)?;
        told.split_once(": ")
    })
}

/// The problem of a field or of the status whose attributes are too long to be read; at most one.
fn too_long<'a>(
    entry: &Entry,
    field: Option<&str>,
    attributes: impl Iterator<Item = &'a str>,
) -> Vec<Problem> {
    let message = entry.too_long_of(attributes);
    let problem = message.map(|message| Problem {
        field: field.map(str::to_owned),
        message,
    });
    problem.into_iter().collect()
}

/// Why a required field is empty.
fn required_problems(field: &super::rules::FieldRule, faults: Vec<String>) -> Vec<Problem> {
    let messages = if faults.is_empty() {
        let from = match field.rule.attributes.as_slice() {
            [] => "its expression".to_owned(),
            names => names.join(", "),
        };
        vec![format!(
            "expected a value, since the target requires it; found none in {from}: fill it in the directory, or map it differently"
        )]
    } else {
        faults
    };
    messages
        .into_iter()
        .map(|message| Problem {
            field: Some(field.rule.field.clone()),
            message,
        })
        .collect()
}

/// What a group should be: its name and its key. A group is never disabled.
pub fn map_group(entry: &Entry, rules: &Rules) -> Mapped {
    let textual = rules.textual(entry);
    let entry = textual.as_ref();
    match group_name(entry, rules.group_name) {
        Ok((name, notes)) => {
            let mut resource = Resource::default().with(&rules.group_name_field, &name);
            let key = FieldValue::Text(entry.key.as_str().to_owned());
            resource.fields.insert(rules.external_id_field.clone(), key);
            Mapped::Desired(Desired {
                resource,
                disabled: None,
                changes_at: None,
                notes,
            })
        }
        Err(message) => Mapped::Invalid {
            problems: vec![Problem {
                field: Some(rules.group_name_field.clone()),
                message,
            }],
            disabled: None,
            changes_at: None,
        },
    }
}

fn group_name(entry: &Entry, source: GroupNameSource) -> Result<(String, Vec<String>), String> {
    let mut notes = Vec::new();
    let (from, name) = match source {
        GroupNameSource::Dn => ("its DN", entry.dn.clone()),
        GroupNameSource::CommonName => ("cn", common_name(entry, &mut notes)?),
        GroupNameSource::SamAccountName => ("sAMAccountName", first(entry, "sAMAccountName")?),
    };
    let name = name.trim_matches(|c: char| c.is_whitespace() || value::is_control(c));
    if name.is_empty() {
        return Err(format!(
            "expected a group name, found none in {from}; fill it in the directory or choose another Group Name Source"
        ));
    }
    if name.contains(value::is_control) {
        return Err(format!(
            "expected a group name without control characters, found some in {from}"
        ));
    }
    let length = name.chars().count();
    if length > MAX_GROUP_NAME {
        return Err(format!(
            "expected a group name of at most {MAX_GROUP_NAME} characters, found {length} in {from}"
        ));
    }
    Ok((name.to_owned(), notes))
}

fn first(entry: &Entry, name: &str) -> Result<String, String> {
    if let Some(message) = entry.too_long_of([name]) {
        return Err(message);
    }
    match entry.values(name).first() {
        None => Ok(String::new()),
        Some(bytes) => context::text(name, bytes)
            .map(str::to_owned)
            .map_err(|error| error.message()),
    }
}

/// Directories keep no order of values, so among several the one in the DN counts.
fn common_name(entry: &Entry, notes: &mut Vec<String>) -> Result<String, String> {
    let values = entry.values("cn");
    if values.len() > 1 {
        let from_dn = Dn::parse(&entry.dn).ok().and_then(|dn| {
            let text = dn.rdn()?.value_of("cn")?.text()?;
            values
                .iter()
                .any(|v| v == text.as_bytes())
                .then(|| text.to_owned())
        });
        notes.push(format!(
            "the group has {} values of cn; {} is used",
            values.len(),
            if from_dn.is_some() {
                "the one in its DN"
            } else {
                "the first"
            }
        ));
        if let Some(name) = from_dn {
            return Ok(name);
        }
    }
    first(entry, "cn")
}
