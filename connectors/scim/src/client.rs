//! One request and its reply, recorded.

use std::time::{Duration, Instant};

use reqwest::header::{self, HeaderMap, HeaderValue};
use serde_json::Value;
use url::Url;
use usher_connector::{Exchange, Plain};
use usher_scim::ErrorBody;
use usher_scim::text::excerpt;

use crate::http::{self, Body, BodyError, Limits, Transport};
use crate::mask::Mask;

/// The longest reply that is recorded, in bytes.
const RECORDED: usize = 4 * 1024;

/// A client with the target's key.
pub(crate) struct Client {
    http: reqwest::Client,
    key: Plain,
}

/// What is asked.
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: Url,
    pub(crate) body: Option<&'a Value>,
    /// The body as it may be recorded.
    pub(crate) shown: Option<&'a Value>,
    pub(crate) limits: Limits,
    /// Members to look for in the reply.
    pub(crate) watch: Vec<String>,
}

/// A reply, whatever its status.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// What came back; an error when it could not be read to its end.
    pub(crate) body: Result<Body, BodyError>,
    content_type: Option<String>,
    /// How long the service asks to wait.
    pub(crate) retry_after: Option<Duration>,
    /// The host that a redirect names.
    pub(crate) redirect: Option<String>,
    pub(crate) exchange: Exchange,
}

impl Client {
    pub(crate) fn new(http: reqwest::Client, key: Plain) -> Self {
        Self { http, key }
    }

    /// A mask that hides the key only.
    pub(crate) fn mask(&self) -> Mask {
        Mask::key(self.key.reveal())
    }

    pub(crate) fn key(&self) -> &str {
        self.key.reveal()
    }

    /// Sends a request and reads its reply.
    ///
    /// # Errors
    /// When there was no reply; with what is known of the exchange.
    pub(crate) async fn call(
        &self,
        call: Call<'_>,
        mask: &Mask,
    ) -> Result<Answer, (Transport, Box<Exchange>)> {
        let started = Instant::now();
        let body = call.body.map(Value::to_string);
        let mut exchange = Exchange {
            method: call.method.to_owned(),
            url: mask.text(call.url.as_str()),
            request: call.shown.cloned(),
            bytes_out: body.as_ref().map_or(0, |body| body.len() as u64),
            ..Exchange::default()
        };
        let path = call.url.path().to_owned();
        let sent = self.request(&call, body).send().await;
        let response = match sent {
            Ok(response) => response,
            Err(error) => {
                exchange.duration_ms = millis(started);
                let error = Transport::from_reqwest(&error);
                tracing::warn!(method = call.method, path, duration_ms = exchange.duration_ms, %error, "no reply");
                return Err((error, Box::new(exchange)));
            }
        };
        let status = response.status().as_u16();
        let headers = response.headers();
        let text = |name: header::HeaderName| headers.get(name)?.to_str().ok();
        let content_type = text(header::CONTENT_TYPE).map(str::to_owned);
        let retry_after = http::retry_after(text(header::RETRY_AFTER), text(header::DATE));
        let redirect = text(header::LOCATION).and_then(|place| {
            call.url
                .join(place)
                .ok()?
                .host_str()
                .map(|host| excerpt(host, 100))
        });
        let body = Body::read(response, call.limits, &call.watch).await;
        exchange.status = Some(status);
        exchange.duration_ms = millis(started);
        exchange.bytes_in = body.as_ref().map_or(0, |body| body.received);
        tracing::debug!(
            method = call.method,
            path,
            status,
            duration_ms = exchange.duration_ms,
            bytes_in = exchange.bytes_in,
            "exchange"
        );
        Ok(Answer {
            status,
            body,
            content_type,
            retry_after,
            redirect,
            exchange,
        })
    }

    fn request(&self, call: &Call<'_>, body: Option<String>) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(call.method.as_bytes()).unwrap_or_default();
        let mut headers = HeaderMap::new();
        let accept = HeaderValue::from_static("application/scim+json, application/json");
        headers.insert(header::ACCEPT, accept);
        // The key was checked when the target was opened; one that is no header value sends nothing and is answered with 401.
        if let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {}", self.key.reveal())) {
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        let request = self.http.request(method, call.url.clone()).headers(headers);
        match body {
            Some(body) => request
                .header(header::CONTENT_TYPE, usher_scim::MEDIA_TYPE)
                .body(body),
            None => request,
        }
    }
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The bytes that could be read; none when reading failed.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.body.as_ref().map_or(&[], |body| &body.bytes)
    }

    /// The reply as an error. A body that could not be read counts as empty: the status says enough.
    pub(crate) fn error(&self) -> ErrorBody {
        ErrorBody::parse(self.status, self.content_type.as_deref(), self.bytes())
    }

    /// Whether the body is a web page, which no SCIM service sends.
    pub(crate) fn is_page(&self) -> bool {
        let typed = self
            .content_type
            .as_deref()
            .is_some_and(|t| t.to_lowercase().contains("html"));
        typed || self.bytes().trim_ascii_start().starts_with(b"<")
    }

    /// The exchange with the reply as text, masked and cut.
    pub(crate) fn record(mut self, mask: &Mask) -> Exchange {
        let kept = self.bytes();
        // A secret that the cut would split is still whole here: mask first, over a little more than is kept.
        let text = String::from_utf8_lossy(kept.get(..RECORDED * 4).unwrap_or(kept)).into_owned();
        let text = cut(&mask.text(&text));
        self.exchange.reply = (!text.is_empty()).then_some(text);
        self.exchange
    }

    /// The exchange with a part of the reply, masked.
    pub(crate) fn record_part(mut self, part: Value, mask: &Mask) -> Exchange {
        self.exchange.reply = Some(cut(&mask.value(part).to_string()));
        self.exchange
    }
}

fn millis(started: Instant) -> u64 {
    started.elapsed().as_millis() as u64
}

fn cut(text: &str) -> String {
    let end = (0..=RECORDED.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at));
    text.get(..end.unwrap_or(0)).unwrap_or_default().to_owned()
}
