//! Protected accounts and exclusions (behaviour §3): matched on source and target.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use usher_core::model::{Entry, FieldValue, Protected, Resource};
use usher_directory::compare::fold;
use usher_directory::{AttributeLookup, Dn, Filter, attribute};

/// The attributes by which an entry is named.
const NAMES: [&str; 4] = ["mail", "uid", "samaccountname", "userprincipalname"];

/// Compiled matchers of protected or excluded accounts.
#[derive(Debug, Default)]
pub struct Protection {
    dns: BTreeMap<String, String>,
    names: BTreeSet<String>,
    filter: Option<(Filter, String)>,
}

impl Protection {
    /// Compiles; all problems at once. `label` says in a problem what the rules are for (`protected`, `excluded`).
    pub fn compile(
        label: &'static str,
        rules: &Protected,
        further_names: &[String],
    ) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let mut dns = BTreeMap::new();
        for text in &rules.dns {
            match Dn::parse(text) {
                Ok(dn) => {
                    dns.insert(dn.canonical(), text.clone());
                }
                Err(error) => problems.push(format!("{label} DN `{text}`: {error}")),
            }
        }
        let filter = match rules
            .filter
            .as_deref()
            .map(|text| (text, Filter::parse(text)))
        {
            Some((text, Ok(filter))) => Some((filter, text.to_owned())),
            Some((text, Err(error))) => {
                problems.push(format!("{label} filter `{text}`: {error}"));
                None
            }
            None => None,
        };
        if !problems.is_empty() {
            return Err(problems);
        }
        let names = rules
            .names
            .iter()
            .chain(further_names)
            .map(|name| fold(name))
            .collect();
        Ok(Self { dns, names, filter })
    }

    /// Attributes that the filter needs.
    pub fn attributes(&self) -> Vec<String> {
        self.filter
            .iter()
            .flat_map(|(filter, _)| filter.attributes())
            .collect()
    }

    /// The rule that matches an entry or what mapping made of it, in words (`name ana@example.com`).
    pub fn matches(
        &self,
        canonical_dn: &str,
        entry: &Entry,
        mapped: Option<&Resource>,
    ) -> Option<String> {
        if let Some(dn) = self.dns.get(canonical_dn) {
            return Some(format!("DN {dn}"));
        }
        if !self.names.is_empty() {
            let of_entry = NAMES.into_iter().filter_map(|name| entry.text(name));
            let of_mapping = mapped.into_iter().flat_map(texts);
            if let Some(name) = of_entry
                .chain(of_mapping)
                .find(|text| self.names.contains(&fold(text)))
            {
                return Some(format!("name {name}"));
            }
        }
        match &self.filter {
            Some((filter, text)) if filter.evaluate(&Attributes(entry)).is_true() => {
                Some(format!("filter {text}"))
            }
            _ => None,
        }
    }

    /// What to say when the rules cannot be judged, since a value that they compare is too long to be read.
    pub fn undecided(&self, entry: &Entry) -> Option<String> {
        if entry.too_long.is_empty() {
            return None;
        }
        let names = if self.names.is_empty() {
            &[][..]
        } else {
            &NAMES
        };
        let compared = self.attributes();
        let compared = names
            .iter()
            .copied()
            .chain(compared.iter().map(String::as_str));
        entry.too_long_of(compared)
    }

    /// The rule that matches the names of a resource of the target, in words.
    pub fn matches_fields(&self, resource: &Resource) -> Option<String> {
        texts(resource)
            .find(|text| self.names.contains(&fold(text)))
            .map(|name| format!("name {name} at the target"))
    }
}

/// The fields by which people name an account.
fn texts(resource: &Resource) -> impl Iterator<Item = &str> {
    ["userName", "workEmail", "homeEmail", "otherEmail"]
        .into_iter()
        .filter_map(|field| resource.fields.get(field).and_then(FieldValue::as_text))
}

/// An entry as a filter sees it.
pub(crate) struct Attributes<'a>(pub(crate) &'a Entry);

impl AttributeLookup for Attributes<'_> {
    fn values_of(&self, description: &str) -> Vec<Cow<'_, [u8]>> {
        self.0
            .attributes
            .iter()
            .filter(|(present, _)| attribute::covers(description, present))
            .flat_map(|(_, values)| values.iter().map(|value| Cow::Borrowed(value.as_slice())))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_core::model::{Kind, SourceKey};

    #[test]
    fn a_name_that_is_too_long_to_be_read_leaves_the_question_open() {
        let entry = Entry {
            key: SourceKey::new("k"),
            dn: "uid=a,dc=example".to_owned(),
            kind: Kind::User,
            attributes: BTreeMap::new(),
            too_long: BTreeMap::from([("mail".to_owned(), 70_000), ("l".to_owned(), 70_000)]),
        };
        let undecided = |names: &[&str], filter: Option<&str>| {
            let rules = Protected {
                names: names.iter().map(|&name| name.to_owned()).collect(),
                filter: filter.map(str::to_owned),
                ..Protected::default()
            };
            let rules = Protection::compile("protected", &rules, &[]).expect("good rules");
            rules.undecided(&entry).is_some()
        };
        assert!(undecided(&["root@example.com"], None));
        assert!(undecided(&[], Some("(L=Bern)")));
        assert!(!undecided(&[], Some("(ou=x)")), "nothing compares the mail");
        assert!(!undecided(&[], None));
    }
}
