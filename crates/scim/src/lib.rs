//! SCIM 2.0 values without I/O: documents, attribute paths, filters, PATCH bodies, list and error replies.
//!
//! A SCIM document stays what it is on the wire, a JSON object ([`Document`]), because a service may send attributes
//! that no typed model knows and because what was sent and what came back must be kept as they were.
//!
//! Everything here takes bytes or JSON values from a service that may be broken or hostile: nothing panics, nothing
//! recurses without a bound (`serde_json` stops at a depth of 128), and every text kept from a reply has a limit.
#![deny(missing_docs)]

pub mod apply;
pub mod document;
pub mod error;
pub mod filter;
pub mod list;
pub mod patch;
pub mod path;
mod path_parse;
mod path_write;
pub mod resource;
pub mod skip;
pub mod text;

pub use document::Document;
pub use error::{ErrorBody, ErrorKind};
pub use filter::eq_filter;
pub use list::ListPage;
pub use patch::{Operation, PatchOp, Verb};
pub use path::{Path, PathError, ValueFilter};
pub use resource::{GroupView, UserView};
pub use skip::MemberSkipper;

/// A JSON object as `serde_json` keeps it.
pub type Map = serde_json::Map<String, serde_json::Value>;

/// The media type of SCIM bodies (RFC 7644 §3.1).
pub const MEDIA_TYPE: &str = "application/scim+json";

/// Schema and message URNs (RFC 7643 §8.7, RFC 7644 §8.2). A URN with one wrong digit fails silently at most services, so
/// they are written once, here.
pub mod urn {
    /// The core User schema.
    pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
    /// The core Group schema.
    pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
    /// The enterprise extension of User.
    pub const ENTERPRISE_USER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    /// The envelope of a PATCH body.
    pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
    /// The envelope of a list reply.
    pub const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
    /// The envelope of an error reply.
    pub const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
}
