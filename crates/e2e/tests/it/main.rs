//! From a real directory over the real connectors to the sandbox, end to end. The directory is OpenLDAP; without it
//! the stories are skipped, except in continuous integration.

mod configuration;
mod first_sync;
mod world;
