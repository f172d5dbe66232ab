//! Secrets of documents and configuration files that come over the wire.

use usher_core::model::{Bind, Configuration, DataStoreKind, Sealed};
use usher_engine::Sealer;
use usher_pf::{BIND_PASSWORD, MAIL_PASSWORD, Secrets, TARGET_SECRET};

/// Seals what a document holds. A secret that is there already with the same text keeps its sealed form, so that
/// saving the same document again changes nothing.
pub(crate) struct SentSecrets<'a> {
    sealer: &'a Sealer,
    known: Vec<(&'static str, Sealed)>,
}

impl<'a> SentSecrets<'a> {
    pub(crate) fn new(sealer: &'a Sealer, current: &Configuration) -> Self {
        let binds = current
            .data_stores
            .iter()
            .filter_map(|store| match &store.kind {
                DataStoreKind::Ldap(ldap) => match &ldap.bind {
                    Bind::Simple { password, .. } => Some((BIND_PASSWORD, password.clone())),
                    Bind::Anonymous => None,
                },
                DataStoreKind::Ldif { .. } => None,
            });
        let connections = current.sp_connections.iter();
        let targets = connections
            .flat_map(|sp| sp.secrets.values())
            .map(|secret| (TARGET_SECRET, secret.clone()));
        let mail = current.server.mail.iter().filter_map(|mail| {
            let password = mail.password.clone()?;
            Some((MAIL_PASSWORD, password))
        });
        Self {
            sealer,
            known: binds.chain(targets).chain(mail).collect(),
        }
    }
}

impl Secrets for SentSecrets<'_> {
    fn seal(&mut self, kind: &str, plain: &str) -> Result<Sealed, String> {
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
