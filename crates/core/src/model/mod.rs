//! The words of Usher as types: configuration, what is read, what is wanted, what is planned.

mod alerts;
mod configuration;
mod cycle;
mod data_store;
mod entry;
mod hash;
mod ids;
mod operation;
mod policy;
mod reason;
mod resource;
mod server;
mod step;
mod subject;
mod words;

pub use alerts::*;
pub use configuration::*;
pub use cycle::*;
pub use data_store::*;
pub use entry::*;
pub use hash::*;
pub use ids::*;
pub use operation::*;
pub use policy::*;
pub use reason::*;
pub use resource::*;
pub use server::*;
pub use step::*;
pub use subject::*;
