//! Parts to text, in the form of RFC 4514 §2.

use std::fmt;

use super::{Ava, AvaValue, Dn, Rdn};
use crate::escape::{push_escaped_bytes, push_escaped_char, push_hex};

/// Appends a value with the escapes it needs. Control characters and bytes that are not UTF-8 become
/// `\xx`, spaces at the ends `\20`, so that the text survives trimming and line breaks.
pub(super) fn push_plain(out: &mut String, bytes: &[u8]) {
    let last = bytes.len().saturating_sub(1);
    let mut offset = 0;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' | '"' | '+' | ',' | ';' | '<' | '>' => {
                    out.push('\\');
                    out.push(c);
                }
                '#' if offset == 0 => out.push_str("\\#"),
                ' ' if offset == 0 || offset == last => out.push_str("\\20"),
                _ if c.is_control() => push_escaped_char(out, c),
                _ => out.push(c),
            }
            offset += c.len_utf8();
        }
        push_escaped_bytes(out, chunk.invalid());
        offset += chunk.invalid().len();
    }
}

/// Appends `#` and hexadecimal digits.
pub(super) fn push_ber(out: &mut String, ber: &[u8]) {
    out.push('#');
    for byte in ber {
        push_hex(out, *byte);
    }
}

impl fmt::Display for Ava {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::with_capacity(self.attribute.len() + self.bytes().len() + 8);
        out.push_str(&self.attribute);
        out.push('=');
        match &self.value {
            AvaValue::Plain(bytes) => push_plain(&mut out, bytes),
            AvaValue::Ber(ber) => push_ber(&mut out, ber),
        }
        f.write_str(&out)
    }
}

impl fmt::Display for Rdn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        joined(f, &self.avas, "+")
    }
}

/// Prints the form of RFC 4514: no spaces around separators, only the escapes that are needed.
impl fmt::Display for Dn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        joined(f, self.rdns(), ",")
    }
}

fn joined<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    separator: &str,
) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        item.fmt(f)?;
    }
    Ok(())
}
