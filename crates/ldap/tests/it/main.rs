//! The client against a real slapd, a hostile server, and a proxy that cuts.

mod real;
