//! The commands and what they take.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::commands::{
    apply, approve, audit, backup, channels, config, cycles, demo, doctor, explain, links,
    operators, plan, reject, restore, retry, sandbox, serve, status, stop, sync,
};
use crate::exit;

/// The heading of options that every command takes.
const EVERYWHERE: &str = "Options of every command";

/// Keeps the people and groups of a SaaS in step with a company directory.
#[derive(Debug, Parser)]
#[command(
    name = "usher",
    version,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = exit::HELP,
    after_long_help = exit::HELP
)]
pub(crate) struct Cli {
    /// Folder of the state [default: ./usher-state]
    #[arg(
        long,
        global = true,
        help_heading = EVERYWHERE,
        value_name = "DIR",
        env = "USHER_STATE",
        hide_env_values = true
    )]
    pub(crate) state: Option<PathBuf>,

    /// File with the process' settings
    #[arg(
        long,
        global = true,
        help_heading = EVERYWHERE,
        value_name = "FILE",
        env = "USHER_CONFIG",
        hide_env_values = true
    )]
    pub(crate) config: Option<PathBuf>,

    /// The channel meant, as NAME or SP-CONNECTION/NAME; needed when there are several
    #[arg(long, global = true,
        help_heading = EVERYWHERE, value_name = "NAME")]
    pub(crate) channel: Option<String>,

    /// Print the result as JSON
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(demo::Args),
    Doctor(doctor::Args),
    Plan(plan::Args),
    Apply(apply::Args),
    Approve(approve::Args),
    Reject(reject::Args),
    Retry(retry::Args),
    Sync(sync::Args),
    Serve(serve::Args),
    Stop(stop::Args),
    Channels(channels::Args),
    Status(status::Args),
    Explain(explain::Args),
    Cycles(cycles::Args),
    Links(links::Args),
    Operators(operators::Args),
    Audit(audit::Args),
    Config(config::Args),
    Backup(backup::Args),
    Restore(restore::Args),
    Sandbox(sandbox::Args),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn the_arguments_are_consistent_and_every_command_teaches_by_example() {
        let mut cli = Cli::command();
        cli.build();
        cli.clone().debug_assert();
        let own = |command: &&clap::Command| command.get_name() != "help";
        for command in cli.get_subcommands().filter(own) {
            let name = command.get_name();
            let about = command
                .get_about()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(!about.is_empty(), "{name} says what it does");
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                help.contains(&format!("usher {name}")),
                "{name} has an example"
            );
        }
    }
}
