//! The little of BER (X.690) that LDAP needs: definite lengths, one-byte tags (RFC 4511 §5.1).
//!
//! [`Writer`] only writes, [`Reader`] only reads. The reader borrows from the frame, never recurses and
//! never allocates: each call takes one element off the front, or says what is wrong with it. An element
//! that claims more bytes than its parent holds is an error, never a shorter list: a value lost in silence
//! would look like a value removed.

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// Builds one BER element after the other.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// Writes `tag`, the length of `content`, and `content`.
    pub(crate) fn bytes(&mut self, tag: u8, content: &[u8]) {
        self.out.push(tag);
        let (head, used) = length_bytes(content.len());
        self.out.extend(head.iter().take(used));
        self.out.extend_from_slice(content);
    }

    pub(crate) fn text(&mut self, content: &str) {
        self.bytes(OCTET_STRING, content.as_bytes());
    }

    pub(crate) fn boolean(&mut self, value: bool) {
        self.bytes(BOOLEAN, &[if value { 0xff } else { 0 }]);
    }

    /// Writes a number in the fewest bytes of two's complement.
    pub(crate) fn number(&mut self, tag: u8, value: i32) {
        let all = value.to_be_bytes();
        let mut rest = all.as_slice();
        while let [first, second, ..] = rest {
            let sign = if second & 0x80 == 0 { 0x00 } else { 0xff };
            if *first != sign {
                break;
            }
            rest = rest.get(1..).unwrap_or_default();
        }
        self.bytes(tag, rest);
    }

    /// Writes a constructed element whose content `fill` writes.
    pub(crate) fn nested<T>(&mut self, tag: u8, fill: impl FnOnce(&mut Self) -> T) -> T {
        self.out.push(tag);
        let start = self.out.len();
        let result = fill(self);
        let (head, used) = length_bytes(self.out.len().saturating_sub(start));
        self.out.splice(start..start, head.into_iter().take(used));
        result
    }
}

/// The length octets of `len`, and how many of the nine are used.
fn length_bytes(len: usize) -> ([u8; 9], usize) {
    let mut head = [0u8; 9];
    if len < 0x80 {
        head[0] = len as u8;
        return (head, 1);
    }
    let all = (len as u64).to_be_bytes();
    let skip = (len as u64).leading_zeros() as usize / 8;
    head[0] = 0x80 | (8 - skip) as u8;
    for (to, from) in head.iter_mut().skip(1).zip(all.iter().skip(skip)) {
        *to = *from;
    }
    (head, 9 - skip)
}

/// What is wrong with a piece of BER.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BerError {
    #[error("expected {expected}, found nothing")]
    Missing { expected: &'static str },
    #[error("expected {expected}, found tag 0x{found:02x}")]
    Tag { expected: &'static str, found: u8 },
    #[error("an element claims {claimed} bytes but only {held} are left in its parent")]
    Overrun { claimed: u64, held: usize },
    #[error("a length of indefinite or unknown form (0x{0:02x})")]
    Length(u8),
    #[error("{0}")]
    Value(&'static str),
}

/// The head of an element: its tag, how many bytes the head has, how many bytes the content has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) tag: u8,
    pub(crate) head: usize,
    pub(crate) content: u64,
}

/// Reads the head of an element; `None` when more bytes are needed.
pub(crate) fn head(bytes: &[u8]) -> Result<Option<Head>, BerError> {
    let (Some(&tag), Some(&first)) = (bytes.first(), bytes.get(1)) else {
        return Ok(None);
    };
    if tag & 0x1f == 0x1f {
        return Err(BerError::Value(
            "a tag of several bytes, which LDAP does not use",
        ));
    }
    if first < 0x80 {
        return Ok(Some(Head {
            tag,
            head: 2,
            content: first as u64,
        }));
    }
    let count = (first & 0x7f) as usize;
    if count == 0 || count > 8 {
        return Err(BerError::Length(first));
    }
    let Some(octets) = bytes.get(2..2 + count) else {
        return Ok(None);
    };
    let content = octets
        .iter()
        .fold(0u64, |sum, octet| (sum << 8) | *octet as u64);
    Ok(Some(Head {
        tag,
        head: 2 + count,
        content,
    }))
}

/// Reads elements off the front of a slice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The tag of the next element.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element, whatever it is; `None` at the end.
    pub(crate) fn any(&mut self) -> Result<Option<(u8, &'a [u8])>, BerError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let Some(head) = head(self.rest)? else {
            return Err(BerError::Overrun {
                claimed: 2,
                held: self.rest.len(),
            });
        };
        let held = self.rest.len() - head.head;
        let overrun = BerError::Overrun {
            claimed: head.content,
            held,
        };
        let Ok(length) = usize::try_from(head.content) else {
            return Err(overrun);
        };
        let end = head.head.checked_add(length);
        let Some(content) = end.and_then(|end| self.rest.get(head.head..end)) else {
            return Err(overrun);
        };
        self.rest = self.rest.get(head.head + length..).unwrap_or_default();
        Ok(Some((head.tag, content)))
    }

    /// The content of the next element, which must have this tag.
    pub(crate) fn take(&mut self, tag: u8, expected: &'static str) -> Result<&'a [u8], BerError> {
        match self.any()? {
            None => Err(BerError::Missing { expected }),
            Some((found, content)) if found == tag => Ok(content),
            Some((found, _)) => Err(BerError::Tag { expected, found }),
        }
    }

    /// The content of the next element if it has this tag; otherwise nothing is taken.
    pub(crate) fn take_if(&mut self, tag: u8) -> Result<Option<&'a [u8]>, BerError> {
        if self.peek() == Some(tag) {
            return Ok(self.any()?.map(|(_, content)| content));
        }
        Ok(None)
    }

    /// A number of at most eight bytes.
    pub(crate) fn number(&mut self, tag: u8, expected: &'static str) -> Result<i64, BerError> {
        let content = self.take(tag, expected)?;
        let negative = content.first().is_some_and(|byte| byte & 0x80 != 0);
        if content.is_empty() || content.len() > 8 {
            return Err(BerError::Value("a number of no bytes or more than eight"));
        }
        let start = if negative { -1i64 } else { 0 };
        Ok(content
            .iter()
            .fold(start, |sum, byte| (sum << 8) | *byte as i64))
    }

    /// Takes the rest, one element after the other, so that a broken one is noticed.
    pub(crate) fn finish(mut self) -> Result<(), BerError> {
        while self.any()?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_the_fewest_bytes_and_read_back() {
        for value in [
            0,
            1,
            127,
            128,
            255,
            256,
            65_535,
            65_536,
            i32::MAX,
            -1,
            -128,
            -129,
        ] {
            let mut writer = Writer::new();
            writer.number(INTEGER, value);
            let bytes = writer.into_bytes();
            let read = Reader::new(&bytes).number(INTEGER, "a number");
            assert_eq!(read, Ok(value as i64), "{bytes:02x?}");
        }
        let mut writer = Writer::new();
        writer.number(INTEGER, 128);
        assert_eq!(writer.into_bytes(), [2, 2, 0, 128]);
    }

    #[test]
    fn lengths_of_every_size_are_written_and_read_back() {
        for length in [0usize, 1, 127, 128, 255, 256, 65_535, 65_536, 20_000_000] {
            let mut writer = Writer::new();
            writer.nested(SEQUENCE, |inner| {
                inner.bytes(OCTET_STRING, &vec![7; length]);
            });
            let bytes = writer.into_bytes();
            let mut outer = Reader::new(&bytes);
            let content = outer.take(SEQUENCE, "a sequence").expect("outer");
            let mut inner = Reader::new(content);
            let value = inner.take(OCTET_STRING, "a string").expect("inner");
            assert_eq!(value.len(), length);
            assert!(inner.is_empty() && outer.is_empty());
        }
    }

    #[test]
    fn an_element_longer_than_its_parent_is_an_error() {
        let mut reader = Reader::new(&[0x04, 0x05, 1, 2]);
        assert_eq!(
            reader.any(),
            Err(BerError::Overrun {
                claimed: 5,
                held: 2
            })
        );
        let mut reader = Reader::new(&[0x04, 0x88, 255, 255, 255, 255, 255, 255, 255, 255]);
        assert!(matches!(reader.any(), Err(BerError::Overrun { .. })));
        let mut reader = Reader::new(&[0x04]);
        assert!(matches!(reader.any(), Err(BerError::Overrun { .. })));
    }

    #[test]
    fn indefinite_lengths_and_long_tags_are_refused() {
        assert_eq!(head(&[0x30, 0x80, 0, 0]), Err(BerError::Length(0x80)));
        assert_eq!(head(&[0x30, 0xff, 0, 0]), Err(BerError::Length(0xff)));
        assert!(matches!(head(&[0x3f, 0x81, 0]), Err(BerError::Value(_))));
        assert_eq!(head(&[0x30, 0x84, 0, 0]), Ok(None));
    }
}
