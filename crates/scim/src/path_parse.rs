//! The text form of a path. One pass, no recursion.

use crate::path::{Literal, Path, PathError, ValueFilter};
use crate::text::excerpt;
use crate::urn;

/// The longest path accepted, in bytes.
const LIMIT: usize = 2_000;

pub(crate) fn parse(text: &str) -> Result<Path, PathError> {
    let fail = |found, at| PathError::Syntax {
        path: excerpt(text, 120),
        found,
        at,
    };
    if text.is_empty() {
        return Err(fail("nothing", 0));
    }
    if text.len() > LIMIT {
        return Err(fail("more than 2,000 bytes", LIMIT));
    }
    let (urn, rest, base) = split_urn(text);
    if rest.is_empty() && !text.ends_with(':') {
        return Ok(Path::new(
            None,
            urn.unwrap_or_default().to_owned(),
            None,
            None,
        ));
    }
    let (attribute, rest) = name(rest);
    if attribute.is_empty() {
        return Err(fail("no attribute name", base));
    }
    let at = |rest: &str| text.len() - rest.len();
    let (filter, rest) = match rest.strip_prefix('[') {
        None => (None, rest),
        Some(inside) => {
            let (filter, rest) = condition(inside).map_err(|(found, r)| fail(found, at(r)))?;
            (Some(filter), rest)
        }
    };
    let (sub, rest) = match rest.strip_prefix('.') {
        None => (None, rest),
        Some(after) => match name(after) {
            ("", _) => return Err(fail("no sub-attribute name", at(after))),
            (sub, rest) => (Some(sub.to_owned()), rest),
        },
    };
    if !rest.is_empty() {
        return Err(fail("an unexpected character", at(rest)));
    }
    Ok(Path::new(
        urn.map(str::to_owned),
        attribute.to_owned(),
        filter,
        sub,
    ))
}

/// Splits a leading URN off: everything up to the last colon before a `[`. A URN that is followed by no attribute name (it ends in a
/// version, or is the enterprise extension itself) leaves nothing: the path names the extension's object.
fn split_urn(text: &str) -> (Option<&str>, &str, usize) {
    if !text
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("urn:"))
    {
        return (None, text, 0);
    }
    let head = text.find('[').and_then(|at| text.get(..at)).unwrap_or(text);
    let whole = [urn::ENTERPRISE_USER, urn::USER, urn::GROUP];
    if whole.iter().any(|known| known.eq_ignore_ascii_case(text)) {
        return (Some(text), "", text.len());
    }
    let Some((urn, _)) = head.rsplit_once(':') else {
        return (None, text, 0);
    };
    let rest = text.get(urn.len() + 1..).unwrap_or("");
    if !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return (Some(text), "", text.len());
    }
    (Some(urn), rest, urn.len() + 1)
}

/// An attribute name (RFC 7643 §2.1: a letter, then letters, digits, `-`, `_`; `$ref` has a `$` in front) and what follows it.
fn name(text: &str) -> (&str, &str) {
    let first_ok = |c: char| c.is_ascii_alphabetic() || c == '$';
    if !text.starts_with(first_ok) {
        return ("", text);
    }
    let more = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '$');
    let end = text.find(|c| !more(c)).unwrap_or(text.len());
    text.split_at(end)
}

type Bad<'a> = (&'static str, &'a str);

/// `attribute eq literal]` and what follows the bracket.
fn condition(text: &str) -> Result<(ValueFilter, &str), Bad<'_>> {
    let text = text.trim_start();
    let (attribute, rest) = name(text);
    if attribute.is_empty() {
        return Err(("no attribute name in the condition", text));
    }
    let rest = rest.trim_start();
    let Some(rest) = rest
        .get(..3)
        .filter(|op| op.eq_ignore_ascii_case("eq "))
        .and_then(|_| rest.get(3..))
        .map(str::trim_start)
    else {
        return Err(("a condition other than `eq`", rest));
    };
    let (value, rest) = literal(rest)?;
    let rest = rest.trim_start();
    let Some(rest) = rest.strip_prefix(']') else {
        return Err(("no closing `]`", rest));
    };
    Ok((
        ValueFilter {
            attribute: attribute.to_owned(),
            value,
        },
        rest,
    ))
}

fn literal(text: &str) -> Result<(Literal, &str), Bad<'_>> {
    for (word, flag) in [("true", true), ("false", false)] {
        if let Some(rest) = text.strip_prefix(word) {
            return Ok((Literal::Bool(flag), rest));
        }
    }
    let bad = ("a value that is no JSON string", text);
    if !text.starts_with('"') {
        return Err(bad);
    }
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let Some(Ok(value)) = stream.next() else {
        return Err(bad);
    };
    let rest = text.get(stream.byte_offset()..).unwrap_or("");
    Ok((Literal::Text(value), rest))
}
