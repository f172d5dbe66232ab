//! One operation: its route and its description.

use std::collections::BTreeMap;

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, on};
use serde_json::{Value, json};

use super::examples::example;
use super::shape;
use crate::Api;

/// Resources that belong together.
pub(crate) struct Group {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(crate) router: Router<Api>,
    pub(super) operations: Vec<Described>,
    pub(super) shapes: Vec<(String, Value)>,
}

/// An operation that has its handler.
pub(super) struct Described(pub(super) Operation);

impl Group {
    /// An empty group.
    pub(crate) fn new(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            router: Router::new(),
            operations: Vec::new(),
            shapes: Vec::new(),
        }
    }

    /// Adds an operation with who handles it.
    pub(crate) fn add<H, T>(mut self, operation: Operation, handler: H) -> Self
    where
        H: Handler<T, Api>,
        T: 'static,
    {
        let filter = match operation.method {
            Method::POST => MethodFilter::POST,
            Method::PUT => MethodFilter::PUT,
            Method::DELETE => MethodFilter::DELETE,
            _ => MethodFilter::GET,
        };
        self.router = self.router.route(operation.path, on(filter, handler));
        self.operations.push(Described(operation));
        self
    }

    /// Names a shape.
    pub(crate) fn shape(mut self, name: &str, shape: Value) -> Self {
        self.shapes.push((name.to_owned(), shape));
        self
    }
}

/// What an operation takes in its body.
#[derive(Clone, Debug)]
pub(crate) enum Takes {
    /// Nothing.
    Nothing,
    /// This shape; an example.
    Body(Value, Value),
    /// This shape, or nothing.
    BodyOrNot(Value, Value),
}

/// An operation.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(super) method: Method,
    pub(super) path: &'static str,
    id: &'static str,
    summary: &'static str,
    help: &'static str,
    parameters: Vec<(&'static str, &'static str, Value)>,
    takes: Takes,
    answers: Vec<(u16, &'static str, (&'static str, Value))>,
    tagged: bool,
    open: bool,
}

/// Reads something.
pub(crate) fn get(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation::new(Method::GET, path, id, summary)
}

/// Does something.
pub(crate) fn post(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation::new(Method::POST, path, id, summary)
}

/// Replaces something.
pub(crate) fn put(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation::new(Method::PUT, path, id, summary)
}

/// Ends something.
pub(crate) fn delete(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation::new(Method::DELETE, path, id, summary)
}

impl Operation {
    fn new(method: Method, path: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self {
            method,
            path,
            id,
            summary,
            help: "",
            parameters: Vec::new(),
            takes: Takes::Nothing,
            answers: Vec::new(),
            tagged: false,
            open: false,
        }
    }

    /// More about it.
    pub(crate) fn help(mut self, help: &'static str) -> Self {
        self.help = help;
        self
    }

    /// Nobody needs to sign in.
    pub(crate) fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// A parameter of the address, with its shape.
    pub(crate) fn query(mut self, name: &'static str, about: &'static str, shape: Value) -> Self {
        self.parameters.push((name, about, shape));
        self
    }

    /// A list in pages.
    pub(crate) fn paged(self) -> Self {
        self.query(
            "limit",
            "Items of a page, from 1 to 500; 100 when not given",
            json!("integer"),
        )
        .query("cursor", "`next` of the page before", json!("string"))
    }

    /// The body.
    pub(crate) fn takes(mut self, takes: Takes) -> Self {
        self.takes = takes;
        self
    }

    /// A change that says which version it was made from.
    pub(crate) fn tagged(mut self) -> Self {
        self.tagged = true;
        self
    }

    /// An answer in JSON, of a shape.
    pub(crate) fn answers(self, status: u16, about: &'static str, shape: &str) -> Self {
        self.answers_as(status, about, json!(shape))
    }

    /// A page of a shape.
    pub(crate) fn answers_page(self, about: &'static str, of: &str) -> Self {
        self.paged()
            .answers_as(200, about, json!({"items": [of], "next": "string?"}))
    }

    /// An answer in JSON, of a shape that has no name.
    pub(crate) fn answers_as(mut self, status: u16, about: &'static str, shape: Value) -> Self {
        self.answers
            .push((status, about, ("application/json", shape)));
        self
    }

    /// An answer of another type.
    pub(crate) fn answers_in(
        mut self,
        status: u16,
        about: &'static str,
        kind: &'static str,
        shape: Value,
    ) -> Self {
        self.answers.push((status, about, (kind, shape)));
        self
    }

    /// A refusal of its own kind, beside those that every operation has.
    pub(crate) fn refuses(mut self, status: u16, about: &'static str) -> Self {
        let problem = ("application/problem+json", json!("Problem"));
        self.answers.push((status, about, problem));
        self
    }

    /// The operation object.
    pub(super) fn described(&self, tag: &str, shapes: &BTreeMap<String, Value>) -> Value {
        let mut described = json!({
            "operationId": self.id,
            "summary": self.summary,
            "tags": [tag],
            "parameters": self.parameters(),
            "responses": self.responses(shapes),
        });
        if !self.help.is_empty() {
            described["description"] = json!(self.help);
        }
        if self.open {
            described["security"] = json!([]);
        }
        let (body, required) = match &self.takes {
            Takes::Nothing => (None, false),
            Takes::Body(shape, example) => (Some((shape, example)), true),
            Takes::BodyOrNot(shape, example) => (Some((shape, example)), false),
        };
        if let Some((said, example)) = body {
            described["requestBody"] = json!({
                "required": required,
                "content": {"application/json": {"schema": shape::schema(said), "example": example}},
            });
        }
        described
    }

    fn parameters(&self) -> Vec<Value> {
        let mut parameters = Vec::new();
        for name in self.path.split('/').filter_map(|part| {
            part.strip_prefix('{')
                .and_then(|part| part.strip_suffix('}'))
        }) {
            let kind = match name {
                "step" | "cycle" | "subject" | "event" => "integer",
                _ => "string",
            };
            parameters.push(json!({
                "name": name, "in": "path", "required": true, "schema": {"type": kind},
            }));
        }
        for (name, about, said) in &self.parameters {
            let mut schema = shape::schema(said);
            let mut parameter = json!({"name": name, "in": "query", "description": about});
            if *name == "limit" {
                schema["minimum"] = json!(1);
                schema["maximum"] = json!(super::super::params::LIMIT);
            }
            if schema["type"] == "array" {
                parameter["style"] = json!("form");
                parameter["explode"] = json!(false);
            }
            parameter["schema"] = schema;
            parameters.push(parameter);
        }
        if self.tagged {
            parameters.push(json!({
                "name": "If-Match", "in": "header", "required": true,
                "description": "The `ETag` of the version that the change was made from",
                "schema": {"type": "string"},
            }));
        }
        parameters
    }

    fn responses(&self, shapes: &BTreeMap<String, Value>) -> Value {
        let mut answers = self.answers.clone();
        let mut add = |status: u16, about: &'static str| {
            if !answers.iter().any(|(known, _, _)| *known == status) {
                let problem = ("application/problem+json", json!("Problem"));
                answers.push((status, about, problem));
            }
        };
        if !self.open {
            add(401, "Nobody signed in");
            add(
                403,
                "The operator may not do that, or a page of another site asked for it",
            );
            add(
                429,
                "Too many requests of this kind; `Retry-After` says when to try again",
            );
        }
        if !self.parameters.is_empty() || self.path.contains('{') {
            add(
                400,
                "A parameter or an id cannot be read; `errors` has every one",
            );
        }
        if self.path.contains('{') {
            add(404, "There is no such resource");
            add(422, "The configuration does not allow it, or cannot work");
        }
        if !matches!(self.takes, Takes::Nothing) {
            add(400, "The body is no JSON, or nested too deeply");
            add(413, "The body is too large");
            if self.open {
                add(408, "The body did not come within ten seconds");
            }
            add(415, "The body is not declared as application/json");
            add(
                422,
                "The body can be read, and cannot be meant; `errors` has every problem",
            );
        }
        if self.tagged {
            add(
                412,
                "Somebody changed it since it was read; `current` has what is there",
            );
            add(428, "The header `If-Match` is missing");
        }
        add(500, "The state cannot be read or written");
        add(503, "The state was moved away while it is in use");
        add(507, "The disk of the state is full");
        let mut responses = serde_json::Map::new();
        for (status, about, (kind, said)) in answers {
            let schema = shape::schema(&said);
            let mut example = example(&schema, shapes);
            if kind == "application/problem+json" {
                example["status"] = json!(status);
                example["title"] = json!(about);
            }
            let response = json!({
                "description": about,
                "headers": {"X-Request-Id": {"schema": {"type": "string"}}},
                "content": {kind: {"schema": schema, "example": example}},
            });
            responses.insert(status.to_string(), response);
        }
        Value::Object(responses)
    }
}
