//! What is answered: a document with its tag, and what is odd about it.

use axum::Json;
use axum::http::header::{ETAG, WARNING};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::error::ApiError;
use super::request::Conditions;

/// The tag of a document: equal documents have equal tags.
pub(crate) fn tag(document: &Value) -> String {
    let digest = Sha256::digest(document.to_string());
    let digits = digest.iter().take(12).map(|byte| format!("{byte:02x}"));
    format!("\"{}\"", digits.collect::<String>())
}

/// A document.
pub(super) fn document(status: StatusCode, document: Value, warnings: &[String]) -> Response {
    let tag = tag(&document);
    let mut response = (status, Json(document)).into_response();
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    for warning in warnings {
        if let Ok(warning) = HeaderValue::from_str(&header_text(warning)) {
            headers.append(WARNING, warning);
        }
    }
    response
}

/// A warning in the form of the header `Warning`, which holds printable ASCII only.
fn header_text(warning: &str) -> String {
    let plain = warning.chars().map(|c| match c {
        '"' | '\\' => '\'',
        ' '..='~' => c,
        '\n' | '\r' | '\t' => ' ',
        _ => '?',
    });
    format!("299 usher \"{}\"", plain.take(1_000).collect::<String>())
}

/// Refuses a change of something that is not what the sender read.
pub(super) fn check_tag(conditions: &Conditions, current: &Value) -> Result<(), ApiError> {
    let Some(wanted) = &conditions.if_match else {
        return Ok(());
    };
    let tag = tag(current);
    let fits = wanted
        .split(',')
        .map(str::trim)
        .any(|one| one == "*" || one == tag);
    if fits {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::PRECONDITION_FAILED,
        "conflict",
        format!(
            "It was changed since you read it (its tag is {tag} now). Read it again, and make your change on that."
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::header_text;

    #[test]
    fn a_warning_is_one_line_of_plain_text() {
        let text = header_text("the \"name\"\nis ä\u{0}");
        assert_eq!(text, "299 usher \"the 'name' is ??\"");
    }
}
