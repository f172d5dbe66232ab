//! Secrets of a configuration file: plain, from the environment, or from a file.

use std::path::Path;

use usher_core::model::{Bind, Configuration, DataStoreKind, Sealed};
use usher_engine::Sealer;
use usher_pf::{BIND_PASSWORD, Secrets, TARGET_SECRET};

use super::bounded;

/// Seals what a file holds. A secret that is there already with the same text keeps its sealed
/// form, so that importing the same file again changes nothing.
pub(super) struct FileSecrets<'a> {
    sealer: &'a Sealer,
    base: &'a Path,
    known: Vec<(&'static str, Sealed)>,
}

impl<'a> FileSecrets<'a> {
    pub(super) fn new(sealer: &'a Sealer, base: &'a Path, current: &Configuration) -> Self {
        let mut known = Vec::new();
        for store in &current.data_stores {
            if let DataStoreKind::Ldap(ldap) = &store.kind
                && let Bind::Simple { password, .. } = &ldap.bind
            {
                known.push((BIND_PASSWORD, password.clone()));
            }
        }
        for secret in current
            .sp_connections
            .iter()
            .flat_map(|sp| sp.secrets.values())
        {
            known.push((TARGET_SECRET, secret.clone()));
        }
        Self {
            sealer,
            base,
            known,
        }
    }

    fn resolve(&self, text: &str) -> Result<String, String> {
        if let Some(name) = text.strip_prefix("env:") {
            return match std::env::var(name) {
                Ok(value) if !value.is_empty() => Ok(value),
                Ok(_) => Err(format!("the environment variable {name} is empty")),
                Err(_) => Err(format!(
                    "the environment variable {name} is not set (a secret that really begins with `env:` is written `text:env:...`)"
                )),
            };
        }
        if let Some(path) = text.strip_prefix("file:") {
            return self.read_file(Path::new(path));
        }
        Ok(text.strip_prefix("text:").unwrap_or(text).to_owned())
    }

    fn read_file(&self, path: &Path) -> Result<String, String> {
        let path = self.base.join(path);
        let failed = |why: String| format!("the file {} {why}", path.display());
        let text = bounded::file(&path).map_err(failed)?;
        match text.trim_end_matches(['\r', '\n']) {
            "" => Err(failed("is empty".to_owned())),
            secret => Ok(secret.to_owned()),
        }
    }
}

impl Secrets for FileSecrets<'_> {
    fn seal(&mut self, kind: &str, plain: &str) -> Result<Sealed, String> {
        let plain = self.resolve(plain)?;
        if let Some(at) = plain.chars().position(char::is_control) {
            return Err(format!(
                "it has a line break or another control character at position {}; a secret is one line: enter it again",
                at + 1
            ));
        }
        let kept = self.known.iter().find(|(known, sealed)| {
            *known == kind
                && self
                    .sealer
                    .open(kind, sealed)
                    .is_ok_and(|text| text.reveal() == plain)
        });
        Ok(match kept {
            Some((_, sealed)) => sealed.clone(),
            None => self.sealer.seal(kind, &plain),
        })
    }

    fn check(&self, kind: &str, sealed: &Sealed) -> Result<(), String> {
        self.sealer.open(kind, sealed).map(|_| ())
    }

    fn may_go_elsewhere(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use usher_core::model::Configuration;
    use usher_engine::Sealer;
    use usher_pf::{Secrets as _, TARGET_SECRET};

    use super::FileSecrets;

    #[test]
    fn a_secret_is_plain_or_comes_from_a_file_or_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key"), "from a file\n").unwrap();
        let sealer = Sealer::new([7; 32]);
        let current = Configuration::default();
        let mut secrets = FileSecrets::new(&sealer, folder.path(), &current);
        for (given, expected) in [
            ("plain", "plain"),
            ("text:env:x", "env:x"),
            ("file:key", "from a file"),
        ] {
            let sealed = secrets.seal(TARGET_SECRET, given).unwrap();
            let opened = sealer.open(TARGET_SECRET, &sealed).unwrap();
            assert_eq!(opened.reveal(), expected);
        }
        let missing = secrets.seal(TARGET_SECRET, "env:USHER_NO_SUCH_VARIABLE");
        assert!(missing.unwrap_err().contains("USHER_NO_SUCH_VARIABLE"));
        let endless = secrets.seal(TARGET_SECRET, "file:/dev/zero").unwrap_err();
        assert!(endless.contains("16 MiB"), "{endless}");
        std::fs::write(folder.path().join("lines"), "one\ntwo\n").unwrap();
        for wrong in ["a\nb", "a\r\nX-Header: b", "a\u{0}", "file:lines"] {
            let refused = secrets.seal(TARGET_SECRET, wrong).unwrap_err();
            assert!(refused.contains("control character"), "{refused}");
            assert!(!refused.contains("two"), "{refused}");
        }
        let missing = secrets.seal(TARGET_SECRET, "file:nothing");
        assert!(missing.unwrap_err().contains("nothing"));
    }
}
