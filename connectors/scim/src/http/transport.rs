//! Failures below HTTP, told apart by what they say about the request: whether it can have been carried out.

use std::error::Error;

/// What went wrong between this machine and the target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Transport {
    /// No network connection was made: the request was certainly not sent.
    #[error("no network connection ({0})")]
    NotSent(String),
    /// The server's certificate is not accepted: the request was certainly not sent.
    #[error("the server's certificate is not accepted ({0})")]
    Certificate(String),
    /// The proxy refused: the request was certainly not sent.
    #[error("the proxy refused ({0})")]
    Proxy(String),
    /// The time-out passed; the request may have been carried out.
    #[error("no complete reply within the time-out")]
    TimedOut,
    /// The network connection broke; the request may have been carried out.
    #[error("the network connection broke ({0})")]
    Broken(String),
}

impl Transport {
    /// Sorts an error of the HTTP client.
    pub fn from_reqwest(error: &reqwest::Error) -> Self {
        let text = describe(error);
        if let Some(rustls::Error::InvalidCertificate(_)) = cause::<rustls::Error>(error) {
            return Self::Certificate(text);
        }
        if error.is_connect() || error.is_builder() {
            let lower = text.to_ascii_lowercase();
            if lower.contains("proxy auth") || lower.contains("tunnel") {
                return Self::Proxy(text);
            }
            return Self::NotSent(text);
        }
        if error.is_timeout() {
            return Self::TimedOut;
        }
        Self::Broken(text)
    }

    /// Whether the request can have been carried out.
    pub fn may_have_been_sent(&self) -> bool {
        match self {
            Self::NotSent(_) | Self::Certificate(_) | Self::Proxy(_) => false,
            Self::TimedOut | Self::Broken(_) => true,
        }
    }
}

/// The innermost messages of an error, without the address (a filter in it may hold personal data).
pub fn describe(error: &reqwest::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = error.source();
    while let Some(inner) = next {
        let text = inner.to_string();
        if parts.last() != Some(&text) {
            parts.push(text);
        }
        next = inner.source();
        if parts.len() >= 6 {
            break;
        }
    }
    if parts.is_empty() {
        let kind = if error.is_timeout() {
            "time-out"
        } else {
            "error of the HTTP client"
        };
        return kind.to_owned();
    }
    usher_scim::text::excerpt(&parts.join(": "), 300)
}

/// The first cause of a given type; `io::Error` hides what it wraps from `source`.
fn cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    for _ in 0..16 {
        let current = next?;
        if let Some(found) = current.downcast_ref::<T>() {
            return Some(found);
        }
        let wrapped = current
            .downcast_ref::<std::io::Error>()
            .and_then(|io| io.get_ref());
        if let Some(found) = wrapped.and_then(|inner| inner.downcast_ref::<T>()) {
            return Some(found);
        }
        next = match wrapped {
            Some(inner) => Some(inner),
            None => current.source(),
        };
    }
    None
}
