//! A connection that says so much and no more: whoever reads lines of a server that never ends one would
//! keep all of it in memory.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that are read before something is said again.
const ANSWER: usize = 64 << 10;
/// Bytes that are read in all.
const WHOLE: usize = 1 << 20;

/// A connection that fails when the other end says too much.
#[derive(Debug)]
pub(crate) struct Bounded<S> {
    inner: S,
    peer: SocketAddr,
    answer: usize,
    whole: usize,
}

impl<S> Bounded<S> {
    /// Around a connection to that address.
    pub(crate) fn new(inner: S, peer: SocketAddr) -> Self {
        Self {
            inner,
            peer,
            answer: 0,
            whole: 0,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.answer > ANSWER || self.whole > WHOLE {
            return Poll::Ready(Err(io::Error::other(format!(
                "expected an answer of at most {ANSWER} bytes, found more: it is no mail server, or it is broken"
            ))));
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        let read = buffer.filled().len() - before;
        self.answer += read;
        self.whole += read;
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.answer = 0;
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

impl<S> AsyncTokioStream for Bounded<S>
where
    S: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug,
{
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}
