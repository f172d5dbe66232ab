//! The connector against the sandbox service, over real HTTP.

mod contract;
mod driver;
mod knobs;
mod lost_replies;
mod pairs;
mod rig;
mod scenario;
