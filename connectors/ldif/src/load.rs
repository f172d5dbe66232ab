//! From the file to the directory, one record at a time.

use std::collections::{BTreeSet, HashMap};

use usher_connector::scope::{Attributes, MemberList, take_too_long};
use usher_connector::{KINDS, SourceError};
use usher_core::model::Hash128;
use usher_directory::Dn;
use usher_directory::attribute::canonical_type;
use usher_directory::ldif::{
    LdifEntry, LdifError, LdifOperation, LdifReader, LdifRecord, LdifValue,
};

use crate::classes;
use crate::directory::{Directory, Record, passes};
use crate::file;
use crate::settings::Settings;

/// Most entries of a file.
const MAX_RECORDS: usize = 5_000_000;

/// Reasons that are kept.
const MAX_REASONS: usize = 100;

/// Reads the whole file; blocks.
///
/// # Errors
/// When the file cannot be opened, or cannot be what the settings say it is.
pub(crate) fn load(
    settings: &Settings,
    needed: &BTreeSet<String>,
) -> Result<Directory, SourceError> {
    let path = &settings.path;
    let file = file::open(path)?;
    let mut loading = Loading {
        settings,
        needed,
        members: canonical_type(&settings.rules.member_attribute),
        directory: Directory::default(),
        reasons: 0,
    };
    for record in LdifReader::new(file) {
        if loading.directory.records.len() >= MAX_RECORDS {
            loading.reason(format!("the file has more than {MAX_RECORDS} entries"));
            break;
        }
        loading.record(record);
    }
    loading.check()
}

struct Loading<'a> {
    settings: &'a Settings,
    needed: &'a BTreeSet<String>,
    members: String,
    directory: Directory,
    reasons: usize,
}

impl Loading<'_> {
    fn reason(&mut self, reason: String) {
        self.reasons += 1;
        if self.reasons <= MAX_REASONS {
            self.directory.incomplete.push(reason);
        }
    }

    fn record(&mut self, record: Result<LdifRecord, LdifError>) {
        match record {
            Ok(LdifRecord::Content(entry)) => self.add(entry),
            Ok(LdifRecord::Change(change)) => match change.operation {
                LdifOperation::Add(attributes) => self.add(LdifEntry {
                    line: change.line,
                    dn: change.dn,
                    attributes,
                }),
                LdifOperation::Delete
                | LdifOperation::Modify(_)
                | LdifOperation::ModifyDn { .. } => {
                    self.reason(format!(
                        "line {}: expected an entry, found a change to one: make an export of the directory, with slapcat or ldapsearch",
                        change.line
                    ));
                }
            },
            // What stands in a file that is no LDIF is nobody's business: it may be any file that the service can read.
            Err(error) if self.directory.records.is_empty() => {
                self.reason(format!("line {}: expected {}", error.line, error.expected));
            }
            Err(error) => self.reason(error.to_string()),
        }
    }

    fn add(&mut self, entry: LdifEntry) {
        let name = Hash128::of(entry.dn.canonical().as_bytes());
        let place = self.directory.records.len();
        if let Some(first) = self.directory.by_name.get(&name) {
            let line = self
                .directory
                .records
                .get(*first)
                .map_or(0, |record| record.line);
            self.reason(format!(
                "line {}: {} occurs again (first on line {line}): an export has each entry once",
                entry.line, entry.dn
            ));
            return;
        }
        let record = self.taken(entry.line, &entry.dn, entry.attributes);
        self.directory.by_name.insert(name, place);
        self.directory.records.push(record);
    }

    /// What is needed of an entry.
    fn taken(&self, line: u64, dn: &Dn, values: Vec<LdifValue>) -> Record {
        let mut attributes = Attributes::new();
        let mut members = Vec::new();
        let mut unreadable = 0_usize;
        for LdifValue { attribute, value } in values {
            let name = canonical_type(&attribute);
            if name == self.members {
                match String::from_utf8(value) {
                    Ok(member) => members.push(member),
                    Err(_) => unreadable += 1,
                }
            } else if self.needed.contains(&name) {
                attributes
                    .entry(attribute.to_ascii_lowercase())
                    .or_default()
                    .push(value);
            }
        }
        if let Some(found) = attributes.get_mut("objectclass") {
            classes::complete(found);
        }
        let why = format!("line {line}: {unreadable} members are no text");
        let rules = &self.settings.rules;
        let kind = rules.kind_of(&attributes);
        // The filter sees what is too long to be kept.
        let passes = kind.is_some_and(|kind| passes(rules, kind, dn, &attributes));
        let too_long = take_too_long(&mut attributes);
        Record {
            line,
            dn: dn.to_string(),
            kind,
            passes,
            attributes,
            too_long,
            members: MemberList {
                members: members.into(),
                incomplete: (unreadable > 0).then_some(why),
            },
        }
    }

    /// Refuses a file that cannot be meant.
    fn check(mut self) -> Result<Directory, SourceError> {
        if self.reasons > MAX_REASONS {
            let more = self.reasons - MAX_REASONS;
            self.directory
                .incomplete
                .push(format!("and {more} more problems of the file"));
        }
        let settings = self.settings;
        let path = settings.path.display();
        let under = |record: &&Record| settings.rules.is_under_base(&record.dn);
        let records = &self.directory.records;
        let below: Vec<&Record> = records.iter().filter(under).collect();
        if below.is_empty() {
            let base = &settings.rules.base_dn;
            return Err(SourceError::Settings(match records.first() {
                Some(first) => format!(
                    "no entry of {path} lies below the base DN {base}: it has {} entries, the first is {}",
                    records.len(),
                    first.dn
                ),
                None => format!(
                    "{path} has no usable entry{}",
                    first_reason(&self.directory)
                ),
            }));
        }
        let guid = settings.rules.key.attribute.to_ascii_lowercase();
        let someone = below.iter().any(|record| record.kind.is_some());
        if someone
            && !below
                .iter()
                .any(|record| record.attributes.contains_key(&guid))
        {
            return Err(SourceError::Settings(format!(
                "no entry of {path} has `{}`, the immutable id. It is an operational attribute in most directories, so export it as well: ldapsearch ... '*' '+', or slapcat; for Active Directory ask for objectGUID. Or choose another Entry GUID Attribute that the file has",
                settings.rules.key.attribute
            )));
        }
        Ok(self.directory)
    }
}

fn first_reason(directory: &Directory) -> String {
    directory
        .incomplete
        .first()
        .map_or(String::new(), |reason| format!(" ({reason})"))
}

/// How many records below the base are of each kind.
pub(crate) fn count(settings: &Settings, directory: &Directory) -> HashMap<usize, u64> {
    let mut counts = HashMap::new();
    for record in &directory.records {
        let place = record
            .kind
            .and_then(|kind| KINDS.iter().position(|known| *known == kind));
        if let Some(place) = place.filter(|_| settings.rules.is_under_base(&record.dn)) {
            *counts.entry(place).or_default() += 1;
        }
    }
    counts
}
