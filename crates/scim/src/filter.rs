//! Filters a client sends (RFC 7644 §3.4.2.2): one comparison, no more, because that is what every service knows.

/// `attribute eq "value"`, with the value as a JSON string (RFC 7644 §3.4.2.2: `compValue` is a JSON value).
///
/// Quotes, backslashes and control characters are escaped; `+`, `&` and other characters stay as they are. The result is not URL-encoded:
/// that is the caller's part, and a `+` in it must become `%2B`.
///
/// ```
/// assert_eq!(usher_scim::eq_filter("userName", r#"o"b\k+ä"#), r#"userName eq "o\"b\\k+ä""#);
/// ```
pub fn eq_filter(attribute: &str, value: &str) -> String {
    format!("{attribute} eq {}", serde_json::Value::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(eq_filter("a", "x\n\u{1}"), r#"a eq "x\n\u0001""#);
    }

    proptest! {
        #[test]
        fn the_literal_reads_back_as_the_value(value in any::<String>()) {
            let filter = eq_filter("userName", &value);
            let literal = filter.strip_prefix("userName eq ").unwrap();
            let back: String = serde_json::from_str(literal).unwrap();
            prop_assert_eq!(back, value);
        }
    }
}
