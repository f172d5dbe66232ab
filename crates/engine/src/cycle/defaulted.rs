//! Defaults that stand in for what failed, and what else a cycle remarks of its read.

use std::collections::BTreeMap;

use usher_core::mapping::defaulted;
use usher_core::model::Desired;

use super::run::Run;

/// People whose account gets a field's default because its expression or attribute failed, by field.
#[derive(Default)]
pub(crate) struct Defaulted(BTreeMap<String, Failures>);

struct Failures {
    people: u64,
    /// The first of them, and what failed.
    first: String,
}

impl Defaulted {
    /// Counts one person.
    pub(crate) fn note(&mut self, dn: &str, desired: &Desired) {
        for (field, what) in defaulted(desired) {
            let failures = self.0.entry(field.to_owned());
            let failures = failures.or_insert_with(|| Failures {
                people: 0,
                first: format!("{dn}: {what}"),
            });
            failures.people += 1;
        }
    }

    /// A remark for each field.
    pub(crate) fn words(&self) -> Vec<String> {
        let fields = self.0.iter();
        fields
            .map(|(field, failures)| {
                format!(
                    "`{field}` gets its default instead of what its mapping could not make, for {} of those who were looked at; the first: {}",
                    failures.people, failures.first
                )
            })
            .collect()
    }
}

/// What is said of groups that were not read to their end, with the reason of each; `None` when there are none.
pub(crate) fn unread_members(groups: &BTreeMap<String, String>) -> Option<String> {
    let (dn, why) = groups.first_key_value()?;
    let of = match groups.len() {
        1 => "1 group".to_owned(),
        more => format!("{more} groups"),
    };
    Some(format!(
        "the members of {of} could not be read to their end, so nobody is taken out there; the first: {dn}: {why}. `usher cycles ID` names each with its reason"
    ))
}

impl Run<'_> {
    /// What a person should know beside the verdicts.
    pub(super) fn remarks(&self) -> Vec<String> {
        let mut remarks = self.defaulted.words();
        let certificate = self.certificate.as_ref();
        remarks.extend(certificate.and_then(|found| unread_members(&found.incomplete_groups)));
        remarks
    }
}
