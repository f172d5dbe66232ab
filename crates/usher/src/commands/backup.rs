//! `usher backup`

use std::path::PathBuf;

use serde::Serialize;
use usher_store::Administration as _;

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::{self, Access};
use crate::ui::number;

/// Write a consistent copy of the state to a folder; works beside a running sync
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The copy holds sealed secrets, but never the key that opens them: keep the key file
(`secret.key` of the state folder, or what `state.key_file` names) at another place.

Example:
  usher backup /var/backups/usher-monday")]
pub(crate) struct Args {
    /// An empty or new folder
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

#[derive(Serialize)]
struct Written {
    file: PathBuf,
    bytes: u64,
    key_file: PathBuf,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit, Failure> {
    let session = context.open(Access::Keyless).await?;
    let file = args.dir.join(session::DATABASE);
    if file.exists() {
        return Err(
            Failure::refused(format!("`{}` exists already", file.display()))
                .help("name another folder: a backup never replaces one"),
        );
    }
    if args.dir.exists() && !args.dir.is_dir() {
        return Err(
            Failure::refused(format!("`{}` is not a folder", args.dir.display()))
                .help("name an empty or a new folder for the backup"),
        );
    }
    session::make_folder(&args.dir)?;
    session.store.backup(&args.dir).await?;
    let bytes = std::fs::metadata(&file).map_or(0, |found| found.len());
    let written = Written {
        file,
        bytes,
        key_file: context.settings.key_file.clone(),
    };
    let ui = context.ui;
    ui.json(&written);
    ui.line(format!(
        "Wrote {} ({} bytes).",
        written.file.display(),
        number(bytes)
    ));
    ui.line(format!(
        "  {} the key file {} is not in it: keep a copy of it elsewhere",
        ui.blue("="),
        written.key_file.display()
    ));
    Ok(Exit::Done)
}
