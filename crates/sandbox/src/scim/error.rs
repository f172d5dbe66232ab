//! The two families of error bodies of the service, and the third that fits neither (C.5).

use serde::Serialize;
use serde_json::{Value, json};

const ERROR_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// Why a request was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A SCIM error body (RFC 7644 §3.12).
    Scim {
        status: u16,
        scim_type: Option<&'static str>,
        detail: String,
    },
    /// The gateway's body for 401, 403 and perhaps 429: `{error, traceId}`.
    Failure { status: u16, error: String },
    /// A serialised Java exception, as declared for PUT of a group (row 35).
    Java { detail: String },
}

pub(crate) type Outcome<T> = Result<T, Refusal>;

impl Refusal {
    pub(crate) fn scim(status: u16, scim_type: &'static str, detail: impl Into<String>) -> Self {
        Self::Scim {
            status,
            scim_type: Some(scim_type),
            detail: detail.into(),
        }
    }

    pub(crate) fn plain(status: u16, detail: impl Into<String>) -> Self {
        Self::Scim {
            status,
            scim_type: None,
            detail: detail.into(),
        }
    }

    pub(crate) fn value(detail: impl Into<String>) -> Self {
        Self::scim(400, "invalidValue", detail)
    }

    pub(crate) fn syntax(detail: impl Into<String>) -> Self {
        Self::scim(400, "invalidSyntax", detail)
    }

    pub(crate) fn path(detail: impl Into<String>) -> Self {
        Self::scim(400, "invalidPath", detail)
    }

    pub(crate) fn filter(detail: impl Into<String>) -> Self {
        Self::scim(400, "invalidFilter", detail)
    }

    pub(crate) fn mutability(detail: impl Into<String>) -> Self {
        Self::scim(400, "mutability", detail)
    }

    /// Rows 14, 15, 28: `Resource [USER]: with email[x] already exists.`
    pub(crate) fn exists(resource: &str, attribute: &str, value: &str) -> Self {
        let detail = format!("Resource [{resource}]: with {attribute}[{value}] already exists.");
        Self::scim(409, "uniqueness", detail)
    }

    pub(crate) fn missing(resource: &str, id: &str) -> Self {
        Self::plain(
            404,
            format!("Resource [{resource}]: with id[{id}] not found."),
        )
    }

    pub(crate) fn failure(status: u16, error: impl Into<String>) -> Self {
        Self::Failure {
            status,
            error: error.into(),
        }
    }

    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Scim { status, .. } | Self::Failure { status, .. } => *status,
            Self::Java { .. } => 400,
        }
    }

    /// The body; `trace` is used by the gateway's family only.
    pub(crate) fn body(&self, trace: &str) -> Vec<u8> {
        let body: Value = match self {
            Self::Scim {
                status,
                scim_type,
                detail,
            } => {
                return to_bytes(&ScimError {
                    schemas: [ERROR_SCHEMA],
                    status: status.to_string(),
                    scim_type: *scim_type,
                    detail,
                });
            }
            Self::Failure { error, .. } => json!({"error": error, "traceId": trace}),
            Self::Java { detail } => json!({
                "cause": null,
                "stackTrace": [{
                    "className": "com.example.scim.GroupService",
                    "methodName": "replace",
                    "fileName": "GroupService.java",
                    "lineNumber": 217,
                    "nativeMethod": false,
                }],
                "responseStatus": "BAD_REQUEST",
                "scimErrorType": "invalidValue",
                "message": detail,
                "localizedMessage": detail,
                "suppressed": [],
            }),
        };
        to_bytes(&body)
    }
}

#[derive(Serialize)]
struct ScimError<'a> {
    schemas: [&'static str; 1],
    status: String,
    #[serde(rename = "scimType", skip_serializing_if = "Option::is_none")]
    scim_type: Option<&'static str>,
    detail: &'a str,
}

/// JSON of something that cannot fail to serialise: string keys and no custom errors.
pub(crate) fn to_bytes<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
