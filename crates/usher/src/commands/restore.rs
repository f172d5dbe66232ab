//! `usher restore`

use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use usher_engine::Sealer;
use usher_engine::admin::Admin;
use usher_store::{Administration as _, Operators as _, StoreError};
use usher_store_sqlite::SqliteStore;

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::{self, StateLock};
use crate::wiring;

/// How every database of this kind begins.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// How much of it says how long it is (its file format: page size at byte 16, pages at byte 28).
const HEAD: usize = 32;
/// The folder below the state folder where a backup is made ready.
const ASIDE: &str = "restoring";

/// Make the state folder from a backup; every channel only observes afterwards
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The state folder must hold no state, and the key file must be the one of the backup. Nothing is sent
before directory and target were read in full again.

Example:
  usher restore /var/backups/usher-monday
  usher sync --reconcile
  usher channels activate")]
pub(crate) struct Args {
    /// The folder of a backup
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

#[derive(Serialize)]
struct Restored {
    from: PathBuf,
    state: PathBuf,
    channels: Vec<String>,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit, Failure> {
    let from = args.dir.join(session::DATABASE);
    let state = &context.settings.state;
    let unfinished = args.dir.join(format!(
        "{}{}",
        session::DATABASE,
        usher_store_sqlite::UNFINISHED
    ));
    if !from.is_file() && unfinished.exists() {
        return Err(Failure::refused(format!(
            "the backup in `{}` was not finished: `{}` is there, and the whole copy is not",
            args.dir.display(),
            unfinished.display()
        ))
        .help("use another backup; nothing was restored"));
    }
    if !from.is_file() {
        return Err(
            Failure::refused(format!("there is no backup in `{}`", args.dir.display())).help(
                format!(
                    "expected a folder with a file `{}`, as `usher backup` writes it",
                    session::DATABASE
                ),
            ),
        );
    }
    if session::has_state(state) {
        return Err(Failure::refused(format!(
            "the folder `{}` holds a state already",
            state.display()
        ))
        .help("move it away first: restoring never replaces a state"));
    }
    looks_like_a_state(&from)?;
    has_no_journal(&args.dir)?;
    session::make_folder(state)?;
    let _lock = StateLock::take(state)?;
    let sealer = Sealer::open_or_create(&context.settings.key_file, false)?;
    // Made ready aside, under the lock: what is not yet set to observe never lies where a command
    // would take it for the state, however early this process ends.
    let aside = state.join(ASIDE);
    let made = prepare(&from, &aside, sealer, context).await;
    let placed = match made {
        Ok(channels) => place(&aside, state).map(|()| channels),
        Err(failure) => Err(failure),
    };
    let _ = std::fs::remove_dir_all(&aside);
    let channels = placed?;
    let report = Restored {
        from,
        state: state.clone(),
        channels,
    };
    let ui = context.ui;
    ui.json(&report);
    ui.line(format!(
        "Restored {} from {}.",
        state.display(),
        report.from.display()
    ));
    for name in &report.channels {
        ui.line(format!("  {name} only observes now"));
    }
    ui.line(format!(
        "  {} next: `usher sync --reconcile` reads both sides in full",
        ui.blue("=")
    ));
    Ok(Exit::Done)
}

/// Refuses a file that is no database, such as one whose copying broke off at once: opened, an
/// empty file would become an empty state.
fn looks_like_a_state(file: &Path) -> Result<(), Failure> {
    let mut head = [0_u8; HEAD];
    let read = std::fs::File::open(file).and_then(|mut file| {
        file.read_exact(&mut head)?;
        Ok(file.metadata()?.len())
    });
    let found = match read {
        Ok(length) if head.starts_with(MAGIC) => match whole_length(&head) {
            whole if length >= whole => return Ok(()),
            whole => format!("{length} of {whole} bytes of one: its copying broke off"),
        },
        Ok(_) => "something else".to_owned(),
        Err(error) => error.to_string(),
    };
    Err(Failure::refused(format!(
        "`{}` is not a backup: expected a database, found {found}",
        file.display()
    ))
    .help("use another backup; nothing was restored"))
}

/// Refuses a copied state folder: what was written last stands in the journal beside the database, and whether both were
/// copied in the same moment nobody knows.
fn has_no_journal(dir: &Path) -> Result<(), Failure> {
    let journal = dir.join(format!("{}-wal", session::DATABASE));
    if journal.metadata().map_or(0, |found| found.len()) == 0 {
        return Ok(());
    }
    Err(Failure::refused(format!(
        "`{}` is no backup but a copy of a state folder that was in use: a part of the state stands in `{}`",
        dir.display(),
        journal.display()
    ))
    .help("use a backup that `usher backup` wrote; or, with nothing running on either, use that folder as it is for `state` and let `usher backup` write one; nothing was restored"))
}

/// How long the file is, as its head says: pages by their size. 0 where the head is too short.
fn whole_length(head: &[u8]) -> u64 {
    let size = head.get(16..18).and_then(|size| size.try_into().ok());
    let pages = head.get(28..32).and_then(|pages| pages.try_into().ok());
    let (Some(size), Some(pages)) = (size, pages) else {
        return 0;
    };
    let size = match u16::from_be_bytes(size) {
        1 => 65_536,
        size => u64::from(size),
    };
    size * u64::from(u32::from_be_bytes(pages))
}

/// Copies the backup and lets every channel of the copy observe.
async fn prepare(
    from: &Path,
    aside: &Path,
    sealer: Sealer,
    context: &Context<'_>,
) -> Result<Vec<String>, Failure> {
    // What an earlier attempt left.
    let _ = std::fs::remove_dir_all(aside);
    session::make_folder(aside)?;
    copy(from, &aside.join(session::DATABASE))?;
    let store = SqliteStore::open(aside).await.map_err(unusable)?;
    let admin = wiring::admin(&store, aside.to_owned(), sealer, &context.settings.operator);
    let done = observe_all(&store, &admin).await;
    store.close().await;
    done
}

fn unusable(error: StoreError) -> Failure {
    Failure::from(error).help("the backup cannot be used: take another one; nothing was restored")
}

async fn observe_all(store: &SqliteStore, admin: &Admin) -> Result<Vec<String>, Failure> {
    let configuration = store.configuration().await.map_err(unusable)?;
    // Who was signed in at the time of the backup is not, after it.
    store.end_all_sessions().await.map_err(unusable)?;
    let mut channels = Vec::new();
    for (sp, channel) in configuration.channels() {
        store.break_lease(&sp.id).await.map_err(unusable)?;
        admin.observe_restored(sp, channel).await?;
        channels.push(format!("{}/{}", sp.name, channel.name));
    }
    Ok(channels)
}

/// Copies the file, readable for its owner only, and has it written to the disk.
fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    std::fs::copy(from, to).map_err(|error| not_copied(to, &error))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(to, std::fs::Permissions::from_mode(0o600))
            .map_err(|error| not_copied(to, &error))?;
    }
    std::fs::File::open(to)
        .and_then(|file| file.sync_all())
        .map_err(|error| not_copied(to, &error))
}

/// The prepared copy becomes the state, at one stroke.
fn place(aside: &Path, state: &Path) -> Result<(), Failure> {
    let to = state.join(session::DATABASE);
    let file = aside.join(session::DATABASE);
    if aside.join(format!("{}-wal", session::DATABASE)).exists() {
        return Err(Failure::failed(
            "the restored state could not be closed: its journal is still there",
        )
        .help("try again; nothing was restored"));
    }
    std::fs::rename(&file, &to).map_err(|error| not_copied(&to, &error))
}

fn not_copied(to: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!(
        "the backup cannot be copied to `{}`: {error}",
        to.display()
    ))
}
