//! Mapping: what a directory entry says that an account or group should be.
//!
//! [`Rules`] are compiled once per channel and used for every entry of a cycle. A rule applies its
//! steps in this order: attributes, expression (or the single value), default if empty, parser,
//! trim, case, checks. Nothing here fails as a whole: a bad value is a problem of its field, and
//! nothing a directory can hold makes it panic.

mod binary;
mod compile;
mod context;
mod expression;
mod filters;
mod preview;
mod rules;
mod scan;
mod status;
mod user;
mod value;

pub use binary::BinaryAttributes;
pub use preview::{FieldPreview, PreviewStep, preview};
pub use rules::{MappingProblem, Rules, RulesInput};
pub use status::account_status;
pub use user::{defaulted, map_group, map_user};
pub use value::TOO_LONG;

use crate::model::{Desired, DisabledReason, FieldValue, Millis, Problem};

/// What mapping made of one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mapped {
    /// A valid account or group.
    Desired(Desired),
    /// No valid account or group can be made of it.
    Invalid {
        /// Every problem.
        problems: Vec<Problem>,
        /// Whether the source has it disabled: a leaver leaves even when mapping fails.
        disabled: Option<DisabledReason>,
        /// When the clock alone changes the status.
        changes_at: Option<Millis>,
    },
}

/// Seals the values of masked fields. Implemented where the key is.
pub trait Mask {
    /// Makes a [`FieldValue::Sealed`] of the plain value. Equal values of one field must get equal
    /// digests.
    fn mask(&self, field: &str, plain: &str) -> FieldValue;
}

/// Leaves masked values plain: for tests and rehearsals that show nothing to anybody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unmasked;

impl Mask for Unmasked {
    fn mask(&self, _field: &str, plain: &str) -> FieldValue {
        FieldValue::Text(plain.to_owned())
    }
}

#[cfg(test)]
mod tests;
