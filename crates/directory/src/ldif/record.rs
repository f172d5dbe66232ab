//! Logical lines to one record.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::lines::Line;
use super::{
    LdifChange, LdifControl, LdifEntry, LdifError, LdifModification, LdifModificationKind,
    LdifOperation, LdifRecord, LdifValue,
};
use crate::escape::quote;
use crate::{Dn, Rdn, attribute};

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// `None` if the lines hold no record: the version line alone, or the summary of a successful search.
pub(super) fn parse(lines: &[Line]) -> Result<Option<LdifRecord>, LdifError> {
    let mut cursor = Cursor { lines, at: 0 };
    let Some(first) = cursor.peek() else {
        return Ok(None);
    };
    if is_summary(lines) {
        return summary(lines).map(|()| None);
    }
    let start = first.number;
    let dn = cursor.named("dn", "`dn:` at the beginning of a record")?;
    let dn = parse_dn(&dn, start)?;
    let controls = cursor.controls()?;
    if cursor.peek_name().as_deref() == Some("changetype") {
        let operation = cursor.operation()?;
        return Ok(Some(LdifRecord::Change(LdifChange {
            line: start,
            dn,
            controls,
            operation,
        })));
    }
    if !controls.is_empty() {
        return Err(cursor.error("`changetype:` after `control:`"));
    }
    let attributes = cursor.values()?;
    Ok(Some(LdifRecord::Content(LdifEntry {
        line: start,
        dn,
        attributes,
    })))
}

struct Cursor<'a> {
    lines: &'a [Line],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<&'a Line> {
        self.lines.get(self.at)
    }

    /// The attribute of the next line, folded; `None` at the end and for lines without a colon.
    fn peek_name(&self) -> Option<String> {
        let line = self.peek()?;
        let colon = line.bytes.iter().position(|b| *b == b':')?;
        Some(String::from_utf8_lossy(line.bytes.get(..colon)?).to_ascii_lowercase())
    }

    fn error(&self, expected: &str) -> LdifError {
        match self.peek() {
            Some(line) => error(line.number, expected, &describe(line)),
            None => {
                let line = self.lines.last().map_or(0, |l| l.number);
                error(line, expected, "the end of the record")
            }
        }
    }

    /// The value of the next line, which must be of this name.
    fn named(&mut self, name: &str, expected: &str) -> Result<Vec<u8>, LdifError> {
        if self.peek_name().as_deref() != Some(name) {
            return Err(self.error(expected));
        }
        let Some(line) = self.peek() else {
            return Err(self.error(expected));
        };
        self.at += 1;
        Ok(split(line)?.value)
    }

    /// All lines that are left, as values of attributes.
    fn values(&mut self) -> Result<Vec<LdifValue>, LdifError> {
        let mut values = Vec::new();
        while let Some(line) = self.peek() {
            if self.peek_name().as_deref() == Some("dn") {
                return Err(self.error("a blank line before the next record"));
            }
            values.push(split(line)?);
            self.at += 1;
        }
        Ok(values)
    }

    fn end(&self) -> Result<(), LdifError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.error("a blank line: the record is complete")),
        }
    }

    fn controls(&mut self) -> Result<Vec<LdifControl>, LdifError> {
        let mut controls = Vec::new();
        while self.peek_name().as_deref() == Some("control") {
            let Some(line) = self.peek() else { break };
            controls.push(control(line)?);
            self.at += 1;
        }
        Ok(controls)
    }

    fn operation(&mut self) -> Result<LdifOperation, LdifError> {
        const EXPECTED: &str = "`changetype:` add, delete, modify, moddn or modrdn";
        let number = self.peek().map_or(0, |l| l.number);
        let kind = text(self.named("changetype", EXPECTED)?, number)?;
        match kind.trim().to_ascii_lowercase().as_str() {
            "add" => Ok(LdifOperation::Add(self.values()?)),
            "delete" => self.end().map(|()| LdifOperation::Delete),
            "modify" => self.modifications().map(LdifOperation::Modify),
            "moddn" | "modrdn" => self.modify_dn(),
            _ => Err(error(number, EXPECTED, &quote(&kind))),
        }
    }

    fn modifications(&mut self) -> Result<Vec<LdifModification>, LdifError> {
        const EXPECTED: &str = "`add:`, `delete:`, `replace:` or `increment:` and an attribute";
        let mut modifications = Vec::new();
        while let Some(line) = self.peek() {
            let name = self.peek_name().unwrap_or_default();
            let kind = LdifModificationKind::ALL
                .into_iter()
                .find(|kind| kind.word() == name);
            let kind = kind.ok_or_else(|| self.error(EXPECTED))?;
            let attribute = text(split(line)?.value, line.number)?.trim().to_owned();
            if !attribute::is_description(&attribute) {
                return Err(error(line.number, EXPECTED, &quote(&attribute)));
            }
            self.at += 1;
            let values = self.modified_values(&attribute)?;
            modifications.push(LdifModification {
                kind,
                attribute,
                values,
            });
        }
        Ok(modifications)
    }

    fn modified_values(&mut self, attribute: &str) -> Result<Vec<Vec<u8>>, LdifError> {
        let mut values = Vec::new();
        while let Some(line) = self.peek() {
            if line.bytes.trim_ascii_end() == b"-" {
                self.at += 1;
                break;
            }
            let found = split(line)?;
            if !found.attribute.eq_ignore_ascii_case(attribute) {
                return Err(self.error(&format!("a value of {attribute}, or `-`")));
            }
            values.push(found.value);
            self.at += 1;
        }
        Ok(values)
    }

    fn modify_dn(&mut self) -> Result<LdifOperation, LdifError> {
        let number = self.peek().map_or(0, |l| l.number);
        let new_rdn = text(self.named("newrdn", "`newrdn:`")?, number)?;
        let new_rdn = Rdn::parse(&new_rdn).map_err(|e| {
            error(
                number,
                &format!("`newrdn:` with a valid name ({e})"),
                "another",
            )
        })?;
        const DELETE: &str = "`deleteoldrdn:` 0 or 1";
        let number = self.peek().map_or(number, |l| l.number);
        let delete_old_rdn = match self.named("deleteoldrdn", DELETE)?.trim_ascii() {
            b"0" => false,
            b"1" => true,
            other => {
                return Err(error(
                    number,
                    DELETE,
                    &quote(&String::from_utf8_lossy(other)),
                ));
            }
        };
        let mut new_superior = None;
        if let Some(line) = self.peek() {
            let superior = self.named("newsuperior", "`newsuperior:` or a blank line")?;
            new_superior = Some(parse_dn(&superior, line.number)?);
        }
        self.end()?;
        Ok(LdifOperation::ModifyDn {
            new_rdn,
            delete_old_rdn,
            new_superior,
        })
    }
}

fn error(line: u64, expected: &str, found: &str) -> LdifError {
    LdifError {
        line,
        expected: expected.to_owned(),
        found: found.to_owned(),
    }
}

/// What a line is, without the value: that may be secret.
fn describe(line: &Line) -> String {
    match line.bytes.iter().position(|b| *b == b':') {
        Some(colon) => quote(&String::from_utf8_lossy(
            line.bytes.get(..=colon).unwrap_or_default(),
        )),
        None => "a line without a colon".to_owned(),
    }
}

fn text(value: Vec<u8>, line: u64) -> Result<String, LdifError> {
    String::from_utf8(value).map_err(|_| error(line, "text in UTF-8", "other bytes"))
}

fn parse_dn(value: &[u8], line: u64) -> Result<Dn, LdifError> {
    let text = text(value.to_vec(), line)?;
    Dn::parse(&text).map_err(|e| {
        let at = format!("{} at position {} of the name", e.found, e.position);
        error(line, e.expected, &at)
    })
}

/// `attribute: value`, `attribute:: base64`; `attribute:< url` is refused.
fn split(line: &Line) -> Result<LdifValue, LdifError> {
    const EXPECTED: &str = "an attribute, a colon and a value";
    let colon = line.bytes.iter().position(|b| *b == b':');
    let (name, rest) = colon
        .and_then(|at| line.bytes.split_at_checked(at))
        .ok_or_else(|| error(line.number, EXPECTED, &describe(line)))?;
    let name = std::str::from_utf8(name)
        .ok()
        .filter(|n| attribute::is_description(n));
    let attribute = name
        .ok_or_else(|| error(line.number, EXPECTED, &describe(line)))?
        .to_owned();
    let value = value_spec(rest, line.number)?;
    Ok(LdifValue { attribute, value })
}

/// A value with the colon before it.
fn value_spec(spec: &[u8], line: u64) -> Result<Vec<u8>, LdifError> {
    let spec = spec.strip_prefix(b":").unwrap_or(spec);
    match spec.split_first() {
        Some((b':', encoded)) => {
            let encoded: Vec<u8> = encoded
                .iter()
                .copied()
                .filter(|b| !b.is_ascii_whitespace())
                .collect();
            BASE64
                .decode(encoded)
                .map_err(|e| error(line, "base64 after `::`", &e.to_string()))
        }
        Some((b'<', _)) => Err(error(
            line,
            "the value itself (URLs are not followed; write the value in base64 after `::`)",
            "a URL after `:<`",
        )),
        _ => {
            let blanks = spec.iter().take_while(|b| **b == b' ').count();
            Ok(spec.get(blanks..).unwrap_or_default().to_vec())
        }
    }
}

/// `control: oid [true|false][:value]`.
fn control(line: &Line) -> Result<LdifControl, LdifError> {
    const EXPECTED: &str = "`control:`, an OID, true or false, and a value if there is one";
    let wrong = |found: &str| error(line.number, EXPECTED, found);
    let rest = line
        .bytes
        .iter()
        .position(|b| *b == b':')
        .and_then(|at| line.bytes.get(at + 1..));
    let rest = rest.unwrap_or_default();
    let (head, spec) = match rest.iter().position(|b| *b == b':') {
        Some(at) => (rest.get(..at).unwrap_or_default(), rest.get(at..)),
        None => (rest, None),
    };
    let head = std::str::from_utf8(head).map_err(|_| wrong("other bytes"))?;
    let mut words = head.split_ascii_whitespace();
    let oid = words.next().unwrap_or_default();
    let numeric = oid.bytes().next().is_some_and(|b| b.is_ascii_digit());
    if !numeric || !attribute::is_type(oid) {
        return Err(wrong(&quote(oid)));
    }
    let critical = match words.next() {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => return Err(wrong(&quote(other))),
    };
    if let Some(more) = words.next() {
        return Err(wrong(&quote(more)));
    }
    let value = spec.map(|spec| value_spec(spec, line.number)).transpose()?;
    Ok(LdifControl {
        oid: oid.to_owned(),
        critical,
        value,
    })
}

fn is_summary(lines: &[Line]) -> bool {
    let begins = |index: usize, name: &[u8]| {
        lines
            .get(index)
            .is_some_and(|line| line.bytes.starts_with(name))
    };
    begins(0, b"search:") && begins(1, b"result:")
}

fn summary(lines: &[Line]) -> Result<(), LdifError> {
    let Some(result) = lines.get(1) else {
        return Ok(());
    };
    let outcome = value_spec(result.bytes.get(7..).unwrap_or_default(), result.number)?;
    let outcome = String::from_utf8_lossy(&outcome);
    if outcome.split_ascii_whitespace().next() == Some("0") {
        return Ok(());
    }
    Err(error(
        result.number,
        "the output of a search that ended with result 0 (this one is incomplete)",
        &format!("result {}", quote(&outcome)),
    ))
}
