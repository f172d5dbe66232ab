//! Searching (RFC 4511 §4.5).

use std::borrow::BorrowMut;

use usher_directory::Filter;

use crate::ber::{self, Writer};
use crate::client::Client;
use crate::error::LdapError;
use crate::filter;
use crate::message::{self, Control, LdapEntry, Reply, UnreadableEntry};
use crate::paged;
use crate::result::{LdapResult, ResultCode};

const SEARCH_REQUEST: u8 = 0x63;
pub(crate) const DOING: &str = "searching";

/// How many intermediate responses may follow each other before the server is called broken.
const MAX_INTERMEDIATE: usize = 10_000;

/// Which entries below the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// The base itself.
    Base,
    /// The entries right below the base.
    One,
    /// The base and everything below it.
    #[default]
    Sub,
}

/// What to look for. Aliases are never followed.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchRequest {
    /// DN of the base.
    pub base: String,
    /// Which entries below the base.
    pub scope: Scope,
    /// Which of them.
    pub filter: Filter,
    /// Attributes to return; empty for all user attributes, `+` for the operational ones, `1.1` for none.
    pub attributes: Vec<String>,
    /// Most entries wanted; 0 for no limit of ours.
    pub size_limit: u32,
    /// Most seconds the server may take; 0 for no limit of ours.
    pub time_limit: u32,
    /// Names of attributes only, without values.
    pub types_only: bool,
    /// Further controls.
    pub controls: Vec<Control>,
}

impl SearchRequest {
    /// A search of the whole subtree for all user attributes, without limits and controls.
    pub fn new(base: impl Into<String>, filter: Filter) -> Self {
        Self {
            base: base.into(),
            scope: Scope::Sub,
            filter,
            attributes: Vec::new(),
            size_limit: 0,
            time_limit: 0,
            types_only: false,
            controls: Vec::new(),
        }
    }

    /// With another scope.
    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// With these attributes.
    #[must_use]
    pub fn attributes<I: IntoIterator<Item = S>, S: Into<String>>(mut self, names: I) -> Self {
        self.attributes = names.into_iter().map(Into::into).collect();
        self
    }

    /// The whole message, with `more` controls behind the request's own.
    pub(crate) fn encode(&self, id: i32, more: &[Control]) -> Result<Vec<u8>, LdapError> {
        let controls: Vec<Control> = self.controls.iter().chain(more).cloned().collect();
        let mut result = Ok(());
        let bytes = message::request(id, &controls, |message| {
            result = message.nested(SEARCH_REQUEST, |search| self.fill(search));
        });
        result.map(|()| bytes)
    }

    fn fill(&self, search: &mut Writer) -> Result<(), LdapError> {
        search.text(&self.base);
        let scope = match self.scope {
            Scope::Base => 0,
            Scope::One => 1,
            Scope::Sub => 2,
        };
        search.number(ber::ENUMERATED, scope);
        search.number(ber::ENUMERATED, 0);
        search.number(ber::INTEGER, limit(self.size_limit));
        search.number(ber::INTEGER, limit(self.time_limit));
        search.boolean(self.types_only);
        filter::write(search, &self.filter)?;
        search.nested(ber::SEQUENCE, |list| {
            for name in &self.attributes {
                list.text(name);
            }
        });
        Ok(())
    }
}

fn limit(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// One answer of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchItem {
    /// An entry.
    Entry(LdapEntry),
    /// URLs of other servers that hold a part of the subtree (a continuation reference). They are not followed,
    /// so a search with one of these has not seen everything.
    Reference(Vec<String>),
    /// An entry that cannot be used. The search goes on.
    Unreadable(UnreadableEntry),
}

/// How a search ended. It exists only after the server said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchEnd {
    /// The server's result; for a stream that ended without an error it is success.
    pub result: LdapResult,
    /// The cookie of the paged-results control, if the server sent that control. Empty after the last page.
    pub page_cookie: Option<Vec<u8>>,
    /// All controls of the answer.
    pub controls: Vec<Control>,
}

/// The answers of a search, read from the socket one by one.
///
/// Dropping it before its end makes the connection unusable; [`SearchStream::abandon`] keeps it.
#[derive(Debug)]
pub struct SearchStream<C: BorrowMut<Client>> {
    client: C,
    id: i32,
    what: String,
    end: Option<SearchEnd>,
}

impl<C: BorrowMut<Client>> SearchStream<C> {
    /// Sends the request on a connection that is borrowed, owned or pooled.
    ///
    /// # Errors
    /// As [`Client::search`].
    pub async fn start(mut client: C, request: &SearchRequest) -> Result<Self, LdapError> {
        let id = send(client.borrow_mut(), request, &[]).await?;
        Ok(Self {
            client,
            id,
            what: describe(request),
            end: None,
        })
    }

    /// The next answer; `None` after a search that ended with success.
    ///
    /// # Errors
    /// [`LdapError::Result`] when the search ended with any other code (size limit, time limit, referral, busy,
    /// no such object, ...): what was read until then is only a part. The connection stays usable after that error
    /// and no other.
    pub async fn next(&mut self) -> Result<Option<SearchItem>, LdapError> {
        if let Some(end) = &self.end {
            return finished(&self.what, end).map(|()| None);
        }
        match step(self.client.borrow_mut(), self.id).await? {
            Step::Item(item) => Ok(Some(item)),
            Step::End(end) => {
                self.client.borrow_mut().finish();
                let result = finished(&self.what, &end).map(|()| None);
                self.end = Some(end);
                result
            }
        }
    }

    /// How the search ended; `None` while it has not.
    pub fn end(&self) -> Option<&SearchEnd> {
        self.end.as_ref()
    }

    /// Gives the connection back.
    pub fn into_client(self) -> C {
        self.client
    }

    /// Tells the server to stop. What it has already sent is skipped by the next operation.
    ///
    /// # Errors
    /// What sending may give.
    pub async fn abandon(mut self) -> Result<(), LdapError> {
        match self.end {
            Some(_) => Ok(()),
            None => self.client.borrow_mut().abandon(self.id).await,
        }
    }
}

/// Sends a search; the id of its answers.
pub(crate) async fn send(
    client: &mut Client,
    request: &SearchRequest,
    more: &[Control],
) -> Result<i32, LdapError> {
    if !client.is_usable() {
        return client.begin();
    }
    // The message is written first: what cannot be written must not spoil the connection.
    request.encode(0, more)?;
    let id = client.begin()?;
    let message = request.encode(id, more)?;
    client.send(&message, DOING).await?;
    Ok(id)
}

pub(crate) enum Step {
    Item(SearchItem),
    End(SearchEnd),
}

/// Reads one answer of search `id`.
pub(crate) async fn step(client: &mut Client, id: i32) -> Result<Step, LdapError> {
    for _ in 0..MAX_INTERMEDIATE {
        let (reply, controls) = client.answer(id, DOING).await?;
        return Ok(Step::Item(match reply {
            Reply::Entry(entry) => SearchItem::Entry(entry),
            Reply::Unreadable(entry) => SearchItem::Unreadable(entry),
            Reply::Reference(urls) => SearchItem::Reference(urls),
            Reply::Intermediate => continue,
            Reply::Done(result) => {
                let page_cookie =
                    paged::cookie(&controls).map_err(|detail| client.broken(DOING, detail))?;
                return Ok(Step::End(SearchEnd {
                    result,
                    page_cookie,
                    controls,
                }));
            }
            other @ (Reply::Bind(_) | Reply::Extended { .. }) => {
                return Err(client.unexpected(DOING, "an answer to a search", &other));
            }
        }));
    }
    Err(client.broken(
        DOING,
        format!("{MAX_INTERMEDIATE} intermediate responses in a row"),
    ))
}

pub(crate) fn finished(what: &str, end: &SearchEnd) -> Result<(), LdapError> {
    if end.result.code == ResultCode::SUCCESS {
        return Ok(());
    }
    Err(LdapError::Result {
        doing: what.to_owned(),
        result: Box::new(end.result.clone()),
    })
}

pub(crate) fn describe(request: &SearchRequest) -> String {
    match request.scope {
        Scope::Base => format!("read of \"{}\"", request.base),
        Scope::One => format!("search right below \"{}\"", request.base),
        Scope::Sub => format!("search below \"{}\"", request.base),
    }
}
