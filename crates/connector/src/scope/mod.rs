//! What every source needs to say who is in scope: compiled settings, source keys, the words of a
//! clause, and the closure of nested groups. No I/O: a source brings its own way to read.

mod convert;
mod key;
mod rules;
mod sets;
mod walk;

pub use convert::{
    Attributes, MAX_ENTRY_BYTES, MAX_VALUE_BYTES, entry_of, lower_attributes, take_too_long,
};
pub use key::{KeyRule, MAX_KEY_BYTES};
pub use rules::{LocationRule, ScopeGroup, ScopeRules, dn_hash};
pub use sets::{Members, ScopeSets};
pub use walk::{GroupLists, MAX_NESTING, MemberList, Step, Walk};
