//! A sample company directory over real LDAP on loopback.
//!
//! It holds its entries in memory, answers bind, search (all scopes and filters, paged), WhoAmI and, if
//! allowed, add, modify and delete, so that `ldapsearch` and `ldapmodify` work against it. It exists for
//! demonstrations and tests: no schema, one account, 127.0.0.1 only.
//!
//! Like real servers it keeps `entryUUID`, `createTimestamp`, `modifyTimestamp` and `memberOf` by itself,
//! and deleting an entry takes its name out of all groups without moving their `modifyTimestamp`.

mod connection;
mod entry;
mod filter;
mod search;
mod tree;
mod write;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

pub use entry::DemoEntry;
use tree::Tree;

/// The current time in milliseconds since 1970 (UTC).
pub type DirectoryClock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Which entries the account may not see.
pub type Hidden = Arc<dyn Fn(&DemoEntry) -> bool + Send + Sync>;

/// Why something could not be done to the directory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// The text is not a DN.
    #[error("\"{dn}\" is not a DN: {reason}")]
    BadDn {
        /// The text.
        dn: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no such entry.
    #[error("there is no entry \"{0}\"")]
    NoSuchEntry(String),
    /// There is one already.
    #[error("there is already an entry \"{0}\"")]
    AlreadyThere(String),
    /// The entry has others below it.
    #[error("the entry \"{0}\" has others below it: delete them first")]
    NotALeaf(String),
}

/// How the directory behaves.
#[derive(Clone)]
pub struct DirectoryOptions {
    /// TCP port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The only account, DN and password. Without one everybody may read.
    pub account: Option<(String, String)>,
    /// Whether those who have not bound may read although there is an account.
    pub anonymous_reads: bool,
    /// Whether the account may add, modify and delete over LDAP.
    pub writable: bool,
    /// Most entries returned by a search that is not paged; 0 for no limit.
    pub size_limit: usize,
    /// What time it is, for the time stamps.
    pub clock: DirectoryClock,
}

impl DirectoryOptions {
    /// A free port, no account, read-only, no limit.
    pub fn new(clock: DirectoryClock) -> Self {
        Self {
            port: 0,
            account: None,
            anonymous_reads: false,
            writable: false,
            size_limit: 0,
            clock,
        }
    }
}

impl std::fmt::Debug for DirectoryOptions {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("DirectoryOptions")
            .field("port", &self.port)
            .field("account", &self.account.as_ref().map(|(dn, _)| dn))
            .field("writable", &self.writable)
            .field("size_limit", &self.size_limit)
            .finish_non_exhaustive()
    }
}

/// The sample directory, before it runs.
#[derive(Debug)]
pub struct DemoDirectory;

impl DemoDirectory {
    /// Starts serving `entries` on 127.0.0.1. Needs a tokio runtime.
    ///
    /// An entry may bring its own `entryUUID`, `createTimestamp` and `modifyTimestamp`; others get one that
    /// follows from the DN, and the time of the start.
    ///
    /// # Errors
    /// `InvalidInput` for a DN that is not one or is there twice; what opening the port may give.
    pub async fn start(
        entries: Vec<DemoEntry>,
        options: DirectoryOptions,
    ) -> io::Result<RunningDirectory> {
        let bad = |error: DirectoryError| io::Error::new(io::ErrorKind::InvalidInput, error);
        let mut tree = Tree::default();
        let now = (options.clock)();
        for entry in entries {
            tree.add(entry, now).map_err(bad)?;
        }
        let account = match &options.account {
            Some((dn, password)) => Some((tree::parse(dn).map_err(bad)?, password.clone())),
            None => None,
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            tree: RwLock::new(tree),
            options,
            account,
            hidden: RwLock::new(None),
            cut_after: Mutex::new(None),
            searches: AtomicU64::new(0),
            entries_sent: AtomicU64::new(0),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(RunningDirectory {
            address,
            shared,
            task,
        })
    }
}

/// What all connections share.
pub(crate) struct Shared {
    tree: RwLock<Tree>,
    options: DirectoryOptions,
    account: Option<(usher_directory::Dn, String)>,
    hidden: RwLock<Option<Hidden>>,
    /// How many more entries are sent before a connection is cut.
    cut_after: Mutex<Option<u64>>,
    searches: AtomicU64,
    entries_sent: AtomicU64,
}

impl Shared {
    fn read<T>(&self, look: impl FnOnce(&Tree) -> T) -> T {
        look(&self.tree.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write<T>(&self, change: impl FnOnce(&mut Tree, i64) -> T) -> T {
        let now = (self.options.clock)();
        change(
            &mut self.tree.write().unwrap_or_else(PoisonError::into_inner),
            now,
        )
    }

    fn hidden(&self) -> Option<Hidden> {
        self.hidden
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether the connection is to be cut instead of sending one more entry.
    fn cuts_now(&self) -> bool {
        let mut left = self
            .cut_after
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match *left {
            None => false,
            Some(0) => {
                *left = None;
                true
            }
            Some(more) => {
                *left = Some(more - 1);
                false
            }
        }
    }
}

/// A running directory. It ends, with its connections, when dropped.
pub struct RunningDirectory {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl std::fmt::Debug for RunningDirectory {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "RunningDirectory({})", self.url())
    }
}

impl Drop for RunningDirectory {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl RunningDirectory {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `ldap://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("ldap://{}", self.address)
    }

    /// How many entries it holds.
    pub fn len(&self) -> usize {
        self.shared.read(Tree::len)
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A copy of an entry, without what the directory keeps by itself.
    pub fn get(&self, dn: &str) -> Option<DemoEntry> {
        self.shared
            .read(|tree| tree.get(dn).ok().map(|stored| stored.entry.clone()))
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// For a DN that is not one, or is there already. A missing parent is not an error.
    pub fn add(&self, entry: DemoEntry) -> Result<(), DirectoryError> {
        self.shared.write(|tree, now| tree.add(entry, now))
    }

    /// Changes an entry and moves its `modifyTimestamp`. A changed `dn` field is ignored: see [`Self::rename`].
    ///
    /// # Errors
    /// If there is no such entry.
    pub fn modify(
        &self,
        dn: &str,
        change: impl FnOnce(&mut DemoEntry),
    ) -> Result<(), DirectoryError> {
        self.shared.write(|tree, now| tree.modify(dn, now, change))
    }

    /// Deletes an entry that has none below it, and takes its name out of all groups.
    ///
    /// # Errors
    /// If there is no such entry, or it is not a leaf.
    pub fn delete(&self, dn: &str) -> Result<(), DirectoryError> {
        self.shared.write(|tree, _| tree.delete(dn))
    }

    /// Gives an entry, and all below it, another name. Group members follow, and only the entry's own
    /// `modifyTimestamp` moves. Attribute values (such as `ou`) stay.
    ///
    /// # Errors
    /// If there is no such entry, or the new name is taken or not a DN.
    pub fn rename(&self, dn: &str, new_dn: &str) -> Result<(), DirectoryError> {
        self.shared.write(|tree, now| tree.rename(dn, new_dn, now))
    }

    /// Cuts the connection, once, instead of sending the entry after the next `count`.
    pub fn cut_after_entries(&self, count: u64) {
        *self
            .shared
            .cut_after
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(count);
    }

    /// Hides entries from searches, as a lost right to read them would. Replaces an earlier one.
    pub fn hide(&self, hidden: impl Fn(&DemoEntry) -> bool + Send + Sync + 'static) {
        *self
            .shared
            .hidden
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(hidden));
    }

    /// Shows everything again.
    pub fn show_all(&self) {
        *self
            .shared
            .hidden
            .write()
            .unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// How many searches were asked for so far; each page counts.
    pub fn searches(&self) -> u64 {
        self.shared.searches.load(Ordering::Relaxed)
    }

    /// How many entries were sent so far.
    pub fn entries_sent(&self) -> u64 {
        self.shared.entries_sent.load(Ordering::Relaxed)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // The set ends its connections when this task is aborted.
    let mut open = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                open.spawn(connection::serve(stream, Arc::clone(&shared)));
            }
            // Out of file descriptors, for example: the next connection may work again.
            Err(_) => tokio::task::yield_now().await,
        }
        while open.try_join_next().is_some() {}
    }
}

#[cfg(test)]
mod tests;
