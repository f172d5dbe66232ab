//! Records to text.

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{LdifControl, LdifOperation, LdifRecord, LdifValue};
use crate::{Dn, attribute};

/// Longest line written, in bytes.
const WIDTH: usize = 76;

/// Writes records: plain where RFC 2849 calls the value safe, in base64 otherwise, folded at 76 columns.
pub struct LdifWriter<W> {
    out: W,
}

impl<W: Write> LdifWriter<W> {
    /// A writer that begins with `version: 1`.
    ///
    /// # Errors
    /// Those of the output.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(b"version: 1\n")?;
        Ok(Self { out })
    }

    /// A writer without the version line, to go on with an output that has one.
    pub fn append(out: W) -> Self {
        Self { out }
    }

    /// The output again.
    pub fn into_inner(self) -> W {
        self.out
    }

    /// Writes an entry: its name and every value in order, each with its attribute description.
    ///
    /// # Errors
    /// Those of the output, and `InvalidInput` for something that is not an attribute description.
    pub fn entry<'a>(
        &mut self,
        dn: &Dn,
        values: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> io::Result<()> {
        self.start(dn)?;
        for (attribute, value) in values {
            self.value(attribute, value)?;
        }
        Ok(())
    }

    /// Writes any record.
    ///
    /// # Errors
    /// As [`LdifWriter::entry`].
    pub fn record(&mut self, record: &LdifRecord) -> io::Result<()> {
        match record {
            LdifRecord::Content(entry) => {
                self.start(&entry.dn)?;
                self.values(&entry.attributes)
            }
            LdifRecord::Change(change) => {
                self.start(&change.dn)?;
                for control in &change.controls {
                    self.control(control)?;
                }
                self.operation(&change.operation)
            }
        }
    }

    fn start(&mut self, dn: &Dn) -> io::Result<()> {
        self.out.write_all(b"\n")?;
        self.value("dn", dn.to_string().as_bytes())
    }

    fn operation(&mut self, operation: &LdifOperation) -> io::Result<()> {
        match operation {
            LdifOperation::Add(values) => {
                self.value("changetype", b"add")?;
                self.values(values)
            }
            LdifOperation::Delete => self.value("changetype", b"delete"),
            LdifOperation::Modify(modifications) => {
                self.value("changetype", b"modify")?;
                for modification in modifications {
                    check(&modification.attribute)?;
                    self.value(modification.kind.word(), modification.attribute.as_bytes())?;
                    for value in &modification.values {
                        self.value(&modification.attribute, value)?;
                    }
                    self.out.write_all(b"-\n")?;
                }
                Ok(())
            }
            LdifOperation::ModifyDn {
                new_rdn,
                delete_old_rdn,
                new_superior,
            } => {
                self.value("changetype", b"moddn")?;
                self.value("newrdn", new_rdn.to_string().as_bytes())?;
                self.value("deleteoldrdn", if *delete_old_rdn { b"1" } else { b"0" })?;
                match new_superior {
                    Some(dn) => self.value("newsuperior", dn.to_string().as_bytes()),
                    None => Ok(()),
                }
            }
        }
    }

    fn control(&mut self, control: &LdifControl) -> io::Result<()> {
        check(&control.oid)?;
        let mut line = format!("control: {} {}", control.oid, control.critical).into_bytes();
        if let Some(value) = &control.value {
            push_value(&mut line, value);
        }
        self.line(&line)
    }

    fn values(&mut self, values: &[LdifValue]) -> io::Result<()> {
        values
            .iter()
            .try_for_each(|v| self.value(&v.attribute, &v.value))
    }

    fn value(&mut self, attribute: &str, value: &[u8]) -> io::Result<()> {
        check(attribute)?;
        let mut line = attribute.as_bytes().to_vec();
        push_value(&mut line, value);
        self.line(&line)
    }

    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        let (first, rest) = line.split_at_checked(WIDTH).unwrap_or((line, &[]));
        self.out.write_all(first)?;
        for piece in rest.chunks(WIDTH - 1) {
            self.out.write_all(b"\n ")?;
            self.out.write_all(piece)?;
        }
        self.out.write_all(b"\n")
    }
}

fn check(description: &str) -> io::Result<()> {
    if attribute::is_description(description) {
        return Ok(());
    }
    let found = crate::escape::quote(description);
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("expected an attribute description such as cn;lang-en, found {found}"),
    ))
}

fn push_value(line: &mut Vec<u8>, value: &[u8]) {
    if value.is_empty() {
        line.push(b':');
    } else if is_safe(value) {
        line.extend_from_slice(b": ");
        line.extend_from_slice(value);
    } else {
        line.extend_from_slice(b":: ");
        line.extend_from_slice(STANDARD.encode(value).as_bytes());
    }
}

/// SAFE-STRING of RFC 2849, and no space at the end (its note 8).
fn is_safe(value: &[u8]) -> bool {
    let first_is_safe = !matches!(value.first(), Some(b' ' | b':' | b'<'));
    let last_is_safe = value.last() != Some(&b' ');
    let all = value
        .iter()
        .all(|b| b.is_ascii() && !matches!(b, 0 | b'\n' | b'\r'));
    first_is_safe && last_is_safe && all
}
