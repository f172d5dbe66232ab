//! Filter to text, in the form of RFC 4515.

use std::fmt;

use super::Filter;
use crate::escape::{push_escaped_bytes, push_escaped_char};

/// Prints the form of RFC 4515: no spaces, `\xx` for what must be escaped, for control characters and for
/// bytes that are not UTF-8.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(inner) => list(f, '&', inner),
            Self::Or(inner) => list(f, '|', inner),
            Self::Not(inner) => write!(f, "(!{inner})"),
            Self::Equality { attribute, value } => write!(f, "({attribute}={})", escaped(value)),
            Self::GreaterOrEqual { attribute, value } => {
                write!(f, "({attribute}>={})", escaped(value))
            }
            Self::LessOrEqual { attribute, value } => {
                write!(f, "({attribute}<={})", escaped(value))
            }
            Self::Approx { attribute, value } => write!(f, "({attribute}~={})", escaped(value)),
            Self::Present(attribute) => write!(f, "({attribute}=*)"),
            Self::Substrings {
                attribute,
                initial,
                any,
                last,
            } => {
                write!(
                    f,
                    "({attribute}={}*",
                    escaped(initial.as_deref().unwrap_or_default())
                )?;
                for piece in any {
                    write!(f, "{}*", escaped(piece))?;
                }
                write!(f, "{})", escaped(last.as_deref().unwrap_or_default()))
            }
            Self::Extensible {
                attribute,
                rule,
                dn,
                value,
            } => {
                write!(f, "({}", attribute.as_deref().unwrap_or_default())?;
                f.write_str(if *dn { ":dn" } else { "" })?;
                if let Some(rule) = rule {
                    write!(f, ":{rule}")?;
                }
                write!(f, ":={})", escaped(value))
            }
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, operator: char, filters: &[Filter]) -> fmt::Result {
    write!(f, "({operator}")?;
    for filter in filters {
        write!(f, "{filter}")?;
    }
    f.write_str(")")
}

fn escaped(value: &[u8]) -> String {
    let mut out = String::with_capacity(value.len());
    for chunk in value.utf8_chunks() {
        for c in chunk.valid().chars() {
            if matches!(c, '*' | '(' | ')' | '\\') || c.is_control() {
                push_escaped_char(&mut out, c);
            } else {
                out.push(c);
            }
        }
        push_escaped_bytes(&mut out, chunk.invalid());
    }
    out
}
