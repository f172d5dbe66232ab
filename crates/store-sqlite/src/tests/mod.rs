//! Tests of what only this backend can know: statements, plans, files, broken rows.

mod files;
mod plans;
mod rows;
mod statements;

use tempfile::TempDir;

use crate::open::SqliteStore;

/// An empty state in a folder of its own.
async fn empty() -> (TempDir, SqliteStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).await.unwrap();
    (dir, store)
}
