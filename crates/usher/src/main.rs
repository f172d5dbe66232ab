//! The `usher` program: its commands, and the wiring of everything else.

mod beside;
mod cli;
mod commands;
mod exit;
mod failure;
mod logging;
mod registry;
mod rehearsals;
mod session;
mod settings;
mod ui;
mod wiring;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;

use crate::cli::Cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::Ui;

/// How long the program waits at its end for work that cannot be broken off.
const LAST_WAIT: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    // The one place where the cryptography of TLS is chosen. A second call would be refused, and
    // this is the first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refused_arguments(&error),
    };
    let ui = Ui::new(cli.json);
    let code = match run(cli, &ui) {
        Ok(exit) => exit.code(),
        Err(failure) => {
            failure.show(&ui);
            failure.exit.code()
        }
    };
    ExitCode::from(code)
}

fn run(cli: Cli, ui: &Ui) -> Result<Exit, Failure> {
    let is_status = matches!(cli.command, cli::Command::Status(_));
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("the program cannot start: {error}")))
        .and_then(|runtime| {
            let result = runtime.block_on(Box::pin(commands::run(cli, ui)));
            // A read of a file on a server that is gone must not hold the end.
            runtime.shutdown_timeout(LAST_WAIT);
            result
        });
    // A monitoring system reads every failure as "unknown".
    result.map_err(|failure| {
        if is_status {
            failure.with_exit(Exit::Refused)
        } else {
            failure
        }
    })
}

/// What clap says, with our exit code for a mistake.
fn refused_arguments(error: &clap::Error) -> ExitCode {
    let is_json = std::env::args_os().any(|argument| argument == "--json");
    if is_json && error.use_stderr() {
        let text = error.to_string();
        let mut parts = text.trim().split("\n\n");
        let message = parts.next().unwrap_or_default();
        let message = message.strip_prefix("error: ").unwrap_or(message);
        let mut failure = Failure::refused(message);
        for part in parts {
            failure = failure.help(part.trim());
        }
        failure.show(&Ui::new(true));
        return ExitCode::from(Exit::Refused.code());
    }
    let _ = error.print();
    if error.use_stderr() {
        ExitCode::from(Exit::Refused.code())
    } else {
        ExitCode::SUCCESS
    }
}
