//! Secrets of a configuration file that came over the wire.

use usher_core::model::Sealed;
use usher_pf::Secrets;

use crate::secrets::SentSecrets;

/// As [`SentSecrets`], with the prefixes that a configuration file may have before a secret.
pub(super) struct FileSecrets<'a>(pub(super) SentSecrets<'a>);

impl Secrets for FileSecrets<'_> {
    fn seal(&mut self, kind: &str, plain: &str) -> Result<Sealed, String> {
        // Whoever sends a file must not have the server's files and environment sent to a target.
        for from in ["env:", "file:"] {
            if plain.starts_with(from) {
                return Err(format!(
                    "`{from}` is for the command line on the machine itself; send the secret as it is (one that really begins so is written `text:{from}...`)"
                ));
            }
        }
        self.0
            .seal(kind, plain.strip_prefix("text:").unwrap_or(plain))
    }

    fn check(&self, kind: &str, sealed: &Sealed) -> Result<(), String> {
        self.0.check(kind, sealed)
    }
}
