//! Settings of the process: one TOML file and the environment. What is provisioned where is no
//! setting but configuration (`usher config`).

mod keys;
mod load;

use std::path::PathBuf;
use std::time::Duration;

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
    /// Bytes that stay free on the disk of the state.
    pub(crate) keep_free: u64,
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
    /// How the service listens.
    pub(crate) serve: Serve,
}

/// How the service listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Serve {
    /// Address and port.
    pub(crate) listen: String,
    /// How connections are protected.
    pub(crate) tls: Tls,
    /// How long a stop waits for what is in flight.
    pub(crate) patience: Duration,
    /// Connections at once.
    pub(crate) most_connections: usize,
    /// Everybody comes through a proxy that does TLS and says for whom it asks.
    pub(crate) behind_proxy: bool,
}

/// How connections are protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tls {
    /// Not at all.
    Off,
    /// With a certificate that is made once and kept in the state folder.
    SelfMade,
    /// With these PEM files.
    Files {
        /// The certificate and those that lead to its authority.
        certificate: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
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
        let serve = Serve {
            listen: found.text("serve", "listen").to_owned(),
            tls: match found.text("serve", "tls") {
                "self-made" => Tls::SelfMade,
                "files" => Tls::Files {
                    certificate: PathBuf::from(found.text("serve", "tls_certificate")),
                    key: PathBuf::from(found.text("serve", "tls_key")),
                },
                _ => Tls::Off,
            },
            patience: Duration::from_secs(u64::from(found.whole("serve", "patience_seconds"))),
            most_connections: found.whole("serve", "most_connections") as usize,
            behind_proxy: found.text("serve", "behind_proxy") == "yes",
        };
        Ok(Self {
            serve,
            state,
            key_file,
            keep_free: u64::from(found.whole("state", "free_mib")) << 20,
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
