//! Writing LDIF (RFC 2849) and DNs (RFC 4514). Written apart from the project's own parsers, so that
//! one can judge the other.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Longest line.
const FOLD: usize = 76;

/// Escapes the value of an RDN.
pub(super) fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 8);
    let last = value.chars().count().saturating_sub(1);
    for (at, c) in value.chars().enumerate() {
        let edge_space = c == ' ' && (at == 0 || at == last);
        let edge_hash = c == '#' && at == 0;
        if edge_space || edge_hash || matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn is_safe(value: &[u8]) -> bool {
    let edges = |byte: Option<&u8>| byte.is_some_and(|byte| *byte != b' ');
    edges(value.first())
        && edges(value.last())
        && !matches!(value.first(), Some(b':' | b'<'))
        && value
            .iter()
            .all(|byte| (1..128).contains(byte) && !matches!(byte, b'\n' | b'\r'))
}

/// One attribute with its value, folded.
pub(super) fn line(out: &mut dyn Write, name: &str, value: &[u8]) -> io::Result<()> {
    let text = if is_safe(value) {
        format!("{name}: {}", String::from_utf8_lossy(value))
    } else {
        format!("{name}:: {}", STANDARD.encode(value))
    };
    // Either form is ASCII, so bytes are characters.
    let mut rest = text.as_bytes();
    let mut room = FOLD;
    while rest.len() > room {
        let (head, tail) = rest.split_at(room);
        out.write_all(head)?;
        out.write_all(b"\n ")?;
        rest = tail;
        room = FOLD - 1;
    }
    out.write_all(rest)?;
    out.write_all(b"\n")
}

/// A record under construction: lines in order.
#[derive(Debug, Default)]
pub(super) struct Record {
    bytes: Vec<u8>,
}

impl Record {
    pub(super) fn new(dn: &str) -> Self {
        let mut record = Self::default();
        record.text("dn", dn);
        record
    }

    pub(super) fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.bytes(name, value.as_bytes())
    }

    pub(super) fn texts<S: AsRef<str>>(&mut self, name: &str, values: &[S]) -> &mut Self {
        for value in values {
            self.text(name, value.as_ref());
        }
        self
    }

    pub(super) fn bytes(&mut self, name: &str, value: &[u8]) -> &mut Self {
        // A vector takes everything.
        let _ = line(&mut self.bytes, name, value);
        self
    }

    pub(super) fn dash(&mut self) -> &mut Self {
        self.bytes.extend_from_slice(b"-\n");
        self
    }

    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&self.bytes)?;
        out.write_all(b"\n")
    }

    pub(super) fn into_text(self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned() + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_characters_of_an_rdn_are_escaped() {
        assert_eq!(escaped(" a, b+c "), r"\ a\, b\+c\ ");
        assert_eq!(escaped("#1"), r"\#1");
        assert_eq!(escaped(r#"x"<y>;z=\"#), r#"x\"\<y\>\;z\=\\"#);
    }

    #[test]
    fn unsafe_values_are_base64_and_long_lines_are_folded() {
        let mut record = Record::new("dc=x");
        record
            .text("cn", "é")
            .text("sn", " x")
            .text("o", &"y".repeat(100));
        let text = record.into_text();
        assert!(text.contains("cn:: w6k=\nsn:: IHg=\n"), "{text}");
        assert!(text.lines().all(|line| line.len() <= FOLD), "{text}");
        assert!(text.replace("\n ", "").contains(&"y".repeat(100)));
    }
}
