//! State machines: one row per edge, and every other pair is refused.

use usher_core::model::{Hold, StepState, SubjectState};

fn step_states() -> Vec<StepState> {
    vec![
        StepState::Planned,
        StepState::Pending,
        StepState::Held {
            hold: Hold::Adoption,
        },
        StepState::Claimed,
        StepState::Waiting {
            until: 1,
            attempt: 1,
            reason: "429".to_owned(),
        },
        StepState::Succeeded,
        StepState::Parked {
            reason: "400".to_owned(),
        },
        StepState::Replan {
            reason: "409".to_owned(),
        },
        StepState::Unknown,
        StepState::Superseded,
        StepState::Rejected,
        StepState::Expired,
    ]
}

const STEP_EDGES: [(&str, &str); 23] = [
    ("planned", "pending"),
    ("planned", "held"),
    ("planned", "superseded"),
    ("pending", "claimed"),
    ("pending", "superseded"),
    ("pending", "held"),
    ("held", "pending"),
    ("held", "rejected"),
    ("held", "expired"),
    ("held", "superseded"),
    ("claimed", "succeeded"),
    ("claimed", "waiting"),
    ("claimed", "parked"),
    ("claimed", "replan"),
    ("claimed", "unknown"),
    ("unknown", "succeeded"),
    ("unknown", "waiting"),
    ("unknown", "parked"),
    ("unknown", "replan"),
    ("waiting", "claimed"),
    ("waiting", "superseded"),
    ("parked", "pending"),
    ("parked", "superseded"),
];

#[test]
fn a_step_moves_along_its_edges_and_no_others() {
    for from in step_states() {
        for to in step_states() {
            let edge = (from.name(), to.name());
            let allowed = STEP_EDGES.contains(&edge);
            let result = from.clone().transition(to.clone());
            if allowed {
                assert_eq!(result.as_ref(), Ok(&to), "{edge:?}");
            } else {
                let error = result.unwrap_err();
                assert_eq!((error.from, error.to), edge);
                assert!(error.to_string().contains(edge.0));
            }
        }
    }
}

#[test]
fn a_final_step_moves_nowhere_and_every_other_one_can_move() {
    for from in step_states() {
        let moves = step_states()
            .into_iter()
            .any(|to| from.clone().transition(to).is_ok());
        assert_eq!(moves, !from.is_final(), "{}", from.name());
    }
}

const SUBJECT_EDGES: [(SubjectState, SubjectState); 28] = {
    use SubjectState::{Ambiguous, Archived, Disabled, Frozen, Linked, Pending, Rekeying, Removed};
    [
        (Pending, Linked),
        (Pending, Disabled),
        (Pending, Rekeying),
        (Pending, Ambiguous),
        (Pending, Archived),
        (Linked, Disabled),
        (Linked, Removed),
        (Linked, Frozen),
        (Linked, Archived),
        (Disabled, Linked),
        (Disabled, Removed),
        (Disabled, Frozen),
        (Disabled, Archived),
        (Removed, Pending),
        (Removed, Archived),
        (Frozen, Linked),
        (Frozen, Disabled),
        (Frozen, Archived),
        (Rekeying, Pending),
        (Rekeying, Linked),
        (Rekeying, Disabled),
        (Rekeying, Ambiguous),
        (Rekeying, Archived),
        (Ambiguous, Pending),
        (Ambiguous, Linked),
        (Ambiguous, Disabled),
        (Ambiguous, Rekeying),
        (Ambiguous, Archived),
    ]
};

#[test]
fn a_subject_moves_along_its_edges_and_no_others() {
    for from in SubjectState::ALL {
        for to in SubjectState::ALL {
            let allowed = SUBJECT_EDGES.contains(&(from, to));
            match from.transition(to) {
                Ok(state) => {
                    assert!(allowed, "{from:?} became {to:?}");
                    assert_eq!(state, to);
                }
                Err(error) => {
                    assert!(!allowed, "{from:?} did not become {to:?}");
                    assert_eq!((error.from, error.to), (from.as_str(), to.as_str()));
                }
            }
        }
    }
}

#[test]
fn an_archived_subject_is_never_planned() {
    let mut subject = crate::world::user("ana");
    subject.state = SubjectState::Archived;
    let source = usher_core::planner::SourceState::InScope(crate::world::desired(
        crate::world::person("ana"),
    ));
    let plan = crate::world::plan(&crate::world::rules(), &subject, source);
    assert!(plan.steps.is_empty());
    assert_eq!(plan.subject.state, SubjectState::Archived);
}
