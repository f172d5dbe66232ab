//! An Atlassian-like SCIM 2.0 service: users, groups, discovery, keys, an organisation with verified
//! domains, accounts and groups, and everything that can go wrong on the way.
//!
//! It is written apart from the SCIM client of this project and shares no code with it, so that one
//! can judge the other. Where the real service is unclear, a knob ([`Knobs`]) holds every reading;
//! where the network is to blame, a [`FaultRule`] does it at a chosen request.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use usher_sandbox::scim::{FaultKind, FaultRule, Sandbox, SandboxConfig};
//!
//! let sandbox = Sandbox::start(SandboxConfig::default()).await?;
//! println!("{} {}", sandbox.base_url(), sandbox.key());
//! sandbox.fault(FaultRule::once("POST", FaultKind::ResetAfterCommit).on_path("/Users"));
//! // ... let a client work ...
//! assert!(sandbox.counts().by_class.get("5xx").is_none());
//! sandbox.stop().await
//! # }
//! ```
//!
//! A request is handled like this: planned fault, rate limit, service time, then under one lock key
//! check, route, change and reply; then the log. Nothing waits while it holds the lock.

mod accounts;
mod admin;
mod app;
mod attributes;
mod choices;
mod clock;
mod config;
mod control;
mod desk;
mod discovery;
mod dispatch;
mod distort;
mod error;
mod fault;
mod filter;
mod group_patch;
mod groups;
pub mod knobs;
mod limiter;
mod lists;
mod log;
mod members;
mod model;
mod operations;
mod org;
mod patch;
mod patch_path;
mod query;
mod reply;
mod server;
mod state_file;
mod store;
mod users;
mod view;
mod wire;
mod world;

pub use app::{Control, SeedError, Snapshot};
pub use clock::{Clock, system_clock};
pub use config::{
    AccountConfig, AccountKind, DirectoryConfig, OrgConfig, OrgGroupConfig, OrgGroupKind,
    SandboxConfig,
};
pub use fault::{FaultKind, FaultRule, PlannedFault};
pub use knobs::{Knobs, Limits, RateLimit};
pub use log::{Counts, LoggedRequest};
pub use org::PropagationLine;
pub use server::{RunningSandbox, Sandbox};
