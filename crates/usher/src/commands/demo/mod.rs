//! The demonstration: a sample company's directory over real LDAP, a target over real HTTP, Usher
//! between them, and the situations in which a provisioning engine shows what it is worth.

mod configuration;
mod scenes;
mod stage;
mod stay;
mod story;
mod tally;

use clap::ValueEnum;
use serde::Serialize;

use self::scenes::Scene;
use self::stage::{Setup, Stage};
use self::story::{Expectation, Story};
use self::tally::Tally;
use super::serve::signals::Signals;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::Ui;

/// Milliseconds that the sandbox takes for a request.
const SERVICE_MS: u64 = 5;

/// Shows what Usher does, on a sample company: no root, no network, no configuration
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  usher demo                     every scene, then stays up to be played with
  usher demo --once              every scene, then leaves; exit code 0 if all came out as promised
  usher demo --once --scene cut  one scene only")]
pub(crate) struct Args {
    /// Leave after the last scene
    #[arg(long)]
    pub(crate) once: bool,

    /// Play this scene only (may be given several times)
    #[arg(long, value_enum, value_name = "NAME")]
    pub(crate) scene: Vec<Scene>,
}

/// What is printed with `--json`.
#[derive(Serialize)]
struct Report<'a> {
    expectations: &'a [Expectation],
    counts: &'a Tally,
}

/// Plays the scenes.
pub(crate) async fn run(args: Args, ui: &Ui) -> Result<Exit, Failure> {
    // One listener for the whole run: between two of them a Ctrl-C would be lost.
    let mut signals = Signals::listen()?;
    let stage = tokio::select! {
        played = play(&args, ui) => played?,
        // Leaving the tidy way removes the state folder.
        () = signals.told() => return Err(Failure::failed("stopped before the last scene")),
    };
    if args.once {
        return Ok(Exit::Done);
    }
    stay::stay(stage, ui, signals).await
}

/// Plays the scenes; fails if one did not come out as promised.
async fn play(args: &Args, ui: &Ui) -> Result<Stage, Failure> {
    let mut story = Story::new(ui);
    let mut stage = Stage::start(Setup {
        service_ms: SERVICE_MS,
        record_made_by_hand: true,
        in_flight: stage::IN_FLIGHT,
        look_every_seconds: stage::LOOK_EVERY_SECONDS,
    })
    .await?;
    introduce(&story, &stage);
    let mut tally = Tally::default();
    for scene in chosen(&args.scene) {
        scenes::play(scene, &mut stage, &mut story, &mut tally).await?;
    }
    tally.add(&stage);
    story.part("counts", "The counts");
    story.say(
        "Taken from the targets' own logs and records, over all scenes: not what Usher says of \
         itself.",
    );
    tally.tell(&mut story);
    let failures = story.failures();
    ui.json(&Report {
        expectations: &story.expectations,
        counts: &tally,
    });
    if !failures.is_empty() {
        return Err(failures.into_iter().fold(
            Failure::failed("the demonstration did not come out as it should"),
            Failure::help,
        ));
    }
    Ok(stage)
}

/// The scenes to play, in their order.
fn chosen(wanted: &[Scene]) -> Vec<Scene> {
    let all = Scene::value_variants().iter().copied();
    all.filter(|scene| wanted.is_empty() || wanted.contains(scene))
        .collect()
}

fn introduce(story: &Story<'_>, stage: &Stage) {
    story.ui.line("Usher demonstration");
    story.say(
        "Usher keeps the people and groups of a SaaS in step with a company directory. Here are a \
         sample company's directory, with 215 people and 20 groups, and a sandbox that behaves like \
         the SaaS. Both are real servers on this machine, on free ports; nothing leaves it.",
    );
    story.ui.line("");
    story.show(format!("directory  {}", stage.directory.url()));
    story.show(format!("target     {}", stage.sandbox.base_url()));
    story.show(format!("state      {}", stage.settings.state.display()));
    story.say(
        "The demo uses the sandbox's profile: no rate limit. A real target gets 5 requests per second \
         unless you say otherwise. Lines that begin with \"ok\" were checked just now.",
    );
}
