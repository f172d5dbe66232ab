//! `usher doctor`

use usher_connector::{Check, CheckOutcome};

mod place;

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Access;
use crate::ui::{Ui, when};

/// A clock before this is wrong: the program did not exist then (2026-01-01).
const EARLIEST: i64 = 1_767_225_600_000;

/// Check directory, scope, target, key, clock and state; each failure with its remedy
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Reads the directory's whole scope and sends one cheap request to the target. Nothing is changed.
Exit codes: 0 everything is good, 1 something is worth a look, 2 something failed.

Examples:
  usher doctor                                every channel
  usher doctor --channel staff                one of them")]
pub(crate) struct Args {}

pub(crate) async fn run(_: Args, context: &Context<'_>) -> Result<Exit, Failure> {
    let session = context.open(Access::Look).await?;
    let mut report = session.admin.doctor(context.channel()).await?;
    report
        .installation
        .extend(place::checks(&context.settings, session.store.free().ok()));
    report.installation.extend([
        clock(session.admin.engine.clock.now()),
        proxy(&std::env::vars().collect::<Vec<_>>()),
    ]);
    let ui = context.ui;
    ui.json(&report);
    ui.line(ui.bold("Installation"));
    show(ui, &report.installation);
    for (name, checks) in &report.channels {
        ui.heading(&format!("Channel {name}"));
        show(ui, checks);
    }
    let worst = report.worst();
    ui.line("");
    Ok(match worst {
        CheckOutcome::Good => {
            ui.line(ui.green("Everything is good. Next: `usher plan`"));
            Exit::Done
        }
        CheckOutcome::Warning => {
            ui.line(ui.yellow("It works; look at what is marked."));
            Exit::Partly
        }
        CheckOutcome::Failed => {
            ui.line(ui.red("Something failed; the remedy stands beside it."));
            Exit::Failed
        }
    })
}

fn show(ui: &Ui, checks: &[Check]) {
    for check in checks {
        let mark = match check.outcome {
            CheckOutcome::Good => ui.green("good"),
            CheckOutcome::Warning => ui.yellow("look"),
            CheckOutcome::Failed => ui.red("FAIL"),
        };
        let mut lines = check.detail.lines();
        let first = lines.next().unwrap_or_default();
        ui.line(format!("  {mark}  {}: {first}", check.name));
        for line in lines {
            ui.line(format!("          {}", line.trim_start()));
        }
    }
}

fn clock(now: i64) -> Check {
    let good = now >= EARLIEST;
    let advice = if good {
        ""
    } else {
        ": the machine's clock is wrong; time stamps of the directory and keys cannot be judged. Set it, best by NTP"
    };
    Check {
        name: "clock".to_owned(),
        outcome: if good {
            CheckOutcome::Good
        } else {
            CheckOutcome::Failed
        },
        detail: format!("{}{advice}", when(now)),
    }
}

/// Which proxy requests to a target go through, without what it is logged in with.
fn proxy(variables: &[(String, String)]) -> Check {
    let names = ["https_proxy", "all_proxy", "no_proxy"];
    let set: Vec<String> = variables
        .iter()
        .filter(|(name, value)| {
            names.contains(&name.to_ascii_lowercase().as_str()) && !value.is_empty()
        })
        .map(|(name, value)| format!("{name}={}", without_login(value)))
        .collect();
    Check {
        name: "proxy".to_owned(),
        outcome: CheckOutcome::Good,
        detail: if set.is_empty() {
            "none in the environment; a proxy of the SP connection's own settings goes first"
                .to_owned()
        } else {
            format!("from the environment: {}", set.join(", "))
        },
    }
}

fn without_login(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://***@{host}"),
        (None, Some((_, host))) => format!("***@{host}"),
        (_, None) => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use usher_connector::CheckOutcome;

    use super::{clock, proxy};

    #[test]
    fn a_proxy_is_named_without_its_login() {
        let variables = [
            ("HTTPS_PROXY", "http://me:secret@proxy:3128"),
            ("no_proxy", "localhost"),
            ("OTHER", "x"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let found = proxy(&variables).detail;
        assert_eq!(
            found,
            "from the environment: HTTPS_PROXY=http://***@proxy:3128, no_proxy=localhost"
        );
    }

    #[test]
    fn a_clock_that_stands_in_the_past_fails() {
        assert_eq!(clock(0).outcome, CheckOutcome::Failed);
        assert_eq!(clock(1_800_000_000_000).outcome, CheckOutcome::Good);
    }
}
