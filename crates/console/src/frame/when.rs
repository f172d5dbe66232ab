//! Times, as pages show them.

use askama::Template;
use usher_core::model::Millis;

/// A time: to the second, UTC.
#[derive(Clone, Debug, Template)]
#[template(
    ext = "html",
    source = "<time datetime=\"{{ exact }}\">{{ text }}</time>"
)]
pub(crate) struct When {
    exact: String,
    text: String,
}

impl When {
    pub(crate) fn at(at: Millis) -> Self {
        let exact = usher_pf::date(at);
        let day = exact.get(..10).unwrap_or(&exact);
        let time = exact.get(11..19).unwrap_or_default();
        let text = format!("{day} {time} UTC");
        Self { exact, text }
    }
}

/// How long, in words: the two largest units.
pub(crate) fn span(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    let (d, h, m, s) = (
        seconds / 86_400,
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60,
    );
    match (d, h, m) {
        (0, 0, 0) => format!("{s} s"),
        (0, 0, _) => format!("{m} min {s} s"),
        (0, _, _) => format!("{h} h {m} min"),
        _ => format!("{d} d {h} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::{When, span};

    #[test]
    fn a_time_is_told_to_the_second_and_a_span_in_its_two_largest_units() {
        let html = When::at(1_790_000_000_000).to_string();
        assert!(html.contains(">2026-09-21 14:13:20 UTC<"), "{html}");
        for (ms, words) in [
            (-5, "0 s"),
            (59_999, "59 s"),
            (61_000, "1 min 1 s"),
            (3_660_000, "1 h 1 min"),
            (90_000_000, "1 d 1 h"),
        ] {
            assert_eq!(span(ms), words);
        }
    }
}
