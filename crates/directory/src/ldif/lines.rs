//! Bytes to logical lines, record by record, within bounds.

use std::io::BufRead;

use super::LdifError;

/// Bounds of an input. What exceeds them is refused, not cut.
#[derive(Debug, Clone, Copy)]
pub struct LdifLimits {
    /// Longest line after unfolding, in bytes.
    pub line: usize,
    /// Largest record, in bytes; every line counts as 64 bytes more than it has.
    pub record: usize,
}

impl Default for LdifLimits {
    /// 16 MiB a line, 64 MiB a record.
    fn default() -> Self {
        Self {
            line: 16 << 20,
            record: 64 << 20,
        }
    }
}

/// A line after unfolding, without its line break.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) number: u64,
    pub(super) bytes: Vec<u8>,
}

/// The fixed cost of a line in memory, so that a record of a million tiny lines is bounded as well.
const LINE_COST: usize = 64;

pub(super) struct Lines<R> {
    input: R,
    limits: LdifLimits,
    number: u64,
}

/// A record under construction.
#[derive(Default)]
struct Draft {
    lines: Vec<Line>,
    size: usize,
    in_comment: bool,
    error: Option<LdifError>,
}

impl Draft {
    fn fail(&mut self, line: u64, expected: String, found: &str) {
        self.lines = Vec::new();
        self.error.get_or_insert(LdifError {
            line,
            expected,
            found: found.to_owned(),
        });
    }

    fn add(&mut self, number: u64, bytes: &[u8], limits: LdifLimits) {
        if self.error.is_some() {
            return;
        }
        match bytes.split_first() {
            Some((b' ', _)) if self.in_comment => return,
            Some((b' ', rest)) => match self.lines.last_mut() {
                Some(line) if line.bytes.len() + rest.len() > limits.line => {
                    self.fail(number, too_long(limits.line), "a longer one");
                }
                Some(line) => {
                    line.bytes.extend_from_slice(rest);
                    self.size += rest.len();
                }
                None => self.fail(
                    number,
                    "a line that begins a record (a space at the beginning continues a line)"
                        .to_owned(),
                    "a space",
                ),
            },
            Some((b'#', _)) => {
                self.in_comment = true;
                return;
            }
            _ => {
                self.size += bytes.len() + LINE_COST;
                self.lines.push(Line {
                    number,
                    bytes: bytes.to_vec(),
                });
            }
        }
        self.in_comment = false;
        if self.size > limits.record {
            self.fail(
                number,
                format!("a record of at most {} bytes", limits.record),
                "a larger one",
            );
        }
    }
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R, limits: LdifLimits) -> Self {
        Self {
            input,
            limits,
            number: 0,
        }
    }

    /// The lines of the next record: never empty; `None` at the end. The outer error ends the reading, the
    /// inner one is about one record.
    #[allow(clippy::type_complexity, reason = "two kinds of failure, told apart")]
    pub(super) fn next_record(
        &mut self,
    ) -> Result<Option<Result<Vec<Line>, LdifError>>, LdifError> {
        let mut draft = Draft::default();
        let mut physical = Vec::new();
        loop {
            let more = self.read_line(&mut physical)?;
            if more.is_some() && !physical.is_empty() {
                match more {
                    Some(true) => draft.add(self.number, &physical, self.limits),
                    _ => draft.fail(self.number, too_long(self.limits.line), "a longer one"),
                }
                continue;
            }
            if let Some(error) = draft.error {
                return Ok(Some(Err(error)));
            }
            if !draft.lines.is_empty() {
                return Ok(Some(Ok(draft.lines)));
            }
            if more.is_none() {
                return Ok(None);
            }
            // A comment ends at a blank line even if no record followed it.
            draft = Draft::default();
        }
    }

    /// Reads one line as it stands. `None` at the end of the input, `Some(false)` if the line was too long
    /// and only its beginning is there.
    fn read_line(&mut self, line: &mut Vec<u8>) -> Result<Option<bool>, LdifError> {
        line.clear();
        let (mut any, mut whole) = (false, true);
        loop {
            let buffer = match self.input.fill_buf() {
                Ok(buffer) => buffer,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(e) => {
                    return Err(LdifError {
                        line: self.number + 1,
                        expected: "input that can be read".to_owned(),
                        found: e.to_string(),
                    });
                }
            };
            if buffer.is_empty() && !any {
                return Ok(None);
            }
            any = true;
            let (chunk, end) = match buffer.iter().position(|b| *b == b'\n') {
                Some(at) => (buffer.get(..at).unwrap_or_default(), true),
                None => (buffer, buffer.is_empty()),
            };
            // Two bytes more than the limit: the space of a continuation and a carriage return.
            let room = (self.limits.line + 2).saturating_sub(line.len());
            whole &= chunk.len() <= room;
            line.extend(chunk.iter().take(room));
            let used = chunk.len() + usize::from(end && !buffer.is_empty());
            self.input.consume(used);
            if end {
                break;
            }
        }
        self.number += 1;
        if line.ends_with(b"\r") {
            line.pop();
        }
        if self.number == 1 && line.starts_with(b"\xef\xbb\xbf") {
            line.drain(..3);
        }
        Ok(Some(whole))
    }
}

fn too_long(limit: usize) -> String {
    format!("a line of at most {limit} bytes")
}
