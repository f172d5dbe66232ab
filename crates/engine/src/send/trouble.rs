//! Why something asked of the target has no good reply.

use usher_connector::{Failure, TargetError};

use super::attempt::{Blame, Ended};

/// Said of steps that were not sent.
pub(super) const NOT_SENT: &str = "sending was stopped before it was sent";

/// Why there is no good reply.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Sending was stopped before it was asked.
    Stopped,
    /// The target's own, or it is to be left alone.
    Target(TargetError),
}

impl From<TargetError> for Trouble {
    fn from(error: TargetError) -> Self {
        Self::Target(error)
    }
}

impl Trouble {
    /// The payload was refused.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Target(error) if matches!(error.failure, Failure::Refused { .. }))
    }

    /// The payload was refused, or is about something that is not there.
    pub(super) fn is_about_content(&self) -> bool {
        matches!(self, Self::Target(error)
            if matches!(error.failure, Failure::Refused { .. } | Failure::Replan { .. }))
    }

    /// In words.
    pub(super) fn reason(self) -> String {
        match self {
            Self::Stopped => NOT_SENT.to_owned(),
            Self::Target(error) => error.message,
        }
    }
}

/// How an attempt ends that can be repeated as a whole.
pub(super) fn again(trouble: &Trouble) -> Ended {
    match trouble {
        Trouble::Stopped => Ended::Unsent,
        Trouble::Target(error) => again_after(error),
    }
}

/// How an attempt ends that failed in this way.
pub(super) fn again_after(error: &TargetError) -> Ended {
    let after_ms = match &error.failure {
        Failure::StopTarget => {
            return Ended::Stop {
                reason: error.message.clone(),
                sent: false,
            };
        }
        Failure::Throttled { after_ms } | Failure::Retry { after_ms } => *after_ms,
        Failure::AlreadyDone
        | Failure::Refused { .. }
        | Failure::Replan { .. }
        | Failure::Unknown => None,
    };
    Ended::Again {
        after_ms,
        blame: blame(error),
        reason: error.message.clone(),
    }
}

/// A target that wants less, does not answer or fails by itself says nothing about the step.
pub(super) fn blame(error: &TargetError) -> Blame {
    let status = error.exchange.as_ref().and_then(|exchange| exchange.status);
    match (&error.failure, status) {
        (Failure::Throttled { .. }, _) => Blame::Pause,
        (Failure::Retry { .. } | Failure::Unknown, None | Some(500..)) => Blame::Target,
        (
            Failure::Retry { .. }
            | Failure::Unknown
            | Failure::AlreadyDone
            | Failure::Refused { .. }
            | Failure::Replan { .. }
            | Failure::StopTarget,
            _,
        ) => Blame::Step,
    }
}
