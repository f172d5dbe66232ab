//! The filters of lists: one `eq` on one attribute (C.3). This is not the client's parser.

use super::error::{Outcome, Refusal};
use super::knobs::{Knobs, UnsupportedFilter};

/// `attribute eq "value"`, as sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comparison {
    pub(crate) attribute: String,
    pub(crate) value: String,
}

/// Reads a filter; only the attributes in `allowed` may be compared, in any case.
pub(crate) fn read(text: &str, allowed: &[&'static str], knobs: &Knobs) -> Outcome<Comparison> {
    let comparison = parse(text);
    let known = |name: &str| {
        allowed
            .iter()
            .find(|a| a.eq_ignore_ascii_case(strip_urn(name)))
    };
    match comparison
        .as_ref()
        .and_then(|c| known(&c.attribute).map(|name| (*name, &c.value)))
    {
        Some((name, value)) => Ok(Comparison {
            attribute: name.to_owned(),
            value: value.clone(),
        }),
        None => {
            let detail = format!("Unsupported filter: {text}");
            Err(match knobs.unsupported_filter {
                UnsupportedFilter::InvalidFilter => Refusal::filter(detail),
                UnsupportedFilter::NoScimType => Refusal::plain(400, detail),
            })
        }
    }
}

fn strip_urn(name: &str) -> &str {
    match name.rsplit_once(':') {
        Some((urn, rest)) if urn.to_ascii_lowercase().starts_with("urn:ietf:") => rest,
        _ => name,
    }
}

/// `attribute eq "value"` and nothing else. The value is a JSON string (RFC 7644 §3.4.2.2).
pub(crate) fn parse(text: &str) -> Option<Comparison> {
    let text = text.trim();
    let (attribute, rest) = text.split_once(char::is_whitespace)?;
    let (operator, rest) = rest.trim_start().split_once(char::is_whitespace)?;
    if !operator.eq_ignore_ascii_case("eq") || !attribute.chars().all(is_name) {
        return None;
    }
    let value: serde_json::Value = serde_json::from_str(rest.trim()).ok()?;
    let value = match value {
        serde_json::Value::String(text) => text,
        serde_json::Value::Bool(flag) => flag.to_string(),
        _ => return None,
    };
    Some(Comparison {
        attribute: attribute.to_owned(),
        value,
    })
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '_' | '-' | '$')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_comparison_is_read_and_anything_else_is_not() {
        let ok = parse(r#"userName EQ "a \"b\" and c""#).unwrap();
        assert_eq!(
            (ok.attribute.as_str(), ok.value.as_str()),
            ("userName", r#"a "b" and c"#)
        );
        for bad in [
            "",
            "userName",
            "userName eq",
            "userName eq x",
            r#"userName co "x""#,
            r#"userName eq "x" and externalId eq "y""#,
            r#"emails[type eq "work"].value eq "x""#,
            "userName pr",
            r#"not (userName eq "x")"#,
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
