//! What the properties are written with: a channel, its lease, and short ways to fill it.

use std::collections::BTreeMap;

use usher_core::model::{
    ChannelId, ConnectionId, Cycle, CycleId, CycleMode, CycleState, Expectation, FieldChange,
    FieldValue, Hash128, Hold, Kind, Millis, Operation, PlannedStep, Reason, Resource, SourceKey,
    Step, StepId, StepState, Subject, SubjectId, SubjectState, TargetId, Verdict,
};

use super::Place;
use crate::{
    ChannelRecord, Fence, NewCycle, Outcome, Settle, Settled, StepFilter, Store, SubjectWrite,
    UniqueValue,
};

/// A moment to begin with.
pub(super) const T0: Millis = 1_750_000_000_000;
/// How long the desk's lease is.
pub(super) const TTL: i64 = 1_000_000;

/// One channel with its lease.
pub(super) struct Desk {
    pub(super) store: Box<dyn Store>,
    pub(super) fence: Fence,
    pub(super) channel: ChannelId,
    pub(super) connection: ConnectionId,
}

impl Desk {
    pub(super) async fn at(place: &dyn Place) -> Self {
        let store = place.open().await;
        Self::of(store, "target", "channel").await
    }

    pub(super) async fn of(store: Box<dyn Store>, connection: &str, channel: &str) -> Self {
        let connection = ConnectionId::new(connection);
        let fence = store
            .take_lease(&connection, "owner", T0, TTL)
            .await
            .unwrap()
            .expect("a free lease");
        Self {
            store,
            fence,
            channel: ChannelId::new(channel),
            connection,
        }
    }

    pub(super) async fn begin(&self) -> CycleId {
        self.begin_at(T0).await
    }

    pub(super) async fn begin_at(&self, now: Millis) -> CycleId {
        let cycle = NewCycle {
            channel: self.channel.clone(),
            mode: CycleMode::Full,
            now,
            revision: 1,
        };
        self.store.begin_cycle(&self.fence, &cycle).await.unwrap()
    }

    pub(super) fn record(&self) -> ChannelRecord {
        ChannelRecord::new(self.channel.clone(), self.connection.clone())
    }

    pub(super) fn ending(&self, cycle: CycleId, now: Millis) -> Settle {
        Settle {
            cycle: Cycle {
                id: cycle,
                channel: self.channel.clone(),
                mode: CycleMode::Full,
                started_at: T0,
                ended_at: Some(now),
                state: CycleState::Completed,
                read: 0,
                verdicts: BTreeMap::new(),
                steps: BTreeMap::new(),
                held: BTreeMap::new(),
                breaches: Vec::new(),
                drift: Vec::new(),
                remarks: Vec::new(),
                certificate: None,
                plan_hash: None,
                revision: 1,
            },
            breaches: BTreeMap::new(),
            record: self.record(),
        }
    }

    pub(super) async fn settle(&self, cycle: CycleId) -> Settled {
        let settle = self.ending(cycle, T0);
        self.store.settle(&self.fence, &settle).await.unwrap()
    }

    pub(super) async fn settle_holding(&self, cycle: CycleId, guards: &[&str]) -> Settled {
        let mut settle = self.ending(cycle, T0);
        settle.breaches = guards
            .iter()
            .map(|guard| ((*guard).to_owned(), breach(guard)))
            .collect();
        self.store.settle(&self.fence, &settle).await.unwrap()
    }

    pub(super) async fn write(&self, cycle: CycleId, writes: &[SubjectWrite]) -> Vec<SubjectId> {
        self.store.write(&self.fence, cycle, writes).await.unwrap()
    }

    /// A whole cycle: begin, write, settle.
    pub(super) async fn plan(&self, writes: &[SubjectWrite]) -> Vec<SubjectId> {
        let cycle = self.begin().await;
        let ids = self.write(cycle, writes).await;
        self.settle(cycle).await;
        ids
    }

    /// Subjects that are linked to `t-NAME`, clean and without steps.
    pub(super) async fn linked(&self, kind: Kind, names: &[&str]) -> Vec<SubjectId> {
        let writes: Vec<SubjectWrite> = names
            .iter()
            .map(|name| write(self.linked_subject(kind, name), Vec::new()))
            .collect();
        self.plan(&writes).await
    }

    pub(super) fn subject(&self, kind: Kind, name: &str) -> Subject {
        let dn = format!("cn={name},ou=people,dc=example");
        let mut subject = Subject::new(
            self.channel.clone(),
            SourceKey::new(format!("k-{name}")),
            kind,
            &dn,
            Hash128::of(dn.as_bytes()),
        );
        subject.display = format!("{name}@example.com");
        subject
    }

    pub(super) fn linked_subject(&self, kind: Kind, name: &str) -> Subject {
        let mut subject = self.subject(kind, name);
        let hash = Hash128::of(name.as_bytes());
        subject.state = SubjectState::Linked;
        subject.target_id = Some(TargetId::new(format!("t-{name}")));
        subject.desired_hash = Some(hash);
        subject.synced_hash = Some(hash);
        subject.verdict = Verdict::Unchanged;
        subject.dirty = false;
        subject.members_dirty = false;
        subject
    }

    pub(super) async fn get(&self, id: SubjectId) -> Subject {
        let mut found = self.store.subjects(&[id]).await.unwrap();
        assert_eq!(found.len(), 1, "subject {id} is stored");
        // Without its version it compares by content, and is written whatever is there.
        let version = 0;
        Subject {
            version,
            ..found.remove(0)
        }
    }

    pub(super) async fn steps(&self) -> Vec<Step> {
        self.store
            .steps(&StepFilter::default(), StepId(0), 100_000)
            .await
            .unwrap()
    }

    pub(super) async fn step(&self, id: StepId) -> Step {
        let steps = self.steps().await;
        let found = steps.into_iter().find(|step| step.id == id);
        found.expect("the step is stored")
    }

    /// The states of all steps of a subject, by name, in id order.
    pub(super) async fn states(&self, subject: SubjectId) -> Vec<&'static str> {
        let filter = StepFilter {
            subjects: vec![subject],
            ..StepFilter::default()
        };
        let steps = self.store.steps(&filter, StepId(0), 1000).await.unwrap();
        steps.iter().map(|step| step.state.name()).collect()
    }

    pub(super) async fn claim(&self, limit: u32) -> Vec<Step> {
        self.claim_at(T0, limit).await
    }

    pub(super) async fn claim_at(&self, now: Millis, limit: u32) -> Vec<Step> {
        self.store
            .claim(&self.fence, std::slice::from_ref(&self.channel), now, limit)
            .await
            .unwrap()
    }

    pub(super) async fn finish(&self, outcome: Outcome) {
        self.store
            .record(&self.fence, &[outcome], T0)
            .await
            .unwrap();
    }
}

/// A hold of a guard.
pub(super) fn breach(guard: &str) -> Hold {
    Hold::Guard {
        reason: format!("{guard} exceeds its limit"),
    }
}

pub(super) fn write(subject: Subject, steps: Vec<PlannedStep>) -> SubjectWrite {
    SubjectWrite {
        subject,
        container: "ou=people,dc=example".to_owned(),
        replanned: true,
        steps,
        unique: None,
    }
}

/// One claimed step's outcome and nothing else.
pub(super) fn outcome(step: &Step, state: StepState) -> Outcome {
    Outcome {
        step: step.id,
        state,
        attempts: step.attempts + 1,
        subjects: Vec::new(),
        presence: Vec::new(),
        index: Vec::new(),
        index_gone: Vec::new(),
        exchanges: Vec::new(),
        audit: Vec::new(),
    }
}

pub(super) fn planned(operation: Operation, guards: &[&str]) -> PlannedStep {
    PlannedStep {
        operation,
        part: 0,
        reason: Reason::Changed,
        expects: Expectation::default(),
        hold: None,
        guards: guards.iter().map(|guard| (*guard).to_owned()).collect(),
    }
}

pub(super) fn create(name: &str) -> PlannedStep {
    let operation = Operation::Create {
        resource: Resource::default().with("userName", name),
        active: true,
    };
    planned(operation, &["create"])
}

pub(super) fn update(name: &str) -> PlannedStep {
    let operation = Operation::Update {
        target_id: TargetId::new(format!("t-{name}")),
        changes: vec![FieldChange {
            field: "title".to_owned(),
            from: None,
            to: Some(FieldValue::Text("Clerk".to_owned())),
        }],
    };
    planned(operation, &["attribute.changed:title"])
}

pub(super) fn disable(name: &str) -> PlannedStep {
    let operation = Operation::Disable {
        target_id: TargetId::new(format!("t-{name}")),
    };
    planned(operation, &["removal.evidence"])
}

pub(super) fn add_members(group: &str, members: &[(SubjectId, &str)]) -> PlannedStep {
    let operation = Operation::AddMembers {
        target_id: TargetId::new(format!("t-{group}")),
        members: members
            .iter()
            .map(|(subject, name)| usher_core::model::Member {
                subject: *subject,
                target_id: TargetId::new(format!("t-{name}")),
            })
            .collect(),
    };
    planned(operation, &["members.gained:7"])
}

pub(super) fn unique(field: &str, folded: &str) -> UniqueValue {
    UniqueValue {
        field: field.to_owned(),
        folded: folded.to_owned(),
    }
}
