//! The service that the command line, the APIs and the console call. What is decided is decided
//! below it; what is shown is made here, once.

mod activation;
mod alerts;
mod backups;
mod change;
mod correlation;
mod counting;
mod decide;
mod deliver;
mod differences;
mod directory;
mod doctor;
mod explain;
mod export;
mod find;
mod held;
mod history;
mod kept_plan;
mod links;
mod losses;
mod not_provisioned;
mod operator;
mod patience;
mod plan;
mod plan_steps;
mod policy;
mod previews;
mod report;
mod resident;
pub(crate) mod restored;
mod save;
mod select;
mod state;
mod status;
mod step_pages;
mod survey;
mod sync;
mod try_field;
mod unfinished;
mod unread;
mod verify;
mod waiting;

pub use alerts::{AlertStory, OpenAlert, WantedAlerts, WantedWebhook};
pub use backups::Backup;
pub use change::{Asking, Changed, How, Leave, NotChanged};
pub use correlation::{Candidate, CorrelationPreview};
pub use decide::{DecisionReport, Selection};
pub use differences::Differences;
pub use directory::{ScopeCounted, all_good, base_type, hidden};
pub use doctor::DoctorReport;
pub use explain::{Clause, Explanation, GroupPath, NextStep, StepStory};
pub use find::{Found, FoundChannel, FoundConnection, FoundStore};
pub use history::{AuditWanted, CycleWanted, Stretch};
pub use kept_plan::KeptPlan;
pub use links::{LinkView, LinkWanted};
pub use operator::{Operator, Permission, Role, role_name};
pub use patience::Impatient;
pub use policy::{PolicyProblem, policy_problems};
pub use previews::{MappingPreview, Whose, preview_rule};
pub use report::{
    Adoption, HeldGroup, MailDomain, NotProvisioned, PlanOptions, PlanReport, StepSample,
};
pub use save::SaveReport;
pub use state::StopReport;
pub use status::{ChannelStatus, Health, warnings};
pub use step_pages::{StepView, StepWanted};
pub use survey::{ClauseCount, FieldCount, Survey};
pub use sync::{SyncOptions, SyncReport};
pub use try_field::FieldSample;
pub use verify::{Doubt, Place};
pub use waiting::{Remedy, WaitingGroup};

pub(crate) use activation::{SUSPICIOUS, nobody_disabled};
pub(crate) use patience::AT_ONCE;
pub(crate) use sync::why_incomplete;

use std::sync::Arc;

use async_trait::async_trait;
use usher_store::Store;

use crate::context::Engine;
use crate::error::EngineError;

/// A private copy of the state, to rehearse on; gone when dropped.
pub struct ScratchCopy {
    /// The copy.
    pub store: Arc<dyn Store>,
    /// Keeps the copy's files while it lives.
    pub keep: Box<dyn std::any::Any + Send + Sync>,
}

/// Makes private copies of the state. A plan is the real cycle on a copy: nothing has a dry-run
/// flag.
#[async_trait]
pub trait Rehearsal: Send + Sync {
    /// A consistent copy of the state as it is now.
    async fn copy(&self) -> Result<ScratchCopy, EngineError>;
}

/// What operators can do.
#[derive(Clone)]
pub struct Admin {
    /// The engine.
    pub engine: Engine,
    /// Where plans are rehearsed.
    pub rehearsal: Arc<dyn Rehearsal>,
    /// Who asks; written to the audit log.
    pub operator: Operator,
}
