//! The words of the stories, read and written.

use std::fmt::Write as _;

use usher_core::model::{
    Desired, DisabledReason, FieldChange, Kind, Observed, Operation, PlannedStep, Problem,
    Resource, SubjectId, TargetId,
};
use usher_core::planner::{Candidate, Conflict, FoundBy, SourceState};

use crate::world::{self, DAY, NOW};

pub(crate) fn kind_of(word: &str) -> Kind {
    match word {
        "user" => Kind::User,
        "group" => Kind::Group,
        other => panic!("kind {other}"),
    }
}

pub(crate) fn resource(fields: &str) -> Resource {
    fields
        .split_whitespace()
        .fold(Resource::default(), |resource, field| {
            let (name, value) = field.split_once('=').expect("FIELD=VALUE");
            resource.with(name, &value.replace('_', " "))
        })
}

pub(crate) fn source(rest: &str) -> SourceState {
    let (how, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let words = rest.to_owned();
    let problems = vec![Problem {
        field: None,
        message: words.clone(),
    }];
    let off = world::disabled(Resource::default()).disabled;
    match how {
        "in" => SourceState::InScope(world::desired(resource(rest))),
        "disabled" => SourceState::InScope(world::disabled(resource(rest))),
        "expired" => SourceState::InScope(Desired {
            disabled: Some(DisabledReason::Expired { at: NOW - DAY }),
            ..world::desired(resource(rest))
        }),
        "expiring" => SourceState::InScope(Desired {
            changes_at: Some(NOW + 30 * DAY),
            ..world::desired(resource(rest))
        }),
        "out" => SourceState::OutOfScope { clause: words },
        "gone" => SourceState::Gone {
            proof: words,
            explicit: false,
        },
        "tombstone" => SourceState::Gone {
            proof: words,
            explicit: true,
        },
        "protected" => SourceState::Protected { rule: words },
        "invalid" => SourceState::Invalid {
            problems,
            disabled: None,
        },
        "invalid-disabled" => SourceState::Invalid {
            problems,
            disabled: off,
        },
        other => panic!("source {other}"),
    }
}

pub(crate) fn candidate(kind: Kind, rest: &str) -> Candidate {
    let mut words = rest.split_whitespace();
    let target_id = TargetId::new(words.next().unwrap());
    let mut found = Candidate {
        observed: Observed {
            target_id,
            kind,
            resource: Resource::default(),
            active: (kind == Kind::User).then_some(true),
            modified_at: None,
            members: None,
        },
        found_by: FoundBy::Name,
        linked_to: None,
        owned_by: None,
    };
    for word in words {
        let (name, value) = word.split_once('=').expect("NAME=VALUE");
        match name {
            "by" => {
                found.found_by = match value {
                    "externalId" => FoundBy::ExternalId,
                    "email" => FoundBy::Email,
                    _ => FoundBy::Name,
                };
            }
            "active" => found.observed.active = Some(value == "yes"),
            "linked" => found.linked_to = Some(value.to_owned()),
            "owned" => found.owned_by = Some(value.to_owned()),
            field => {
                let fields = std::mem::take(&mut found.observed.resource);
                found.observed.resource = fields.with(field, value);
            }
        }
    }
    found
}

pub(crate) fn conflict(rest: &str) -> Conflict {
    let mut words = rest.split_whitespace();
    let (field, value) = words.next().unwrap().split_once('=').unwrap();
    assert_eq!(words.next(), Some("with"));
    Conflict {
        field: field.to_owned(),
        value: value.to_owned(),
        other: SubjectId(2),
        other_dn: words.next().unwrap().to_owned(),
        other_is_incumbent: matches!(words.next(), Some("incumbent" | "swap")),
        is_swap: rest.ends_with(" swap"),
    }
}

pub(crate) fn shown(step: &PlannedStep) -> String {
    let mut line = step.operation.verb().as_str().to_owned();
    if let Some(id) = step.operation.target_id() {
        write!(line, " {id}").unwrap();
    }
    match &step.operation {
        Operation::Create { resource, active } => {
            for (field, value) in &resource.fields {
                write!(line, " {field}={}", value.shown()).unwrap();
            }
            if !active {
                line.push_str(" inactive");
            }
        }
        Operation::Update { changes, .. }
        | Operation::Adopt { changes, .. }
        | Operation::Rekey { changes, .. } => changes.iter().for_each(|change| {
            write!(line, " {}", change_shown(change)).unwrap();
        }),
        Operation::Disable { .. }
        | Operation::Enable { .. }
        | Operation::Delete { .. }
        | Operation::Unlink { .. }
        | Operation::AddMembers { .. }
        | Operation::RemoveMembers { .. } => {}
    }
    write!(line, " | because {}", step.reason.name()).unwrap();
    if !step.guards.is_empty() {
        write!(line, " | counted by {}", step.guards.join(" ")).unwrap();
    }
    if let Some(hold) = &step.hold {
        let mut value = serde_json::to_value(hold).unwrap();
        value.as_object_mut().unwrap().remove("hold");
        write!(line, " | HELD {} {value}", hold.name()).unwrap();
    }
    line
}

pub(crate) fn change_shown(change: &FieldChange) -> String {
    let value = |value: &Option<usher_core::model::FieldValue>| {
        value.as_ref().map_or_else(|| "-".to_owned(), |v| v.shown())
    };
    format!(
        "{}:{}->{}",
        change.field,
        value(&change.from),
        value(&change.to)
    )
}
