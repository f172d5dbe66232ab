//! Usher's state in one SQLite file.
//!
//! One connection writes, four read. Every mutation is one `BEGIN IMMEDIATE` transaction of few
//! statements: rows travel as JSON and are taken apart by `json_each`, since each statement costs a
//! trip to the connection's thread. The order of joins is fixed with `CROSS JOIN`, so that a plan
//! never depends on statistics.
//!
//! All statements are constants below `sql`; a test prepares each of them against the migrated
//! schema.
#![deny(missing_docs)]

mod admin;
mod alerts;
mod cells;
mod compact;
mod cycles;
mod drafts;
mod error;
mod given;
mod index;
mod links;
mod listing;
mod maintenance;
mod members;
mod open;
mod operators;
mod outcomes;
mod pick;
mod release;
mod rows;
mod scope;
mod send;
mod sent;
mod settle;
mod sql;
mod subjects;
mod traits;
mod tx;
mod write;
mod writer;

#[cfg(test)]
mod tests;

pub use maintenance::UNFINISHED;
pub use open::SqliteStore;
