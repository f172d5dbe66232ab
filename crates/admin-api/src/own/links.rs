//! People and groups: whom Usher knows, what each is linked to, and the story of each.

use axum::Json;
use serde_json::{Value, json};
use usher_core::model::{SubjectId, SubjectState, Verdict};
use usher_engine::admin::{Explanation, LinkView, LinkWanted};

use super::Caller;
use super::checks::patient;
use super::openapi::{Group, get};
use super::page::Page;
use super::params::Params;
use super::place::Place;
use super::problem::Problem;
use super::step_view::{self, KINDS};

const LIST: &str = "links";
/// Most of each kind that a search finds.
const FOUND: u32 = 20;

fn states() -> Vec<&'static str> {
    SubjectState::ALL
        .into_iter()
        .map(SubjectState::as_str)
        .collect()
}

fn verdicts() -> Vec<&'static str> {
    Verdict::ALL.into_iter().map(Verdict::as_str).collect()
}

pub(super) fn group() -> Group {
    Group::new("People and groups", "Whom Usher knows, what each is linked to, and the story of each")
        .add(
            get("/channels/{channel}/links", "listLinks", "People and groups of a channel")
                .query("kind", "People, or groups", json!(KINDS.join("|")))
                .query("state", "Only these states", json!([states().join("|")]))
                .query("verdict", "Only what this became of", json!([verdicts().join("|")]))
                .query("in_scope", "Only in scope when last read, or only not", json!("true|false"))
                .query("q", "Only whose name, DN, source key or target id contains this", json!("string"))
                .help("A page may hold fewer items than asked for although more follow: go on while there is a `next`.")
                .answers_page("A page, in the order in which they were first seen", "Link"),
            list,
        )
        .add(
            get("/links/{subject}", "getLink", "One person or group")
                .answers(200, "The person or group", "Link"),
            one,
        )
        .add(
            get("/links/{subject}/story", "explainLink", "The story of one person or group")
                .help("Whether it is in scope and why, how each field comes to its value, groups, steps, requests, and what happens next. Reads the entry from the directory.")
                .answers(200, "The story", "Story")
                .refuses(429, "Too many requests read a directory or ask a target")
                .refuses(504, "It took too long"),
            story,
        )
        .add(
            get("/channels/{channel}/explain", "explain", "The story of whoever a text names")
                .help("Of somebody whom no cycle has read, the directory is asked: `known` is false, and `link` is what would be kept, with the id 0. Whoever is out of scope is told why.")
                .query("who", "User name, e-mail address, DN, source key, target id or group name", json!("string"))
                .answers(200, "The story", "Story")
                .refuses(409, "The text names nobody, or several")
                .refuses(429, "Too many requests read a directory or ask a target")
                .refuses(504, "It took too long"),
            explain,
        )
        .add(
            get("/search", "search", "SP connections, channels, data stores, people and groups that a text names")
                .query("q", "At least two characters", json!("string"))
                .answers_as(200, "Up to twenty of each", json!({
                    "sp_connections": [{"id": "string", "name": "string"}],
                    "channels": [{"id": "string", "name": "string", "sp_connection": "string"}],
                    "data_stores": [{"id": "string", "name": "string"}],
                    "links": ["Link"],
                })),
            search,
        )
        .shape("Link", json!({
            "id": "integer", "channel": "string", "key": "string", "kind": KINDS.join("|"),
            "dn": "string", "display": "string", "state": states().join("|"), "linked": "boolean",
            "target_id": "string?", "in_scope": "boolean", "verdict": verdicts().join("|"),
            "reason": "string", "converged": "boolean", "dirty": "boolean", "attempts": "integer",
            "next_at": "time?", "left_at": "time?", "active_at_target": "boolean?",
            "held": {"*": "string"},
        }))
        .shape("Story", json!({
            "known": "boolean", "link": "Link", "scope": "string", "mapping": ["FieldPreview"],
            "groups": [{"name": "string", "via": ["string"], "desired": "boolean", "present": "boolean"}],
            "steps": ["StoryStep"], "exchanges": ["Exchange"],
            "next": {"what": "string", "at": "time?"},
        }))
        .shape("StoryStep", json!({
            "id": "integer", "verb": "string", "kind": KINDS.join("|"), "dn": "string",
            "display": "string", "key": "string", "reason": "string", "waits_for": "string?",
            "state": "string", "at": "time", "attempts": "integer",
            "changes": [{"field": "string", "from": "string?", "to": "string?"}],
            "request": "StepRequest?",
        }))
        .shape("FieldPreview", json!({
            "field": "string", "inputs": [{"attribute": "string", "values": ["string"]}],
            "expression": "string?",
            "steps": [{"step": "string", "input": "string", "result": "string"}],
            "result": "string?", "remarks": ["string"],
        }))
}

async fn list(
    Caller(admin): Caller,
    place: Place,
    mut params: Params,
) -> Result<Json<Page<LinkView>>, Problem> {
    let wanted = LinkWanted {
        kind: params.one("kind", &KINDS, step_view::kind),
        states: params.several("state", &states(), SubjectState::parse),
        verdicts: params.several("verdict", &verdicts(), Verdict::parse),
        in_scope: params.one("in_scope", &["true", "false"], truth),
        text: params.text("q"),
    };
    let (limit, after) = (params.limit(), params.cursor(LIST));
    params.finish()?;
    let (_, channel) = place.channel(&admin).await?;
    let (items, end) = admin
        .link_page(Some(&channel), &wanted, after, limit)
        .await?;
    Ok(Json(Page::of(items, LIST, end)))
}

pub(super) fn truth(word: &str) -> Option<bool> {
    word.parse().ok()
}

async fn one(Caller(admin): Caller, place: Place) -> Result<Json<LinkView>, Problem> {
    let found = admin.link(SubjectId(place.number("subject")?)).await?;
    let found = found.ok_or_else(|| nobody(&place))?;
    Ok(Json(LinkView::from(&found)))
}

async fn story(Caller(admin): Caller, place: Place) -> Result<Json<Value>, Problem> {
    let id = SubjectId(place.number("subject")?);
    let story = patient(&admin, Box::pin(admin.explain_subject(id))).await?;
    let story = story.ok_or_else(|| nobody(&place))?;
    Ok(Json(told(story)))
}

fn nobody(place: &Place) -> Problem {
    let id = place.number("subject").unwrap_or_default();
    Problem::not_found(format!("there is nobody with the number {id}"))
}

async fn explain(
    Caller(admin): Caller,
    place: Place,
    mut params: Params,
) -> Result<Json<Value>, Problem> {
    let who = params.required("who");
    params.finish()?;
    let (_, channel) = place.channel(&admin).await?;
    let story = patient(
        &admin,
        Box::pin(admin.explain(Some(channel.as_str()), &who)),
    )
    .await?;
    Ok(Json(told(story)))
}

fn told(story: Explanation) -> Value {
    let steps: Vec<Value> = story
        .steps
        .into_iter()
        .map(|told| {
            let mut value = step_view::sample(told.step);
            value["state"] = json!(told.state.name());
            value["at"] = json!(told.at);
            value["attempts"] = json!(told.attempts);
            value
        })
        .collect();
    let exchanges: Vec<Value> = story.exchanges.iter().map(step_view::exchange).collect();
    json!({
        "known": story.known, "link": LinkView::from(&story.subject), "scope": story.scope,
        "mapping": fields(&story.mapping), "groups": story.groups, "steps": steps,
        "exchanges": exchanges, "next": story.next,
    })
}

/// How fields come to their values.
pub(super) fn fields(previews: &[usher_core::mapping::FieldPreview]) -> Vec<Value> {
    let previews = previews.iter();
    previews
        .map(|preview| {
            let inputs: Vec<Value> = preview
                .inputs
                .iter()
                .map(|(attribute, values)| json!({"attribute": attribute, "values": values}))
                .collect();
            json!({
                "field": preview.field, "inputs": inputs, "expression": preview.expression,
                "steps": preview.steps, "result": preview.result, "remarks": preview.remarks,
            })
        })
        .collect()
}

async fn search(Caller(admin): Caller, mut params: Params) -> Result<Json<Value>, Problem> {
    let text = params.required("q");
    if !text.is_empty() && text.chars().count() < 2 {
        params.fault("q", "expected at least two characters".to_owned());
    }
    params.finish()?;
    let found = admin.find(&text, FOUND).await?;
    Ok(Json(serde_json::to_value(found).unwrap_or_default()))
}
