//! Error replies: SCIM errors (RFC 7644 §3.12), gateways' own JSON, Java exceptions, HTML pages, plain text, nothing.

use crate::text::{EXCERPT_CHARS, excerpt, excerpt_html};
use crate::{Map, path};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What kind of body an error reply had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// A SCIM error with `status`, `scimType`, `detail`.
    Scim,
    /// A gateway's object with `error` and `traceId`.
    Failure,
    /// A serialised exception with `message`.
    Exception,
    /// JSON of another shape.
    Json,
    /// A web page.
    Html,
    /// Other text.
    Text,
    /// No body.
    Empty,
}

/// What an error reply says, reduced to what a person and a classification need. All texts are excerpts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The HTTP status of the reply.
    pub status: u16,
    /// The kind of body.
    pub kind: ErrorKind,
    /// The `status` inside a SCIM error, when it is a number; it may differ from the HTTP status.
    pub body_status: Option<u16>,
    /// `scimType`, or what an exception names as such: `uniqueness`, `invalidFilter`, ...
    pub scim_type: Option<String>,
    /// The message, at most [`EXCERPT_CHARS`] characters; empty when the reply has none.
    pub detail: String,
    /// The id under which the service can find the call.
    pub trace_id: Option<String>,
}

/// How many bytes of a body are looked at when it is no JSON.
const LOOK_AT: usize = 16 * 1024;

impl ErrorBody {
    /// Reads the body of a reply whose status is no success. Never fails: what is not understood becomes an excerpt.
    pub fn parse(status: u16, content_type: Option<&str>, body: &[u8]) -> Self {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let blank = Self {
            status,
            kind: ErrorKind::Empty,
            body_status: None,
            scim_type: None,
            detail: String::new(),
            trace_id: None,
        };
        if body.trim_ascii().is_empty() {
            return blank;
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(map)) => from_object(blank, &map),
            Ok(value) => {
                let detail = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                Self {
                    kind: ErrorKind::Json,
                    detail: excerpt(&detail, EXCERPT_CHARS),
                    ..blank
                }
            }
            Err(_) => from_text(blank, content_type, body),
        }
    }

    /// True when the service says that a value is taken: `uniqueness`, or status 409 without another `scimType`.
    pub fn is_conflict(&self) -> bool {
        match &self.scim_type {
            Some(kind) => kind.eq_ignore_ascii_case("uniqueness"),
            None => self.status == 409,
        }
    }

    /// One line for a person: status, scimType, message, trace id.
    pub fn summary(&self) -> String {
        let mut out = self.status.to_string();
        if let Some(kind) = &self.scim_type {
            out.push(' ');
            out.push_str(kind);
        }
        if !self.detail.is_empty() {
            out.push_str(": ");
            out.push_str(&self.detail);
        }
        if let Some(trace) = &self.trace_id {
            out.push_str(&format!(" (trace {trace})"));
        }
        out
    }
}

fn from_object(blank: ErrorBody, map: &Map) -> ErrorBody {
    let text = |name: &str, limit| {
        let text = path::find(map, name)
            .and_then(Value::as_str)
            .map(|t| excerpt(t, limit));
        text.filter(|text| !text.is_empty())
    };
    let has = |name: &str| path::find(map, name).is_some_and(|value| !value.is_null());
    let scim = text("schemas", 0).is_some() || has("schemas") || has("detail") || has("scimType");
    let kind = match () {
        () if has("stackTrace") || has("localizedMessage") || has("scimErrorType") => {
            ErrorKind::Exception
        }
        () if scim => ErrorKind::Scim,
        () if has("error") || has("traceId") => ErrorKind::Failure,
        () if has("message") => ErrorKind::Exception,
        () => ErrorKind::Json,
    };
    let message = [
        "detail",
        "message",
        "localizedMessage",
        "error_description",
        "error",
        "title",
    ]
    .into_iter()
    .find_map(|name| text(name, EXCERPT_CHARS));
    let detail = message.unwrap_or_else(|| match kind {
        ErrorKind::Json => excerpt(&Value::Object(map.clone()).to_string(), EXCERPT_CHARS),
        _ => String::new(),
    });
    let scim_type = text("scimType", 60).or_else(|| text("scimErrorType", 60).map(|t| camel(&t)));
    ErrorBody {
        kind,
        body_status: path::find(map, "status").and_then(status),
        scim_type,
        detail,
        trace_id: text("traceId", 100).or_else(|| text("requestId", 100)),
        ..blank
    }
}

/// `INVALID_VALUE` as `invalidValue`: exceptions name the type by its constant.
fn camel(name: &str) -> String {
    if name.chars().any(|c| c.is_ascii_lowercase()) {
        return name.to_owned();
    }
    let mut out = String::new();
    for (i, word) in name.split('_').enumerate() {
        let word = word.to_ascii_lowercase();
        match word.chars().next() {
            Some(first) if i > 0 => {
                out.push(first.to_ascii_uppercase());
                out.push_str(word.get(first.len_utf8()..).unwrap_or(""));
            }
            _ => out.push_str(&word),
        }
    }
    out
}

fn from_text(blank: ErrorBody, content_type: Option<&str>, body: &[u8]) -> ErrorBody {
    let text = String::from_utf8_lossy(body.get(..LOOK_AT).unwrap_or(body));
    let named = content_type.is_some_and(|kind| kind.to_ascii_lowercase().contains("html"));
    let start = text.trim_start();
    let looks = start.get(..1).is_some_and(|c| c == "<");
    if named || looks {
        let detail = excerpt_html(&text, EXCERPT_CHARS);
        return ErrorBody {
            kind: ErrorKind::Html,
            detail,
            ..blank
        };
    }
    ErrorBody {
        kind: ErrorKind::Text,
        detail: excerpt(&text, EXCERPT_CHARS),
        ..blank
    }
}

fn status(value: &Value) -> Option<u16> {
    match value {
        Value::Number(number) => number.as_u64()?.try_into().ok(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(value: Value) -> ErrorBody {
        ErrorBody::parse(400, Some("application/json"), value.to_string().as_bytes())
    }

    #[test]
    fn a_scim_error_is_read_with_its_status_as_text_or_number() {
        for status in [json!("409"), json!(409)] {
            let body = read(json!({"schemas": [crate::urn::ERROR], "status": status,
                "scimType": "uniqueness", "detail": "Resource [USER]: with email[a@x] already exists."}));
            assert_eq!((body.kind, body.body_status), (ErrorKind::Scim, Some(409)));
            assert!(body.is_conflict());
            assert!(body.detail.contains("email[a@x]"));
        }
    }

    #[test]
    fn a_gateway_failure_keeps_its_trace_id() {
        let body = ErrorBody::parse(401, None, br#"{"error":"Unauthorized","traceId":"abc"}"#);
        assert_eq!(
            (body.kind, body.detail.as_str()),
            (ErrorKind::Failure, "Unauthorized")
        );
        assert_eq!(body.summary(), "401: Unauthorized (trace abc)");
    }

    #[test]
    fn a_java_exception_gives_message_and_type() {
        let body = read(
            json!({"cause": null, "stackTrace": [], "responseStatus": "BAD_REQUEST",
            "scimErrorType": "INVALID_VALUE", "message": "no such user", "suppressed": []}),
        );
        assert_eq!(body.kind, ErrorKind::Exception);
        assert_eq!(body.scim_type.as_deref(), Some("invalidValue"));
        assert_eq!(body.detail, "no such user");
    }

    #[test]
    fn pages_texts_and_nothing_are_told_apart() {
        let html = b"<!DOCTYPE html><title>502</title><h1>Bad Gateway</h1>";
        let body = ErrorBody::parse(502, None, html);
        assert_eq!(
            (body.kind, body.detail.as_str()),
            (ErrorKind::Html, "502 Bad Gateway")
        );
        let body = ErrorBody::parse(503, Some("text/plain"), b" try \xff later\n");
        assert_eq!(
            (body.kind, body.detail.as_str()),
            (ErrorKind::Text, "try \u{fffd} later")
        );
        assert_eq!(ErrorBody::parse(500, None, b" \n").kind, ErrorKind::Empty);
        assert_eq!(ErrorBody::parse(500, None, b"[1]").detail, "[1]");
        assert_eq!(
            ErrorBody::parse(500, None, br#"{"a":1}"#).detail,
            r#"{"a":1}"#
        );
    }

    #[test]
    fn a_conflict_needs_the_status_or_the_type() {
        assert!(ErrorBody::parse(409, None, b"").is_conflict());
        assert!(!ErrorBody::parse(400, None, b"").is_conflict());
        assert!(!ErrorBody::parse(409, None, br#"{"scimType":"mutability"}"#).is_conflict());
    }

    proptest! {
        #[test]
        fn any_body_gives_a_bounded_text(
            body in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..300),
                "[<>a-z/!{}\":, -]{0,200}".prop_map(String::into_bytes),
                "\\PC{400,900}".prop_map(String::into_bytes),
            ],
            kind in prop::option::of("text/(html|plain)"),
        ) {
            let read = ErrorBody::parse(500, kind.as_deref(), &body);
            prop_assert!(read.detail.chars().count() <= EXCERPT_CHARS + 1);
        }
    }
}
