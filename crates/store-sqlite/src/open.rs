//! Opening the file: permissions, connections, migrations.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use usher_store::Result;

use crate::error::backend;
use crate::writer::Writer;

/// The migrations, oldest first. Append only: one that was released never changes.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "state", include_str!("../migrations/0001_state.sql")),
    (
        2,
        "operators",
        include_str!("../migrations/0002_operators.sql"),
    ),
    (3, "alerts", include_str!("../migrations/0003_alerts.sql")),
    (4, "pauses", include_str!("../migrations/0004_pauses.sql")),
    (
        5,
        "former names",
        include_str!("../migrations/0005_former_names.sql"),
    ),
    (
        6,
        "ended steps",
        include_str!("../migrations/0006_ended_steps.sql"),
    ),
    (7, "drafts", include_str!("../migrations/0007_drafts.sql")),
];

/// How long a statement waits for another process' write.
const BUSY: Duration = Duration::from_secs(30);
/// How long a caller waits for a free connection: settling a very large plan can take a while.
const ACQUIRE: Duration = Duration::from_mins(5);
const READERS: u32 = 4;

/// The state in `state.db` of one folder.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    pub(crate) writer: Writer,
    pub(crate) readers: SqlitePool,
    pub(crate) file: PathBuf,
}

impl SqliteStore {
    /// Opens the state in a folder, and creates both when missing: the folder for its owner only
    /// (0700), the file `state.db` likewise (0600). An existing folder keeps its permissions.
    /// Brings the file to the newest schema.
    ///
    /// Several processes may have the same folder open; the leases decide who writes to a target.
    pub async fn open(dir: &Path) -> Result<Self> {
        let file = dir.join("state.db");
        prepare_files(dir, &file).await?;
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options(&file, "-32768"))
            .await
            .map_err(backend)?;
        migrator().run(&writer).await.map_err(backend)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(ACQUIRE)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_with(options(&file, "-4096").pragma("query_only", "1"))
            .await
            .map_err(backend)?;
        // All of them now: what is moved away later can still be read, and nothing else is opened in its place.
        let mut opened = Vec::new();
        for _ in 0..READERS {
            opened.push(readers.acquire().await.map_err(backend)?);
        }
        drop(opened);
        tracing::debug!(file = %file.display(), "state opened");
        Ok(Self {
            writer: Writer::new(writer, &file)?,
            readers,
            file,
        })
    }

    /// From now on no cycle begins and no step is claimed while fewer bytes than these are free on the disk
    /// of the state; [`usher_store::StoreError::Full`] says so. What is under way is recorded. 0 = no limit,
    /// as it is at first.
    pub fn keep_free(&self, bytes: u64) {
        self.writer.keep_free(bytes);
    }

    /// Refuses when fewer bytes are free than [`SqliteStore::keep_free`] said, though the journal gave back
    /// what it took.
    pub async fn require_room(&self) -> Result<()> {
        self.writer.require_room().await
    }

    /// Bytes that are free for this user on the disk of the state.
    pub fn free(&self) -> Result<u64> {
        self.writer.free()
    }

    /// Closes every connection. Dropping the store does so too, a little later.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS
        .iter()
        .map(|(version, name, text)| {
            Migration::new(
                *version,
                (*name).into(),
                MigrationType::Simple,
                text.into_sql_str(),
                false,
            )
        })
        .collect();
    Migrator::with_migrations(migrations)
}

pub(crate) fn options(file: &Path, cache: &'static str) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        // The claim "this request is being sent" must survive the loss of power.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .statement_cache_capacity(200)
        .pragma("cache_size", cache)
        .pragma("wal_autocheckpoint", "16384")
        .pragma("mmap_size", "0")
}

async fn prepare_files(dir: &Path, file: &Path) -> Result<()> {
    if !tokio::fs::try_exists(dir).await.map_err(backend)? {
        let mut builder = tokio::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        builder.mode(0o700);
        builder.create(dir).await.map_err(backend)?;
    }
    create_private(file).await
}

/// Creates an empty file for its owner only, unless it is there; its journal files inherit the permissions.
pub(crate) async fn create_private(file: &Path) -> Result<()> {
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    options.mode(0o600);
    match options.open(file).await {
        Ok(_) => Ok(()),
        Err(error) => Err(backend(std::io::Error::new(
            error.kind(),
            format!("cannot create {}: {error}", file.display()),
        ))),
    }
}
