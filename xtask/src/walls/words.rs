//! Words that no file of the project may contain.

use super::files::TextFile;

/// A word and why it must not stand here. Written in pieces, so that this file does not contain them either.
const WORDS: &[(&str, &str)] = &[
    (concat!("/ro", "ot/"), "a path of one machine"),
    (concat!("/wo", "rk/"), "a path of one machine"),
    (concat!("/ho", "me/"), "a path of one machine"),
    (concat!("../sha", "red"), "a path outside the project"),
    (
        concat!("FIX", "ME"),
        "finish it, or write down the limit where users look",
    ),
    (
        concat!("XX", "X "),
        "finish it, or write down the limit where users look",
    ),
    (concat!("HA", "CK"), "say what the reason is"),
    (
        concat!("TO", "DO"),
        "finish it, or write down the limit where users look",
    ),
    (concat!("to", "do!("), "a stub"),
    (concat!("unimple", "mented!("), "a stub"),
    (concat!("#[ig", "nore]"), "a test that nobody runs"),
    (concat!("BEGIN PRIVATE", " KEY"), SECRET),
    (concat!("BEGIN RSA PRIVATE", " KEY"), SECRET),
];

const SECRET: &str = "a secret";

/// Forbidden words with their places.
pub(crate) fn check(files: &[TextFile]) -> Vec<String> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.path != "Cargo.lock") {
        for (number, line) in file.lines() {
            for (word, reason) in WORDS.iter().filter(|(word, _)| line.contains(word)) {
                // Keys made for a test, beside it, protect nothing.
                if *reason == SECRET && file.path.contains("/tests/data/") {
                    continue;
                }
                findings.push(format!("{}:{number}: `{word}`: {reason}", file.path));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{WORDS, check};
    use crate::walls::files::tests::file;

    #[test]
    fn every_word_is_found_with_its_line() {
        for (word, _) in WORDS {
            let found = check(&[file("docs/a.md", &format!("fine\nbefore {word}after"))]);
            assert!(
                found.iter().any(|line| line.starts_with("docs/a.md:2")),
                "{word}: {found:?}"
            );
        }
    }

    #[test]
    fn a_key_is_found_unless_it_is_made_for_a_test() {
        let text = concat!("-----BEGIN PRIVATE", " KEY-----");
        assert_eq!(check(&[file("crates/a/src/leaf.key", text)]).len(), 1);
        assert!(check(&[file("crates/a/tests/data/leaf.key", text)]).is_empty());
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        let text = "GET /Users/42 answers 404; the hacker's method; work/other phones";
        assert!(check(&[file("docs/a.md", text)]).is_empty());
    }
}
