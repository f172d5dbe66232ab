//! Inputs of every kind, for the properties.

use proptest::prelude::*;
use usher_core::model::{
    Desired, GroupRemoval, GroupRename, Kind, Observed, RemoveAction, Resource, Subject, SubjectId,
    SubjectState, TargetId,
};
use usher_core::planner::{
    Candidate, ChannelRules, Conflict, FoundBy, Ownership, SourceState, SubjectInput, SubjectPlan,
    plan_subject,
};

use crate::world::{self, FakeTarget, NOW, apply};

prop_compose! {
    pub(crate) fn any_rules()(
        bits in proptest::collection::vec(any::<bool>(), 12),
        removal in 0..3u8,
        rename in 0..3u8,
        grace in 0..10u32,
    ) -> ChannelRules {
        let mut rules = world::rules();
        rules.options.user_create = bits[0];
        rules.options.user_update = bits[1];
        rules.options.user_disable = bits[2];
        rules.options.provision_disabled = bits[3];
        if bits[4] {
            rules.options.remove_action = RemoveAction::Delete;
        }
        rules.first_sync = bits[5];
        rules.configuration_changed = bits[6];
        rules.policy.recreate_missing = bits[7];
        rules.policy.authoritative_members = bits[8];
        rules.group_rename = bits[9];
        if bits[10] {
            rules.policy.email_domains = vec!["example.com".to_owned()];
        }
        if bits[11] {
            rules.protected_groups.push("a*".to_owned());
        }
        rules.policy.group_removal = [GroupRemoval::Keep, GroupRemoval::Empty, GroupRemoval::Delete][removal as usize];
        rules.policy.group_rename = [GroupRename::Keep, GroupRename::CreateCopyDelete, GroupRename::Fail][rename as usize];
        rules.policy.delete_grace_days = grace;
        rules
    }
}

pub(crate) fn any_resource() -> impl Strategy<Value = Resource> {
    let value = prop_oneof!["[aAbB]{1,2}", "[ab]@(example\\.com|other\\.org)"];
    let field = prop_oneof![
        Just("userName"),
        Just("workEmail"),
        Just("title"),
        Just("phone"),
        Just("locale"),
        Just("nickName"),
        Just("displayName"),
    ];
    proptest::collection::btree_map(field, value, 0..5).prop_map(|fields| {
        let start = Resource::default().with("externalId", "key-ana");
        fields.into_iter().fold(start, |resource, (field, value)| {
            resource.with(field, &value)
        })
    })
}

prop_compose! {
    pub(crate) fn any_desired()(resource in any_resource(), off in any::<bool>()) -> Desired {
        if off { world::disabled(resource) } else { world::desired(resource) }
    }
}

pub(crate) fn any_source() -> impl Strategy<Value = SourceState> {
    prop_oneof![
        5 => any_desired().prop_map(SourceState::InScope),
        1 => Just(world::out()),
        1 => any::<bool>().prop_map(|explicit| SourceState::Gone { proof: "p".to_owned(), explicit }),
        1 => Just(SourceState::Protected { rule: "list".to_owned() }),
        1 => any::<bool>().prop_map(|off| SourceState::Invalid {
            problems: Vec::new(),
            disabled: off.then(|| world::disabled(Resource::default()).disabled).flatten(),
        }),
    ]
}

prop_compose! {
    pub(crate) fn any_candidate()(
        id in 0..3u8,
        resource in any_resource(),
        active in any::<bool>(),
        by in 0..3u8,
        linked in any::<bool>(),
        owned in any::<bool>(),
    ) -> Candidate {
        Candidate {
            observed: Observed {
                target_id: TargetId::new(format!("T{id}")),
                kind: Kind::User,
                resource,
                active: Some(active),
                modified_at: None,
                members: None,
            },
            found_by: [FoundBy::ExternalId, FoundBy::Name, FoundBy::Email][by as usize],
            linked_to: (linked && owned).then(|| "uid=x".to_owned()),
            owned_by: (owned && !linked).then(|| "B".to_owned()),
        }
    }
}

prop_compose! {
    /// A subject as some history may have left it, with the target that goes with it.
    pub(crate) fn any_subject()(
        is_group in any::<bool>(),
        is_linked in any::<bool>(),
        resource in any_resource(),
        state in 0..8usize,
        active in proptest::option::of(any::<bool>()),
        left in any::<bool>(),
    ) -> (Subject, FakeTarget) {
        let kind = if is_group { Kind::Group } else { Kind::User };
        let subject = world::subject(kind, "ana");
        if !is_linked {
            let mut subject = subject;
            subject.state = [SubjectState::Pending, SubjectState::Ambiguous, SubjectState::Rekeying, SubjectState::Removed][state % 4];
            return (subject, FakeTarget::default());
        }
        let calm = world::rules();
        let mut target = FakeTarget::default();
        let first = world::plan(&calm, &subject, SourceState::InScope(world::desired(resource)));
        let mut subject = apply(&calm, &first, &mut target, true, NOW);
        subject.state = [SubjectState::Linked, SubjectState::Disabled, SubjectState::Frozen][state % 3];
        if !is_group {
            subject.shadow.active = active;
            target.active = active.or(Some(subject.state != SubjectState::Disabled));
        }
        subject.left_at = left.then_some(NOW - 30 * world::DAY);
        (subject, target)
    }
}

prop_compose! {
    pub(crate) fn any_case()(
        rules in any_rules(),
        subject in any_subject(),
        source in any_source(),
        candidates in proptest::collection::vec(any_candidate(), 0..3),
        conflict in any::<bool>(),
        ownership in 0..6u8,
        missing in prop::bool::weighted(0.2),
        parked in prop::bool::weighted(0.2),
    ) -> Case {
        let (mut subject, target) = subject;
        if let (true, SourceState::InScope(desired)) = (parked, &source) {
            subject.parked_hash = Some(desired.hash());
        }
        Case { rules, subject, target, source, candidates, conflict, ownership, missing }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) rules: ChannelRules,
    pub(crate) subject: Subject,
    pub(crate) target: FakeTarget,
    pub(crate) source: SourceState,
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) conflict: bool,
    pub(crate) ownership: u8,
    pub(crate) missing: bool,
}

impl Case {
    pub(crate) fn input(&self) -> SubjectInput<'_> {
        SubjectInput {
            rules: &self.rules,
            subject: self.subject.clone(),
            source: self.source.clone(),
            candidates: self.candidates.clone(),
            conflicts: self
                .conflict
                .then(|| Conflict {
                    field: "userName".to_owned(),
                    value: "a".to_owned(),
                    other: SubjectId(2),
                    other_dn: "uid=b".to_owned(),
                    other_is_incumbent: true,
                    is_swap: false,
                })
                .into_iter()
                .collect(),
            ownership: match self.ownership {
                0 => Ownership::MovesTo {
                    channel: "B".to_owned(),
                },
                1 => Ownership::Unclear {
                    channel: "B".to_owned(),
                },
                _ => Ownership::Ours,
            },
            missing_at_target: self.missing,
            scope_group: None,
            absence_doubt: None,
            copied: None,
            proven_again: true,
            now: NOW,
        }
    }

    pub(crate) fn plan(&self) -> SubjectPlan {
        plan_subject(&self.input())
    }

    pub(crate) fn desired(&self) -> Option<&Desired> {
        match &self.source {
            SourceState::InScope(desired) => Some(desired),
            SourceState::Invalid { .. }
            | SourceState::OutOfScope { .. }
            | SourceState::Gone { .. }
            | SourceState::Protected { .. } => None,
        }
    }
}
