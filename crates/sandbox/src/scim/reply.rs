//! An answer before it becomes HTTP.

use bytes::Bytes;

use super::error::Refusal;
use super::knobs::Media;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
    pub(crate) media: &'static str,
    pub(crate) location: Option<String>,
    pub(crate) retry_after: Option<String>,
}

pub(crate) fn media_type(media: Media) -> &'static str {
    match media {
        Media::ScimJson => "application/scim+json",
        Media::Json => "application/json",
    }
}

impl Reply {
    pub(crate) fn json(status: u16, body: Vec<u8>, media: &'static str) -> Self {
        Self {
            status,
            body: body.into(),
            media,
            location: None,
            retry_after: None,
        }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self::json(status, Vec::new(), "")
    }

    pub(crate) fn refusal(refusal: &Refusal, trace: &str, media: &'static str) -> Self {
        let media = match refusal {
            Refusal::Scim { .. } => media,
            Refusal::Failure { .. } | Refusal::Java { .. } => "application/json",
        };
        Self::json(refusal.status(), refusal.body(trace), media)
    }
}
