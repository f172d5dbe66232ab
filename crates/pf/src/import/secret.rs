//! Secrets: plain, sealed, or kept.

use usher_core::model::Sealed;

use super::Import;

impl Import<'_> {
    /// A secret from its plain text, its sealed text, or what is there already.
    pub(super) fn secret(
        &mut self,
        kind: &str,
        (plain_path, plain): (&str, Option<&str>),
        (sealed_path, sealed): (&str, Option<&str>),
        kept: Option<Sealed>,
    ) -> Option<Sealed> {
        let plain = plain.filter(|text| !text.is_empty());
        let sealed = sealed.filter(|text| !text.is_empty());
        match (plain, sealed) {
            (Some(plain), _) => match self.context.secrets.seal(kind, plain) {
                Ok(sealed) => {
                    self.entered.insert(sealed.0.clone());
                    Some(sealed)
                }
                Err(why) => {
                    self.report.problem(
                        plain_path,
                        "a secret that can be sealed",
                        "one that cannot",
                        &why,
                    );
                    kept
                }
            },
            (None, Some(text)) => {
                let sealed = Sealed(text.to_owned());
                if let Err(why) = self.context.secrets.check(kind, &sealed) {
                    self.report.problem(
                        sealed_path,
                        "a secret that this installation sealed",
                        "one that it cannot open",
                        &why,
                    );
                }
                Some(sealed)
            }
            (None, None) => kept,
        }
    }
}
