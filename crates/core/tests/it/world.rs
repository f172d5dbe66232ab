//! A small world for the tests: rules, people, and a target that answers.

use std::collections::{BTreeMap, BTreeSet};

use usher_core::model::{
    ChannelId, CycleId, Desired, DisabledReason, FieldValue, Hash128, Kind, Millis, Observed,
    Operation, PlannedStep, Policy, ProvisioningOptions, Resource, SourceKey, Step, StepId,
    StepState, Subject, SubjectId, SubjectState, TargetId,
};
use usher_core::planner::record::{Applied, record_success};
use usher_core::planner::{
    ChannelRules, Ownership, SourceState, SubjectInput, SubjectPlan, plan_subject,
};

/// 2026-01-05T08:00:00Z.
pub(crate) const NOW: Millis = 1_767_600_000_000;
pub(crate) const DAY: Millis = 86_400_000;

pub(crate) fn rules() -> ChannelRules {
    let set = |names: &[&str]| -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    };
    ChannelRules {
        channel: ChannelId::new("c1"),
        options: ProvisioningOptions::default(),
        policy: Policy::default(),
        mapped_fields: set(&["userName", "workEmail", "title", "phone", "externalId"]),
        create_only: set(&["locale"]),
        case_exact: set(&["externalId"]),
        unique: set(&["userName", "workEmail"]),
        username_field: "userName".to_owned(),
        email_field: "workEmail".to_owned(),
        external_id_field: "externalId".to_owned(),
        group_name_field: "displayName".to_owned(),
        protected_groups: vec!["site-admins".to_owned(), "tenant-admins-*".to_owned()],
        directory: usher_core::model::DirectoryKind::OpenLdap,
        group_rename: false,
        member_batch: 2,
        first_sync: false,
        configuration_changed: false,
    }
}

pub(crate) fn subject(kind: Kind, name: &str) -> Subject {
    let dn = match kind {
        Kind::User => format!("uid={name},ou=People,dc=example,dc=com"),
        Kind::Group => format!("cn={name},ou=Groups,dc=example,dc=com"),
    };
    let mut subject = Subject::new(
        ChannelId::new("c1"),
        SourceKey::new(format!("key-{name}")),
        kind,
        &dn,
        Hash128::of(dn.as_bytes()),
    );
    subject.id = Some(SubjectId(1));
    subject
}

pub(crate) fn user(name: &str) -> Subject {
    subject(Kind::User, name)
}

pub(crate) fn group(name: &str) -> Subject {
    subject(Kind::Group, name)
}

pub(crate) fn person(name: &str) -> Resource {
    Resource::default()
        .with("userName", &format!("{name}@example.com"))
        .with("workEmail", &format!("{name}@example.com"))
        .with("externalId", &format!("key-{name}"))
}

pub(crate) fn desired(resource: Resource) -> Desired {
    Desired {
        resource,
        disabled: None,
        changes_at: None,
        notes: Vec::new(),
    }
}

pub(crate) fn disabled(resource: Resource) -> Desired {
    Desired {
        disabled: Some(DisabledReason::Status {
            attribute: "userAccountControl".to_owned(),
            value: "514".to_owned(),
        }),
        ..desired(resource)
    }
}

pub(crate) fn input(
    rules: &ChannelRules,
    subject: Subject,
    source: SourceState,
) -> SubjectInput<'_> {
    SubjectInput {
        rules,
        subject,
        source,
        candidates: Vec::new(),
        conflicts: Vec::new(),
        ownership: Ownership::Ours,
        missing_at_target: false,
        scope_group: None,
        absence_doubt: None,
        copied: None,
        proven_again: true,
        now: NOW,
    }
}

pub(crate) fn plan(rules: &ChannelRules, subject: &Subject, source: SourceState) -> SubjectPlan {
    plan_subject(&input(rules, subject.clone(), source))
}

pub(crate) fn out() -> SourceState {
    SourceState::OutOfScope {
        clause: "filter (department=Sales)".to_owned(),
    }
}

pub(crate) fn gone() -> SourceState {
    SourceState::Gone {
        proof: "a complete read without it".to_owned(),
        explicit: false,
    }
}

/// What the target has of one subject, and how it bends what it is sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct FakeTarget {
    pub(crate) id: Option<TargetId>,
    pub(crate) resource: Resource,
    pub(crate) active: Option<bool>,
    /// Values that it keeps whatever is sent; `None` = it drops the field.
    pub(crate) keeps: BTreeMap<String, Option<String>>,
    /// The status that it keeps whatever is sent.
    pub(crate) keeps_active: Option<bool>,
    /// It answers without a body.
    pub(crate) silent: bool,
    pub(crate) created: u32,
}

impl FakeTarget {
    pub(crate) fn observed(&self, kind: Kind) -> Option<Observed> {
        let target_id = self.id.clone()?;
        let mut resource = self.resource.clone();
        for (field, kept) in &self.keeps {
            match kept {
                Some(value) => resource = resource.with(field, value),
                None => {
                    resource.fields.remove(field);
                }
            }
        }
        Some(Observed {
            target_id,
            kind,
            resource,
            active: self
                .keeps_active
                .or(self.active)
                .filter(|_| kind == Kind::User),
            modified_at: None,
            members: None,
        })
    }

    fn write(&mut self, changes: &[usher_core::model::FieldChange]) {
        for change in changes {
            match &change.to {
                Some(value) => {
                    self.resource
                        .fields
                        .insert(change.field.clone(), value.clone());
                }
                None => {
                    self.resource.fields.remove(&change.field);
                }
            }
        }
    }

    /// Carries out one operation.
    pub(crate) fn carry_out(&mut self, operation: &Operation) {
        match operation {
            Operation::Create { resource, active } => {
                self.created += 1;
                self.id = Some(TargetId::new(format!("N{}", self.created)));
                self.resource = resource.clone();
                self.active = Some(*active);
            }
            Operation::Update { changes, .. }
            | Operation::Adopt { changes, .. }
            | Operation::Rekey { changes, .. } => {
                if let Some(id) = operation.target_id() {
                    self.id = Some(id.clone());
                }
                self.write(changes);
            }
            Operation::Disable { .. } => self.active = Some(false),
            Operation::Enable { .. } => self.active = Some(true),
            Operation::Delete { target_id } => {
                if self.id.as_ref() == Some(target_id) {
                    self.id = None;
                }
            }
            Operation::Unlink { .. }
            | Operation::AddMembers { .. }
            | Operation::RemoveMembers { .. } => {}
        }
    }
}

pub(crate) fn step_of(subject: &Subject, planned: PlannedStep) -> Step {
    Step {
        id: StepId(1),
        channel: subject.channel.clone(),
        cycle: CycleId(1),
        subject: subject.id.unwrap_or(SubjectId(0)),
        kind: subject.kind,
        planned,
        state: StepState::Claimed,
        attempts: 1,
        created_at: NOW,
        changed_at: NOW,
    }
}

/// Sends the steps of a plan that are not held (or all, when approved) and records what came back.
/// Steps whose expectations no longer hold are dropped, as the engine does.
pub(crate) fn apply(
    rules: &ChannelRules,
    plan: &SubjectPlan,
    target: &mut FakeTarget,
    approved: bool,
    now: Millis,
) -> Subject {
    let mut subject = plan.subject.clone();
    for planned in &plan.steps {
        if (planned.hold.is_some() && !approved) || planned.check(&subject).is_err() {
            continue;
        }
        target.carry_out(&planned.operation);
        let observed = target.observed(subject.kind).filter(|_| !target.silent);
        let applied = Applied {
            observed: observed.as_ref(),
            target_id: target.id.as_ref(),
        };
        let step = step_of(&subject, planned.clone());
        subject = record_success(rules, subject, &step, applied, now);
    }
    subject
}

/// A subject that was created by us with these fields, and the target that holds it.
pub(crate) fn linked(
    rules: &ChannelRules,
    subject: Subject,
    resource: Resource,
) -> (Subject, FakeTarget) {
    let mut target = FakeTarget::default();
    let first = plan(rules, &subject, SourceState::InScope(desired(resource)));
    let subject = apply(rules, &first, &mut target, true, NOW);
    assert_eq!(subject.state, SubjectState::Linked, "the test's own set-up");
    assert!(subject.is_converged(), "the test's own set-up: {subject:?}");
    (subject, target)
}

pub(crate) fn text(value: &str) -> FieldValue {
    FieldValue::Text(value.to_owned())
}

pub(crate) fn verbs(plan: &SubjectPlan) -> Vec<&'static str> {
    plan.steps
        .iter()
        .map(|step| step.operation.verb().as_str())
        .collect()
}

pub(crate) fn holds(plan: &SubjectPlan) -> Vec<&'static str> {
    plan.steps
        .iter()
        .map(|step| step.hold.as_ref().map_or("-", |hold| hold.name()))
        .collect()
}
