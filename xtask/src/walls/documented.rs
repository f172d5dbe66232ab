//! Crates whose public items are a contract must refuse to compile undocumented ones.

use super::files::TextFile;

const CONTRACTS: &[&str] = &[
    "connector",
    "core",
    "directory",
    "ldap",
    "pf",
    "scim",
    "store",
];

const LINE: &str = "#![deny(missing_docs)]";

/// Contract crates that do not deny missing documentation.
pub(crate) fn check(files: &[TextFile]) -> Vec<String> {
    let mut findings = Vec::new();
    for name in CONTRACTS {
        let path = format!("crates/{name}/src/lib.rs");
        let root = files.iter().find(|file| file.path == path);
        if !root.is_some_and(|file| file.lines().any(|(_, line)| line.trim() == LINE)) {
            findings.push(format!(
                "{path}: needs `{LINE}`: others build on what it promises"
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{CONTRACTS, LINE, check};
    use crate::walls::files::tests::file;

    #[test]
    fn a_contract_crate_that_may_go_undocumented_is_found() {
        let path = |name: &&str| format!("crates/{name}/src/lib.rs");
        let mut files: Vec<_> = CONTRACTS
            .iter()
            .map(|name| file(&path(name), LINE))
            .collect();
        assert!(check(&files).is_empty());
        files[0].text = "// #![deny(missing_docs)] is too strict\n".to_owned();
        assert_eq!(check(&files).len(), 1);
    }
}
