//! Reads people and groups from an LDIF file, an export read as a directory: for rehearsal without
//! access to the directory itself.
//!
//! Every read is a full one. Filters are evaluated here, as a server would. A record that cannot be
//! read makes the read incomplete, as nobody knows who it was.
#![deny(missing_docs)]

mod classes;
mod directory;
mod fetch;
mod file;
mod load;
mod probe;
mod read;
mod settings;
mod source;
mod tree;

pub use source::LdifSource;
