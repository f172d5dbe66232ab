//! Copies of the state in a folder of its own.

use std::path::Path;

use serde::Serialize;
use usher_core::model::Millis;

use super::Admin;
use super::operator::Permission;
use crate::error::EngineError;

/// The database's name within a copy, as restoring expects it.
const DATABASE: &str = "state.db";
/// Copies that are listed.
const LISTED: usize = 1_000;

/// A copy of the state.
#[derive(Clone, Debug, Serialize)]
pub struct Backup {
    /// Its folder's name.
    pub name: String,
    /// When it was made, as its name says.
    pub at: Millis,
    /// Its size.
    pub bytes: u64,
}

impl Admin {
    /// Writes a copy of the state to a new folder below `folder`. The key that opens its secrets is not in it.
    pub async fn backup(&self, folder: &Path) -> Result<Backup, EngineError> {
        self.require(Permission::Operate)?;
        let at = self.engine.clock.now();
        let name = format!("backup-{at}");
        let place = folder.join(&name);
        private_folder(folder).await?;
        match tokio::fs::create_dir(&place).await {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(EngineError::Refused(format!(
                    "the backup {name} exists already; try again in a moment"
                )));
            }
            Err(error) => return Err(unusable(&place, &error)),
        }
        let copied = self.engine.store.backup(&place).await;
        if let Err(error) = copied {
            // Half a copy is worse than none.
            let removed = tokio::fs::remove_dir_all(&place).await;
            if let Err(error) = removed {
                tracing::warn!(folder = %place.display(), %error, "half a backup stays");
            }
            return Err(error.into());
        }
        let bytes = size(&place.join(DATABASE)).await;
        let event = self.event("BACKUP", None, &format!("{name}, {bytes} bytes"));
        self.engine.store.audit(&[event]).await?;
        Ok(Backup { name, at, bytes })
    }

    /// The copies below a folder, newest first.
    pub async fn backups(&self, folder: &Path) -> Result<Vec<Backup>, EngineError> {
        self.require(Permission::Look)?;
        let mut found = Vec::new();
        let mut entries = match tokio::fs::read_dir(folder).await {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
            Err(error) => return Err(unusable(folder, &error)),
        };
        while let Some(entry) = entries
            .next_entry()
            .await
            .map_err(|error| unusable(folder, &error))?
        {
            let name = entry.file_name().to_string_lossy().into_owned();
            let at = name.strip_prefix("backup-").and_then(|at| at.parse().ok());
            let Some(at) = at else { continue };
            let file = entry.path().join(DATABASE);
            // Without it the folder is what a killed process left.
            if !tokio::fs::try_exists(&file).await.unwrap_or(false) {
                continue;
            }
            let bytes = size(&file).await;
            found.push(Backup { name, at, bytes });
        }
        found.sort_by_key(|backup| std::cmp::Reverse(backup.at));
        found.truncate(LISTED);
        Ok(found)
    }
}

async fn private_folder(folder: &Path) -> Result<(), EngineError> {
    let mut builder = tokio::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    let made = builder.create(folder).await;
    made.map_err(|error| unusable(folder, &error))
}

async fn size(file: &Path) -> u64 {
    let found = tokio::fs::metadata(file).await;
    found.map_or(0, |found| found.len())
}

fn unusable(folder: &Path, error: &std::io::Error) -> EngineError {
    EngineError::Refused(format!(
        "the folder {} cannot be used for backups: {error}. Check who owns it and whether the disk is full",
        folder.display()
    ))
}
