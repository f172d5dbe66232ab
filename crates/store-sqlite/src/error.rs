//! Errors, brought into the store's form.

use usher_store::StoreError;

/// An error of SQLite, of a file, or of JSON.
pub(crate) fn backend(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    let error = error.into();
    if is_full(error.as_ref()) {
        return StoreError::Full(error);
    }
    StoreError::Backend(error)
}

/// SQLITE_FULL, or an error of a file that says the same.
fn is_full(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    if let Some(sqlx::Error::Database(error)) = error.downcast_ref() {
        return error.code().is_some_and(|code| code == "13");
    }
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == std::io::ErrorKind::StorageFull)
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
