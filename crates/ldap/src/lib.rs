//! A bounded LDAP version 3 client (RFC 4511) that only reads.
//!
//! The server is not trusted: every message has a time-out and a size limit, answers are read by code that
//! neither recurses nor allocates more than the message holds, and a broken message is an error that names what was
//! expected. A search that did not end with success is an error, never a short list.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use usher_ldap::{Client, ConnectOptions, Endpoint, SearchItem, SearchRequest};
//! let hosts = [Endpoint::from_url("ldaps://dc1.example.test")?];
//! let mut client = Client::connect(&hosts, &ConnectOptions::default()).await?;
//! client.bind_simple("cn=reader,dc=example,dc=test", "secret").await?;
//! let filter = usher_directory::Filter::parse("(objectClass=inetOrgPerson)")?;
//! let request = SearchRequest::new("dc=example,dc=test", filter).attributes(["cn", "mail"]);
//! let mut people = client.search_paged(request, 500);
//! while let Some(item) = people.next().await? {
//!     if let SearchItem::Entry(entry) = item {
//!         assert!(!entry.dn.is_empty());
//!     }
//! }
//! # Ok(()) }
//! ```

#![deny(missing_docs)]

mod ber;
mod client;
mod connect;
mod endpoint;
mod error;
mod filter;
mod message;
mod paged;
mod pool;
mod range;
mod result;
mod root_dse;
mod search;
mod secret;
mod tls;
mod transport;

pub use client::Client;
pub use endpoint::{ConnectOptions, Credentials, Endpoint, Security};
pub use error::{LdapError, TlsProblem};
pub use message::{Control, LdapEntry, UnreadableEntry};
pub use paged::{PAGED_RESULTS, PagedSearch};
pub use pool::{Pool, Pooled};
pub use range::{AllValues, Range};
pub use result::{BindRefusal, LdapResult, ResultCode};
pub use root_dse::RootDse;
pub use search::{Scope, SearchEnd, SearchItem, SearchRequest, SearchStream};
