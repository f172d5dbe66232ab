//! Frames over a byte stream: one LDAP message at a time, with time-outs and limits.

use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::ber;
use crate::endpoint::ConnectOptions;
use crate::error::LdapError;

/// A stream that LDAP can run over.
pub(crate) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// How much is read at a time, and kept of a message that is too large.
const CHUNK: usize = 64 << 10;

/// After a message of more bytes its room is given back.
const LARGE: usize = 1 << 20;

/// How many times the usual time-out a message that is skipped may take.
const SKIP_PATIENCE: u32 = 10;

/// The largest message that is skipped instead of ending the connection.
const MAX_SKIPPED: u64 = 1 << 30;

/// One message where it lies, or the start of one that is too large to keep.
#[derive(Debug)]
pub(crate) enum Frame {
    /// It lies at the front with so many bytes: see [`Framed::front`] and [`Framed::consume`].
    Whole(usize),
    /// The first bytes of a message of `size` bytes. The rest was read and thrown away.
    Skipped { start: Bytes, size: u64 },
}

/// Cuts a byte stream into LDAP messages.
pub(crate) struct Framed {
    io: Box<dyn Io>,
    buffer: BytesMut,
    limits: ConnectOptions,
    endpoint: String,
}

impl std::fmt::Debug for Framed {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "Framed({}, {} bytes buffered)",
            self.endpoint,
            self.buffer.len()
        )
    }
}

impl Framed {
    pub(crate) fn new(io: Box<dyn Io>, limits: ConnectOptions, endpoint: String) -> Self {
        Self {
            io,
            buffer: BytesMut::new(),
            limits,
            endpoint,
        }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(crate) fn max_message(&self) -> u64 {
        self.limits.max_message as u64
    }

    /// Gives the stream back, and whether bytes were read that nobody asked for.
    pub(crate) fn into_parts(self) -> (Box<dyn Io>, bool) {
        (self.io, !self.buffer.is_empty())
    }

    /// Whether the stream is quiet and open, as an idle one should be. Never waits.
    pub(crate) fn is_quiet(&mut self) -> bool {
        let mut byte = [0u8; 1];
        self.buffer.is_empty() && self.io.read(&mut byte).now_or_never().is_none()
    }

    pub(crate) async fn send(
        &mut self,
        message: &[u8],
        doing: &'static str,
    ) -> Result<(), LdapError> {
        let write = async {
            self.io.write_all(message).await?;
            self.io.flush().await
        };
        match tokio::time::timeout(self.limits.read_timeout, write).await {
            Err(_) => Err(self.timed_out(doing)),
            Ok(Err(error)) => Err(self.lost(doing, error.to_string())),
            Ok(Ok(())) => Ok(()),
        }
    }

    pub(crate) async fn close(&mut self) {
        // Nobody waits for the other side: it is only told.
        let _ = tokio::time::timeout(Duration::from_secs(1), self.io.shutdown()).await;
    }

    /// The next message. One time-out covers all of it; one that is skipped may take ten times as long.
    pub(crate) async fn receive(&mut self, doing: &'static str) -> Result<Frame, LdapError> {
        let limit = self.limits.read_timeout;
        let (start, total) = match tokio::time::timeout(limit, self.read_message(doing)).await {
            Err(_) => return Err(self.timed_out(doing)),
            Ok(result) => match result? {
                Framing::Whole(size) => return Ok(Frame::Whole(size)),
                Framing::TooLarge { start, total } => (start, total),
            },
        };
        let left = total.saturating_sub(start.len() as u64);
        match tokio::time::timeout(limit * SKIP_PATIENCE, self.skip(left, doing)).await {
            Err(_) => return Err(self.timed_out(doing)),
            Ok(result) => result?,
        }
        Ok(Frame::Skipped { start, size: total })
    }

    /// The first bytes that were received and not consumed.
    pub(crate) fn front(&self, size: usize) -> &[u8] {
        self.buffer.get(..size).unwrap_or_default()
    }

    /// Lets go of the first bytes. A message is read where it lies: nothing is copied or counted for it.
    pub(crate) fn consume(&mut self, size: usize) {
        self.buffer.advance(size.min(self.buffer.len()));
        if size > LARGE {
            self.buffer = BytesMut::from(&self.buffer[..]);
        }
    }

    async fn read_message(&mut self, doing: &'static str) -> Result<Framing, LdapError> {
        loop {
            if let Some(total) = self.message_size(doing)? {
                if total > self.limits.max_message as u64 {
                    if self.buffer.len() >= CHUNK || self.buffer.len() as u64 >= total {
                        let keep = self
                            .buffer
                            .len()
                            .min(usize::try_from(total).unwrap_or(usize::MAX));
                        let start = self.buffer.split_to(keep).freeze();
                        return Ok(Framing::TooLarge { start, total });
                    }
                } else if self.buffer.len() as u64 >= total {
                    return Ok(Framing::Whole(total as usize));
                }
            }
            self.buffer.reserve(CHUNK);
            self.fill(doing).await?;
        }
    }

    /// The size of the message at the front, once its head has arrived.
    fn message_size(&self, doing: &'static str) -> Result<Option<u64>, LdapError> {
        match self.buffer.first() {
            None => return Ok(None),
            Some(&ber::SEQUENCE) => {}
            Some(0x15 | 0x16) => {
                return Err(self.broken(
                    doing,
                    "expected an LDAP message, found TLS: this port wants ldaps".into(),
                ));
            }
            Some(byte) => {
                return Err(self.broken(
                    doing,
                    format!("expected an LDAP message (0x30), found 0x{byte:02x}"),
                ));
            }
        }
        let head =
            ber::head(&self.buffer).map_err(|error| self.broken(doing, error.to_string()))?;
        let Some(head) = head else {
            return Ok(None);
        };
        let total = head.content.saturating_add(head.head as u64);
        if total > MAX_SKIPPED.max(self.limits.max_message as u64) {
            return Err(LdapError::TooLarge {
                endpoint: self.endpoint.clone(),
                what: "a message",
                limit: self.limits.max_message as u64,
                size: total,
            });
        }
        Ok(Some(total))
    }

    async fn fill(&mut self, doing: &'static str) -> Result<(), LdapError> {
        match self.io.read_buf(&mut self.buffer).await {
            Ok(0) if self.buffer.is_empty() => {
                Err(self.lost(doing, "the server closed it without notice".into()))
            }
            Ok(0) => Err(self.lost(
                doing,
                "the server closed it in the middle of a message".into(),
            )),
            Ok(_) => Ok(()),
            Err(error) => Err(self.lost(doing, error.to_string())),
        }
    }

    /// Reads `left` bytes and throws them away.
    async fn skip(&mut self, mut left: u64, doing: &'static str) -> Result<(), LdapError> {
        loop {
            let gone = (self.buffer.len() as u64).min(left);
            let _ = self.buffer.split_to(gone as usize);
            left -= gone;
            if left == 0 {
                return Ok(());
            }
            self.buffer.reserve(CHUNK);
            self.fill(doing).await?;
        }
    }

    fn timed_out(&self, doing: &'static str) -> LdapError {
        LdapError::Timeout {
            endpoint: self.endpoint.clone(),
            doing,
            after: self.limits.read_timeout,
        }
    }

    fn lost(&self, doing: &'static str, reason: String) -> LdapError {
        LdapError::Disconnected {
            endpoint: self.endpoint.clone(),
            doing,
            notice: None,
            reason,
        }
    }

    pub(crate) fn broken(&self, doing: &'static str, detail: String) -> LdapError {
        LdapError::Protocol {
            endpoint: self.endpoint.clone(),
            doing,
            detail,
        }
    }
}

enum Framing {
    Whole(usize),
    TooLarge { start: Bytes, total: u64 },
}
