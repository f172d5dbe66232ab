//! Plans: what a run would do, made in the background, looked through in pages, applied by hash.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use usher_core::model::SourceKey;
use usher_engine::admin::{Admin, PlanOptions, PlanReport};

use super::Caller;
use super::cycles::CycleView;
use super::given::GivenOrNot;
use super::jobs::{JobKind, JobView};
use super::openapi::{Group, Takes, delete, get, post};
use super::page::Page;
use super::params::Params;
use super::place::Place;
use super::problem::{Fault, Problem};
use super::runs::{Began, RunMode, began, run_began};
use super::step_view::{self, KINDS};
use crate::Api;
use crate::work::{self, NotDone};

const LIST: &str = "plan";
/// Most people that a plan is asked for by name.
const SUBJECTS: usize = 100;

pub(super) fn group() -> Group {
    Group::new("Plans", "What a run would do: the real cycle on a copy of the state")
        .add(
            post("/channels/{channel}/plans", "plan", "Make a plan")
                .help("Nothing is sent and nothing is kept but the plan itself, for an hour, two of an operator and eight in all at most. It is made in the background: ask for it at `Location`. `subjects` are source keys.")
                .takes(Takes::BodyOrNot(
                    json!({"mode?": "incremental|full|reconcile|rekey", "subjects?": ["string"]}),
                    json!({"mode": "full"}),
                ))
                .answers(202, "The plan is being made", "Job")
                .refuses(429, "Too many plans are under way: four, or two of one operator"),
            make,
        )
        .add(
            get("/channels/{channel}/plans", "listPlans", "Plans that are kept, newest first")
                .answers_as(200, "The plans", json!({"items": ["Job"]})),
            list,
        )
        .add(
            get("/channels/{channel}/plans/{plan}", "getPlan", "One plan: how far it is, or what it would do")
                .answers_as(200, "The plan; `plan` is null until it is made", json!({"job": "Job", "plan": "Plan?"})),
            one,
        )
        .add(
            step_view::filtered(get("/channels/{channel}/plans/{plan}/steps", "listPlanSteps", "The steps of a plan"))
                .query("state", "What would be sent, or what would be held", json!(["pending|held"]))
                .answers_page("A page of steps", "Step")
                .refuses(409, "The plan is not made yet"),
            steps,
        )
        .add(
            post("/channels/{channel}/plans/{plan}/apply", "applyPlan", "Do exactly this plan, or nothing")
                .help("Plans once more and sends when the hash is the same, held steps included: they were reviewed. Otherwise nothing is sent, and the run fails with `plan_changed`.")
                .answers(202, "The run began", "Job")
                .refuses(409, "The plan is not made yet, or another run of this channel is under way")
                .refuses(429, "Too many runs are under way"),
            apply,
        )
        .add(
            delete("/channels/{channel}/plans/{plan}", "dropPlan", "Cancel a plan that is being made, or forget one")
                .answers(200, "The plan as it ended", "Job"),
            drop_plan,
        )
        .shape("HeldGroup", json!({"hold": "string", "reason": "string", "steps": "integer", "next": "string"}))
        .shape("Plan", json!({
            "hash": "string", "mode": "incremental|full|reconcile|rekey", "cycle": "Cycle",
            "totals": ["StepCount"],
            "held": ["HeldGroup"],
            "adoption": {
                "create": "integer", "adopt_unchanged": "integer", "adopt_with_changes": "integer",
                "ambiguous": "integer", "only_at_target": "integer",
            },
            "samples": ["SampleStep"],
            "not_provisioned": [{"dn": "string", "kind": format!("{}?", KINDS.join("|")), "verdict": "string", "reason": "string"}],
            "email_domains": [{"domain": "string", "people": "integer", "may_be_sent": "boolean"}],
            "memberships_to_follow": "integer", "estimate": "string",
        }))
        .shape("SampleStep", json!({
            "id": "integer", "verb": "string", "kind": KINDS.join("|"), "dn": "string",
            "display": "string", "key": "string", "reason": "string", "waits_for": "string?",
            "changes": [{"field": "string", "from": "string?", "to": "string?"}],
            "request": "StepRequest?",
        }))
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    mode: Option<RunMode>,
    subjects: Vec<String>,
}

async fn make(
    State(api): State<Api>,
    Caller(admin): Caller,
    place: Place,
    GivenOrNot(wanted): GivenOrNot<Wanted>,
) -> Result<Began, Problem> {
    let (_, channel) = place.channel(&admin).await?;
    let wanted = wanted.unwrap_or_default();
    if wanted.subjects.len() > SUBJECTS {
        let found = wanted.subjects.len();
        let detail = format!("expected at most {SUBJECTS}, found {found}");
        return Err(Problem::invalid(vec![Fault::at("/subjects", detail)]));
    }
    let mode = wanted.mode.unwrap_or(RunMode::Incremental);
    let keys: Vec<SourceKey> = wanted.subjects.into_iter().map(SourceKey::new).collect();
    let options = PlanOptions {
        mode: mode.cycle(),
        only: (!keys.is_empty()).then_some(keys),
        full: false,
    };
    let view = work::plan(&api, admin, channel, options).map_err(NotDone::problem)?;
    let place = format!("/api/v1/channels/{}/plans/{}", view.channel, view.id);
    Ok(began(&place, view))
}

async fn list(
    State(api): State<Api>,
    Caller(admin): Caller,
    place: Place,
    params: Params,
) -> Result<Json<Value>, Problem> {
    params.finish()?;
    let (_, channel) = place.channel(&admin).await?;
    let now = admin.engine.clock.now();
    let items = api.jobs.all(JobKind::Plan, Some(&channel), now);
    Ok(Json(json!({"items": items})))
}

/// The job of the plan that the address names.
async fn job(api: &Api, admin: &Admin, place: &Place) -> Result<JobView, Problem> {
    let (_, channel) = place.channel(admin).await?;
    let id = place.uuid("plan")?;
    let found = api.jobs.view(id, admin.engine.clock.now());
    found
        .filter(|view| view.channel == channel && view.kind == JobKind::Plan)
        .ok_or_else(|| {
            Problem::not_found(format!("there is no plan {id} of this channel"))
                .hint("plans are kept for an hour, two of an operator at most; make a new one")
        })
}

#[derive(Serialize)]
struct One {
    job: JobView,
    plan: Option<Value>,
}

async fn one(
    State(api): State<Api>,
    Caller(admin): Caller,
    place: Place,
) -> Result<Json<One>, Problem> {
    let job = job(&api, &admin, &place).await?;
    let plan = api.jobs.plan(job.id, admin.engine.clock.now());
    let plan = plan.map(|plan| told(plan.report.clone()));
    Ok(Json(One { job, plan }))
}

fn told(report: PlanReport) -> Value {
    let samples: Vec<Value> = report.samples.into_iter().map(step_view::sample).collect();
    json!({
        "hash": report.hash, "mode": report.cycle.mode, "cycle": CycleView::from(report.cycle),
        "totals": report.totals, "held": report.held, "adoption": report.adoption,
        "samples": samples, "not_provisioned": report.not_provisioned,
        "email_domains": report.email_domains,
        "memberships_to_follow": report.memberships_to_follow, "estimate": report.estimate,
    })
}

async fn steps(
    State(api): State<Api>,
    Caller(admin): Caller,
    place: Place,
    mut params: Params,
) -> Result<Json<Page<Value>>, Problem> {
    let mut wanted = step_view::wanted(&mut params);
    wanted.states = params.several("state", &["pending", "held"], |word| {
        ["pending", "held"].contains(&word).then(|| word.to_owned())
    });
    let (limit, after) = (params.limit(), params.cursor(LIST));
    params.finish()?;
    let job = job(&api, &admin, &place).await?;
    let plan = work::kept(&api, &admin, &job).map_err(NotDone::problem)?;
    let (steps, end) = plan.steps(&wanted, after, limit).await?;
    let items = steps.into_iter().map(step_view::view).collect();
    Ok(Json(Page::of(items, LIST, end)))
}

async fn apply(
    State(api): State<Api>,
    Caller(admin): Caller,
    place: Place,
) -> Result<Began, Problem> {
    let job = job(&api, &admin, &place).await?;
    let view = work::apply(&api, admin, &job, None).map_err(NotDone::problem)?;
    Ok(run_began(view))
}

async fn drop_plan(
    State(api): State<Api>,
    Caller(admin): Caller,
    place: Place,
) -> Result<Json<JobView>, Problem> {
    let job = job(&api, &admin, &place).await?;
    let dropped = work::discard(&api, &admin, &job);
    dropped.map(Json).map_err(NotDone::problem)
}
