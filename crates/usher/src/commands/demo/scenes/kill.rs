//! The process is killed while it sends, twice.

use std::process::Stdio;
use std::time::{Duration, Instant};

use usher_core::model::{CycleMode, Kind, Verb};
use usher_sandbox::sample;

use super::super::stage::{IN_FLIGHT, LOOK_EVERY_SECONDS, Setup, Stage, is_write};
use super::super::story::Story;
use super::super::tally::Tally;
use crate::failure::Failure;
use crate::ui::number;

/// A slow target, so that there is something to interrupt.
const SERVICE_MS: u64 = 20;
/// Accounts that are there when the process is killed.
const KILLED_AT: [usize; 2] = [50, 120];
/// How long is waited for that.
const PATIENCE: Duration = Duration::from_mins(1);
/// How often is looked.
const LOOK: Duration = Duration::from_millis(2);

pub(super) async fn play(story: &mut Story<'_>, tally: &mut Tally) -> Result<(), Failure> {
    story.scene("kill", "Killed in the middle of the work");
    story.say(
        "A second target, empty and slow, and a state folder of its own. A first sync runs as a \
         process of its own and is killed (SIGKILL) twice while requests are under way: the target \
         carries them out, but nobody hears the replies. Whoever starts over from what it remembers \
         creates those people twice; whoever skips them loses them.",
    );
    story.command("sync");
    let mut stage = Stage::start(Setup {
        service_ms: SERVICE_MS,
        record_made_by_hand: false,
        in_flight: IN_FLIGHT,
        look_every_seconds: LOOK_EVERY_SECONDS,
    })
    .await?;
    for (time, people) in KILLED_AT.into_iter().enumerate() {
        interrupt(&mut stage, story, time + 1, people).await?;
    }
    resume(&mut stage, story).await?;
    stage.close().await;
    tally.add(&stage);
    Ok(())
}

/// Starts `usher sync` and kills it when so many people are there.
async fn interrupt(
    stage: &mut Stage,
    story: &mut Story<'_>,
    time: usize,
    people: usize,
) -> Result<(), Failure> {
    stage.close().await;
    let failed = |error: std::io::Error| {
        Failure::failed(format!("`usher sync` cannot be run as a process: {error}"))
    };
    let program = std::env::current_exe().map_err(failed)?;
    let mut child = tokio::process::Command::new(program)
        .arg("sync")
        .arg("--state")
        .arg(&stage.settings.state)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let began = Instant::now();
    while stage.totals().0 < people {
        if let Some(status) = child.try_wait().map_err(failed)? {
            let what = format!("`usher sync` ended by itself ({status}) before it could be killed");
            return Err(Failure::failed(what));
        }
        if began.elapsed() > PATIENCE {
            return Err(Failure::failed("`usher sync` creates nobody"));
        }
        tokio::time::sleep(LOOK).await;
    }
    child.kill().await.map_err(failed)?;
    // What was under way arrives.
    tokio::time::sleep(Duration::from_millis(5 * SERVICE_MS)).await;
    let there = stage.totals().0;
    let known = stage.created_people().await?;
    story.show(format!(
        "kill {time}: {} people are at the target, Usher has replies for {}: {} unknown",
        number(there as u64),
        number(known),
        number((there as u64).saturating_sub(known))
    ));
    Ok(())
}

async fn resume(stage: &mut Stage, story: &mut Story<'_>) -> Result<(), Failure> {
    story.say(
        "Run again. Each step whose reply is not known is looked up at the target by the key that \
         it was created with, before anything is repeated.",
    );
    story.command("sync");
    let mark = stage.mark();
    stage.sync(CycleMode::Incremental, story.ui).await?;
    let requests = stage.since(mark);
    let writes = requests.iter().filter(|request| is_write(request)).count();
    story.show(format!(
        "{} look-ups, {writes} writes",
        requests.len() - writes
    ));
    let (users, groups, members) = stage.totals();
    story.ui.line("");
    story.expect(
        users == sample::PROVISIONED_PEOPLE && groups == sample::PROVISIONED_GROUPS,
        format!("the target has {users} people, {groups} groups and {members} memberships: nothing is lost"),
    );
    let mut alone = Tally::default();
    alone.add(stage);
    story.expect(
        alone.duplicates == 0,
        format!("{} duplicates", alone.duplicates),
    );
    let mark = stage.mark();
    stage.sync(CycleMode::Full, story.ui).await?;
    let writes = stage.writes_since(mark).len();
    story.expect(
        writes == 0,
        format!("a further full sync finds {writes} things to write"),
    );
    Ok(())
}

impl Stage {
    /// Accounts whose creation Usher knows of.
    async fn created_people(&mut self) -> Result<u64, Failure> {
        let session = self.session().await?;
        let status = session.admin.status().await?;
        let steps = status.iter().flat_map(|channel| &channel.steps);
        let created = steps.filter(|count| {
            count.kind == Kind::User && count.verb == Verb::Create && count.state == "succeeded"
        });
        Ok(created.map(|count| count.count).sum())
    }
}
