//! The body of a request in the published shape, and reading its fields so that everything that is wrong is said
//! at once.

use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::error::{ApiError, ValidationError};
use super::request::Document;
use crate::Api;

/// A JSON object.
pub(super) struct Body(pub(super) Map<String, Value>);

impl FromRequest<Api> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, ApiError> {
        match Document::from_request(request, api).await? {
            Document(Value::Object(body)) => Ok(Self(body)),
            Document(other) => Err(ApiError::new(
                StatusCode::BAD_REQUEST,
                "bad_request",
                format!("Expected a JSON object, found {}.", kind(&other)),
            )),
        }
    }
}

/// The fields of a body, taken one by one.
pub(super) struct Fields {
    body: Map<String, Value>,
    problems: Vec<ValidationError>,
}

impl Fields {
    /// Of a body that has these fields and no others.
    pub(super) fn of(body: Map<String, Value>, known: &[&str]) -> Self {
        let mut fields = Self {
            body: Map::new(),
            problems: Vec::new(),
        };
        for (name, value) in body {
            if known.contains(&name.as_str()) {
                fields.body.insert(name, value);
            } else {
                let message = format!("expected one of {}", known.join(", "));
                fields.wrong(&name, message);
            }
        }
        fields
    }

    /// A text; `None` when it is missing or null.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        match self.body.remove(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(other) => {
                self.wrong(name, format!("expected a text, found {}", kind(&other)));
                // It is there, and told as wrong already.
                Some(String::new())
            }
        }
    }

    /// A truth value; false when it is missing or null.
    pub(super) fn truth(&mut self, name: &str) -> bool {
        match self.body.remove(name) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(value)) => value,
            Some(other) => {
                self.wrong(
                    name,
                    format!("expected true or false, found {}", kind(&other)),
                );
                false
            }
        }
    }

    /// A list; empty when it is missing or null.
    pub(super) fn list(&mut self, name: &str) -> Vec<Value> {
        match self.body.remove(name) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(values)) => values,
            Some(other) => {
                self.wrong(name, format!("expected a list, found {}", kind(&other)));
                Vec::new()
            }
        }
    }

    /// Notes that something is wrong.
    pub(super) fn wrong(&mut self, name: &str, message: impl Into<String>) {
        self.problems.push(ValidationError {
            error_id: "invalid_value".to_owned(),
            message: message.into(),
            field_path: name.to_owned(),
        });
    }

    /// Notes that a field is missing.
    pub(super) fn missing(&mut self, name: &str) {
        self.problems.push(ValidationError {
            error_id: "required".to_owned(),
            message: format!("expected a value for `{name}`, found none"),
            field_path: name.to_owned(),
        });
    }

    /// Everything that is wrong, if anything is.
    pub(super) fn finish(self) -> Result<(), ApiError> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(ApiError::invalid(self.problems))
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
