//! How often one address may fail to sign in.

use std::collections::HashMap;
use std::net::IpAddr;

use usher_core::model::Millis;

/// So many failures from one address are taken ...
const FAILURES: u32 = 30;
/// ... within this time, milliseconds.
const WINDOW_MS: i64 = 5 * 60 * 1000;
/// Most addresses that are remembered.
const MOST: usize = 10_000;

/// The failures of each address; of IPv6 of each /64, for one client has as many addresses as it likes there.
#[derive(Debug, Default)]
pub(super) struct Addresses(HashMap<IpAddr, Window>);

#[derive(Clone, Copy, Debug)]
struct Window {
    began: Millis,
    failures: u32,
}

impl Addresses {
    /// Begins an attempt: counted as a failure until [`Addresses::signed_in`] takes it back. `Some` = not
    /// before then.
    pub(super) fn begin(&mut self, from: IpAddr, now: Millis) -> Option<Millis> {
        if self.0.len() >= MOST {
            self.make_room(now);
        }
        let window = self.0.entry(one_client(from)).or_insert(Window {
            began: now,
            failures: 0,
        });
        // One that began in the future comes of a clock that was ahead.
        if !(window.began..window.began.saturating_add(WINDOW_MS)).contains(&now) {
            *window = Window {
                began: now,
                failures: 0,
            };
        }
        if window.failures >= FAILURES {
            return Some(window.began + WINDOW_MS);
        }
        window.failures += 1;
        None
    }

    /// Takes an attempt back.
    pub(super) fn signed_in(&mut self, from: IpAddr) {
        if let Some(window) = self.0.get_mut(&one_client(from)) {
            window.failures = window.failures.saturating_sub(1);
        }
    }

    fn make_room(&mut self, now: Millis) {
        self.0.retain(|_, window| now - window.began < WINDOW_MS);
        if self.0.len() >= MOST {
            let mut begun: Vec<Millis> = self.0.values().map(|window| window.began).collect();
            begun.sort_unstable();
            let middle = begun.get(begun.len() / 2).copied().unwrap_or(now);
            self.0.retain(|_, window| window.began > middle);
        }
    }
}

/// The client of an address: of IPv6 its /64, for one client has as many addresses as it likes there.
pub fn one_client(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(network.into())
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_waits_after_its_failures_and_others_do_not() {
        let mut addresses = Addresses::default();
        for _ in 0..FAILURES {
            assert_eq!(addresses.begin(at("192.0.2.1"), 1000), None);
        }
        let until = Some(1000 + WINDOW_MS);
        assert_eq!(addresses.begin(at("192.0.2.1"), 2000), until);
        assert_eq!(addresses.begin(at("::ffff:192.0.2.1"), 2000), until);
        assert_eq!(addresses.begin(at("192.0.2.2"), 2000), None);
        addresses.signed_in(at("192.0.2.1"));
        assert_eq!(addresses.begin(at("192.0.2.1"), 2000), None);
        assert_eq!(addresses.begin(at("192.0.2.1"), 1000 + WINDOW_MS), None);
    }

    #[test]
    fn a_clock_that_was_ahead_keeps_no_address_waiting() {
        let mut addresses = Addresses::default();
        for _ in 0..FAILURES {
            assert_eq!(addresses.begin(at("192.0.2.1"), 1_000_000), None);
        }
        assert!(addresses.begin(at("192.0.2.1"), 1_000_000).is_some());
        assert_eq!(addresses.begin(at("192.0.2.1"), 1_000), None);
    }

    #[test]
    fn all_addresses_of_one_network_are_one_client() {
        let mut addresses = Addresses::default();
        for last in 0..FAILURES {
            let from = at(&format!("2001:db8:0:1::{last:x}"));
            assert_eq!(addresses.begin(from, 1000), None);
        }
        assert!(addresses.begin(at("2001:db8:0:1::ffff"), 1000).is_some());
        assert_eq!(addresses.begin(at("2001:db8:0:2::1"), 1000), None);
    }

    #[test]
    fn memory_is_bounded_and_the_latest_stay() {
        let mut addresses = Addresses::default();
        for n in 0..3 * MOST as u32 {
            let from = IpAddr::V4(n.into());
            assert_eq!(addresses.begin(from, i64::from(n)), None);
        }
        assert!(addresses.0.len() <= MOST);
        let last = IpAddr::V4((3 * MOST as u32 - 1).into());
        assert!(addresses.0.contains_key(&last));
    }
}
