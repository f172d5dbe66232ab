//! The one connection that writes, and the file that it is for.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::sqlite::SqlitePool;
use usher_store::{Result, StoreError};

use crate::error::backend;
use crate::sql::maintenance as sql;

/// The one connection that writes. It knows its file: what is written to one that no path leads to any more
/// is lost at the end of the process.
#[derive(Clone, Debug)]
pub(crate) struct Writer {
    pool: SqlitePool,
    file: PathBuf,
    identity: Identity,
    /// Bytes that stay free on the disk, for all copies of this store.
    floor: Arc<AtomicU64>,
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
            floor: Arc::default(),
        })
    }

    /// So much stays free from now on.
    pub(crate) fn keep_free(&self, bytes: u64) {
        self.floor.store(bytes, Ordering::SeqCst);
    }

    /// Refuses to begin anything that writes much when too little is free: what is under way must still be
    /// recorded. The journal gives back what it takes first: it may be the journal that is in the way, and
    /// nothing that would write it back by itself happens any more.
    pub(crate) async fn require_room(&self) -> Result<()> {
        if self.too_little()?.is_none() {
            return Ok(());
        }
        if let Err(error) = sqlx::query(sql::GIVE_BACK).execute(&self.pool).await {
            tracing::debug!(%error, "the journal could not be given back");
        }
        self.too_little()?.map_or(Ok(()), Err)
    }

    /// Why nothing may begin, if too little is free.
    fn too_little(&self) -> Result<Option<StoreError>> {
        let floor = self.floor.load(Ordering::SeqCst);
        if floor == 0 {
            return Ok(None);
        }
        let free = self.free()?;
        if free >= floor {
            return Ok(None);
        }
        let mib = |bytes: u64| bytes / (1 << 20);
        let why = format!(
            "{} MiB are free on the disk of {}, and {} MiB are kept free so that what was sent can be recorded; make room there",
            mib(free),
            self.file.display(),
            mib(floor)
        );
        Ok(Some(StoreError::Full(Box::new(std::io::Error::new(
            std::io::ErrorKind::StorageFull,
            why,
        )))))
    }

    /// Bytes that are free for this user on the disk of the file.
    pub(crate) fn free(&self) -> Result<u64> {
        let folder = self.file.parent().unwrap_or(Path::new("."));
        let found =
            rustix::fs::statvfs(folder).map_err(|error| backend(std::io::Error::from(error)))?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
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
