//! The outbox: what is to be sent, what waits for a person, and what a person decides about it.

use std::sync::Arc;

use axum::Json;
use serde::Deserialize;
use serde_json::{Value, json};
use usher_core::model::{StepId, Verb};
use usher_engine::admin::{DecisionReport, Selection, StepWanted};
use usher_engine::{SendOptions, Silent, to_its_end};

use super::Caller;
use super::given::Given;
use super::openapi::{Group, Takes, get, post};
use super::page::Page;
use super::params::Params;
use super::place::Place;
use super::problem::{Fault, Problem};
use super::step_view::{self, HOLDS, STATES, VERBS};

const LIST: &str = "steps";

pub(super) fn group() -> Group {
    let selection = || {
        Takes::Body(
            json!("Selection"),
            json!({"verbs": ["disable"], "hold": "guard"}),
        )
    };
    Group::new("Steps", "What is to be sent, what waits for a person, and decisions about it")
        .add(
            step_view::filtered(get("/channels/{channel}/steps", "listSteps", "Steps of a channel"))
                .query("state", "Only these states", json!([STATES.join("|")]))
                .query("subject", "Only of the person or group with this number", json!("integer"))
                .query("cycle", "Only planned by this cycle", json!("integer"))
                .help("A page may hold fewer items than asked for although more follow: go on while there is a `next`.")
                .answers_page("A page of steps, in the order in which they were planned", "Step"),
            list,
        )
        .add(
            step_view::filtered(get("/channels/{channel}/held", "listHeld", "Steps that wait for a person"))
                .help("As `listSteps` with the state `held`.")
                .answers_page("A page of held steps", "Step"),
            held,
        )
        .add(
            get("/steps/{step}", "getStep", "One step with its requests and replies")
                .help("Masked values are dots, and the key of the target is never recorded.")
                .answers_as(200, "The step, its exchanges newest first", json!({"step": "Step", "exchanges": ["Exchange"]})),
            one,
        )
        .add(
            post("/channels/{channel}/held/approve", "approve", "Release held steps")
                .help("Names steps by number or by what they have in common; everything given must fit. Each released step still runs only if what it expects holds. A `note` (one line) is kept in the log with the steps. Choosing one of several candidates takes the number of the step. A running channel sends them; in a channel that only observes, `send` sends just these.")
                .takes(selection())
                .answers(200, "What was released, what was too late, what approval cannot release", "Decision"),
            approve,
        )
        .add(
            post("/channels/{channel}/held/reject", "reject", "Reject held steps")
                .help("They do not come back until something changes in the source.")
                .takes(selection())
                .answers(200, "What was rejected, and what was too late", "Decision"),
            reject,
        )
        .add(
            post("/channels/{channel}/parked/retry", "retry", "Send parked steps again")
                .takes(Takes::Body(json!({"steps?": ["integer"], "all?": "boolean"}), json!({"all": true})))
                .answers(200, "How many are sent again", "Decision"),
            retry,
        )
        .shape("Step", step_view::shape())
        .shape("StepRequest", step_view::request_shape())
        .shape("Exchange", step_view::exchange_shape())
        .shape("Selection", json!({
            "steps?": ["integer"], "verbs?": [VERBS.join("|")],
            "hold?": format!("{}?", HOLDS.join("|")), "all?": "boolean", "send?": "boolean", "note?": "string",
        }))
        .shape("Decision", json!({
            "done": "integer", "stale": [{"step": "integer", "state": "string"}],
            "refused": [{"step": "integer", "remedy": "string"}], "sent": "RunReport?",
        }))
}

async fn list(
    Caller(admin): Caller,
    place: Place,
    mut params: Params,
) -> Result<Json<Page<Value>>, Problem> {
    let states = params.several("state", &STATES, |word| {
        STATES.contains(&word).then(|| word.to_owned())
    });
    let wanted = StepWanted {
        states,
        subject: params.number("subject").map(usher_core::model::SubjectId),
        cycle: params.number("cycle").map(usher_core::model::CycleId),
        ..step_view::wanted(&mut params)
    };
    page(&admin, &place, params, &wanted).await
}

async fn held(
    Caller(admin): Caller,
    place: Place,
    mut params: Params,
) -> Result<Json<Page<Value>>, Problem> {
    let wanted = StepWanted {
        states: vec!["held".to_owned()],
        ..step_view::wanted(&mut params)
    };
    page(&admin, &place, params, &wanted).await
}

async fn page(
    admin: &usher_engine::admin::Admin,
    place: &Place,
    mut params: Params,
    wanted: &StepWanted,
) -> Result<Json<Page<Value>>, Problem> {
    let (limit, after) = (params.limit(), params.cursor(LIST));
    params.finish()?;
    let (_, channel) = place.channel(admin).await?;
    let (steps, end) = admin.step_page(&channel, wanted, after, limit).await?;
    let items = steps.into_iter().map(step_view::view).collect();
    Ok(Json(Page::of(items, LIST, end)))
}

async fn one(Caller(admin): Caller, place: Place) -> Result<Json<Value>, Problem> {
    let id = place.number("step")?;
    let Some((step, exchanges)) = admin.step(StepId(id)).await? else {
        return Err(Problem::not_found(format!("there is no step {id}")));
    };
    let exchanges: Vec<Value> = exchanges.iter().map(step_view::exchange).collect();
    Ok(Json(
        json!({"step": step_view::view(step), "exchanges": exchanges}),
    ))
}

/// Which held steps a decision is about.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    steps: Vec<i64>,
    #[serde(default)]
    verbs: Vec<Verb>,
    hold: Option<String>,
    #[serde(default)]
    all: bool,
    #[serde(default)]
    send: bool,
    #[serde(default)]
    note: String,
}

impl Wanted {
    fn selection(self) -> Result<Selection, Problem> {
        let mut faults = Vec::new();
        if !self.all && self.steps.is_empty() && self.verbs.is_empty() && self.hold.is_none() {
            let detail = "say which held steps are meant: `steps`, `verbs`, `hold`, or `all`";
            faults.push(Fault::at("", detail));
        }
        if let Some(hold) = self.hold.as_deref().filter(|name| !HOLDS.contains(name)) {
            let expected = HOLDS.join(", ");
            faults.push(Fault::at(
                "/hold",
                format!("expected one of {expected}, found `{hold}`"),
            ));
        }
        if !faults.is_empty() {
            return Err(Problem::invalid(faults));
        }
        Ok(Selection {
            steps: self.steps.into_iter().map(StepId).collect(),
            verbs: self.verbs,
            hold: self.hold,
            all: self.all,
            note: self.note,
        })
    }
}

async fn approve(
    Caller(admin): Caller,
    place: Place,
    Given(wanted): Given<Wanted>,
) -> Result<Json<Value>, Problem> {
    let (_, channel) = place.channel(&admin).await?;
    // What is slow to send is sent by the next run.
    let send = wanted.send.then(|| SendOptions {
        patience_ms: 0,
        ..SendOptions::default()
    });
    let selection = wanted.selection()?;
    let report = to_its_end(async move {
        let channel = Some(channel.as_str());
        let progress = Arc::new(Silent);
        Box::pin(admin.approve(channel, &selection, send.as_ref(), progress)).await
    });
    Ok(Json(decision(report.await?)))
}

async fn reject(
    Caller(admin): Caller,
    place: Place,
    Given(wanted): Given<Wanted>,
) -> Result<Json<Value>, Problem> {
    let (_, channel) = place.channel(&admin).await?;
    if wanted.send {
        return Err(Problem::invalid(vec![Fault::at(
            "/send",
            "a rejection sends nothing: leave it out",
        )]));
    }
    let selection = wanted.selection()?;
    let report = to_its_end(async move { admin.reject(Some(channel.as_str()), &selection).await });
    Ok(Json(decision(report.await?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Retry {
    #[serde(default)]
    steps: Vec<i64>,
    #[serde(default)]
    all: bool,
}

async fn retry(
    Caller(admin): Caller,
    place: Place,
    Given(wanted): Given<Retry>,
) -> Result<Json<Value>, Problem> {
    let (_, channel) = place.channel(&admin).await?;
    if wanted.all != wanted.steps.is_empty() {
        return Err(Problem::invalid(vec![Fault::at(
            "",
            "say which parked steps are meant: `steps`, or `all`",
        )]));
    }
    let steps: Vec<StepId> = wanted.steps.into_iter().map(StepId).collect();
    let report = to_its_end(async move { admin.retry(Some(channel.as_str()), &steps).await });
    Ok(Json(decision(report.await?)))
}

fn decision(report: DecisionReport) -> Value {
    let stale: Vec<Value> = report
        .stale
        .iter()
        .map(|(step, state)| json!({"step": step, "state": state}))
        .collect();
    let refused: Vec<Value> = report
        .refused
        .iter()
        .map(|(step, remedy)| json!({"step": step, "remedy": remedy}))
        .collect();
    json!({
        "done": report.done, "stale": stale, "refused": refused,
        "sent": report.sync.map(super::runs::run_report),
    })
}
