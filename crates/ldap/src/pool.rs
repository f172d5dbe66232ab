//! A few bound connections to one directory.

use std::borrow::{Borrow, BorrowMut};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::client::Client;
use crate::endpoint::{ConnectOptions, Credentials, Endpoint};
use crate::error::LdapError;

/// How long an idle connection is trusted: firewalls forget quiet ones without telling.
const MAX_IDLE: Duration = Duration::from_mins(1);

/// A pool of connections that are already bound. Cloning gives another handle to the same pool.
#[derive(Debug, Clone)]
pub struct Pool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    endpoints: Vec<Endpoint>,
    options: ConnectOptions,
    credentials: Credentials,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<(Client, Instant)>>,
}

impl Pool {
    /// A pool of at most `size` (at least one) connections. None is opened yet.
    pub fn new(
        endpoints: Vec<Endpoint>,
        options: ConnectOptions,
        credentials: Credentials,
        size: usize,
    ) -> Self {
        let size = size.clamp(1, Semaphore::MAX_PERMITS);
        let permits = Arc::new(Semaphore::new(size));
        let idle = Mutex::new(Vec::new());
        Self {
            shared: Arc::new(Shared {
                endpoints,
                options,
                credentials,
                permits,
                idle,
            }),
        }
    }

    /// An idle connection, or a new one; waits while all are in use.
    ///
    /// # Errors
    /// What connecting and binding may give.
    pub async fn get(&self) -> Result<Pooled, LdapError> {
        let permits = Arc::clone(&self.shared.permits);
        // The pool never closes its semaphore.
        let permit = permits
            .acquire_owned()
            .await
            .map_err(|error| LdapError::Request {
                detail: error.to_string(),
            })?;
        let client = match self.take_idle() {
            Some(client) => client,
            None => self.open().await?,
        };
        Ok(Pooled {
            client: Some(client),
            shared: Arc::clone(&self.shared),
            _permit: permit,
        })
    }

    fn take_idle(&self) -> Option<Client> {
        let mut idle = self
            .shared
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        while let Some((mut client, since)) = idle.pop() {
            if since.elapsed() < MAX_IDLE && client.is_alive() {
                return Some(client);
            }
        }
        None
    }

    async fn open(&self) -> Result<Client, LdapError> {
        let shared = &self.shared;
        Client::open(&shared.endpoints, &shared.options, &shared.credentials).await
    }

    /// Closes the idle connections politely.
    pub async fn close_idle(&self) {
        let all = std::mem::take(
            &mut *self
                .shared
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        for (client, _) in all {
            client.unbind().await;
        }
    }
}

/// A connection out of a [`Pool`]. It goes back when dropped, unless an operation was left half-way or failed.
#[derive(Debug)]
pub struct Pooled {
    /// Taken only by `drop`.
    client: Option<Client>,
    shared: Arc<Shared>,
    _permit: OwnedSemaphorePermit,
}

impl Deref for Pooled {
    type Target = Client;
    #[allow(clippy::expect_used, reason = "only `drop` takes it out")]
    fn deref(&self) -> &Client {
        self.client
            .as_ref()
            .expect("a pooled connection holds its client until it is dropped")
    }
}

impl DerefMut for Pooled {
    #[allow(clippy::expect_used, reason = "only `drop` takes it out")]
    fn deref_mut(&mut self) -> &mut Client {
        self.client
            .as_mut()
            .expect("a pooled connection holds its client until it is dropped")
    }
}

impl Borrow<Client> for Pooled {
    fn borrow(&self) -> &Client {
        self
    }
}

impl BorrowMut<Client> for Pooled {
    fn borrow_mut(&mut self) -> &mut Client {
        self
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        if let Some(client) = self.client.take().filter(Client::is_usable) {
            let mut idle = self
                .shared
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            idle.push((client, Instant::now()));
        }
    }
}
