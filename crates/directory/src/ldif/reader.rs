//! The iterator over records.

use std::io::BufRead;

use super::lines::{Line, Lines};
use super::{LdifError, LdifLimits, LdifRecord, record};

/// Reads records one after the other from any buffered input, one record in memory at a time.
///
/// Accepted beyond RFC 2849: no version line, both kinds of line breaks, a UTF-8 byte order mark, raw
/// bytes in values, no last `-` in a modification, and the summary (`search:`, `result:`) at the end of
/// what `ldapsearch` prints without `-LLL`. A summary of a search that failed is an error.
/// Values by URL (`attribute:< file:...`) are refused: nothing is opened.
///
/// After an error about a record the next one follows. After a failure of the input itself, a version
/// other than 1, or a text in UTF-16, the iterator ends.
pub struct LdifReader<R> {
    lines: Lines<R>,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    Start,
    Reading,
    Ended,
}

impl<R: BufRead> LdifReader<R> {
    /// A reader with the usual bounds.
    pub fn new(input: R) -> Self {
        Self::with_limits(input, LdifLimits::default())
    }

    /// A reader with bounds of its own.
    pub fn with_limits(input: R, limits: LdifLimits) -> Self {
        Self {
            lines: Lines::new(input, limits),
            state: State::Start,
        }
    }

    fn end(&mut self, error: LdifError) -> Option<Result<LdifRecord, LdifError>> {
        self.state = State::Ended;
        Some(Err(error))
    }
}

impl<R: BufRead> Iterator for LdifReader<R> {
    type Item = Result<LdifRecord, LdifError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.state != State::Ended {
            let mut lines = match self.lines.next_record() {
                Err(error) => return self.end(error),
                Ok(None) => break,
                Ok(Some(Err(error))) => {
                    self.state = State::Reading;
                    return Some(Err(error));
                }
                Ok(Some(Ok(lines))) => lines,
            };
            if self.state == State::Start {
                self.state = State::Reading;
                if let Err(error) = check_start(&mut lines) {
                    return self.end(error);
                }
            }
            if let Some(record) = record::parse(&lines).transpose() {
                return Some(record);
            }
        }
        self.state = State::Ended;
        None
    }
}

/// Takes the version line away.
fn check_start(lines: &mut Vec<Line>) -> Result<(), LdifError> {
    let Some(first) = lines.first() else {
        return Ok(());
    };
    let line = first.number;
    if first.bytes.starts_with(b"\xff\xfe") || first.bytes.starts_with(b"\xfe\xff") {
        return Err(LdifError {
            line,
            expected: "text in UTF-8 (save the file as UTF-8)".to_owned(),
            found: "UTF-16".to_owned(),
        });
    }
    let version = match first.bytes.split_at_checked(8) {
        Some((name, value)) if name.eq_ignore_ascii_case(b"version:") => value.trim_ascii(),
        _ => return Ok(()),
    };
    if version != b"1" {
        let found = crate::escape::quote(&String::from_utf8_lossy(version));
        return Err(LdifError {
            line,
            expected: "version 1".to_owned(),
            found,
        });
    }
    lines.remove(0);
    Ok(())
}
