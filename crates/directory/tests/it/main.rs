//! Properties that hold for every value, not just for examples.

mod compare;
mod dn;
mod filter;
mod generate;
mod ldif;
