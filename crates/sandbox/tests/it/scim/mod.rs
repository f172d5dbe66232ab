//! The SCIM service over real HTTP.

mod accounts;
mod admin;
mod control;
mod deletion;
mod discovery;
mod faults;
mod group_patch;
mod groups;
mod keys;
mod lists;
mod log;
mod patch;
mod replies;
mod rig;
mod rows;
mod state;
mod users;
