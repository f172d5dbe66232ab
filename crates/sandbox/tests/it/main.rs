//! The sandbox over real sockets. Each test of the SCIM service quotes the row of the table of
//! behaviours that it holds.

mod scim;
