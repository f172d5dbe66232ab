//! What a directory is made of, as values: names, filters, comparison rules, times, GUIDs and LDIF.
//!
//! The crate is pure: it opens no file and no socket, and reads no clock. [`ldif`] works on whatever
//! reader or writer it is given. Everything here accepts hostile input: sizes and depths are bounded, and
//! a refusal says where it happened, what was expected and what was found.
//!
//! - [`Dn`], [`Rdn`], [`Ava`]: distinguished names (RFC 4514) with byte values.
//! - [`Filter`], [`Tri`], [`AttributeLookup`]: search filters (RFC 4515) and their evaluation (RFC 4511).
//! - [`compare`]: folding of text, GeneralizedTime, FILETIME, GUIDs.
//! - [`attribute`]: attribute descriptions, their aliases and the syntaxes known by name.
//! - [`ldif`]: reader and writer for RFC 2849.

#![deny(missing_docs)]

pub mod attribute;
pub mod compare;
mod dn;
mod escape;
mod filter;
pub mod ldif;

pub use dn::{Ava, AvaValue, Dn, DnError, MAX_DN_BYTES, Rdn};
pub use filter::{
    AttributeLookup, Filter, FilterError, MAX_FILTER_BYTES, MAX_FILTER_DEPTH, RULE_BIT_AND,
    RULE_BIT_OR, RULE_IN_CHAIN, Tri,
};
