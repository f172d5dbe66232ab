//! From a real directory over the real connectors to the sandbox, end to end. The directory is OpenLDAP; without it
//! the stories are skipped, except in continuous integration.

#![allow(
    clippy::string_slice,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod binary;
mod configuration;
mod disasters_rights;
mod disasters_source;
mod disasters_state;
mod disasters_target;
mod first_sync;
mod kills;
mod ldif;
mod overtaking;
mod scope;
mod secrets;
mod world;
