//! `usher config`

mod apply;
mod bounded;
mod connectors;
#[cfg(test)]
mod documented;
mod secrets;

use std::path::{Path, PathBuf};

use usher_core::model::Configuration;
use usher_engine::Sealer;
use usher_pf::{ConfigFile, Difference, Warning};
use usher_store::Administration as _;

use super::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Problem};
use crate::session::{self, Access};
use crate::ui::{Ui, count};

/// A configuration to start from.
const EXAMPLE: &str = include_str!("../../../../../docs/example-configuration.json");
/// The same, read from an LDIF export.
const EXAMPLE_LDIF: &str = include_str!("../../../../../docs/example-configuration-ldif.json");

/// Import, export, check or compare the configuration, or see an example of one
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Every problem of a file is listed at once, with its place, what was expected and what to do.
A secret in a file is plain, or `env:NAME` or `file:PATH`; it is sealed at once, and an export holds
it sealed.

Examples:
  usher config example > usher.json           a file to start from; docs/configuration.md explains it
  usher config validate usher.json            is it right?
  usher config diff usher.json                what would change?
  usher config import usher.json              take it
  usher config export > usher.json            give it back")]
pub(crate) struct Args {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// Write a complete example to start from; docs/configuration.md explains each part
    Example {
        /// The data store is an LDIF export of a directory instead of the directory
        #[arg(long)]
        ldif: bool,
    },
    /// Take a file as the configuration; the state folder is made if there is none
    #[command(after_help = "`usher config example > usher.json` writes a file to start from.")]
    Import {
        /// The file; `-` reads standard input
        file: PathBuf,
        /// Add and replace what the file names; keep the rest
        #[arg(long)]
        merge: bool,
        /// Allow that channels with links are no longer in the file; nothing is done at the target
        #[arg(long)]
        drop_channels: bool,
        /// Save without asking the directories whose access changes and the targets that are turned on
        #[arg(long)]
        bypass_external_validation: bool,
    },
    /// Write the configuration as a file
    Export {
        /// The file; without it, or with `-`, standard output
        file: Option<PathBuf>,
    },
    /// Say everything that is wrong or odd with a file
    Validate {
        /// The file; `-` reads standard input
        file: PathBuf,
    },
    /// Say what importing a file would change; exit code 1 when something would
    Diff {
        /// The file; `-` reads standard input
        file: PathBuf,
        /// As for import
        #[arg(long)]
        merge: bool,
    },
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit, Failure> {
    match args.act {
        Act::Example { ldif } => {
            context.ui.raw(if ldif { EXAMPLE_LDIF } else { EXAMPLE });
            Ok(Exit::Done)
        }
        Act::Import {
            file,
            merge,
            drop_channels,
            bypass_external_validation: unasked,
        } => {
            let wanted = apply::Wanted {
                drop_channels,
                unasked,
            };
            Box::pin(apply::import(context, &read(&file)?, mode(merge), wanted)).await
        }
        Act::Export { file } => export(context, file.as_deref()).await,
        Act::Validate { file } => validate(context, &read(&file)?).await,
        Act::Diff { file, merge } => diff(context, &read(&file)?, mode(merge)).await,
    }
}

fn mode(merge: bool) -> usher_pf::Mode {
    if merge {
        usher_pf::Mode::Merge
    } else {
        usher_pf::Mode::Replace
    }
}

/// A configuration file, and where relative paths in it start.
struct Input {
    name: String,
    file: ConfigFile,
    base: PathBuf,
}

fn read(path: &Path) -> Result<Input, Failure> {
    let is_stdin = path == Path::new("-");
    let name = if is_stdin {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    };
    let read = if is_stdin {
        bounded::text(std::io::stdin())
    } else {
        bounded::file(path)
    };
    let text = read.map_err(|why| Failure::refused(format!("{name} {why}")))?;
    let parent = path.parent().unwrap_or(Path::new(""));
    let here = Path::new(".");
    let base = session::absolute(if is_stdin { here } else { parent }, here);
    let file = ConfigFile::parse(&text).map_err(|problems| refused(&name, problems))?;
    Ok(Input { name, file, base })
}

/// All problems of a file.
fn refused(name: &str, problems: Vec<usher_pf::ConfigProblem>) -> Failure {
    let n = count(problems.len() as u64, "problem", "problems");
    Failure::refused(format!("{name} cannot be used: {n}; nothing was changed"))
        .problems(problems.into_iter().map(Problem::from))
}

async fn export(context: &Context<'_>, to: Option<&Path>) -> Result<Exit, Failure> {
    let session = context.open(Access::Look).await?;
    let configuration = session.store.configuration().await?;
    let text = usher_pf::export(&configuration).to_text();
    let ui = context.ui;
    match to.filter(|path| *path != Path::new("-")) {
        None => ui.raw(&text),
        Some(path) => {
            std::fs::write(path, &text).map_err(|error| {
                Failure::failed(format!("`{}` cannot be written: {error}", path.display()))
            })?;
            ui.json(&serde_json::json!({"written": path, "revision": configuration.revision}));
            ui.line(format!(
                "Wrote {} (revision {}); its secrets are sealed.",
                path.display(),
                configuration.revision
            ));
        }
    }
    Ok(Exit::Done)
}

/// What a file is judged against: the state if there is one.
struct Against {
    current: Configuration,
    sealer: Sealer,
}

async fn against(context: &Context<'_>) -> Result<Against, Failure> {
    let settings = &context.settings;
    if session::has_state(&settings.state) {
        let session = context.open(Access::Look).await?;
        return Ok(Against {
            current: session.store.configuration().await?,
            sealer: Sealer::open_or_create(&settings.key_file, false)?,
        });
    }
    let sealer = if settings.key_file.exists() {
        Sealer::open_or_create(&settings.key_file, false)?
    } else {
        // Only to check: what it seals is thrown away.
        Sealer::new(rand::random())
    };
    Ok(Against {
        current: Configuration::default(),
        sealer,
    })
}

async fn validate(context: &Context<'_>, input: &Input) -> Result<Exit, Failure> {
    let against = against(context).await?;
    let imported = apply::translate(
        input,
        &against.current,
        &against.sealer,
        usher_pf::Mode::Replace,
    )?;
    let configuration = &imported.configuration;
    let ui = context.ui;
    ui.json(&serde_json::json!({
        "valid": true,
        "warnings": imported.warnings,
        "data_stores": configuration.data_stores.len(),
        "sp_connections": configuration.sp_connections.len(),
        "channels": configuration.channels().count(),
    }));
    ui.line(format!(
        "{} can be imported: {}, {}, {}.",
        input.name,
        count(
            configuration.data_stores.len() as u64,
            "data store",
            "data stores"
        ),
        count(
            configuration.sp_connections.len() as u64,
            "SP connection",
            "SP connections"
        ),
        count(
            configuration.channels().count() as u64,
            "channel",
            "channels"
        ),
    ));
    warnings(ui, &imported.warnings);
    Ok(Exit::Done)
}

async fn diff(context: &Context<'_>, input: &Input, mode: usher_pf::Mode) -> Result<Exit, Failure> {
    let against = against(context).await?;
    let imported = apply::translate(input, &against.current, &against.sealer, mode)?;
    let found = usher_pf::diff(&against.current, &imported.configuration);
    context.ui.json(&found);
    differences(context.ui, &found);
    Ok(if found.is_empty() {
        Exit::Done
    } else {
        Exit::Partly
    })
}

fn differences(ui: &Ui, found: &[Difference]) {
    if found.is_empty() {
        ui.line("Nothing would change.");
    }
    for difference in found {
        ui.line(ui.bold(&difference.path));
        if let Some(before) = &difference.before {
            ui.line(ui.red(&format!("  - {before}")));
        }
        if let Some(after) = &difference.after {
            ui.line(ui.green(&format!("  + {after}")));
        }
    }
}

fn warnings(ui: &Ui, warnings: &[Warning]) {
    for warning in warnings {
        ui.line(format!("{}: {}", ui.yellow("warning"), warning.message));
        ui.line(format!("  {} {}", ui.blue("-->"), warning.path));
    }
}
