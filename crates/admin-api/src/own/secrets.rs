//! Secrets of a configuration file that came over the wire.

use usher_core::model::{Bind, Configuration, DataStoreKind, Sealed};
use usher_engine::Sealer;
use usher_pf::{BIND_PASSWORD, Secrets, TARGET_SECRET};

/// Seals what a file holds. A secret that is there already with the same text keeps its sealed form, so
/// that importing the same file again changes nothing.
pub(super) struct SentSecrets<'a> {
    sealer: &'a Sealer,
    known: Vec<(&'static str, Sealed)>,
}

impl<'a> SentSecrets<'a> {
    pub(super) fn new(sealer: &'a Sealer, current: &Configuration) -> Self {
        let mut known = Vec::new();
        for store in &current.data_stores {
            if let DataStoreKind::Ldap(ldap) = &store.kind
                && let Bind::Simple { password, .. } = &ldap.bind
            {
                known.push((BIND_PASSWORD, password.clone()));
            }
        }
        let connections = current.sp_connections.iter();
        known.extend(
            connections
                .flat_map(|sp| sp.secrets.values())
                .map(|secret| (TARGET_SECRET, secret.clone())),
        );
        Self { sealer, known }
    }
}

impl Secrets for SentSecrets<'_> {
    fn seal(&mut self, kind: &str, plain: &str) -> Result<Sealed, String> {
        // Whoever sends a file must not have the server's files and environment sent to a target.
        for from in ["env:", "file:"] {
            if plain.starts_with(from) {
                return Err(format!(
                    "`{from}` is for the command line on the machine itself; send the secret as it is (one that really begins so is written `text:{from}...`)"
                ));
            }
        }
        let plain = plain.strip_prefix("text:").unwrap_or(plain);
        if let Some(at) = plain.chars().position(char::is_control) {
            return Err(format!(
                "it has a line break or another control character at position {}; a secret is one line: enter it again",
                at + 1
            ));
        }
        let same = self.known.iter().find(|(known, sealed)| {
            let opened = self.sealer.open(kind, sealed);
            *known == kind && opened.is_ok_and(|text| text.reveal() == plain)
        });
        Ok(match same {
            Some((_, sealed)) => sealed.clone(),
            None => self.sealer.seal(kind, plain),
        })
    }

    fn check(&self, kind: &str, sealed: &Sealed) -> Result<(), String> {
        self.sealer.open(kind, sealed).map(|_| ())
    }
}
