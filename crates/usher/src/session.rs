//! Opening the state folder: its key, its lock, its database.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use usher_admin_api::commands;
use usher_core::model::StepId;
use usher_engine::admin::{Admin, DecisionReport, Selection, SyncOptions, SyncReport};
use usher_engine::{Progress, Sealer, SendOptions};
use usher_store::Administration as _;
use usher_store_sqlite::SqliteStore;

use crate::beside::Beside;
use crate::commands::serve::SOCKET;
use crate::failure::Failure;
use crate::rehearsals;
use crate::settings::Settings;
use crate::wiring;

/// The database's name in the state folder.
pub(crate) const DATABASE: &str = "state.db";
const LOCK: &str = "usher.lock";

/// What a command wants to do with the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Look, or leave a word for whoever works: no lock.
    Look,
    /// Stop or save what there is: no lock, and no secret is opened, so the key may be missing.
    Keyless,
    /// Work: alone, or have the running service work.
    Work,
    /// The same, and make the state if there is none.
    Create,
    /// Work alone for as long as the process lives, and make the state if there is none.
    Serve,
}

/// An opened state.
pub(crate) struct Session {
    /// The engine's service.
    pub(crate) admin: Admin,
    /// The state itself.
    pub(crate) store: SqliteStore,
    /// The running service, which does the work while it has the lock.
    beside: Option<Beside>,
    _lock: Option<StateLock>,
}

impl Session {
    /// Syncs a channel.
    pub(crate) async fn sync(
        &self,
        channel: Option<&str>,
        options: &SyncOptions,
        progress: Arc<dyn Progress>,
    ) -> Result<SyncReport, Failure> {
        let Some(beside) = &self.beside else {
            return Ok(self.admin.sync(channel, options, progress).await?);
        };
        let asked = commands::Sync {
            channel: channel.map(str::to_owned),
            mode: options.mode,
            only: options.only.clone(),
            send: sending(&options.send),
            reviewed: options.reviewed.clone(),
        };
        beside.ask("sync", &asked).await
    }

    /// Releases held steps.
    pub(crate) async fn approve(
        &self,
        channel: Option<&str>,
        selection: &Selection,
        send: Option<&SendOptions>,
        progress: Arc<dyn Progress>,
    ) -> Result<DecisionReport, Failure> {
        let Some(beside) = &self.beside else {
            let report = self.admin.approve(channel, selection, send, progress).await;
            return Ok(report?);
        };
        let asked = commands::Decide {
            channel: channel.map(str::to_owned),
            selection: selection.clone(),
            send: send.map(sending),
        };
        beside.ask("approve", &asked).await
    }

    /// Rejects held steps.
    pub(crate) async fn reject(
        &self,
        channel: Option<&str>,
        selection: &Selection,
    ) -> Result<DecisionReport, Failure> {
        let Some(beside) = &self.beside else {
            return Ok(self.admin.reject(channel, selection).await?);
        };
        let asked = commands::Decide {
            channel: channel.map(str::to_owned),
            selection: selection.clone(),
            send: None,
        };
        beside.ask("reject", &asked).await
    }

    /// Makes parked steps ready again.
    pub(crate) async fn retry(
        &self,
        channel: Option<&str>,
        steps: &[StepId],
    ) -> Result<DecisionReport, Failure> {
        let Some(beside) = &self.beside else {
            return Ok(self.admin.retry(channel, steps).await?);
        };
        let asked = commands::Retry {
            channel: channel.map(str::to_owned),
            steps: steps.to_vec(),
        };
        beside.ask("retry", &asked).await
    }

    /// Takes a configuration that was made of a file.
    pub(crate) async fn save(&self, asked: &commands::Save) -> Result<commands::Saved, Failure> {
        let Some(beside) = &self.beside else {
            return Ok(commands::saved(&self.admin, asked).await?);
        };
        beside.ask("save", asked).await
    }

    /// Whether a running service does the work.
    pub(crate) fn is_beside(&self) -> bool {
        self.beside.is_some()
    }

    /// Opens the state that the settings name.
    pub(crate) async fn open(settings: &Settings, access: Access) -> Result<Self, Failure> {
        let dir = &settings.state;
        let exists = dir.join(DATABASE).is_file();
        if !exists && !matches!(access, Access::Create | Access::Serve) {
            return Err(
                Failure::refused(format!("there is no state in `{}`", dir.display()))
                    .help("import a configuration to make one: `usher config import FILE`")
                    .help("or name the folder of another one: `--state DIR` or USHER_STATE"),
            );
        }
        make_folder(dir)?;
        // Locked before anything is made: two first imports must not draw two keys.
        let (lock, beside) = match access {
            Access::Look | Access::Keyless => (None, None),
            Access::Serve => (Some(StateLock::take(dir)?), None),
            Access::Work | Access::Create => match StateLock::take(dir) {
                Ok(lock) => (Some(lock), None),
                Err(taken) => match Beside::at(&dir.join(SOCKET)).await {
                    Some(beside) => (None, Some(beside)),
                    None => return Err(taken),
                },
            },
        };
        if lock.is_some() {
            rehearsals::forget(dir);
        }
        let sealer = if access == Access::Keyless {
            // In an emergency nobody searches for a key first. This one opens nothing.
            Sealer::new(rand::random())
        } else {
            Sealer::open_or_create(&settings.key_file, !exists)?
        };
        let store = SqliteStore::open(dir).await?;
        if access == Access::Serve {
            // Whoever goes on for months begins on whole pages.
            store.check().await?;
        }
        store.keep_free(settings.keep_free);
        if lock.is_some() {
            // Who holds the lock knows that no other process works here: a lease that is still
            // there belongs to one that died.
            for sp in &store.configuration().await?.sp_connections {
                store.break_lease(&sp.id).await?;
            }
        }
        let admin = wiring::admin(&store, dir.clone(), sealer, &settings.operator);
        Ok(Self {
            admin,
            store,
            beside,
            _lock: lock,
        })
    }
}

fn sending(send: &SendOptions) -> commands::Send {
    commands::Send {
        patience_ms: send.patience_ms,
        at_most: send.at_most,
    }
}

/// Makes the state folder, for its owner only.
pub(crate) fn make_folder(dir: &Path) -> Result<(), Failure> {
    if dir.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(dir).map_err(|error| {
        Failure::failed(format!(
            "the state folder `{}` cannot be made: {error}",
            dir.display()
        ))
    })
}

/// The exclusive lock of a state folder; the operating system gives it back when the process ends,
/// however it ends.
pub(crate) struct StateLock {
    _file: File,
}

impl StateLock {
    /// Takes it, or says who has it.
    pub(crate) fn take(dir: &Path) -> Result<Self, Failure> {
        let path = dir.join(LOCK);
        let failed = |error: std::io::Error| {
            Failure::failed(format!(
                "the lock file `{}` cannot be used: {error}",
                path.display()
            ))
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let mut file = options.open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(taken(dir, &mut file)),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.set_len(0).map_err(failed)?;
        file.rewind().map_err(failed)?;
        writeln!(file, "{}", std::process::id()).map_err(failed)?;
        file.flush().map_err(failed)?;
        Ok(Self { _file: file })
    }
}

fn taken(dir: &Path, file: &mut File) -> Failure {
    let mut text = String::new();
    let _ = file.take(32).read_to_string(&mut text);
    let who = match text.trim() {
        "" => "another process".to_owned(),
        pid => format!("the process {pid}"),
    };
    Failure::refused(format!(
        "{who} is working in the state folder `{}`",
        dir.display()
    ))
    .help("wait until it ends, or stop its channels: `usher stop` works beside it")
    .help(
        "commands that only look work beside it too: `usher status`, `usher plan`, `usher explain`",
    )
}

/// Whether a folder holds a state.
pub(crate) fn has_state(dir: &Path) -> bool {
    dir.join(DATABASE).exists()
}

/// A path as it is from every folder.
pub(crate) fn absolute(path: &Path, base: &Path) -> PathBuf {
    let joined = base.join(path);
    std::path::absolute(&joined).unwrap_or(joined)
}
