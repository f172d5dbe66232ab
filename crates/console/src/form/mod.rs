//! Forms: what is sent, what is shown, and how a field and a place in a document belong together.

mod field;
mod saving;
mod sent;
mod spec;

pub(crate) use field::{Choice, Control, Field, Mistakes, Summed};
pub(crate) use saving::NotSaved;
pub(crate) use sent::{File, Form};
pub(crate) use spec::{Shape, Spec, at, set, show, show_beside, take};
