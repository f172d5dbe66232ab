//! What needs a person, whom that is told, and since when something is amiss.
//!
//! None of this belongs to a target, so nothing here carries a fence. An alert and what is to be told of it
//! are written in one transaction, so nobody is told twice and nothing is forgotten, whenever a process dies.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use usher_core::alerts::Happening;
use usher_core::model::{Alert, ChannelId, Millis};

use crate::Result;

/// The id of an alert, given by the store. Never used twice.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct AlertId(
    /// The number.
    pub i64,
);

/// The id of a delivery, given by the store. Never used twice.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct DeliveryId(
    /// The number.
    pub i64,
);

/// An alert as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAlert {
    /// Its id.
    pub id: AlertId,
    /// The alert, in its latest words.
    pub alert: Alert,
    /// When it was raised.
    pub raised_at: Millis,
    /// When it was over; `None` while it is open.
    pub cleared_at: Option<Millis>,
}

/// An alert to raise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raise {
    /// The alert.
    pub alert: Alert,
    /// Who is told. Nobody is allowed: then it is only shown.
    pub recipients: Vec<String>,
}

/// An open alert that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    /// Which.
    pub id: AlertId,
    /// Whether those who were told that it began are told of it. Not when a new stage of the same matter
    /// takes its place: then that is told.
    pub told: bool,
}

/// What changed since alerts were judged last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertChange {
    /// Alerts that begin.
    pub raise: Vec<Raise>,
    /// Open alerts with new words. Nobody is told.
    pub update: Vec<(AlertId, Alert)>,
    /// Alerts that are over.
    pub over: Vec<Over>,
}

/// Something that one receiver is to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// Of which alert.
    pub alert: StoredAlert,
    /// What happened to it.
    pub happening: Happening,
    /// When that happened.
    pub at: Millis,
    /// Who is told.
    pub recipient: String,
    /// How often it was tried, this time included.
    pub tries: u32,
}

/// How an attempt to deliver ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryEnd {
    /// The receiver has it.
    Done,
    /// It is tried again.
    Again {
        /// When.
        due_at: Millis,
        /// Why it failed.
        error: String,
    },
    /// It is not tried again.
    GivenUp {
        /// Why it failed.
        error: String,
    },
}

/// How far a delivery is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryState {
    /// Of which alert.
    pub alert: AlertId,
    /// What happened to it.
    pub happening: Happening,
    /// Who is told.
    pub recipient: String,
    /// How often it was tried.
    pub tries: u32,
    /// When it was delivered or given up.
    pub done_at: Option<Millis>,
    /// Why it failed last; with `done_at`: why it was given up.
    pub error: Option<String>,
}

/// Held steps of a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeldSteps {
    /// How many.
    pub count: u64,
    /// Those of them that disable or delete an account, or take members out.
    pub removals: u64,
    /// When the oldest of those was planned, or the oldest of all when there is none.
    pub since: Option<Millis>,
}

/// Alerts, their deliveries and the troubles that they are judged from. Each method is one transaction.
#[async_trait]
pub trait Alerts: Send + Sync {
    /// What is amiss, by key, with the time since when.
    async fn troubles(&self) -> Result<BTreeMap<String, Millis>>;

    /// Begins a trouble, or ends it with `None`. One that began already keeps its earliest time.
    async fn set_trouble(&self, key: &str, since: Option<Millis>) -> Result<()>;

    /// The held steps of a channel, without those whose hold has one of these names.
    async fn held_steps(&self, channel: &ChannelId, left_out: &[&str]) -> Result<HeldSteps>;

    /// Alerts that are open, oldest first.
    async fn open_alerts(&self) -> Result<Vec<StoredAlert>>;

    /// Alerts, newest first; `before` pages on by id.
    async fn alerts(&self, before: Option<AlertId>, limit: u32) -> Result<Vec<StoredAlert>>;

    /// Writes what changed, with its deliveries. A key that is open already is not raised again, and an
    /// alert that is over stays as it is.
    ///
    /// Who was never tried to be told that an alert began is not told of it any more when it is over, and
    /// neither that it is over. Everybody else is told `cleared`, after `raised`.
    async fn change_alerts(&self, change: &AlertChange, now: Millis) -> Result<()>;

    /// Claims the delivery that is due longest and that nobody else has claimed; `None` when there is none.
    /// Of one alert and one receiver never a later one while an earlier one is not done. A claim that is not
    /// settled by `until` is free again: its process died, and the receiver may have been told.
    async fn claim_delivery(&self, now: Millis, until: Millis) -> Result<Option<Delivery>>;

    /// Ends an attempt. One that is done already stays as it is. With the beginning of an alert that is given up,
    /// the receiver's message that it is over goes too.
    async fn settle_delivery(&self, id: DeliveryId, end: &DeliveryEnd, now: Millis) -> Result<()>;

    /// How far the deliveries of these alerts are, oldest first.
    async fn deliveries(&self, alerts: &[AlertId]) -> Result<Vec<DeliveryState>>;
}
