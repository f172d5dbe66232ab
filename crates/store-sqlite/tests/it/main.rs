//! The contract suite against SQLite files.

#![allow(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use tempfile::TempDir;
use usher_store::Store;
use usher_store::contract::Place;
use usher_store_sqlite::SqliteStore;

struct Folder(TempDir);

#[async_trait]
impl Place for Folder {
    async fn open(&self) -> Box<dyn Store> {
        let dir = self.0.path().join("state");
        Box::new(SqliteStore::open(&dir).await.unwrap())
    }

    fn backup_path(&self) -> PathBuf {
        self.0.path().join("copy.db")
    }

    async fn open_backup(&self, backup: &Path) -> Box<dyn Store> {
        let dir = self.0.path().join("restored");
        std::fs::create_dir(&dir).unwrap();
        std::fs::copy(backup, dir.join("state.db")).unwrap();
        Box::new(SqliteStore::open(&dir).await.unwrap())
    }
}

usher_store::contract_tests!(Folder(tempfile::tempdir().unwrap()));
