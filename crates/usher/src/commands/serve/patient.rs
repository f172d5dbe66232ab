//! Patience with an end: for a body that comes too slowly, and for somebody who does not take an answer.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// A body that is whole after so long, or broken.
pub(super) struct Timely<B> {
    body: Pin<Box<B>>,
    over: Pin<Box<Sleep>>,
}

impl<B> Timely<B> {
    pub(super) fn new(body: B, patience: Duration) -> Self {
        Self {
            body: Box::pin(body),
            over: Box::pin(tokio::time::sleep(patience)),
        }
    }
}

impl<B: Body<Data = Bytes>> Body for Timely<B>
where
    B::Error: Into<Error>,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.over.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err("the body did not come in time".into())));
        }
        let frame = ready!(self.body.as_mut().poll_frame(cx));
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection that breaks when nothing of what is written to it is taken for so long.
pub(super) struct Taken<S> {
    stream: S,
    patience: Duration,
    over: Option<Pin<Box<Sleep>>>,
}

impl<S> Taken<S> {
    pub(super) fn new(stream: S, patience: Duration) -> Self {
        Self {
            stream,
            patience,
            over: None,
        }
    }

    /// Passes on what came of writing; what comes to nothing for too long is an error.
    fn judged<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.over = None;
            return written;
        }
        let patience = self.patience;
        let over = self
            .over
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(over.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the answer is not taken",
        )))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Taken<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Taken<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.judged(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.judged(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.judged(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.judged(cx, shut)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use axum::body::Body;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const SHORT: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_mins(1);

    /// A body whose bytes come one by one, without an end.
    fn drops() -> Body {
        let ticks = tokio::time::interval(SHORT / 5);
        let pieces = futures_util::stream::unfold(ticks, async |mut ticks| {
            ticks.tick().await;
            Some((Ok::<_, io::Error>(Bytes::from_static(b"a")), ticks))
        });
        Body::from_stream(pieces)
    }

    #[tokio::test]
    async fn a_body_that_comes_in_drops_ends_with_the_patience() {
        let body = Body::new(Timely::new(drops(), SHORT));
        let read = axum::body::to_bytes(body, usize::MAX).await;
        assert!(read.unwrap_err().to_string().contains("in time"));
    }

    #[tokio::test]
    async fn a_body_that_comes_in_time_is_as_it_was() {
        let body = Body::new(Timely::new(Body::from("whole"), LONG));
        let read = axum::body::to_bytes(body, 1_000).await.unwrap();
        assert_eq!(read, "whole");
    }

    #[tokio::test]
    async fn who_takes_nothing_is_cut() {
        let (ours, theirs) = tokio::io::duplex(1_000);
        let mut ours = Taken::new(ours, SHORT);
        let error = ours.write_all(&[0; 6_000]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(theirs);
    }

    #[tokio::test]
    async fn who_takes_slowly_gets_all() {
        let (ours, mut theirs) = tokio::io::duplex(1_000);
        let mut ours = Taken::new(ours, LONG);
        let slow = tokio::spawn(async move {
            let mut taken = vec![0; 6_000];
            for part in taken.chunks_mut(500) {
                tokio::task::yield_now().await;
                theirs.read_exact(part).await.unwrap();
            }
            taken
        });
        ours.write_all(&[7; 6_000]).await.unwrap();
        assert_eq!(slow.await.unwrap(), [7; 6_000]);
    }
}
