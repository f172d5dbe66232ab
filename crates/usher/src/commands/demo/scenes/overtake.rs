//! A leaver does not wait behind a long first sync.

use usher_core::model::CycleMode;
use usher_engine::admin::SyncOptions;
use usher_sandbox::directory::DemoEntry;
use usher_sandbox::sample;

use super::super::stage::{Setup, Stage};
use super::super::story::Story;
use super::super::tally::{Tally, removed};
use crate::failure::Failure;
use crate::ui::Bar;

/// Steps after which the first sync is not over by far.
const FIRST: u64 = 40;
/// Milliseconds that the target takes for a request.
const SERVICE_MS: u64 = 1;

pub(super) async fn play(story: &mut Story<'_>, tally: &mut Tally) -> Result<(), Failure> {
    story.scene("overtake", "A leaver overtakes");
    story.say(format!(
        "A real target takes hours for a first sync of many thousands. Here one is interrupted after \
         {FIRST} steps. One of those who have an account already leaves. At the next look, does the \
         disable wait behind the 160 people who are still to be created?"
    ));
    story.command(&format!("sync --first {FIRST}"));
    let mut stage = Stage::start(Setup {
        service_ms: SERVICE_MS,
        record_made_by_hand: false,
        // One after the other, so that the order can be seen.
        in_flight: 1,
    })
    .await?;
    let mut options = SyncOptions::of(CycleMode::Full);
    options.send.at_most = Some(FIRST);
    let session = stage.session().await?;
    let bar = Bar::new(story.ui);
    let report = session.admin.sync(None, &options, bar.clone()).await;
    bar.finish();
    let report = report?;
    let waiting = report.waiting;
    story.show(format!("{} steps done, {waiting} wait", report.succeeded));
    let leaver = somebody(&stage)?;
    stage.note_leaver(&leaver.dn);
    stage.modify(&leaver.dn, |entry| {
        entry.set(sample::LOCK_ATTRIBUTE, sample::LOCKED)
    })?;
    story.say(format!(
        "{} is locked in the directory.",
        leaver.text("cn").unwrap_or_default()
    ));
    story.command("sync");
    let mark = stage.mark();
    stage.sync(CycleMode::Incremental, story.ui).await?;
    let writes = stage.writes_since(mark);
    for request in writes.iter().take(1) {
        story.exchange(request);
    }
    story.ui.line("");
    let first = writes.first().map(removed).unwrap_or_default();
    story.expect(
        first.len() == 1 && waiting > 0,
        format!("the disable is the first of {} writes", writes.len()),
    );
    let (users, _, _) = stage.totals();
    story.expect(
        users == sample::PROVISIONED_PEOPLE,
        format!("and the first sync went on: the target has {users} people"),
    );
    stage.close().await;
    tally.add(&stage);
    Ok(())
}

/// Somebody who has an account already.
fn somebody(stage: &Stage) -> Result<DemoEntry, Failure> {
    let snapshot = stage.sandbox.snapshot();
    let keys: Vec<&str> = snapshot
        .users
        .iter()
        .filter_map(|user| user.get("externalId")?.as_str())
        .collect();
    sample::entries()
        .into_iter()
        .find(|entry| {
            entry
                .text("entryUUID")
                .is_some_and(|key| keys.contains(&key))
        })
        .ok_or_else(|| Failure::failed("the first steps created nobody"))
}
