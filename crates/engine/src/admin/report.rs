//! What a plan tells people.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use usher_connector::Request;
use usher_core::model::{Cycle, CycleMode, Kind, SourceKey, Verb, Verdict};
use usher_store::StepCount;

/// What to plan.
#[derive(Clone, Debug)]
pub struct PlanOptions {
    /// What to read.
    pub mode: CycleMode,
    /// These subjects only.
    pub only: Option<Vec<SourceKey>>,
    /// Every step instead of a sample of each operation.
    pub full: bool,
}

/// A plan.
#[derive(Clone, Debug, Serialize)]
pub struct PlanReport {
    /// SP connection and channel.
    pub channel: String,
    /// The hash to give to `usher apply`.
    pub hash: String,
    /// The cycle that made it.
    pub cycle: Cycle,
    /// Steps by verb and state.
    pub totals: Vec<StepCount>,
    /// Held steps by reason.
    pub held: Vec<HeldGroup>,
    /// What happens with people that exist at the target already.
    pub adoption: Adoption,
    /// Some steps of each operation, or all.
    pub samples: Vec<StepSample>,
    /// People and groups that are not provisioned, and why.
    pub not_provisioned: Vec<NotProvisioned>,
    /// The e-mail domains of people in scope, most people first.
    pub email_domains: Vec<MailDomain>,
    /// Memberships that follow once the accounts have an id.
    pub memberships_to_follow: u64,
    /// Expected requests and how long they take at the target's rate.
    pub estimate: String,
}

/// An e-mail domain of the scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MailDomain {
    /// The domain, in lower case.
    pub domain: String,
    /// People in scope whose work e-mail is in it.
    pub people: u64,
    /// Whether it is ticked; without a list in the policy every domain is.
    pub may_be_sent: bool,
}

/// Held steps of one kind.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct HeldGroup {
    /// The hold's name.
    pub hold: String,
    /// In words. Where they differ from step to step, those of the first one, which then says so.
    pub reason: String,
    /// How many.
    pub steps: u64,
    /// How to go on with them, in words.
    pub next: String,
}

/// The adoption plan (behaviour §1).
#[derive(Clone, Debug, Default, Serialize)]
pub struct Adoption {
    /// Nothing corresponds: to be created.
    pub create: u64,
    /// Corresponds and is as wanted but for the link.
    pub adopt_unchanged: u64,
    /// Corresponds, and is changed.
    pub adopt_with_changes: u64,
    /// Several correspond, or one that is linked already.
    pub ambiguous: u64,
    /// Resources of the target that nobody corresponds to: never touched.
    pub only_at_target: u64,
}

/// One step, shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StepSample {
    /// The step.
    pub id: i64,
    /// Its verb.
    pub verb: Verb,
    /// User or group.
    pub kind: Kind,
    /// Whom it is about.
    pub dn: String,
    /// The user name or group name.
    pub display: String,
    /// The source key.
    pub key: String,
    /// Why, in words.
    pub reason: String,
    /// Its state, by name.
    pub state: Cow<'static, str>,
    /// Why it waits, in words: held, parked, or to be tried again after what failed.
    pub hold: Option<String>,
    /// What changes: field, before, after.
    pub changes: Vec<(String, Option<String>, Option<String>)>,
    /// The very request, masked; `None` when nothing is sent.
    pub request: Option<Request>,
}

/// Somebody who is not provisioned.
#[derive(Clone, Debug, Serialize)]
pub struct NotProvisioned {
    /// The DN.
    pub dn: String,
    /// User or group; `None` when the entry could not be read so far.
    pub kind: Option<Kind>,
    /// What became of it.
    pub verdict: Verdict,
    /// Why, in words.
    pub reason: String,
}
