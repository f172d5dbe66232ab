//! What a browser sends when a form is submitted.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;

use crate::frame::Fault;

/// Largest form, bytes, a file in it included.
const LARGEST: usize = 2 << 20;
/// So soon it is here whole.
const SOON: Duration = Duration::from_secs(20);
/// Most fields.
const MOST: usize = 5_000;

/// A file that was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    /// Its name at the sender, without a path.
    pub(crate) name: String,
    /// What is in it.
    pub(crate) bytes: Vec<u8>,
}

/// The fields that were sent, in their order.
#[derive(Clone, Default)]
pub(crate) struct Form {
    fields: Vec<(String, String)>,
    files: Vec<(String, File)>,
}

/// A form can hold secrets: a log is no place for them.
impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.fields.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_tuple("Form").field(&names).finish()
    }
}

impl Form {
    /// Of these fields.
    pub(crate) fn of(fields: Vec<(String, String)>) -> Self {
        Self {
            fields,
            files: Vec::new(),
        }
    }

    /// As it comes, urlencoded or in parts.
    pub(crate) async fn read(parts: &Parts, body: Body) -> Result<Self, Fault> {
        let kind = parts.headers.get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let in_parts = kind.starts_with("multipart/form-data");
        let mut request = Request::builder().body(body).unwrap_or_default();
        request.headers_mut().clone_from(&parts.headers);
        DefaultBodyLimit::max(LARGEST).apply(&mut request);
        let reading = async {
            if in_parts {
                Self::in_parts(request).await
            } else {
                let bytes = Bytes::from_request(request, &()).await;
                let bytes = bytes.map_err(|error| unreadable(error.status()))?;
                Ok(Self::encoded(&bytes))
            }
        };
        let late = |_| unreadable(StatusCode::REQUEST_TIMEOUT);
        tokio::time::timeout(SOON, reading).await.map_err(late)?
    }

    fn encoded(bytes: &[u8]) -> Self {
        let pairs = url::form_urlencoded::parse(bytes).take(MOST);
        let fields = pairs.map(|(name, value)| (name.into_owned(), lines(&value)));
        Self::of(fields.collect())
    }

    async fn in_parts(request: Request) -> Result<Self, Fault> {
        let parts = Multipart::from_request(request, &()).await;
        let mut parts = parts.map_err(|error| unreadable(error.status()))?;
        let mut form = Self::default();
        loop {
            let next = parts.next_field().await;
            let Some(part) = next.map_err(|error| unreadable(error.status()))? else {
                return Ok(form);
            };
            let name = part.name().unwrap_or_default().to_owned();
            let file = part.file_name().map(bare_name);
            let bytes = part.bytes().await;
            let bytes = bytes.map_err(|error| unreadable(error.status()))?;
            match file {
                Some(file) => {
                    let bytes = bytes.to_vec();
                    form.files.push((name, File { name: file, bytes }));
                }
                None => {
                    let text = String::from_utf8_lossy(&bytes);
                    form.fields.push((name, lines(&text)));
                }
            }
            if form.fields.len() + form.files.len() > MOST {
                return Err(unreadable(StatusCode::PAYLOAD_TOO_LARGE));
            }
        }
    }

    /// The text of a field; empty when it is not there.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// The text of a field.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(field, _)| field == name);
        found.map(|(_, text)| text.as_str())
    }

    /// Every text of a field that can be sent several times.
    pub(crate) fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        let of = self.fields.iter().filter(move |(field, _)| field == name);
        of.map(|(_, text)| text.as_str())
    }

    /// Whether a box is ticked or a button pressed.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether something was typed into a field.
    pub(crate) fn has_text(&self, name: &str) -> bool {
        !self.text(name).is_empty()
    }

    /// The file that was chosen; none when the field was left empty.
    pub(crate) fn file(&self, name: &str) -> Option<&File> {
        let found = self.files.iter().find(|(field, _)| field == name);
        let chosen = |file: &&File| !file.name.is_empty() || !file.bytes.is_empty();
        found.map(|(_, file)| file).filter(chosen)
    }

    /// All fields.
    pub(crate) fn fields(&self) -> &[(String, String)] {
        &self.fields
    }
}

/// Browsers send line breaks as two characters.
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

fn bare_name(path: &str) -> String {
    path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned()
}

fn unreadable(status: StatusCode) -> Fault {
    let (detail, hint) = match status {
        StatusCode::PAYLOAD_TOO_LARGE => (
            "What was sent is larger than 2 MiB, or has more than 5,000 fields.",
            "Send less at once.",
        ),
        StatusCode::REQUEST_TIMEOUT => (
            "The form did not arrive whole within 20 seconds.",
            "Send it again.",
        ),
        _ => ("The form did not arrive whole.", "Send it again."),
    };
    Fault::told(status, "Not done", detail, hint)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;

    use super::Form;

    async fn read(kind: &str, body: &'static str) -> Form {
        let request = Request::post("/").header("content-type", kind);
        let (parts, body) = request.body(Body::from(body)).unwrap().into_parts();
        Form::read(&parts, body).await.unwrap()
    }

    #[tokio::test]
    async fn fields_come_encoded_or_in_parts() {
        let plain = read(
            "application/x-www-form-urlencoded",
            "a=1&a=2+3&line=x%0D%0Ay&on",
        )
        .await;
        assert_eq!(plain.all("a").collect::<Vec<_>>(), ["1", "2 3"]);
        assert_eq!(plain.text("line"), "x\ny");
        assert!(plain.has("on") && !plain.has("off"));
        let parts = read(
            "multipart/form-data; boundary=B",
            "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"C:\\\\x\\\\m.xml\"\r\n\r\n<a/>\r\n--B\r\nContent-Disposition: form-data; name=\"none\"; filename=\"\"\r\n\r\n\r\n--B--\r\n",
        )
        .await;
        assert_eq!(parts.text("a"), "1");
        let file = parts.file("f").unwrap();
        assert_eq!(
            (file.name.as_str(), file.bytes.as_slice()),
            ("m.xml", &b"<a/>"[..])
        );
        assert_eq!(parts.file("none"), None);
    }

    #[tokio::test]
    async fn what_was_sent_is_in_no_log() {
        let form = read("application/x-www-form-urlencoded", "API_KEY=hush").await;
        assert_eq!(format!("{form:?}"), "Form([\"API_KEY\"])");
    }
}
