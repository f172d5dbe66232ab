//! Afterwards: both ends stay up, and the service between them, with its console. What it sends is shown.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use usher_sandbox::sample;

use super::configuration::BIND_PASSWORD;
use super::stage::{Stage, is_write};
use super::story::{Story, short_path};
use crate::commands::Context;
use crate::commands::serve::signals::Signals;
use crate::commands::serve::{self, Running};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::Ui;

/// Seconds between two looks at the directory.
const LOOK_EVERY_SECONDS: u32 = 3;
/// Between two looks at what the target was asked.
const SHOW_EVERY: Duration = Duration::from_millis(500);

/// Runs the service on the demonstration's state until it is told to end.
pub(super) async fn stay(mut stage: Stage, ui: &Ui, signals: Signals) -> Result<Exit, Failure> {
    stage.look_every(LOOK_EVERY_SECONDS).await?;
    // The service opens the state itself.
    stage.close().await;
    let context = Context {
        settings: stage.settings.clone(),
        channel: None,
        ui,
    };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let greet = |running: &Running| how_to_play(&stage, running, ui);
    let served = tokio::select! {
        served = Box::pin(serve::serve(&context, address, signals, greet)) => served,
        never = show_requests(&stage, ui) => match never {},
    };
    ui.line("");
    ui.line("The demonstration is over; its state folder is removed.");
    served
}

/// Shows what changes something at the target, as it is asked.
async fn show_requests(stage: &Stage, ui: &Ui) -> std::convert::Infallible {
    let mut mark = stage.mark();
    loop {
        tokio::time::sleep(SHOW_EVERY).await;
        for request in stage.since(mark) {
            mark = request.number;
            if !is_write(&request) {
                continue;
            }
            let status = request.status;
            let status = status.map_or("-".to_owned(), |status| status.to_string());
            ui.line(format!(
                "  {} {} {} {status}",
                request.method,
                short_path(&request.path),
                request.request_body
            ));
        }
    }
}

fn how_to_play(stage: &Stage, running: &Running, ui: &Ui) {
    let story = Story::new(ui);
    let url = stage.directory.url();
    let origin = stage.sandbox.origin();
    ui.heading("Now you");
    story.say(
        "Directory, target and Usher's service stay up until you press Ctrl-C. The service looks every 3 \
         seconds; what it sends is shown here. Its console, with a link that works once:",
    );
    ui.line("");
    story.show(format!("console    {}", running.url));
    if let Some(link) = &running.first_link {
        story.show(format!("sign in    {link}"));
    }
    story.say("In another terminal, change somebody:");
    ui.line("");
    // At the edge, so that it can be pasted: LDIF minds leading blanks.
    ui.line(format!(
        "ldapmodify -x -H {url} -D {} -w {BIND_PASSWORD} <<END",
        sample::BIND_DN
    ));
    for line in [
        &format!("dn: {}", sample::ANA),
        "changetype: modify",
        "replace: title",
        "title: Head of Reliability",
        "END",
    ] {
        ui.line(line);
    }
    story.say("Ask the target what it holds, and what was sent:");
    ui.line("");
    story.show(format!("curl -s {origin}/_sandbox/counts"));
    story.show(format!("curl -s '{origin}/_sandbox/requests?last=3'"));
    story.show(format!("curl -s {origin}/_sandbox/state"));
    story.say("Ask Usher:");
    ui.line("");
    let (program, state) = (program(), stage.settings.state.display());
    for command in ["status", "plan", "explain ana.diaz", "links"] {
        story.show(format!("{program} {command} --state {state}"));
    }
    ui.line("");
}

/// This program, as it can be called from here.
fn program() -> String {
    let Ok(path) = std::env::current_exe() else {
        return "usher".to_owned();
    };
    let here = std::env::current_dir().unwrap_or_default();
    let near = path
        .strip_prefix(&here)
        .map(|rest| Path::new(".").join(rest));
    near.unwrap_or(path).display().to_string()
}
