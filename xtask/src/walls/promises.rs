//! Documents that name the tests that hold a promise: each named test, or file with a test's story, must exist.

use std::collections::BTreeSet;

use super::files::TextFile;
use super::modules::Modules;

/// Documents with tables of promises.
const DOCUMENTS: &[&str] = &["ARCHITECTURE.md", "SECURITY.md"];

/// Rows of tables that name a test which does not exist, or no test at all in a column headed for tests.
pub(crate) fn check(files: &[TextFile], modules: &Modules) -> Vec<String> {
    let rust = files.iter().filter(|file| file.is_rust());
    // Contract suites are shipped for the backends' tests to call; their functions are tests all the same.
    let contracts = |path: &str| path.contains("/src/contract");
    let tests: BTreeSet<&str> = rust
        .flat_map(|file| {
            if contracts(&file.path) {
                file.lines().collect()
            } else {
                modules.test_lines(file)
            }
        })
        .filter_map(|(_, line)| function(line))
        .collect();
    let mut findings = Vec::new();
    for file in files
        .iter()
        .filter(|file| DOCUMENTS.contains(&file.path.as_str()))
    {
        let mut in_table = false;
        for (number, line) in file.lines() {
            let cells: Vec<&str> = line.trim().trim_matches('|').split(" | ").collect();
            let last = cells.last().map_or("", |cell| cell.trim());
            if !line.starts_with('|') {
                in_table = false;
            } else if last == "Held by" {
                in_table = true;
            } else if in_table && !last.starts_with("---") {
                let names: Vec<&str> = last.split('`').skip(1).step_by(2).collect();
                if names.is_empty() {
                    findings.push(format!(
                        "{}:{number}: names no test that holds this",
                        file.path
                    ));
                }
                let is_file = |name: &str| files.iter().any(|file| file.path == name);
                let missing = names
                    .iter()
                    .filter(|name| !tests.contains(*name) && !is_file(name));
                for name in missing {
                    findings.push(format!("{}:{number}: there is no test `{name}`", file.path));
                }
            }
        }
    }
    findings
}

/// The name in `fn name(`.
fn function(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    for word in ["pub ", "async "] {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    rest.strip_prefix("fn ")?.split(['(', '<']).next()
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::walls::files::tests::file;
    use crate::walls::modules::Modules;

    #[test]
    fn a_promise_without_its_test_is_found() {
        let table = "| 1 | Promise | Held by |\n|---|---|---|\n| 1 | a | `it_holds`, `a/story.txt`, `it_is_gone` |\n\
                     | 2 | b | nothing |\n\n| other | table |\n| `no_promise` | x |\n";
        let tests = "#[test]\nfn it_holds() {}\n";
        let files = [
            file("ARCHITECTURE.md", table),
            file("crates/a/tests/it/main.rs", tests),
            file("a/story.txt", ""),
        ];
        let found = check(&files, &Modules::default());
        assert_eq!(
            found,
            [
                "ARCHITECTURE.md:3: there is no test `it_is_gone`",
                "ARCHITECTURE.md:4: names no test that holds this",
            ]
        );
    }
}
