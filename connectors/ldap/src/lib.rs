//! Reads people and groups from an LDAP directory.
//!
//! A read is complete only if the server said so at every turn; whatever else happened, its certificate
//! gives the reason. Nothing is proved absent by a shorter list.
//!
//! - Full: people and groups are paged without members; the members of each group in scope are read
//!   afterwards, group by group, by range where the server wants that.
//! - Delta: what changed is read by object class, without the scope's filter; a second query says
//!   what of it is in scope, so that a leaver is seen leaving.
//! - Fetch: single entries by key or DN, on connections of their own.
#![deny(missing_docs)]

mod attributes;
mod errors;
mod fetch;
mod named;
mod probe;
mod query;
mod read;
mod references;
mod session;
mod settings;
mod source;
mod tree;
mod watermark;

pub use settings::Clock;
pub use source::LdapSource;
