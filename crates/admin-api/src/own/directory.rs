//! Looking around in a data store, one level at a time.

use axum::Json;
use serde_json::{Value, json};
use usher_connector::TreeEntry;
use usher_engine::admin::{base_type, hidden};

use super::Caller;
use super::checks::patient;
use super::openapi::{Group, get};
use super::params::Params;
use super::place::Place;
use super::problem::Problem;

/// Values of an attribute that are shown.
const VALUES: usize = 50;
/// Characters of a value that are shown.
const CHARACTERS: usize = 500;
const DOTS: &str = "********";

pub(super) fn group() -> Group {
    let dn = |operation: super::openapi::Operation| {
        operation.query("dn", "A DN; empty for the root", json!("string"))
    };
    Group::new("Directory", "Looking around in a data store; for those who may configure")
        .add(
            dn(get("/data-stores/{data_store}/tree", "browse", "What lies directly below an entry"))
                .query("limit", "Entries to show, from 1 to 500; 100 when not given", json!("integer"))
                .help("Below the root are the naming contexts. `more` says that there is more than is shown: a level has no pages, since directories have none; look deeper, or ask for more.")
                .answers_as(200, "One level", json!({"dn": "string", "entries": ["TreeEntry"], "more": "boolean"}))
                .refuses(502, "The data store does not answer")
                .refuses(504, "It took too long"),
            children,
        )
        .add(
            dn(get("/data-stores/{data_store}/entry", "getEntry", "One entry with its attributes"))
                .help("Passwords, and attributes that a mapping masks, are dots.")
                .answers_as(200, "The entry", json!({
                    "dn": "string", "object_classes": ["string"],
                    "attributes": [{"name": "string", "values": ["string"], "more": "integer", "masked": "boolean"}],
                }))
                .refuses(502, "The data store does not answer")
                .refuses(504, "It took too long"),
            entry,
        )
        .shape("TreeEntry", json!({
            "dn": "string", "object_classes": ["string"], "has_children": "boolean?",
        }))
}

async fn children(
    Caller(admin): Caller,
    place: Place,
    mut params: Params,
) -> Result<Json<Value>, Problem> {
    let dn = params.text("dn").unwrap_or_default();
    let limit = params.limit();
    params.finish()?;
    let (configuration, id) = place.data_store(&admin).await?;
    let level = patient(&admin, admin.tree_level(&configuration, &id, &dn, limit)).await?;
    let entries: Vec<Value> = level
        .entries
        .iter()
        .map(|entry| {
            json!({
                "dn": entry.dn, "object_classes": entry.object_classes,
                "has_children": entry.has_children,
            })
        })
        .collect();
    Ok(Json(
        json!({"dn": dn, "entries": entries, "more": level.more}),
    ))
}

async fn entry(
    Caller(admin): Caller,
    place: Place,
    mut params: Params,
) -> Result<Json<Value>, Problem> {
    let dn = params.required("dn");
    params.finish()?;
    let (configuration, id) = place.data_store(&admin).await?;
    let found = patient(&admin, admin.tree_entry(&configuration, &id, &dn)).await?;
    let found = found.ok_or_else(|| Problem::not_found(format!("there is no entry `{dn}`")))?;
    let hidden = hidden(&configuration, &id);
    Ok(Json(shown(&found, |name| {
        hidden.contains(&base_type(name))
    })))
}

fn shown(entry: &TreeEntry, is_hidden: impl Fn(&str) -> bool) -> Value {
    let mut attributes: Vec<Value> = Vec::new();
    for (name, values) in &entry.attributes {
        let masked = is_hidden(name);
        let texts: Vec<String> = if masked {
            vec![DOTS.to_owned()]
        } else {
            values
                .iter()
                .take(VALUES)
                .map(|value| text(value))
                .collect()
        };
        let more = if masked {
            0
        } else {
            values.len() - texts.len()
        };
        attributes.push(json!({"name": name, "values": texts, "more": more, "masked": masked}));
    }
    json!({"dn": entry.dn, "object_classes": entry.object_classes, "attributes": attributes})
}

/// A value as text, binary ones by their size.
fn text(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) if text.chars().count() <= CHARACTERS => text.to_owned(),
        Ok(text) => text.chars().take(CHARACTERS).chain(['…']).collect(),
        Err(_) => format!("({} bytes, not text)", value.len()),
    }
}
