//! Tests of what only this backend can know: statements, plans, files, broken rows.

mod statements;
