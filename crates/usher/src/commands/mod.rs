//! The commands, one file each.

pub(crate) mod apply;
pub(crate) mod approve;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod channels;
pub(crate) mod config;
pub(crate) mod cycles;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod links;
pub(crate) mod operators;
pub(crate) mod plan;
pub(crate) mod reject;
pub(crate) mod restore;
pub(crate) mod retry;
pub(crate) mod sandbox;
pub(crate) mod serve;
pub(crate) mod status;
pub(crate) mod stop;
pub(crate) mod sync;

mod decision;
mod steps;
mod sync_report;

use crate::cli::{Cli, Command};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::logging;
use crate::session::{Access, Session};
use crate::settings::{Given, Settings};
use crate::ui::Ui;

/// What every command knows.
pub(crate) struct Context<'a> {
    /// The settings of the process.
    pub(crate) settings: Settings,
    /// The channel that was named.
    pub(crate) channel: Option<String>,
    /// Where output goes.
    pub(crate) ui: &'a Ui,
}

impl Context<'_> {
    /// The channel that was named.
    pub(crate) fn channel(&self) -> Option<&str> {
        self.channel.as_deref()
    }

    /// Opens the state.
    pub(crate) async fn open(&self, access: Access) -> Result<Session, Failure> {
        Session::open(&self.settings, access).await
    }
}

/// Runs a command.
pub(crate) async fn run(cli: Cli, ui: &Ui) -> Result<Exit, Failure> {
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let given = Given {
        file: cli.config,
        state: cli.state,
        variables: variables.collect(),
        user: std::env::var("USER").unwrap_or_else(|_| "operator".to_owned()),
    };
    let context = Context {
        settings: Settings::load(&given)?,
        channel: cli.channel,
        ui,
    };
    logging::start(&context.settings);
    match cli.command {
        Command::Demo(args) => demo::run(args, ui).await,
        Command::Doctor(args) => doctor::run(args, &context).await,
        Command::Plan(args) => plan::run(args, &context).await,
        Command::Apply(args) => apply::run(args, &context).await,
        Command::Approve(args) => approve::run(args, &context).await,
        Command::Reject(args) => reject::run(args, &context).await,
        Command::Retry(args) => retry::run(args, &context).await,
        Command::Sync(args) => sync::run(args, &context).await,
        Command::Serve(args) => serve::run(args, &context).await,
        Command::Stop(args) => stop::run(args, &context).await,
        Command::Channels(args) => channels::run(args, &context).await,
        Command::Status(args) => status::run(args, &context).await,
        Command::Explain(args) => explain::run(args, &context).await,
        Command::Cycles(args) => cycles::run(args, &context).await,
        Command::Links(args) => links::run(args, &context).await,
        Command::Operators(args) => operators::run(args, &context).await,
        Command::Audit(args) => audit::run(args, &context).await,
        Command::Config(args) => config::run(args, &context).await,
        Command::Backup(args) => backup::run(args, &context).await,
        Command::Restore(args) => restore::run(args, &context).await,
        Command::Sandbox(args) => sandbox::run(args, &context).await,
    }
}
