//! Network connections that can be made to break at a chosen point (row 41).

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

const WHOLE: i64 = -1;
const CLOSE: i64 = -2;
const RESET: i64 = -3;

/// What becomes of the next answer on a network connection.
#[derive(Debug, Clone)]
pub(crate) struct Cut(Arc<AtomicI64>);

impl Cut {
    /// Nothing more is sent; the peer sees a reset.
    pub(crate) fn reset(&self) {
        self.0.store(RESET, Ordering::SeqCst);
    }

    /// The head and `bytes` of the body are sent, then the connection is closed.
    pub(crate) fn after_body_bytes(&self, bytes: usize) {
        self.0
            .store(i64::try_from(bytes).unwrap_or(i64::MAX), Ordering::SeqCst);
    }
}

pub(crate) struct Wire {
    stream: TcpStream,
    cut: Cut,
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.cut.0.load(Ordering::SeqCst) {
            WHOLE => Pin::new(&mut self.stream).poll_write(context, buffer),
            CLOSE => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            RESET => {
                // Without lingering, closing sends a reset instead of an orderly end.
                let _ = self.stream.set_zero_linger();
                Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
            }
            body_bytes => {
                let head = buffer
                    .windows(4)
                    .position(|w| w == b"\r\n\r\n")
                    .map_or(0, |at| at + 4);
                let end = head.saturating_add(usize::try_from(body_bytes).unwrap_or(0));
                let part = buffer.get(..end.max(1)).unwrap_or(buffer);
                let written = Pin::new(&mut self.stream).poll_write(context, part);
                if let Poll::Ready(Ok(_)) = written {
                    self.cut.0.store(CLOSE, Ordering::SeqCst);
                }
                written
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

pub(crate) struct WireListener(pub(crate) TcpListener);

impl Listener for WireListener {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        let _ = stream.set_nodelay(true);
        (
            Wire {
                stream,
                cut: Cut(Arc::new(AtomicI64::new(WHOLE))),
            },
            address,
        )
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, WireListener>> for Cut {
    fn connect_info(stream: IncomingStream<'_, WireListener>) -> Self {
        stream.io().cut.clone()
    }
}
