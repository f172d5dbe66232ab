//! Text to parts.

use super::{Ava, AvaValue, DnError, MAX_DN_BYTES, Rdn};
use crate::attribute;
use crate::escape::{found_at, hex_pair, quote};

pub(super) const TYPE: &str = "an attribute type such as cn or 2.5.4.3";

pub(super) fn parse(text: &str) -> Result<Vec<Rdn>, DnError> {
    if text.len() > MAX_DN_BYTES {
        return Err(DnError {
            position: MAX_DN_BYTES,
            expected: "a name of at most 65536 bytes",
            found: format!("{} bytes", text.len()),
        });
    }
    let mut parser = Parser { text, pos: 0 };
    parser.skip_spaces();
    let mut parts = Vec::new();
    if parser.peek().is_none() {
        return Ok(parts);
    }
    loop {
        parts.push(parser.rdn()?);
        match parser.peek() {
            None => return Ok(parts),
            Some(b',' | b';') => parser.pos += 1,
            Some(_) => return Err(parser.error("`,`, `+` or the end of the name")),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    pos: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.at(0)
    }

    fn at(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.pos + ahead).copied()
    }

    fn skip_spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.pos += 1;
        }
    }

    fn error(&self, expected: &'static str) -> DnError {
        DnError {
            position: self.pos,
            expected,
            found: found_at(self.text, self.pos),
        }
    }

    fn rdn(&mut self) -> Result<Rdn, DnError> {
        let mut avas = vec![self.ava()?];
        while self.peek() == Some(b'+') {
            self.pos += 1;
            avas.push(self.ava()?);
        }
        Ok(Rdn { avas })
    }

    fn ava(&mut self) -> Result<Ava, DnError> {
        self.skip_spaces();
        let attribute = self.attribute()?;
        self.skip_spaces();
        if self.peek() != Some(b'=') {
            return Err(self.error(
                "`=` after an attribute type (inside a value, write `\\,` for a comma and `\\+` for a plus sign)",
            ));
        }
        self.pos += 1;
        self.skip_spaces();
        let value = match self.peek() {
            Some(b'#') => AvaValue::Ber(self.hex_string()?),
            Some(b'"') => AvaValue::Plain(self.quoted()?),
            _ => AvaValue::Plain(self.plain()?),
        };
        self.skip_spaces();
        Ok(Ava { attribute, value })
    }

    fn attribute(&mut self) -> Result<String, DnError> {
        let start = self.pos;
        while self
            .peek()
            .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
        {
            self.pos += 1;
        }
        if self.pos == start {
            return Err(self.error(
                "an attribute type such as cn or 2.5.4.3 (inside a value, write `\\,` for a comma and `\\+` for a plus sign)",
            ));
        }
        let written = self.text.get(start..self.pos).unwrap_or_default();
        let name = match written.get(..4) {
            Some(prefix) if prefix.eq_ignore_ascii_case("oid.") => {
                written.get(4..).unwrap_or_default()
            }
            _ => written,
        };
        if !attribute::is_type(name) {
            return Err(DnError {
                position: start,
                expected: TYPE,
                found: quote(written),
            });
        }
        Ok(name.to_owned())
    }

    fn hex_string(&mut self) -> Result<Vec<u8>, DnError> {
        const EXPECTED: &str =
            "pairs of hexadecimal digits after `#` (write `\\#` if the value begins with #)";
        self.pos += 1;
        let mut out = Vec::new();
        while !matches!(self.peek(), None | Some(b',' | b';' | b'+' | b' ')) {
            out.push(hex_pair(self.at(0), self.at(1)).ok_or_else(|| self.error(EXPECTED))?);
            self.pos += 2;
        }
        if out.is_empty() {
            return Err(self.error(EXPECTED));
        }
        Ok(out)
    }

    fn quoted(&mut self) -> Result<Vec<u8>, DnError> {
        self.pos += 1;
        let mut out = Vec::new();
        loop {
            match self.peek() {
                None => return Err(self.error("`\"` at the end of a quoted value")),
                Some(b'"') => {
                    self.pos += 1;
                    return Ok(out);
                }
                Some(b'\\') => out.push(self.escape()?),
                Some(byte) => {
                    out.push(byte);
                    self.pos += 1;
                }
            }
        }
    }

    fn plain(&mut self) -> Result<Vec<u8>, DnError> {
        let mut out = Vec::new();
        // Spaces at the end belong to the value only if they were escaped.
        let mut keep = 0;
        loop {
            match self.peek() {
                None | Some(b',' | b';' | b'+') => {
                    out.truncate(keep);
                    return Ok(out);
                }
                Some(b'"') => return Err(self.error("`\\\"` for a quotation mark inside a value")),
                Some(0) => return Err(self.error("`\\00` for a zero byte")),
                Some(b'\\') => {
                    out.push(self.escape()?);
                    keep = out.len();
                }
                Some(byte) => {
                    out.push(byte);
                    self.pos += 1;
                    if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                        keep = out.len();
                    }
                }
            }
        }
    }

    fn escape(&mut self) -> Result<u8, DnError> {
        let next = self.at(1);
        if let Some(byte) = hex_pair(next, self.at(2)) {
            self.pos += 3;
            return Ok(byte);
        }
        match next {
            Some(
                byte
                @ (b'\\' | b'"' | b'+' | b',' | b';' | b'<' | b'>' | b' ' | b'#' | b'=' | b'/'),
            ) => {
                self.pos += 2;
                Ok(byte)
            }
            _ => {
                self.pos += 1;
                Err(self.error(
                    "two hexadecimal digits or one of \\ \" + , ; < > # = after `\\` (write `\\\\` for a backslash)",
                ))
            }
        }
    }
}
