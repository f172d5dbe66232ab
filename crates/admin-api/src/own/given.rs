//! The body of a request: its kind, size, syntax, depth and shape are checked before anybody looks
//! at what it says.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use tokio::time::error::Elapsed;

use super::problem::{Fault, Problem};
use crate::{Api, twice};

/// Deepest nesting of a body.
const DEEPEST: usize = 32;

/// A body in JSON.
pub(crate) struct Given<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Api> for Given<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        require_json(request.headers())?;
        let bytes = bytes(request, api).await?;
        parse(&bytes).map(Self)
    }
}

/// A short body in JSON, of somebody who need not be anybody yet: soon there, or refused.
pub(crate) struct Brief<T>(pub(crate) T);

/// Largest such body, bytes.
const BRIEF: usize = 16 << 10;
/// So soon it is there.
const SOON: Duration = Duration::from_secs(10);

impl<T: DeserializeOwned> FromRequest<Api> for Brief<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        require_json(request.headers())?;
        let bytes = brief(request, api).await?;
        parse(&bytes).map(Self)
    }
}

/// Reads a short body, for no longer than [`SOON`].
pub(crate) async fn soon<T: FromRequest<Api>>(
    mut request: Request,
    api: &Api,
) -> Result<Result<T, T::Rejection>, Elapsed> {
    DefaultBodyLimit::max(BRIEF).apply(&mut request);
    tokio::time::timeout(SOON, T::from_request(request, api)).await
}

async fn brief(request: Request, api: &Api) -> Result<Bytes, Problem> {
    let Ok(bytes) = soon::<Bytes>(request, api).await else {
        let detail = format!(
            "expected the whole body within {} seconds, found less of it",
            SOON.as_secs()
        );
        return Err(Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "too_slow",
            detail,
        ));
    };
    bytes.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let detail = format!("expected a body of at most {} KiB, found more", BRIEF >> 10);
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
        } else {
            malformed("the body ended before it was whole")
        }
    })
}

/// A body in JSON, or none at all.
pub(crate) struct GivenOrNot<T>(pub(crate) Option<T>);

impl<T: DeserializeOwned> FromRequest<Api> for GivenOrNot<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        let headers = request.headers().clone();
        let bytes = bytes(request, api).await?;
        if bytes.is_empty() {
            return Ok(Self(None));
        }
        require_json(&headers)?;
        parse(&bytes).map(|given| Self(Some(given)))
    }
}

/// A body as text, for those who parse it themselves.
pub(crate) struct Text(pub(crate) String);

impl FromRequest<Api> for Text {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Problem> {
        require_json(request.headers())?;
        let bytes = bytes(request, api).await?;
        shallow(&bytes)?;
        refuse_twice(&bytes)?;
        String::from_utf8(bytes.to_vec())
            .map(Self)
            .map_err(|error| {
                let at = error.utf8_error().valid_up_to();
                malformed(format!(
                    "expected UTF-8, found another byte at position {at}"
                ))
            })
    }
}

async fn bytes(request: Request, api: &Api) -> Result<Bytes, Problem> {
    Bytes::from_request(request, api).await.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                "the body is larger than this resource takes: 1 MiB, or 64 MiB for a configuration",
            )
        } else {
            malformed("the body ended before it was whole")
        }
    })
}

fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let kind = given.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let found = if given.is_empty() { "none" } else { given };
    Err(Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "not_json",
        format!("expected a body of the type application/json, found {found}"),
    )
    .hint("add the header `Content-Type: application/json`"))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    shallow(bytes)?;
    // A list would be taken for the fields in their order, and an empty one for none of them.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(malformed(
            "the body is expected to be a JSON object, not a list",
        ));
    }
    refuse_twice(bytes)?;
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let given = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let inner = error.inner();
        if inner.is_syntax() || inner.is_eof() {
            return malformed(format!("the body is no JSON: {inner}"));
        }
        Problem::invalid(vec![Fault::at(pointer(error.path()), inner.to_string())])
    })?;
    reader
        .end()
        .map_err(|error| malformed(format!("the body goes on after its end: {error}")))?;
    Ok(given)
}

fn malformed(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "malformed", detail)
}

/// Refuses an object that has a key twice.
fn refuse_twice(bytes: &[u8]) -> Result<(), Problem> {
    match twice::twice(bytes) {
        None => Ok(()),
        Some(pointer) => {
            let words = twice::words(&pointer);
            Err(malformed(words.clone()).errors(vec![Fault::at(pointer, words)]))
        }
    }
}

/// Refuses what is nested too deeply, before it is parsed.
fn shallow(bytes: &[u8]) -> Result<(), Problem> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(malformed(format!(
                "expected at most {DEEPEST} levels of nesting, found more"
            )));
        }
    }
    Ok(())
}

/// A JSON pointer (RFC 6901).
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Enum { variant } => pointer.push_str(&format!("/{variant}")),
            Segment::Unknown => {}
        }
    }
    pointer
}
