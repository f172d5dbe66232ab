//! The description of our API (OpenAPI 3.1), made of the same table that makes the routes: what is
//! not described cannot be reached.

mod examples;
mod operation;
mod shape;

pub(crate) use operation::{Group, Operation, Takes, delete, get, post, put};

use std::collections::BTreeMap;

use axum::Json;
use serde_json::{Map, Value, json};

use super::groups;
use operation::Described;

/// This document.
pub(super) fn group() -> Group {
    Group::new("Description", "What there is").add(
        get("/openapi.json", "getOpenApi", "This description")
            .help("An OpenAPI 3.1 document of every resource, made from what answers requests. It needs no sign-in.")
            .open()
            .answers(200, "The document", "Document"),
        async || Json(document()),
    )
    .shape("Document", json!({"*": "any"}))
}

/// The whole description.
pub(crate) fn document() -> Value {
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut shapes: BTreeMap<String, Value> = BTreeMap::new();
    let mut tags = Vec::new();
    let groups = groups();
    shapes.extend(
        common()
            .into_iter()
            .map(|(name, said)| (name, shape::schema(&said))),
    );
    for group in &groups {
        tags.push(json!({"name": group.name, "description": group.about}));
        for (name, said) in &group.shapes {
            shapes.insert(name.clone(), shape::schema(said));
        }
    }
    for group in &groups {
        for Described(operation) in &group.operations {
            let entry = paths.entry(operation.path.to_owned()).or_default();
            let method = operation.method.as_str().to_ascii_lowercase();
            entry.insert(method, operation.described(group.name, &shapes));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Usher",
            "version": "1",
            "description": "What Usher offers beyond the published administrative API. docs/api.md shows how to sign in, page, filter and read errors. Times are UTC milliseconds since 1970.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}, {"session": []}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": shapes,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "An API token"},
                "session": {"type": "apiKey", "in": "cookie", "name": "usher_session", "description": "A signed-in browser"},
            },
        },
    })
}

/// Shapes that every group uses.
fn common() -> Vec<(String, Value)> {
    let fault = json!({"pointer?": "string", "parameter?": "string", "detail": "string"});
    let problem = json!({
        "type": "string", "title": "string", "status": "integer", "code": "string",
        "detail": "string", "hint?": "string", "request_id": "string",
        "errors?": ["Fault"], "current?": "any",
    });
    vec![("Fault".to_owned(), fault), ("Problem".to_owned(), problem)]
}

#[cfg(test)]
mod tests {
    use super::document;

    /// Where the document is checked in.
    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api/openapi.json");

    #[test]
    fn the_document_that_is_checked_in_is_fresh() {
        let mut made = serde_json::to_string_pretty(&document()).unwrap();
        made.push('\n');
        if std::env::var_os("USHER_WRITE_OPENAPI").is_some() {
            std::fs::create_dir_all(std::path::Path::new(FILE).parent().unwrap()).unwrap();
            std::fs::write(FILE, &made).unwrap();
        }
        let found = std::fs::read_to_string(FILE).unwrap_or_default();
        assert!(
            found == made,
            "docs/api/openapi.json is not what the routes say: write it anew with `USHER_WRITE_OPENAPI=1 cargo test -p usher-admin-api --lib openapi`"
        );
    }

    #[test]
    fn every_name_that_is_referred_to_is_there() {
        let document = document();
        let text = document.to_string();
        let mut missing: Vec<&str> = text
            .split("\"#/components/schemas/")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .filter(|name| document["components"]["schemas"].get(name).is_none())
            .collect();
        missing.sort_unstable();
        missing.dedup();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
