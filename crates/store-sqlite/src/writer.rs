//! The one connection that writes, and the file that it is for.

use std::ops::Deref;
use std::path::{Path, PathBuf};

use sqlx::sqlite::SqlitePool;
use usher_store::{Result, StoreError};

use crate::error::backend;

/// The one connection that writes. It knows its file: what is written to one that no path leads to any more
/// is lost at the end of the process.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    pool: SqlitePool,
    file: PathBuf,
    identity: Identity,
}

/// Device and inode.
type Identity = (u64, u64);

impl Writer {
    /// For a file that is open.
    pub(crate) fn new(pool: SqlitePool, file: &Path) -> Result<Self> {
        let identity = identity(file).map_err(backend)?;
        Ok(Self {
            pool,
            file: file.to_owned(),
            identity,
        })
    }

    /// Refuses when the file is not where it was, or another one is.
    pub(crate) fn require_in_place(&self) -> Result<()> {
        match identity(&self.file) {
            Ok(found) if found == self.identity => Ok(()),
            Ok(_) => Err(self.moved("another file is there")),
            Err(error) => Err(self.moved(&error.to_string())),
        }
    }

    fn moved(&self, found: &str) -> StoreError {
        StoreError::Moved {
            file: self.file.display().to_string(),
            found: found.to_owned(),
        }
    }
}

impl Deref for Writer {
    type Target = SqlitePool;

    fn deref(&self) -> &SqlitePool {
        &self.pool
    }
}

#[cfg(unix)]
fn identity(file: &Path) -> std::io::Result<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(file).map(|found| (found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn identity(file: &Path) -> std::io::Result<Identity> {
    std::fs::metadata(file).map(|_| (0, 0))
}
