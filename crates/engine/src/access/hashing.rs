//! Passwords to argon2id and back to yes or no.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use usher_store::PasswordHash;
use zeroize::Zeroizing;

use super::secret;

/// Memory of one computation, KiB.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over it.
const PASSES: u32 = 2;
/// Computations at a time: each takes 19 MiB and a processor.
const AT_A_TIME: usize = 2;
/// Who would wait behind more than so many is sent away: a flood must not fill the memory with those who wait.
const WAITING: usize = 64;
const SALT: usize = 16;

/// Computes; counts what it computed.
#[derive(Clone)]
pub(super) struct Hashing(Arc<Inner>);

struct Inner {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    computed: AtomicU64,
    /// For names that have no account: of the same cost, and no password fits.
    nobody: PasswordHash,
}

/// Why nothing was computed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Busy;

/// The right to one computation. It goes with the computation, which runs on when nobody waits for it any more.
pub(super) struct Turn {
    _permit: OwnedSemaphorePermit,
    place: Place,
}

impl Hashing {
    pub(super) fn new() -> Self {
        // A salt and an output that were drawn, not computed: no password leads there.
        let salt = secret::random::<SALT>();
        let output = secret::random::<32>();
        let nobody = phc(&salt, &output).unwrap_or_default();
        Self(Arc::new(Inner {
            permits: Arc::new(Semaphore::new(AT_A_TIME)),
            waiting: AtomicUsize::new(0),
            computed: AtomicU64::new(0),
            nobody: PasswordHash(nobody),
        }))
    }

    /// How many computations there were.
    pub(super) fn computed(&self) -> u64 {
        self.0.computed.load(Ordering::SeqCst)
    }

    /// Waits for the right to compute.
    pub(super) async fn turn(&self) -> Result<Turn, Busy> {
        let place = Place::take(&self.0)?;
        let permits = self.0.permits.clone();
        let permit = permits.acquire_owned().await.map_err(|_| Busy)?;
        Ok(Turn {
            _permit: permit,
            place,
        })
    }

    /// The hash of a password, with a new salt.
    pub(super) async fn hash(&self, turn: Turn, password: &str) -> Result<PasswordHash, Busy> {
        let salt = secret::random::<SALT>();
        compute(turn, password, move |argon2, password| {
            let hash: phc::PasswordHash = argon2.hash_password_with_salt(password, &salt).ok()?;
            Some(PasswordHash(hash.to_string()))
        })
        .await
    }

    /// Whether a password fits. Without a hash it takes as long, and does not.
    pub(super) async fn fits(
        &self,
        turn: Turn,
        password: &str,
        hash: Option<&PasswordHash>,
    ) -> Result<bool, Busy> {
        let exists = hash.is_some();
        let hash = hash.unwrap_or(&self.0.nobody).clone();
        let fits = compute(turn, password, move |argon2, password| {
            Some(argon2.verify_password(password, hash.0.as_str()).is_ok())
        })
        .await?;
        Ok(fits && exists)
    }
}

async fn compute<T: Send + 'static>(
    turn: Turn,
    password: &str,
    work: impl FnOnce(&Argon2<'_>, &[u8]) -> Option<T> + Send + 'static,
) -> Result<T, Busy> {
    let password = Zeroizing::new(password.to_owned());
    let work = move || {
        turn.place.0.computed.fetch_add(1, Ordering::SeqCst);
        let result = work(&argon2()?, password.as_bytes());
        drop(turn);
        result
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Some(result)) => Ok(result),
        Ok(None) | Err(_) => {
            tracing::error!("a password could not be hashed: is there memory?");
            Err(Busy)
        }
    }
}

/// A place among those who wait or compute; given back when dropped, however that comes about.
struct Place(Arc<Inner>);

impl Place {
    fn take(inner: &Arc<Inner>) -> Result<Self, Busy> {
        let place = Self(inner.clone());
        if inner.waiting.fetch_add(1, Ordering::SeqCst) >= WAITING + AT_A_TIME {
            return Err(Busy);
        }
        Ok(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

fn argon2() -> Option<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// A PHC text of our parameters around a salt and an output.
fn phc(salt: &[u8], output: &[u8]) -> Option<String> {
    let text = format!(
        "$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p=1${}${}",
        STANDARD_NO_PAD.encode(salt),
        STANDARD_NO_PAD.encode(output)
    );
    phc::PasswordHash::new(&text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::task::{Context, Waker};

    use super::*;

    async fn fits(hashing: &Hashing, password: &str, hash: Option<&PasswordHash>) -> bool {
        let turn = hashing.turn().await.unwrap();
        hashing.fits(turn, password, hash).await.unwrap()
    }

    async fn hash(hashing: &Hashing, password: &str) -> PasswordHash {
        let turn = hashing.turn().await.unwrap();
        hashing.hash(turn, password).await.unwrap()
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_and_nothing_fits_nobody() {
        let hashing = Hashing::new();
        assert!(hashing.0.nobody.0.starts_with("$argon2id$"));
        let one = hash(&hashing, "correct horse").await;
        let ours = "$argon2id$v=19$m=19456,t=2,p=1$";
        assert!(one.0.starts_with(ours), "{}", one.0);
        assert_ne!(one, hash(&hashing, "correct horse").await);
        assert!(fits(&hashing, "correct horse", Some(&one)).await);
        assert!(!fits(&hashing, "correct horsf", Some(&one)).await);
        assert!(!fits(&hashing, "correct horse", None).await);
        assert_eq!(hashing.computed(), 5);
    }

    #[tokio::test]
    async fn two_compute_at_a_time_and_a_flood_is_sent_away_without_a_trace() {
        let hashing = Hashing::new();
        let one = hashing.turn().await.unwrap();
        let two = hashing.turn().await.unwrap();
        let mut waiting: Vec<_> = (0..WAITING).map(|_| Box::pin(hashing.turn())).collect();
        let mut context = Context::from_waker(Waker::noop());
        for future in &mut waiting {
            assert!(future.as_mut().poll(&mut context).is_pending());
        }
        assert_eq!(hashing.turn().await.err(), Some(Busy));
        drop((one, two));
        drop(waiting);
        assert!(!fits(&hashing, "x", None).await);
        assert_eq!(hashing.0.waiting.load(Ordering::SeqCst), 0);
    }
}
