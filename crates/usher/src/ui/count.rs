//! Numbers, durations and verbs in words.

use usher_core::model::{Kind, Verb};

/// `12,345`.
pub(crate) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 group`, `12 groups`.
pub(crate) fn count(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(n), if n == 1 { one } else { many })
}

/// `850 ms`, `4.2 s`, `3 min 20 s`, `2 h 5 min`, `3 days`.
pub(crate) fn duration(ms: i64) -> String {
    let ms = ms.max(0);
    let seconds = ms / 1000;
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", seconds, ms % 1000 / 100),
        60_000..3_600_000 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600_000..172_800_000 => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// What a step does, in two words.
pub(crate) fn verb(verb: Verb, kind: Kind) -> String {
    let what = match verb {
        Verb::AddMembers => return "add members".to_owned(),
        Verb::RemoveMembers => return "remove members".to_owned(),
        Verb::Create => "create",
        Verb::Update => "update",
        Verb::Disable => "disable",
        Verb::Enable => "enable",
        Verb::Delete => "delete",
        Verb::Adopt => "adopt",
        Verb::Rekey => "re-key",
        Verb::Unlink => "unlink",
    };
    format!("{what} {kind}")
}

#[cfg(test)]
mod tests {
    use super::{count, duration, number};

    #[test]
    fn numbers_have_separators() {
        assert_eq!(number(0), "0");
        assert_eq!(number(999), "999");
        assert_eq!(number(1_000), "1,000");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(count(1, "group", "groups"), "1 group");
        assert_eq!(count(2_000, "group", "groups"), "2,000 groups");
    }

    #[test]
    fn durations_have_two_units_at_most() {
        assert_eq!(duration(-5), "0 ms");
        assert_eq!(duration(850), "850 ms");
        assert_eq!(duration(4_250), "4.2 s");
        assert_eq!(duration(200_000), "3 min 20 s");
        assert_eq!(duration(7_500_000), "2 h 5 min");
        assert_eq!(duration(3 * 86_400_000), "3 days");
    }
}
