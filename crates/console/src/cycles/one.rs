//! One cycle.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use usher_core::model::{CycleId, Verb};
use usher_engine::admin::StepWanted;

use super::{CycleTable, Proof, Row};
use crate::channels::{At, configured, of, tabs};
use crate::frame::text::{Shown, number};
use crate::frame::{Fault, Frame, SignedIn, page};
use crate::steps::{StepRow, StepRows, hold_words, verb_words};

/// Steps that are shown here.
const STEPS: u32 = 20;

#[derive(Template)]
#[template(path = "cycles/one.html")]
struct CyclePage {
    frame: Frame,
    table: CycleTable,
    steps: Vec<(String, String)>,
    held: Vec<(String, String)>,
    hash: Option<Shown>,
    revision: u64,
    proof: Proof,
    rows: StepRows,
}

pub(super) async fn shown(Path(id): Path<i64>, who: SignedIn) -> Result<Response, Fault> {
    let found = who.admin.cycle(CycleId(id)).await?;
    let cycle = found.ok_or_else(|| Fault::missing(format!("There is no cycle {id}.")))?;
    let (configuration, channel_id) = configured(&who, cycle.channel.as_str()).await?;
    let (sp, channel) = of(&configuration, &channel_id)?;
    let wanted = StepWanted {
        cycle: Some(cycle.id),
        ..StepWanted::default()
    };
    let (steps, _) = who
        .admin
        .step_page(&channel_id, &wanted, None, STEPS)
        .await?;
    let rows = steps
        .iter()
        .map(|step| StepRow::of(step, format!("/steps/{}", step.sample.id)));
    let mut frame = tabs(&who, sp, channel, At::Cycles);
    frame.title = format!("Cycle {id}");
    let verb = |name: &String| Verb::parse(name).map_or("Other", verb_words).to_owned();
    page(&CyclePage {
        frame: frame.crumb("Cycles", format!("/channels/{channel_id}/cycles")),
        steps: cycle
            .steps
            .iter()
            .map(|(name, count)| (verb(name), number(*count)))
            .collect(),
        held: cycle
            .held
            .iter()
            .map(|(name, count)| (hold_words(name).to_owned(), number(*count)))
            .collect(),
        hash: cycle.plan_hash.as_deref().map(Shown::line),
        revision: cycle.revision,
        proof: Proof::of(&cycle),
        table: CycleTable {
            rows: vec![Row::of(&cycle)],
        },
        rows: StepRows {
            rows: rows.collect(),
            label: "The first steps of this cycle".to_owned(),
            select: None,
            empty: "It planned nothing.".to_owned(),
        },
    })
}
