//! The two ends Usher can be tried against without anybody's cloud or directory.
//!
//! - [`scim`]: an Atlassian-like SCIM 2.0 service over real HTTP on loopback, with knobs and faults.
//! - [`directory`]: a sample company directory over real LDAP on loopback.
//! - [`sample`]: the people and groups of that company.
//!
//! Neither is safe to expose to a network: both bind to 127.0.0.1 and their control plane has no
//! password.

pub mod directory;
pub mod sample;
pub mod scim;
