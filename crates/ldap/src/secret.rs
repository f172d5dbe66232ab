//! The bind password, hidden in whatever the server says.

use std::fmt;

use zeroize::Zeroizing;

use crate::message::Reply;
use crate::result::LdapResult;

/// What stands in the place of a secret.
const MASK: &str = "***";

/// A password that must not be seen. Empty for nobody.
#[derive(Default)]
pub(crate) struct Secret(Zeroizing<String>);

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(***)")
    }
}

impl Secret {
    pub(crate) fn new(password: &str) -> Self {
        // In lower case: servers change the case of what they repeat.
        Self(Zeroizing::new(password.to_lowercase()))
    }

    /// Hides it in every text of an answer that is shown to people. Entries are data and stay.
    pub(crate) fn hide_in(&self, reply: &mut Reply) {
        if self.0.is_empty() {
            return;
        }
        match reply {
            Reply::Done(result) | Reply::Bind(result) | Reply::Extended { result, .. } => {
                self.hide_in_result(result);
            }
            Reply::Reference(urls) => urls.iter_mut().for_each(|url| self.hide(url)),
            Reply::Unreadable(entry) => self.hide(&mut entry.problem),
            Reply::Entry(_) | Reply::Intermediate => {}
        }
    }

    fn hide_in_result(&self, result: &mut LdapResult) {
        self.hide(&mut result.matched_dn);
        self.hide(&mut result.message);
        result.referrals.iter_mut().for_each(|url| self.hide(url));
    }

    fn hide(&self, text: &mut String) {
        let lower = self.0.as_str();
        let folded = text.to_lowercase();
        if !folded.contains(lower) {
            return;
        }
        let mut out = String::new();
        let mut from = 0;
        for (at, _) in folded.match_indices(lower) {
            let part = text.get(from..at).filter(|_| folded.len() == text.len());
            let Some(part) = part else {
                // Lower case has other byte positions here: give up the original case rather than
                // the secret.
                *text = folded.replace(lower, MASK);
                return;
            };
            out.push_str(part);
            out.push_str(MASK);
            from = at + lower.len();
        }
        out.push_str(text.get(from..).unwrap_or_default());
        *text = out;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_hidden_in_every_case_and_script() {
        for (text, hidden) in [
            ("for Geheim! you", "for *** you"),
            ("GEHEIM!geheim!", "******"),
            ("\u{130} geheim!", "i\u{307} ***"),
            ("nothing", "nothing"),
        ] {
            let mut shown = text.to_owned();
            Secret::new("Geheim!").hide(&mut shown);
            assert_eq!(shown, hidden);
        }
    }
}
