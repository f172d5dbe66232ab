//! Text to filter.

use super::{Filter, FilterError, MAX_FILTER_BYTES, MAX_FILTER_DEPTH};
use crate::attribute;
use crate::escape::{found_at, hex_pair, quote};

const ATTRIBUTE: &str = "an attribute such as cn, cn;lang-en or 2.5.4.3";

pub(super) fn parse(text: &str) -> Result<Filter, FilterError> {
    if text.len() > MAX_FILTER_BYTES {
        return Err(FilterError {
            position: MAX_FILTER_BYTES,
            expected: "a filter of at most 65536 bytes",
            found: format!("{} bytes", text.len()),
        });
    }
    let mut parser = Parser { text, pos: 0 };
    parser.skip_spaces();
    let filter = match parser.peek() {
        None => return Err(parser.error("a filter such as (objectClass=person)")),
        Some(b'(') => parser.filter(1)?,
        Some(b'&' | b'|' | b'!') => return Err(parser.error("`(` around the whole filter")),
        Some(_) => parser.item()?,
    };
    parser.skip_spaces();
    match parser.peek() {
        None => Ok(filter),
        Some(b'(') => {
            Err(parser.error("the end of the filter (to combine several, write (&(...)(...)))"))
        }
        Some(_) => Err(parser.error("the end of the filter")),
    }
}

struct Parser<'a> {
    text: &'a str,
    pos: usize,
}

/// The pieces of a value between its asterisks; more than one if there was an asterisk.
type Pieces = Vec<Vec<u8>>;

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.at(0)
    }

    fn at(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.pos + ahead).copied()
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.pos += 1;
        }
    }

    fn error(&self, expected: &'static str) -> FilterError {
        FilterError {
            position: self.pos,
            expected,
            found: found_at(self.text, self.pos),
        }
    }

    fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), FilterError> {
        if self.peek() != Some(byte) {
            return Err(self.error(expected));
        }
        self.pos += 1;
        Ok(())
    }

    fn filter(&mut self, depth: usize) -> Result<Filter, FilterError> {
        if depth > MAX_FILTER_DEPTH {
            return Err(self.error("a filter nested at most 64 levels deep"));
        }
        self.expect(b'(', "`(` at the beginning of a filter")?;
        self.skip_spaces();
        let filter = match self.peek() {
            Some(b'&') => Filter::And(self.list(depth)?),
            Some(b'|') => Filter::Or(self.list(depth)?),
            Some(b'!') => {
                self.pos += 1;
                self.skip_spaces();
                let inner = self.filter(depth + 1)?;
                self.skip_spaces();
                Filter::Not(Box::new(inner))
            }
            _ => self.item()?,
        };
        self.expect(b')', "`)` at the end of a filter")?;
        Ok(filter)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Filter>, FilterError> {
        self.pos += 1;
        let mut filters = Vec::new();
        loop {
            self.skip_spaces();
            match self.peek() {
                Some(b'(') => filters.push(self.filter(depth + 1)?),
                Some(b')') => return Ok(filters),
                _ => return Err(self.error("another filter in parentheses, or `)`")),
            }
        }
    }

    fn item(&mut self) -> Result<Filter, FilterError> {
        self.skip_spaces();
        let attribute = self.attribute()?;
        self.skip_spaces();
        if self.peek() == Some(b':') {
            return self.extensible(attribute);
        }
        let Some(attribute) = attribute else {
            return Err(self.error(ATTRIBUTE));
        };
        let operator = self.peek();
        if matches!(operator, Some(b'>' | b'<' | b'~')) {
            self.pos += 1;
        }
        self.expect(b'=', "one of = >= <= ~= := after an attribute")?;
        match operator {
            Some(b'>') => Ok(Filter::GreaterOrEqual {
                attribute,
                value: self.single_value()?,
            }),
            Some(b'<') => Ok(Filter::LessOrEqual {
                attribute,
                value: self.single_value()?,
            }),
            Some(b'~') => Ok(Filter::Approx {
                attribute,
                value: self.single_value()?,
            }),
            _ => Ok(equality(attribute, self.value(true)?)),
        }
    }

    fn attribute(&mut self) -> Result<Option<String>, FilterError> {
        let (start, written) = self.word(b";");
        if written.is_empty() {
            return Ok(None);
        }
        if attribute::is_description(&written) {
            Ok(Some(written))
        } else {
            Err(FilterError {
                position: start,
                expected: ATTRIBUTE,
                found: quote(&written),
            })
        }
    }

    fn word(&mut self, also: &[u8]) -> (usize, String) {
        let start = self.pos;
        while self.peek().is_some_and(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_') || also.contains(&b)
        }) {
            self.pos += 1;
        }
        (
            start,
            self.text
                .get(start..self.pos)
                .unwrap_or_default()
                .to_owned(),
        )
    }

    /// After the attribute of an extensible match, at its first colon.
    fn extensible(&mut self, attribute: Option<String>) -> Result<Filter, FilterError> {
        let begin = self.pos;
        let (mut dn, mut rule) = (false, None);
        loop {
            self.expect(b':', "`:=` before the value of an extensible match")?;
            if self.peek() == Some(b'=') {
                self.pos += 1;
                break;
            }
            let (start, word) = self.word(b"");
            if rule.is_some() {
                return Err(FilterError {
                    position: start,
                    expected: "`=`",
                    found: quote(&word),
                });
            }
            if word.eq_ignore_ascii_case("dn") && !dn {
                dn = true;
            } else if attribute::is_type(&word) {
                rule = Some(word);
            } else {
                let expected = "`dn`, a matching rule such as 1.2.840.113556.1.4.803, or `=`";
                return Err(FilterError {
                    position: start,
                    expected,
                    found: quote(&word),
                });
            }
        }
        if attribute.is_none() && rule.is_none() {
            return Err(FilterError {
                position: begin,
                expected: "an attribute or a matching rule before `:=`",
                found: "neither".to_owned(),
            });
        }
        Ok(Filter::Extensible {
            attribute,
            rule,
            dn,
            value: self.single_value()?,
        })
    }

    fn single_value(&mut self) -> Result<Vec<u8>, FilterError> {
        Ok(self.value(false)?.into_iter().next().unwrap_or_default())
    }

    /// Reads up to the closing parenthesis, which stays.
    fn value(&mut self, asterisks: bool) -> Result<Pieces, FilterError> {
        let mut pieces = Vec::new();
        let mut piece = Vec::new();
        loop {
            match self.peek() {
                None | Some(b')') => {
                    pieces.push(piece);
                    return Ok(pieces);
                }
                Some(b'(') => {
                    return Err(self.error("`)`, or `\\28` for a parenthesis inside a value"));
                }
                Some(0) => return Err(self.error("`\\00` for a zero byte")),
                Some(b'*') if !asterisks => {
                    return Err(self.error("`\\2a` for an asterisk (wildcards go with `=` only)"));
                }
                Some(b'*') => {
                    pieces.push(std::mem::take(&mut piece));
                    self.pos += 1;
                }
                Some(b'\\') => self.escape(&mut piece)?,
                Some(byte) => {
                    piece.push(byte);
                    self.pos += 1;
                }
            }
        }
    }

    fn escape(&mut self, piece: &mut Vec<u8>) -> Result<(), FilterError> {
        let next = self.at(1);
        if let Some(byte) = hex_pair(next, self.at(2)) {
            piece.push(byte);
            self.pos += 3;
            return Ok(());
        }
        match next {
            Some(byte @ (b'(' | b')' | b'*' | b'\\')) => piece.push(byte),
            // The escape of a name inside the value: the backslash is meant for whoever reads the name.
            Some(byte @ (b',' | b'+' | b'"' | b'<' | b'>' | b';' | b'=' | b'#' | b' ')) => {
                piece.extend([b'\\', byte]);
            }
            _ => {
                self.pos += 1;
                return Err(
                    self.error("two hexadecimal digits after `\\` (write `\\5c` for a backslash)")
                );
            }
        }
        self.pos += 2;
        Ok(())
    }
}

fn equality(attribute: String, pieces: Pieces) -> Filter {
    let count = pieces.len();
    let mut pieces = pieces.into_iter();
    let first = pieces.next().unwrap_or_default();
    if count < 2 {
        return Filter::Equality {
            attribute,
            value: first,
        };
    }
    let last = pieces.next_back().filter(|p| !p.is_empty());
    let initial = Some(first).filter(|p| !p.is_empty());
    let any: Vec<Vec<u8>> = pieces.filter(|p| !p.is_empty()).collect();
    if initial.is_none() && last.is_none() && any.is_empty() {
        return Filter::Present(attribute);
    }
    Filter::Substrings {
        attribute,
        initial,
        any,
        last,
    }
}
