//! A channel's source settings, compiled for a file.

use std::collections::BTreeSet;
use std::path::PathBuf;

use usher_connector::scope::ScopeRules;
use usher_connector::{KINDS, SourceError, SourceSettings};
use usher_core::model::DataStoreKind;
use usher_directory::Dn;
use usher_directory::attribute::canonical_type;

/// Everything that a read needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) rules: ScopeRules,
    pub(crate) path: PathBuf,
    pub(crate) sentinels: Vec<String>,
}

impl Settings {
    /// Compiles settings; tells every problem at once.
    pub(crate) fn compile(settings: &SourceSettings) -> Result<Self, SourceError> {
        let mut problems = Vec::new();
        let path = match &settings.data_store.kind {
            DataStoreKind::Ldif { path } if !path.is_empty() => path.clone(),
            DataStoreKind::Ldif { .. } => {
                problems.push("the data store names no LDIF file".to_owned());
                String::new()
            }
            DataStoreKind::Ldap(_) => {
                problems.push("expected a data store of type LDIF, found LDAP".to_owned());
                String::new()
            }
        };
        let rules = match ScopeRules::compile(settings) {
            Ok(rules) => Some(rules),
            Err(more) => {
                problems.extend(more);
                None
            }
        };
        for location in rules
            .iter()
            .flat_map(|rules| KINDS.map(|kind| rules.location(kind)))
        {
            let filter = location.and_then(|location| location.filter.as_ref());
            if let Some(filter) = filter.filter(|filter| !filter.is_decidable()) {
                problems.push(format!(
                    "filter {filter}: it uses a matching rule that only a server can evaluate: for a file use Group DN with Nested Search, or another filter"
                ));
            }
        }
        for dn in &settings.policy.sentinels {
            if let Err(error) = Dn::parse(dn) {
                problems.push(format!("sentinel `{dn}`: {error}"));
            }
        }
        match rules {
            Some(rules) if problems.is_empty() => Ok(Self {
                rules,
                path: path.into(),
                sentinels: settings.policy.sentinels.clone(),
            }),
            _ => Err(SourceError::Settings(problems.join("\n  "))),
        }
    }

    /// Attribute types to keep, in their comparison form; the others are forgotten while reading.
    pub(crate) fn needed(&self, wanted: &[String]) -> BTreeSet<String> {
        let mut names: Vec<String> = wanted.to_vec();
        names.extend(self.rules.attributes());
        for location in KINDS.iter().filter_map(|kind| self.rules.location(*kind)) {
            names.extend(
                location
                    .filter
                    .iter()
                    .flat_map(|filter| filter.attributes()),
            );
        }
        names.extend(["cn", "sAMAccountName"].map(str::to_owned));
        names.iter().map(|name| canonical_type(name)).collect()
    }
}
