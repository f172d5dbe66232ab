//! HTTP as this connector uses it: TLS, proxy, time-outs, no redirects, bounded replies.

mod body;
mod client;
mod retry_after;
mod tls;
mod transport;

pub use body::{Body, BodyError, Limits};
pub use client::{ClientError, HttpSettings, Proxy, build};
pub use retry_after::retry_after;
pub use tls::{TlsError, client_config};
pub use transport::{Transport, describe};
