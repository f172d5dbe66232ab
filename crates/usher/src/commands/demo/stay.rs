//! Afterwards: both ends stay up, and a sync every few seconds shows what was changed.

use std::time::Duration;

use usher_core::model::CycleMode;
use usher_sandbox::sample;

use super::configuration::BIND_PASSWORD;
use super::stage::Stage;
use super::story::{Story, short_path};
use crate::ui::Ui;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(3);

/// Says how to play, and looks until it is interrupted.
pub(super) async fn stay<I>(stage: &mut Stage, ui: &Ui, mut interrupted: I)
where
    I: Future + Unpin,
{
    how_to_play(stage, ui);
    let mut last = String::new();
    loop {
        // The state is free between two looks, so that other commands can work with it.
        stage.close().await;
        tokio::select! {
            _ = &mut interrupted => break,
            () = tokio::time::sleep(EVERY) => {}
        }
        let mark = stage.mark();
        let said = match stage.sync(CycleMode::Incremental, ui).await {
            Ok((report, _)) => {
                for request in stage.since(mark) {
                    let status = request
                        .status
                        .map_or("-".to_owned(), |status| status.to_string());
                    ui.line(format!(
                        "  {} {} {} {status}",
                        request.method,
                        short_path(&request.path),
                        request.request_body
                    ));
                }
                let breaches = report.cycle.map(|cycle| cycle.breaches);
                breaches.unwrap_or_default().join("\n  ")
            }
            // Another command works with the state, or the directory cannot be read just now.
            Err(failure) => failure.message,
        };
        if said != last && !said.is_empty() {
            ui.line(format!("  {said}"));
        }
        last = said;
    }
    ui.line("");
    ui.line("The demonstration is over; its state folder is removed.");
}

fn how_to_play(stage: &Stage, ui: &Ui) {
    let story = Story::new(ui);
    let url = stage.directory.url();
    let state = stage.settings.state.display();
    let origin = stage.sandbox.origin();
    ui.heading("Now you");
    story.say(
        "Directory, target and state stay as they are until you press Ctrl-C. Usher looks every 3 \
         seconds and shows what it sends. In another terminal, change somebody:",
    );
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
    for command in ["status", "plan", "explain ana.diaz", "links"] {
        story.show(format!("usher {command} --state {state}"));
    }
    ui.line("");
}
