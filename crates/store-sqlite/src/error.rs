//! Errors, brought into the store's form.

use usher_store::StoreError;

/// An error of SQLite, of a file, or of JSON.
pub(crate) fn backend(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Backend(error.into())
}

/// A row that cannot be understood, or a call that does not fit what is stored.
pub(crate) fn inconsistent(
    table: &'static str,
    column: &'static str,
    row: impl ToString,
    problem: impl Into<String>,
) -> StoreError {
    StoreError::Inconsistent {
        table,
        column,
        row: row.to_string(),
        problem: problem.into(),
    }
}
