//! How many connections each client has: whoever takes them all would close the address for everybody.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use usher_engine::access::one_client;

/// One client takes no more than this part of the places.
const PART: usize = 4;

/// Who is here.
#[derive(Clone)]
pub(super) struct Crowd {
    most: usize,
    /// Everybody comes through a proxy on this machine.
    behind_proxy: bool,
    here: Arc<Mutex<HashMap<IpAddr, usize>>>,
    /// Somebody was cut.
    cut: Arc<AtomicBool>,
}

/// Somebody who is here, until dropped.
pub(super) struct Present {
    crowd: Crowd,
    client: IpAddr,
}

impl Crowd {
    pub(super) fn new(places: usize, behind_proxy: bool) -> Self {
        Self {
            most: (places / PART).max(1),
            behind_proxy,
            here: Arc::default(),
            cut: Arc::default(),
        }
    }

    /// Lets somebody in, unless they have their part of the places already.
    pub(super) fn enter(&self, from: IpAddr) -> Option<Present> {
        let client = one_client(from);
        let mut here = self.lock();
        let count = here.entry(client).or_default();
        let exempt = self.behind_proxy && client.is_loopback();
        if *count >= self.most && !exempt {
            return None;
        }
        *count += 1;
        drop(here);
        Some(Present {
            crowd: self.clone(),
            client,
        })
    }

    /// Whether nobody was cut before: from now on somebody was.
    pub(super) fn is_first_cut(&self) -> bool {
        !self.cut.swap(true, Ordering::SeqCst)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        let mut here = self.crowd.lock();
        match here.get_mut(&self.client) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(here.remove(&self.client)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn nobody_takes_more_than_their_part() {
        let crowd = Crowd::new(8, false);
        let one = (crowd.enter(at("127.0.0.1")), crowd.enter(at("127.0.0.1")));
        assert!(one.0.is_some() && one.1.is_some());
        assert!(crowd.enter(at("::ffff:127.0.0.1")).is_none());
        let other = crowd.enter(at("2001:db8::1"));
        let same = crowd.enter(at("2001:db8::2"));
        assert!(other.is_some() && same.is_some());
        assert!(crowd.enter(at("2001:db8::3")).is_none());
        assert!(crowd.is_first_cut());
        assert!(!crowd.clone().is_first_cut(), "the log is told once");
        drop(one);
        assert!(crowd.enter(at("127.0.0.1")).is_some());
        drop((other, same));
        assert!(crowd.lock().is_empty(), "nobody is remembered");
    }

    #[test]
    fn a_proxy_on_this_machine_is_many() {
        let crowd = Crowd::new(4, true);
        let many: Vec<_> = (0..9).map(|_| crowd.enter(at("127.0.0.1"))).collect();
        assert!(many.iter().all(Option::is_some));
        let other = crowd.enter(at("192.0.2.1"));
        assert!(other.is_some() && crowd.enter(at("192.0.2.1")).is_none());
    }
}
