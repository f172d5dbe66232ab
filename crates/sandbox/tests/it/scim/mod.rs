//! The SCIM service over real HTTP.

mod rig;
mod users;
