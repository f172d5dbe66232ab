//! Reading and writing a target.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use usher_core::descriptor::{Capabilities, ConnectorDescriptor};
use usher_core::model::{ConnectionId, Kind, Load, Observed, Operation, SourceKey, TargetId};

use crate::source::{Check, Plain};

/// What a target is opened with.
#[derive(Clone, Debug)]
pub struct TargetSettings {
    /// The SP connection.
    pub connection: ConnectionId,
    /// Settings that are no secret, by name.
    pub settings: BTreeMap<String, String>,
    /// Opened secrets, by name.
    pub secrets: BTreeMap<String, Plain>,
    /// Seconds for one operation.
    pub timeout_seconds: u32,
    /// How the target is treated.
    pub load: Load,
    /// Authorities that are trusted beside those of the system, each PEM.
    pub authorities: Vec<String>,
}

/// A kind of target: its descriptor, and how to open one.
pub trait Connector: Send + Sync {
    /// What it declares.
    fn descriptor(&self) -> &ConnectorDescriptor;

    /// The target's identity, as far as the settings tell it (a directory id): links belong to it.
    /// All problems of the settings at once, in words.
    fn identity(&self, settings: &BTreeMap<String, String>) -> Result<String, Vec<String>>;

    /// Opens a target; does no I/O.
    fn open(&self, settings: TargetSettings) -> Result<Box<dyn Target>, TargetError>;
}

/// Opens sealed values; only [`Target::encode`] uses it.
pub trait Opener: Send + Sync {
    /// The plain value of a sealed token.
    fn open(&self, token: &str) -> Result<Plain, String>;
}

/// A page of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListPage {
    /// The resources.
    pub resources: Vec<Observed>,
    /// How many there are in all, if the target says.
    pub total: Option<u64>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<u64>,
}

/// A request, as it would be sent. Made by [`Target::encode`], so that a preview can show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// What the step stands for.
    pub kind: Kind,
    /// HTTP method.
    pub method: String,
    /// Path after the base URL, such as `/Users/123`.
    pub path: String,
    /// The body; masked values are in the clear here: show [`Request::shown`] instead.
    pub body: Option<serde_json::Value>,
    /// The body as a person may see it: masked values are dots.
    pub shown: Option<serde_json::Value>,
    /// The source key that a create can be recognised by afterwards.
    pub recognise: Option<SourceKey>,
}

/// One request with its reply, masked, for the audit log and `explain`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// HTTP method.
    pub method: String,
    /// The full URL.
    pub url: String,
    /// The request's body, masked.
    pub request: Option<serde_json::Value>,
    /// The reply's status; `None` when there was none.
    pub status: Option<u16>,
    /// The reply's body, masked, at most 4 KiB.
    pub reply: Option<String>,
    /// Milliseconds it took.
    pub duration_ms: u64,
    /// Bytes of the request's body.
    pub bytes_out: u64,
    /// Bytes of the reply's body.
    pub bytes_in: u64,
}

/// A good reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What the target returned, if it returned the resource.
    pub observed: Option<Observed>,
    /// The id of what was created.
    pub target_id: Option<TargetId>,
    /// What went over the wire.
    pub exchange: Exchange,
}

/// Why a request had no good reply, and what follows from it. The decision is made where the
/// error is born.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The target is as wanted already (a delete answered 404).
    AlreadyDone,
    /// Try again soon: after so many milliseconds if the target said, else by back-off. The
    /// request had no effect.
    Retry {
        /// The target's own word (`Retry-After`), milliseconds.
        after_ms: Option<u64>,
    },
    /// The whole target wants less: wait, for every step.
    Throttled {
        /// The target's own word (`Retry-After`), milliseconds.
        after_ms: Option<u64>,
    },
    /// Permanent for this payload: park it until source or mapping changes.
    Refused {
        /// Fields that the reply names, if any.
        fields: Vec<String>,
    },
    /// Its premise was wrong (409, 404): plan the subject again.
    Replan {
        /// What is wrong.
        premise: Premise,
    },
    /// It may or may not have been carried out: look it up before anything is repeated.
    Unknown,
    /// Nothing will work until a person acts (credentials, directory gone): stop the target.
    StopTarget,
}

/// Which premise of a step was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Premise {
    /// Something with the same unique value exists (409).
    Exists,
    /// The linked resource does not exist (404).
    Gone,
    /// One of several members does not exist (404 or 400 on a membership request).
    MemberGone,
}

/// An error of a target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TargetError {
    /// What follows from it.
    pub failure: Failure,
    /// What was expected, what was found, what to do; without secrets.
    pub message: String,
    /// What went over the wire, if anything did.
    pub exchange: Option<Box<Exchange>>,
}

impl TargetError {
    /// An error without an exchange.
    pub fn new(failure: Failure, message: impl Into<String>) -> Self {
        Self {
            failure,
            message: message.into(),
            exchange: None,
        }
    }
}

/// A target, opened for one SP connection. Its reading side can be used without its writing side.
#[async_trait]
pub trait Target: Send + Sync {
    /// What it can do.
    fn capabilities(&self) -> &Capabilities;

    /// Verifies address and credentials with a cheap request; each check with its evidence.
    async fn check(&self) -> Vec<Check>;

    /// The same request, with what follows from its failure: [`Failure::StopTarget`] where only a person can help
    /// (key, address, certificate), anything else where it may pass.
    async fn verify(&self) -> Result<(), TargetError>;

    /// One page of all resources of a kind; `start` is `None` or the last page's `next`. Members
    /// of groups are skipped unless `with_members`.
    async fn list(
        &self,
        kind: Kind,
        start: Option<u64>,
        with_members: bool,
    ) -> Result<ListPage, TargetError>;

    /// One resource by id; `None` when the target says that it does not exist.
    async fn read(&self, kind: Kind, id: &TargetId) -> Result<Option<Observed>, TargetError>;

    /// Resources by one field's exact value (`externalId`, `userName`, a group's `displayName`).
    /// A field that the target cannot look up answers an empty list.
    async fn find(
        &self,
        kind: Kind,
        field: &str,
        value: &str,
    ) -> Result<Vec<Observed>, TargetError>;

    /// What would be sent for an operation; pure. `Unlink`, and `Adopt` or `Rekey` without
    /// changes, send nothing: `None`.
    fn encode(
        &self,
        kind: Kind,
        operation: &Operation,
        opener: &dyn Opener,
    ) -> Result<Option<Request>, TargetError>;

    /// Another encoding of the same effect, after the target refused the first one with 400
    /// (removal of members by path instead of by value list, clearing by PUT instead of remove).
    /// `attempt` counts from 1; `None` when there is no other.
    fn encode_otherwise(
        &self,
        kind: Kind,
        operation: &Operation,
        attempt: u32,
        opener: &dyn Opener,
    ) -> Result<Option<Request>, TargetError>;

    /// Sends one request and reads its reply.
    async fn send(&self, request: &Request) -> Result<Reply, TargetError>;
}
