//! One connection to one directory server; one operation at a time.

use std::borrow::BorrowMut;

use zeroize::Zeroizing;

use crate::connect;
use crate::endpoint::{ConnectOptions, Credentials, Endpoint};
use crate::error::LdapError;
use crate::message::{self, Control, Message, Reply, UnreadableEntry};
use crate::paged::PagedSearch;
use crate::result::{BindRefusal, ResultCode};
use crate::search::{SearchRequest, SearchStream};
use crate::secret::Secret;
use crate::transport::{Frame, Framed, Io};

/// How many messages of abandoned operations are skipped before the server is called broken.
const MAX_ABANDONED: usize = 16;

/// A connection to a directory server.
///
/// There is no task behind it: a request is written, then the answers are read from the socket as the
/// caller asks for them, so TCP itself slows the server down. When an operation fails, or its answers are
/// not read to the end, the connection is not used again ([`LdapError::Unusable`]).
#[derive(Debug)]
pub struct Client {
    framed: Framed,
    next_id: i32,
    /// An operation is under way, or was left half-way.
    busy: bool,
    abandoned: Vec<i32>,
    /// The password of the last bind: a server may repeat it in what it says.
    secret: Secret,
}

impl Client {
    /// Connects to the first endpoint that works, TLS included. No bind is made.
    ///
    /// # Errors
    /// The error of the only endpoint, or [`LdapError::AllFailed`] with the error of each.
    pub async fn connect(
        endpoints: &[Endpoint],
        options: &ConnectOptions,
    ) -> Result<Self, LdapError> {
        let mut errors = Vec::new();
        for endpoint in endpoints {
            match Self::connect_one(endpoint, options).await {
                Ok(client) => return Ok(client),
                Err(error) => errors.push(error),
            }
        }
        Err(all_failed(errors))
    }

    /// Connects and binds, going on to the next endpoint when one cannot be reached, has no safe TLS, or cannot
    /// answer the bind now. A refused name or password is not tried elsewhere: it could lock the account.
    ///
    /// # Errors
    /// As [`Client::connect`] and [`Client::bind`].
    pub async fn open(
        endpoints: &[Endpoint],
        options: &ConnectOptions,
        credentials: &Credentials,
    ) -> Result<Self, LdapError> {
        let mut errors = Vec::new();
        for endpoint in endpoints {
            let mut client = match Self::connect_one(endpoint, options).await {
                Ok(client) => client,
                Err(error) => {
                    errors.push(error);
                    continue;
                }
            };
            match client.bind(credentials).await {
                Ok(()) => return Ok(client),
                Err(error) if error.is_transient() => errors.push(error),
                Err(error) => return Err(error),
            }
        }
        Err(all_failed(errors))
    }

    async fn connect_one(endpoint: &Endpoint, options: &ConnectOptions) -> Result<Self, LdapError> {
        let io = connect::open(endpoint, options).await?;
        Ok(Self::over(io, endpoint, options))
    }

    pub(crate) fn over(io: Box<dyn Io>, endpoint: &Endpoint, options: &ConnectOptions) -> Self {
        let framed = Framed::new(io, options.clone(), endpoint.to_string());
        Self {
            framed,
            next_id: 1,
            busy: false,
            abandoned: Vec::new(),
            secret: Secret::default(),
        }
    }

    /// The endpoint in use, as a URL.
    pub fn endpoint(&self) -> &str {
        self.framed.endpoint()
    }

    /// Whether another operation may be started.
    pub fn is_usable(&self) -> bool {
        !self.busy
    }

    /// Whether an idle connection is still open and quiet. Never waits.
    pub fn is_alive(&mut self) -> bool {
        !self.busy && self.framed.is_quiet()
    }

    /// Binds as these credentials say.
    ///
    /// # Errors
    /// As [`Client::bind_simple`].
    pub async fn bind(&mut self, credentials: &Credentials) -> Result<(), LdapError> {
        match credentials {
            Credentials::Anonymous => self.bind_anonymous().await,
            Credentials::Simple { dn, password } => self.bind_simple(dn, password).await,
        }
    }

    /// Binds with a name and a password.
    ///
    /// # Errors
    /// [`LdapError::Auth`] when the server refuses the name or password, [`LdapError::Result`] for other
    /// refusals, [`LdapError::Request`] for an empty name or password: a server takes an empty password
    /// as an anonymous bind and answers success (RFC 4513 §5.1.2).
    pub async fn bind_simple(&mut self, dn: &str, password: &str) -> Result<(), LdapError> {
        if dn.is_empty() || password.is_empty() {
            let what = if dn.is_empty() { "name" } else { "password" };
            return Err(LdapError::Request {
                detail: format!(
                    "the {what} of the bind is empty, which a server takes as an anonymous bind: give one, or choose anonymous"
                ),
            });
        }
        self.do_bind(dn, password).await
    }

    /// Binds as nobody.
    ///
    /// # Errors
    /// [`LdapError::Auth`] or [`LdapError::Result`] when the server does not allow that.
    pub async fn bind_anonymous(&mut self) -> Result<(), LdapError> {
        self.do_bind("", "").await
    }

    async fn do_bind(&mut self, dn: &str, password: &str) -> Result<(), LdapError> {
        const DOING: &str = "binding";
        let id = self.begin()?;
        self.secret = Secret::new(password);
        let request = Zeroizing::new(message::bind(id, dn, password));
        self.framed.send(&request, DOING).await?;
        let result = match self.answer(id, DOING).await? {
            (Reply::Bind(result), _) => result,
            (other, _) => return Err(self.unexpected(DOING, "a bind response", &other)),
        };
        self.finish();
        match result.code {
            ResultCode::SUCCESS => Ok(()),
            ResultCode::INVALID_CREDENTIALS => Err(LdapError::Auth {
                endpoint: self.endpoint().to_owned(),
                dn: dn.to_owned(),
                refusal: BindRefusal::from_message(&result.message),
                result: Box::new(result),
            }),
            _ => Err(LdapError::Result {
                doing: format!("bind as \"{dn}\""),
                result: Box::new(result),
            }),
        }
    }

    /// Starts a search; its answers are read from the returned stream.
    ///
    /// # Errors
    /// [`LdapError::Request`] when the request cannot be written, and what sending may give.
    pub async fn search(
        &mut self,
        request: &SearchRequest,
    ) -> Result<SearchStream<&mut Self>, LdapError> {
        SearchStream::start(self, request).await
    }

    /// Reads a search page by page (RFC 2696). Nothing is sent before the first item is asked for.
    pub fn search_paged(
        &mut self,
        request: SearchRequest,
        page_size: u32,
    ) -> PagedSearch<&mut Self> {
        PagedSearch::new(self, request, page_size)
    }

    /// The name that the server knows us by (RFC 4532), for example `dn:cn=reader,dc=example`; empty for nobody.
    ///
    /// # Errors
    /// [`LdapError::Result`] when the server does not answer that.
    pub async fn who_am_i(&mut self) -> Result<String, LdapError> {
        const DOING: &str = "asking who we are";
        let id = self.begin()?;
        self.framed
            .send(&message::extended(id, message::WHO_AM_I), DOING)
            .await?;
        let (result, value) = match self.answer(id, DOING).await? {
            (Reply::Extended { result, value, .. }, _) => (result, value),
            (other, _) => return Err(self.unexpected(DOING, "an extended response", &other)),
        };
        self.finish();
        if result.code != ResultCode::SUCCESS {
            return Err(LdapError::Result {
                doing: "who am I".into(),
                result: Box::new(result),
            });
        }
        Ok(String::from_utf8_lossy(&value.unwrap_or_default()).into_owned())
    }

    /// Says good-bye and closes the connection.
    pub async fn unbind(mut self) {
        let id = self.next_id;
        if self
            .framed
            .send(&message::unbind(id), "unbinding")
            .await
            .is_ok()
        {
            self.framed.close().await;
        }
    }

    /// Claims the connection for one operation.
    pub(crate) fn begin(&mut self) -> Result<i32, LdapError> {
        if self.busy {
            return Err(LdapError::Unusable {
                endpoint: self.endpoint().to_owned(),
            });
        }
        self.busy = true;
        let id = self.next_id;
        // Ids start again at 1 long before an old one could still be in use.
        self.next_id = id.checked_add(1).unwrap_or(1);
        Ok(id)
    }

    /// Gives the connection back after an operation was read to its end.
    pub(crate) fn finish(&mut self) {
        self.busy = false;
    }

    pub(crate) async fn send(
        &mut self,
        message: &[u8],
        doing: &'static str,
    ) -> Result<(), LdapError> {
        self.framed.send(message, doing).await
    }

    /// Tells the server to forget operation `id`, and skips what is still on its way.
    pub(crate) async fn abandon(&mut self, id: i32) -> Result<(), LdapError> {
        let own = self.next_id;
        self.next_id = own.checked_add(1).unwrap_or(1);
        self.framed
            .send(&message::abandon(own, id), "abandoning a search")
            .await?;
        if self.abandoned.len() < MAX_ABANDONED {
            self.abandoned.push(id);
            self.finish();
        }
        Ok(())
    }

    /// The next answer to operation `id`.
    pub(crate) async fn answer(
        &mut self,
        id: i32,
        doing: &'static str,
    ) -> Result<(Reply, Vec<Control>), LdapError> {
        loop {
            let message = self.next_message(doing).await?;
            if message.id == id {
                return Ok((message.reply, message.controls));
            }
            if self.abandoned.contains(&message.id) {
                if matches!(message.reply, Reply::Done(_)) {
                    self.abandoned.retain(|old| *old != message.id);
                }
                continue;
            }
            let detail = format!(
                "expected an answer to message {id}, found {} to message {}",
                message.reply.name(),
                message.id
            );
            return Err(self.framed.broken(doing, detail));
        }
    }

    async fn next_message(&mut self, doing: &'static str) -> Result<Message, LdapError> {
        let size = match self.framed.receive(doing).await? {
            Frame::Whole(size) => size,
            Frame::Skipped { start, size } => return self.skipped(&start, size),
        };
        let read = message::read(self.framed.front(size));
        self.framed.consume(size);
        let mut message = read.map_err(|error| self.framed.broken(doing, error.to_string()))?;
        self.secret.hide_in(&mut message.reply);
        if message.id != 0 {
            return Ok(message);
        }
        match message.reply {
            // RFC 4511 §4.4.1; some servers leave the name out.
            Reply::Extended { result, name, .. }
                if name
                    .as_deref()
                    .is_none_or(|name| name == message::NOTICE_OF_DISCONNECTION) =>
            {
                Err(LdapError::Disconnected {
                    endpoint: self.endpoint().to_owned(),
                    doing,
                    notice: Some(Box::new(result)),
                    reason: "the server sent a notice of disconnection".into(),
                })
            }
            other => Err(self.framed.broken(
                doing,
                format!(
                    "expected an answer, found {} that nobody asked for (message 0)",
                    other.name()
                ),
            )),
        }
    }

    /// What is left of a message that was too large to keep.
    fn skipped(&self, start: &[u8], size: u64) -> Result<Message, LdapError> {
        let Some((id, dn)) = message::read_start_of_entry(start) else {
            return Err(LdapError::TooLarge {
                endpoint: self.endpoint().to_owned(),
                what: "a message",
                limit: self.framed.max_message(),
                size,
            });
        };
        let problem = format!(
            "it has {size} bytes, more than the limit of {}",
            self.framed.max_message()
        );
        let reply = Reply::Unreadable(UnreadableEntry { dn, problem });
        Ok(Message {
            id,
            reply,
            controls: Vec::new(),
        })
    }

    /// Gives the stream back, and whether bytes were read that nobody asked for.
    pub(crate) fn into_parts(self) -> (Box<dyn Io>, bool) {
        self.framed.into_parts()
    }

    pub(crate) fn unexpected(
        &self,
        doing: &'static str,
        expected: &str,
        found: &Reply,
    ) -> LdapError {
        self.framed.broken(
            doing,
            format!("expected {expected}, found {}", found.name()),
        )
    }

    pub(crate) fn broken(&self, doing: &'static str, detail: String) -> LdapError {
        self.framed.broken(doing, detail)
    }
}

impl Client {
    /// As [`Client::search_paged`], owning the connection (or a pooled one).
    pub fn into_search_paged<C: BorrowMut<Self>>(
        client: C,
        request: SearchRequest,
        page_size: u32,
    ) -> PagedSearch<C> {
        PagedSearch::new(client, request, page_size)
    }
}

fn all_failed(mut errors: Vec<LdapError>) -> LdapError {
    match (errors.pop(), errors.is_empty()) {
        (Some(only), true) => only,
        (Some(last), false) => {
            errors.push(last);
            LdapError::AllFailed(errors)
        }
        (None, _) => LdapError::Request {
            detail: "no directory host is given: give at least one".into(),
        },
    }
}
