//! How long to send, and what came of it.

use usher_core::model::{Millis, StepId, SubjectId};

/// How long to send.
#[derive(Clone, Debug)]
pub struct SendOptions {
    /// Wait for steps that are to be tried again within so many milliseconds, and for a target that
    /// is to be left alone for no longer than that.
    pub patience_ms: i64,
    /// Send at most so many steps.
    pub at_most: Option<u64>,
    /// Send these only, even while the channel only observes: a person named them. A paused or
    /// quarantined channel sends nothing all the same.
    pub only: Option<Only>,
    /// Leave it to the resident sender of the target, if there is one, and tell after some seconds what was sent
    /// so far: a first synchronisation may take an hour.
    pub hand_over: bool,
}

/// What a person named to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Only {
    /// Every step of these subjects (a pilot).
    Subjects(Vec<SubjectId>),
    /// These steps (an approval).
    Steps(Vec<StepId>),
}

impl Default for SendOptions {
    fn default() -> Self {
        Self {
            patience_ms: 15_000,
            at_most: None,
            only: None,
            hand_over: false,
        }
    }
}

/// What was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendReport {
    /// Steps that succeeded.
    pub succeeded: u64,
    /// Steps that were parked.
    pub parked: u64,
    /// Steps whose premise was wrong.
    pub replanned: u64,
    /// Steps that wait for their next attempt.
    pub waiting: u64,
    /// Why sending stopped before everything was sent, if it did.
    pub stopped: Option<String>,
    /// When it is worth sending again, if something waits for its time: UTC milliseconds.
    pub again_at: Option<Millis>,
}
