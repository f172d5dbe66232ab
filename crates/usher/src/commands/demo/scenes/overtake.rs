//! A leaver does not wait behind a long first sync.

use std::time::{Duration, Instant};

use usher_core::model::CycleMode;
use usher_engine::admin::SyncOptions;
use usher_sandbox::directory::DemoEntry;
use usher_sandbox::sample;
use usher_sandbox::scim::LoggedRequest;

use super::super::stage::{Setup, Stage};
use super::super::story::Story;
use super::super::tally::{Tally, removed};
use crate::failure::Failure;
use crate::ui::{Bar, duration};

/// Accounts that are there when somebody leaves.
const BEFORE: usize = 40;
/// Milliseconds that the target takes for a request.
const SERVICE_MS: u64 = 12;
/// How often is looked.
const LOOK: Duration = Duration::from_millis(2);

pub(super) async fn play(story: &mut Story<'_>, tally: &mut Tally) -> Result<(), Failure> {
    story.scene("overtake", "A leaver overtakes");
    story.say(format!(
        "A real target takes hours for a first sync of many thousands. Here is a slow one, which takes \
         one request at a time. When {BEFORE} people have their account, one of them leaves. Reading \
         goes on beside sending, so that the change is seen at once. Does the disable wait behind \
         the 160 people who are still to be created?",
    ));
    let mut stage = Stage::start(Setup {
        service_ms: SERVICE_MS,
        record_made_by_hand: false,
        // One after the other, so that the order can be seen.
        in_flight: 1,
        look_every_seconds: 1,
    })
    .await?;
    story.command("sync");
    let (leaver, took) = overtake(&mut stage, story).await?;
    let writes = stage.writes_since(0);
    let at = writes.iter().position(|write| !removed(write).is_empty());
    let after = writes.get(at.unwrap_or(writes.len())..).unwrap_or_default();
    if let Some(request) = after.first() {
        story.exchange(request);
    }
    let creates = |write: &&LoggedRequest| write.method == "POST" && write.path.ends_with("/Users");
    let waited = after.iter().filter(creates).count();
    story.ui.line("");
    story.expect(
        after
            .first()
            .is_some_and(|write| stage.is_of(write, &leaver.dn))
            && waited > 0,
        format!(
            "{} lost access {} after the change; {waited} people were created later",
            leaver.text("cn").unwrap_or_default(),
            duration(took.as_millis() as i64)
        ),
    );
    let (users, groups, _) = stage.totals();
    story.expect(
        users == sample::PROVISIONED_PEOPLE && groups == sample::PROVISIONED_GROUPS,
        format!("the first sync went on to its end: {users} people, {groups} groups"),
    );
    stage.close().await;
    tally.add(&stage);
    Ok(())
}

/// Runs the first sync and lets somebody leave on the way: who, and how long the disable took.
async fn overtake(stage: &mut Stage, story: &Story<'_>) -> Result<(DemoEntry, Duration), Failure> {
    let admin = stage.session().await?.admin.clone();
    let bar = Bar::new(story.ui);
    let shown = bar.clone();
    let sync = tokio::spawn(async move {
        let options = SyncOptions::of(CycleMode::Full);
        admin.sync(None, &options, shown).await
    });
    while stage.totals().0 < BEFORE && !sync.is_finished() {
        tokio::time::sleep(LOOK).await;
    }
    let leaver = somebody(stage)?;
    stage.note_leaver(&leaver.dn);
    stage.modify(&leaver.dn, |entry| {
        entry.set(sample::LOCK_ATTRIBUTE, sample::LOCKED);
    })?;
    let began = Instant::now();
    while stage
        .writes_since(0)
        .iter()
        .all(|write| removed(write).is_empty())
        && !sync.is_finished()
    {
        tokio::time::sleep(LOOK).await;
    }
    let took = began.elapsed();
    let report = sync.await;
    bar.finish();
    report.map_err(|error| {
        Failure::failed(format!("the first sync ended unexpectedly: {error}"))
    })??;
    Ok((leaver, took))
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
