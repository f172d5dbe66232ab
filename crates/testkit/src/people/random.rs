//! Numbers that depend on nothing but a seed and a place: person 7 is the same person however many there are.

/// A small generator (SplitMix64, by Sebastiano Vigna, public domain). Not for secrets.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    /// The generator of one place.
    pub(super) fn of(seed: u64, place: &str, number: u64) -> Self {
        let mut state = seed ^ 0x9e37_79b9_7f4a_7c15;
        for byte in place.bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let mut own = Self(state.wrapping_add(number.wrapping_mul(0xd134_2543_de82_ef95)));
        own.next();
        own
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `bound` - 1; 0 if the bound is 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.next() % bound }
    }

    /// True so many times in a thousand.
    pub(super) fn chance(&mut self, per_thousand: u32) -> bool {
        self.below(1_000) < u64::from(per_thousand)
    }

    /// One of the items.
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let at = self.below(items.len() as u64) as usize;
        #[allow(clippy::indexing_slicing)] // The tables are not empty.
        &items[at]
    }
}

/// A UUID in its usual text, made of a seed and a place.
pub(super) fn uuid(seed: u64, place: &str, number: u64) -> String {
    let mut random = Random::of(seed, place, number);
    let (high, low) = (random.next(), random.next());
    let high = high & !0xf000 | 0x4000;
    let low = low & !(0b11 << 62) | (0b10 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_its_own_numbers_and_always_the_same() {
        let mut one = Random::of(1, "person", 7);
        let mut same = Random::of(1, "person", 7);
        let mut other = Random::of(1, "person", 8);
        let first = one.next();
        assert_eq!(first, same.next());
        assert_ne!(first, other.next());
        assert_eq!(Random::of(1, "x", 1).below(0), 0);
    }

    #[test]
    fn a_uuid_has_the_form_of_version_4() {
        let text = uuid(1, "person", 2);
        assert_eq!(text.len(), 36);
        assert_eq!(text.get(14..15), Some("4"));
        assert!("89ab".contains(text.get(19..20).unwrap_or("-")), "{text}");
    }
}
