//! A TCP proxy that breaks connections where a test says: after so many bytes, LDAP messages, entries or pages.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// How much from the server passes before the fault. The counts are per connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Nothing: the fault strikes as soon as a client connects.
    Nothing,
    /// This many bytes.
    Bytes(u64),
    /// This many whole LDAP messages.
    Messages(u64),
    /// This many LDAP search entries.
    Entries(u64),
    /// This many ends of LDAP searches, that is, pages.
    Pages(u64),
}

/// What happens then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Both sides are closed.
    Cut,
    /// Nothing passes any more, and nothing is closed.
    Stall,
}

/// A fault that waits for its moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// When it strikes.
    pub after: After,
    /// What it does.
    pub then: Then,
    /// On how many connections it strikes before the proxy is sound again.
    pub times: u64,
}

impl Fault {
    /// Cuts one connection.
    pub fn cut_once(after: After) -> Self {
        Self {
            after,
            then: Then::Cut,
            times: 1,
        }
    }

    /// Cuts every connection.
    pub fn cut(after: After) -> Self {
        Self {
            after,
            then: Then::Cut,
            times: u64::MAX,
        }
    }

    /// Stalls every connection.
    pub fn stall(after: After) -> Self {
        Self {
            after,
            then: Then::Stall,
            times: u64::MAX,
        }
    }
}

#[derive(Debug, Default)]
struct Shared {
    fault: Mutex<Option<Fault>>,
    connections: AtomicU64,
    open: AtomicU64,
    cut_now: Notify,
    struck: AtomicU64,
}

impl Shared {
    fn fault(&self) -> Option<Fault> {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the fault strikes; whether it may.
    fn strike(&self) -> bool {
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(now) = fault.as_mut() else {
            return false;
        };
        now.times = now.times.saturating_sub(1);
        if now.times == 0 {
            *fault = None;
        }
        self.struck.fetch_add(1, Ordering::SeqCst);
        true
    }
}

/// A running proxy. Its connections end when it is dropped.
#[derive(Debug)]
pub struct CuttingProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl CuttingProxy {
    /// Listens on a free loopback port and forwards to `target`. Needs a tokio runtime.
    pub async fn start(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let task = tokio::spawn(accept(listener, target, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            task,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Arms a fault, for connections that are open too.
    pub fn set_fault(&self, fault: Fault) {
        *self
            .shared
            .fault
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(fault);
    }

    /// Disarms the fault.
    pub fn clear(&self) {
        *self
            .shared
            .fault
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Cuts every connection that is open.
    pub fn cut_now(&self) {
        self.shared.cut_now.notify_waiters();
    }

    /// How many connections are open.
    pub fn open_connections(&self) -> u64 {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// How many connections were accepted so far.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many times a fault struck so far.
    pub fn struck(&self) -> u64 {
        self.shared.struck.load(Ordering::SeqCst)
    }
}

impl Drop for CuttingProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, shared: Arc<Shared>) {
    // The set ends its tasks when this one is aborted.
    let mut open = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        shared.connections.fetch_add(1, Ordering::SeqCst);
        let shared = Arc::clone(&shared);
        open.spawn(async move {
            shared.open.fetch_add(1, Ordering::SeqCst);
            // An error here is what the fault or the other side wants.
            tokio::select! {
                _ = forward(client, target, &shared) => {}
                () = shared.cut_now.notified() => {}
            }
            shared.open.fetch_sub(1, Ordering::SeqCst);
        });
        while open.try_join_next().is_some() {}
    }
}

async fn forward(mut client: TcpStream, target: SocketAddr, shared: &Shared) -> io::Result<()> {
    if let Some(fault) = shared.fault().filter(|fault| fault.after == After::Nothing)
        && shared.strike()
    {
        return give_up(fault.then).await;
    }
    let mut server = TcpStream::connect(target).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let up = tokio::io::copy(&mut from_client, &mut to_server);
    let down = async {
        let mut passed = Passed::default();
        let mut buffer = vec![0u8; 32 << 10];
        loop {
            let read = from_server.read(&mut buffer).await?;
            let piece = buffer.get(..read).unwrap_or_default();
            if piece.is_empty() {
                return to_client.shutdown().await;
            }
            let fault = shared.fault();
            let (pass, strikes) = passed.count(piece, fault.map(|fault| fault.after));
            to_client
                .write_all(piece.get(..pass).unwrap_or(piece))
                .await?;
            if let Some(fault) = fault.filter(|_| strikes)
                && shared.strike()
            {
                return give_up(fault.then).await;
            }
        }
    };
    tokio::select! {
        result = up => result.map(|_| ()),
        result = down => result,
    }
}

async fn give_up(then: Then) -> io::Result<()> {
    if then == Then::Stall {
        std::future::pending::<()>().await;
    }
    Ok(())
}

/// What has passed on one connection.
#[derive(Debug, Default)]
struct Passed {
    bytes: u64,
    messages: u64,
    entries: u64,
    pages: u64,
    /// The head of the message at the front, as far as it has come.
    head: Vec<u8>,
    /// Bytes of that message still to come, once its head is known.
    left: u64,
}

impl Passed {
    /// Counts `piece`; how much of it may pass, and whether the fault strikes behind that.
    fn count(&mut self, piece: &[u8], after: Option<After>) -> (usize, bool) {
        if let Some(After::Bytes(limit)) = after {
            let room = limit.saturating_sub(self.bytes).min(piece.len() as u64);
            self.bytes += room;
            return (room as usize, self.bytes >= limit);
        }
        for (at, byte) in piece.iter().enumerate() {
            if self.reached(after) {
                return (at, true);
            }
            self.bytes += 1;
            self.step(*byte);
        }
        (piece.len(), self.reached(after))
    }

    fn reached(&self, after: Option<After>) -> bool {
        match after {
            None | Some(After::Nothing) => false,
            Some(After::Bytes(limit)) => self.bytes >= limit,
            Some(After::Messages(limit)) => {
                self.left == 0 && self.head.is_empty() && self.messages >= limit
            }
            Some(After::Entries(limit)) => {
                self.left == 0 && self.head.is_empty() && self.entries >= limit
            }
            Some(After::Pages(limit)) => {
                self.left == 0 && self.head.is_empty() && self.pages >= limit
            }
        }
    }

    fn step(&mut self, byte: u8) {
        if self.left > 0 {
            // The operation's tag comes right behind the message id.
            if self.head.len() < 24 {
                self.head.push(byte);
            }
            self.left -= 1;
            if self.left == 0 {
                self.message_ended();
            }
            return;
        }
        self.head.push(byte);
        if let Some(content) = content_length(&self.head) {
            self.left = content;
            if content == 0 {
                self.message_ended();
            }
        }
    }

    fn message_ended(&mut self) {
        self.messages += 1;
        match operation_tag(&self.head) {
            Some(0x64) => self.entries += 1,
            Some(0x65) => self.pages += 1,
            _ => {}
        }
        self.head.clear();
    }
}

/// The content length of the element whose head this is, once all of the head is there.
fn content_length(head: &[u8]) -> Option<u64> {
    let first = *head.get(1)?;
    if first < 0x80 {
        return Some(first as u64);
    }
    let count = (first & 0x7f) as usize;
    let octets = head.get(2..2 + count)?;
    (head.len() == 2 + count).then(|| {
        octets
            .iter()
            .fold(0, |sum, octet| (sum << 8) | *octet as u64)
    })
}

/// The tag behind the message id.
fn operation_tag(message: &[u8]) -> Option<u8> {
    let first = *message.get(1)?;
    let start = if first < 0x80 {
        2
    } else {
        2 + (first & 0x7f) as usize
    };
    let id_length = *message.get(start + 1)? as usize;
    message.get(start + 2 + id_length).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message with this operation tag and `padding` bytes behind it.
    fn message(tag: u8, padding: usize) -> Vec<u8> {
        let mut content = vec![2, 1, 7, tag, 0x82];
        content.extend((padding as u16).to_be_bytes());
        content.extend(std::iter::repeat_n(0, padding));
        let mut all = vec![0x30, 0x82];
        all.extend((content.len() as u16).to_be_bytes());
        all.extend(content);
        all
    }

    #[test]
    fn entries_and_pages_are_counted_over_any_cut_of_the_stream() {
        let stream: Vec<u8> = [
            message(0x64, 300),
            message(0x73, 5),
            message(0x64, 0),
            message(0x65, 9),
            message(0x64, 1),
        ]
        .concat();
        let ends = |count: usize| -> usize {
            [
                message(0x64, 300),
                message(0x73, 5),
                message(0x64, 0),
                message(0x65, 9),
            ]
            .iter()
            .take(count)
            .map(Vec::len)
            .sum()
        };
        for size in [1, 2, 3, 7, 50, 10_000] {
            for (after, expected) in [
                (After::Entries(2), ends(3)),
                (After::Pages(1), ends(4)),
                (After::Messages(2), ends(2)),
                (After::Bytes(11), 11),
            ] {
                let mut passed = Passed::default();
                let mut total = 0;
                for piece in stream.chunks(size) {
                    let (pass, strikes) = passed.count(piece, Some(after));
                    total += pass;
                    if strikes {
                        break;
                    }
                }
                assert_eq!(total, expected, "{after:?} in pieces of {size}");
            }
        }
    }
}
