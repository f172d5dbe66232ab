//! A step of an outbox as pages show it: in a row, and whole with what changes, its request and what was exchanged.
//!
//! [`StepRow`], [`StepShown`] and [`Exchanges`] are put into a page with `|safe`: they escape what they hold.

mod exchange;
mod page;
mod row;
mod shown;
mod words;

pub(crate) use exchange::Exchanges;
pub(crate) use page::routes;
pub(crate) use row::{StepRow, StepRows};
pub(crate) use shown::StepShown;
pub(crate) use words::{State, hold_words, kind_words, state, verb_words};
