//! Looking around in the file, one level at a time.

use std::collections::BTreeSet;
use std::path::Path;

use usher_connector::{SourceError, TreeEntry, TreeLevel};
use usher_core::model::Hash128;
use usher_directory::Dn;
use usher_directory::ldif::{LdifEntry, LdifOperation, LdifReader, LdifRecord};

use crate::file;

/// What lies directly below a DN; below the empty one is what lies below no other entry. Blocks.
pub(crate) fn children(path: &Path, dn: &str, limit: u32) -> Result<TreeLevel, SourceError> {
    let base = parsed(dn)?;
    let mut parents = BTreeSet::new();
    let mut all = BTreeSet::new();
    each(path, |entry| {
        all.insert(hash(&entry.dn));
        parents.extend(entry.dn.parent().map(|parent| hash(&parent)));
        true
    })?;
    let mut found = TreeLevel::default();
    each(path, |entry| {
        let parent = entry.dn.parent().map(|parent| hash(&parent));
        let is_here = if base.is_root() {
            parent.is_none_or(|parent| !all.contains(&parent))
        } else {
            parent == Some(hash(&base))
        };
        if is_here && found.entries.len() as u32 == limit {
            found.more = true;
        } else if is_here {
            let below = parents.contains(&hash(&entry.dn));
            found.entries.push(shown(entry, Some(below), false));
        }
        !found.more
    })?;
    Ok(found)
}

/// One entry with everything that the file has of it. Blocks.
pub(crate) fn entry(path: &Path, dn: &str) -> Result<Option<TreeEntry>, SourceError> {
    let wanted = hash(&parsed(dn)?);
    let mut found = None;
    each(path, |entry| {
        if hash(&entry.dn) == wanted {
            found = Some(shown(entry, None, true));
        }
        found.is_none()
    })?;
    Ok(found)
}

fn parsed(dn: &str) -> Result<Dn, SourceError> {
    Dn::parse(dn).map_err(|error| SourceError::Settings(format!("`{dn}` is no DN: {error}")))
}

fn hash(dn: &Dn) -> Hash128 {
    Hash128::of(dn.canonical().as_bytes())
}

/// Shows every entry of the file until told to stop. What cannot be read is left out: a probe tells of it.
fn each(path: &Path, mut show: impl FnMut(&LdifEntry) -> bool) -> Result<(), SourceError> {
    let file = file::open(path)?;
    for record in LdifReader::new(file).flatten() {
        let entry = match record {
            LdifRecord::Content(entry) => entry,
            LdifRecord::Change(change) => match change.operation {
                LdifOperation::Add(attributes) => LdifEntry {
                    line: change.line,
                    dn: change.dn,
                    attributes,
                },
                LdifOperation::Delete
                | LdifOperation::Modify(_)
                | LdifOperation::ModifyDn { .. } => continue,
            },
        };
        if !show(&entry) {
            break;
        }
    }
    Ok(())
}

fn shown(entry: &LdifEntry, has_children: Option<bool>, in_full: bool) -> TreeEntry {
    let mut shown = TreeEntry {
        dn: entry.dn.to_string(),
        has_children,
        ..TreeEntry::default()
    };
    for value in &entry.attributes {
        if value.attribute.eq_ignore_ascii_case("objectClass") {
            let text = String::from_utf8_lossy(&value.value).into_owned();
            shown.object_classes.push(text);
        }
        if in_full {
            let known = shown
                .attributes
                .iter_mut()
                .find(|(name, _)| name.eq_ignore_ascii_case(&value.attribute));
            match known {
                Some((_, values)) => values.push(value.value.clone()),
                None => shown
                    .attributes
                    .push((value.attribute.clone(), vec![value.value.clone()])),
            }
        }
    }
    shown
}
