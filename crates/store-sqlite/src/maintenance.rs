//! Retention, checks and copies.

use std::path::{Path, PathBuf};

use sqlx::ConnectOptions as _;
use usher_core::model::Millis;
use usher_store::{Result, Retention};

use crate::cycles::run;
use crate::error::{backend, inconsistent};
use crate::open::{SqliteStore, create_private, options};
use crate::sql::maintenance as sql;
use crate::tx::{Tx, list};

/// What the name of a copy has in addition until it is whole.
pub const UNFINISHED: &str = ".unfinished";

const DAY: i64 = 24 * 60 * 60 * 1000;

/// A copy that is being written: under a name that nothing takes for a copy, however early the process
/// ends. Locked, so that what a killed process left is told from what somebody is writing.
struct Unfinished {
    path: PathBuf,
    lock: std::fs::File,
}

impl Unfinished {
    async fn begin(file: &Path) -> Result<Self> {
        let mut path = file.as_os_str().to_owned();
        path.push(UNFINISHED);
        let path = PathBuf::from(path);
        create_private(&path).await?;
        let lock = std::fs::File::open(&path).map_err(backend)?;
        if lock.try_lock().is_err() {
            return Err(taken(&path, "is being written by somebody else"));
        }
        // What was left is no beginning of ours.
        let all = std::fs::OpenOptions::new().write(true).open(&path);
        all.and_then(|file| file.set_len(0)).map_err(backend)?;
        Ok(Self { path, lock })
    }

    /// Gives the copy its name, when it is on the disk as a whole.
    async fn finish(self, file: &Path) -> Result<()> {
        let copy = tokio::fs::File::open(&self.path).await.map_err(backend)?;
        copy.sync_all().await.map_err(backend)?;
        let renamed = tokio::fs::rename(&self.path, file).await;
        renamed.map_err(backend)?;
        drop(self.lock);
        let folder = file
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let folder = tokio::fs::File::open(folder).await.map_err(backend)?;
        folder.sync_all().await.map_err(backend)
    }
}

fn taken(path: &Path, why: &str) -> usher_store::StoreError {
    backend(std::io::Error::new(
        std::io::ErrorKind::AlreadyExists,
        format!("cannot create {}: it {why}", path.display()),
    ))
}

impl SqliteStore {
    pub(crate) async fn do_prune(&self, retention: &Retention, now: Millis) -> Result<u64> {
        let before = |days: u32| now.saturating_sub(i64::from(days) * DAY);
        let mut gone = 0;
        for (statement, days) in [
            (sql::PRUNE_EXCHANGES, retention.exchanges_days),
            (sql::PRUNE_STEPS, retention.cycles_days),
            (sql::PRUNE_CYCLES, retention.cycles_days),
            (sql::PRUNE_AUDIT, retention.audit_days),
            (sql::PRUNE_ALERTS, retention.audit_days),
        ] {
            loop {
                let mut tx = Tx::begin(&self.writer).await?;
                let rows = run(&mut tx, statement, before(days)).await?;
                tx.commit().await?;
                gone += rows;
                if rows == 0 {
                    break;
                }
            }
        }
        self.prune_shadows(before(retention.removed_shadow_days))
            .await?;
        Ok(gone)
    }

    /// Only the tombstone of a removed subject stays: its key and its target id.
    async fn prune_shadows(&self, before: Millis) -> Result<()> {
        loop {
            let mut tx = Tx::begin(&self.writer).await?;
            let ids: Vec<i64> = sqlx::query_scalar(sql::PRUNE_REMOVED)
                .bind(before)
                .fetch_all(tx.conn())
                .await
                .map_err(backend)?;
            if ids.is_empty() {
                return Ok(());
            }
            let ids = list(&ids)?;
            for statement in [sql::PRUNE_SHADOWS, sql::PRUNE_UNIQUE, sql::PRUNE_TOMBSTONES] {
                tx.batch(statement, &ids).await?;
            }
            tx.commit().await?;
        }
    }

    pub(crate) async fn do_backup(&self, to: &Path) -> Result<()> {
        self.writer.require_in_place()?;
        let is_dir = tokio::fs::metadata(to)
            .await
            .is_ok_and(|found| found.is_dir());
        let file = if is_dir {
            to.join("state.db")
        } else {
            to.to_owned()
        };
        if tokio::fs::try_exists(&file).await.map_err(backend)? {
            return Err(taken(&file, "exists already"));
        }
        let unfinished = Unfinished::begin(&file).await?;
        let path = &unfinished.path;
        let text = path
            .to_str()
            .ok_or_else(|| backend(format!("the path {} is not valid UTF-8", path.display())))?;
        let mut conn = options(&self.file, "-4096")
            .connect()
            .await
            .map_err(backend)?;
        sqlx::query(sql::BACKUP)
            .bind(text)
            .execute(&mut conn)
            .await
            .map_err(backend)?;
        sqlx::Connection::close(conn).await.map_err(backend)?;
        unfinished.finish(&file).await
    }

    pub(crate) async fn do_touch(&self) -> Result<()> {
        let mut tx = Tx::begin(&self.writer).await?;
        sqlx::query(sql::TOUCH)
            .execute(tx.conn())
            .await
            .map_err(backend)?;
        tx.commit().await
    }

    pub(crate) async fn do_check(&self) -> Result<u64> {
        self.do_touch().await?;
        self.writer.require_room().await?;
        let found: String = sqlx::query_scalar(sql::QUICK_CHECK)
            .fetch_one(&self.readers)
            .await
            .map_err(backend)?;
        if found != "ok" {
            return Err(inconsistent("sqlite", "quick_check", "(file)", found));
        }
        let size: i64 = sqlx::query_scalar(sql::SIZE)
            .fetch_one(&self.readers)
            .await
            .map_err(backend)?;
        Ok(size.max(0) as u64)
    }
}
