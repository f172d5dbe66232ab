//! Every answer of our own face is held against its description.

use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex};

use axum::body::Body;
use axum::http::Request;
use serde_json::{Map, Value};

use crate::world::Answer;

static DOCUMENT: LazyLock<Value> = LazyLock::new(usher_admin_api::openapi);

thread_local! {
    /// Operations that the test of this thread called with success.
    static CALLED: Mutex<BTreeSet<String>> = const { Mutex::new(BTreeSet::new()) };
}

/// Every operation of the description.
pub(crate) fn operations() -> BTreeSet<String> {
    let paths = DOCUMENT["paths"].as_object().expect("paths");
    paths
        .values()
        .flat_map(|path| path.as_object().expect("operations").values())
        .map(|operation| operation["operationId"].as_str().expect("an id").to_owned())
        .collect()
}

/// Operations that this test called with success.
pub(crate) fn called() -> BTreeSet<String> {
    CALLED.with(|called| called.lock().expect("lock").clone())
}

/// A request as the description sees it.
pub(crate) struct Call {
    method: String,
    path: Option<String>,
}

impl Call {
    pub(crate) fn of(request: &Request<Body>) -> Self {
        Self {
            method: request.method().as_str().to_ascii_lowercase(),
            path: request
                .uri()
                .path()
                .strip_prefix("/api/v1")
                .map(str::to_owned),
        }
    }

    /// Holds an answer against the description of its operation.
    pub(crate) fn check(&self, answer: &Answer) {
        let Some(path) = &self.path else {
            return;
        };
        assert!(answer.headers.contains_key("x-request-id"), "{answer:?}");
        let Some(operation) = self.operation(path) else {
            return;
        };
        let id = operation["operationId"].as_str().expect("an id");
        let response = &operation["responses"][answer.status.as_str()];
        assert!(
            response.is_object(),
            "{id} does not describe {}: {answer:?}",
            answer.status
        );
        let content = response["content"].as_object();
        for (kind, content) in content.into_iter().flatten() {
            let found = answer.headers["content-type"].to_str().expect("text");
            assert!(found.starts_with(kind.as_str()), "{id}: {found}");
            if kind.ends_with("json") {
                let mut wrong = Vec::new();
                check(&content["schema"], &answer.body, "", &mut wrong);
                assert!(wrong.is_empty(), "{id}: {wrong:#?}\n{:#}", answer.body);
                let mut wrong = Vec::new();
                check(&content["schema"], &content["example"], "", &mut wrong);
                assert!(wrong.is_empty(), "{id}, its example: {wrong:#?}");
            }
        }
        if answer.status.is_success() {
            CALLED.with(|called| called.lock().expect("lock").insert(id.to_owned()));
        }
    }

    fn operation(&self, path: &str) -> Option<&'static Value> {
        let paths = DOCUMENT["paths"].as_object().expect("paths");
        let fits = |pattern: &str| {
            let (given, said): (Vec<&str>, Vec<&str>) =
                (path.split('/').collect(), pattern.split('/').collect());
            given.len() == said.len()
                && given
                    .iter()
                    .zip(&said)
                    .all(|(given, said)| said.starts_with('{') || given == said)
        };
        // A fixed word wins over a variable one.
        let mut found: Vec<_> = paths.iter().filter(|(pattern, _)| fits(pattern)).collect();
        found.sort_by_key(|(pattern, _)| pattern.matches('{').count());
        found.first()?.1.get(&self.method)
    }
}

/// Everything in which a value does not fit a schema. Knows what our shapes use.
fn check(schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let pointer = name.trim_start_matches('#');
        let of = DOCUMENT.pointer(pointer).expect("the name is there");
        return check(of, value, at, wrong);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let fits = |one: &Value| {
            let mut wrong = Vec::new();
            check(one, value, at, &mut wrong);
            wrong
        };
        let all: Vec<Vec<String>> = any.iter().map(fits).collect();
        if !all.iter().any(Vec::is_empty) {
            wrong.extend(all.into_iter().next().unwrap_or_default());
        }
        return;
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        wrong.push(format!("{at}: {value} is none of {words:?}"));
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    let fits = kinds.iter().any(|kind| match *kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("the checker does not know the type {other}"),
    });
    if !fits {
        wrong.push(format!("{at}: expected {kinds:?}, found {value}"));
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        check(&schema["items"], item, &format!("{at}/{index}"), wrong);
    }
    if let Some(object) = value.as_object() {
        check_object(schema, object, at, wrong);
    }
}

fn check_object(schema: &Value, object: &Map<String, Value>, at: &str, wrong: &mut Vec<String>) {
    for name in schema["required"].as_array().into_iter().flatten() {
        let name = name.as_str().expect("a name");
        if !object.contains_key(name) {
            wrong.push(format!("{at}/{name} is missing"));
        }
    }
    for (name, value) in object {
        let at = format!("{at}/{name}");
        match (
            schema["properties"].get(name),
            &schema["additionalProperties"],
        ) {
            (Some(of), _) => check(of, value, &at, wrong),
            (None, Value::Bool(false)) => wrong.push(format!("{at} is not described")),
            (None, more) => check(more, value, &at, wrong),
        }
    }
}

#[test]
fn the_checker_finds_what_does_not_fit() {
    let schema = &DOCUMENT["components"]["schemas"]["Problem"];
    let wrong = |value: Value| {
        let mut wrong = Vec::new();
        check(schema, &value, "", &mut wrong);
        wrong
    };
    let good = serde_json::json!({
        "type": "urn:x", "title": "x", "status": 400, "code": "x", "detail": "x", "request_id": "x",
        "errors": [{"detail": "x", "pointer": "#/a"}],
    });
    assert_eq!(wrong(good.clone()), [] as [String; 0]);
    let mut bad = good;
    bad["status"] = "400".into();
    bad["more"] = true.into();
    bad["errors"][0]["detail"].take();
    assert_eq!(wrong(bad).len(), 3);
}
