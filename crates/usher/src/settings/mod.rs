//! Settings of the process: one TOML file and the environment. What is provisioned where is no
//! setting but configuration (`usher config`).

mod keys;
mod load;
mod near;

use std::path::PathBuf;

use usher_store::Retention;

use crate::failure::Failure;

pub(crate) use load::Given;

/// The settings of this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The folder of the state.
    pub(crate) state: PathBuf,
    /// The file with the key that seals secrets.
    pub(crate) key_file: PathBuf,
    /// What is logged.
    pub(crate) level: tracing::Level,
    /// Whether the log is JSON.
    pub(crate) json_log: bool,
    /// Who acts; written to the audit log.
    pub(crate) operator: String,
    /// How long a sync waits for steps that are to be tried again, milliseconds.
    pub(crate) patience_ms: i64,
    /// How long things are kept.
    pub(crate) retention: Retention,
}

impl Settings {
    /// From the file, the environment and the command line; every problem at once.
    pub(crate) fn load(given: &Given) -> Result<Self, Failure> {
        let found = load::load(given)?;
        let state = given
            .state
            .clone()
            .unwrap_or_else(|| PathBuf::from(found.text("state", "dir")));
        let key_file = match found.text("state", "key_file") {
            "" => state.join("secret.key"),
            file => PathBuf::from(file),
        };
        let operator = match found.text("operator", "name") {
            "" => given.user.clone(),
            name => name.to_owned(),
        };
        Ok(Self {
            state,
            key_file,
            level: found
                .text("log", "level")
                .parse()
                .unwrap_or(tracing::Level::WARN),
            json_log: found.text("log", "format") == "json",
            operator,
            patience_ms: i64::from(found.whole("sync", "patience_seconds")) * 1_000,
            retention: Retention {
                exchanges_days: found.whole("retention", "exchanges_days"),
                cycles_days: found.whole("retention", "cycles_days"),
                audit_days: found.whole("retention", "audit_days"),
                removed_shadow_days: found.whole("retention", "removed_shadow_days"),
            },
        })
    }
}

#[cfg(test)]
mod tests;
