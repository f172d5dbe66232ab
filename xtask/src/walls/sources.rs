//! What may stand only in certain places: target vendors' names, SQL, and sleeping.

use super::files::TextFile;
use super::graph::Graph;
use super::modules::Modules;

/// Names of target vendors and their products, in lower case.
const VENDORS: &[&str] = &[
    "atlassian",
    "jira",
    "confluence",
    "bitbucket",
    "trello",
    "opsgenie",
    "statuspage",
    "salesforce",
    "servicenow",
    "zendesk",
    "zscaler",
];

/// Where those names may stand besides tests and documents: the start of a path, and why.
const VENDOR_PLACES: &[(&str, &str)] = &[
    ("connectors/atlassian/", "the vendor's own folder"),
    (
        "crates/sandbox/src/scim/",
        "the sandbox's profile of the vendor",
    ),
    (
        "crates/sandbox/src/lib.rs",
        "says what the sandbox imitates",
    ),
    (
        "crates/usher/Cargo.toml",
        "the binary names the connector it registers",
    ),
    ("Cargo.toml", "the workspace names the connector's folder"),
    (
        "crates/engine/Cargo.toml",
        "its tests run against the first connector",
    ),
    (
        "crates/admin-api/Cargo.toml",
        "its stories run against the first connector",
    ),
    (
        "crates/console/Cargo.toml",
        "its stories run against the first connector",
    ),
    (
        "crates/e2e/Cargo.toml",
        "its stories run against the first connector",
    ),
    (
        "crates/usher/src/registry.rs",
        "one line for each connector",
    ),
    (
        "crates/bench/Cargo.toml",
        "it measures with the first connector",
    ),
    (
        "crates/bench/src/target.rs",
        "the one file that names the connector measured",
    ),
    (
        "crates/pf/src/shape/tables.rs",
        "values that the published shape allows",
    ),
    (
        "browser/",
        "its stories walk the pages of the first connector",
    ),
    ("Cargo.lock", "generated from the above"),
    ("xtask/src/walls/", "the walls name what they forbid"),
];

/// Target vendors' names outside their places, and places that need no exception any more.
pub(crate) fn vendors(files: &[TextFile], modules: &Modules) -> Vec<String> {
    let mut findings = Vec::new();
    let mut needed = vec![false; VENDOR_PLACES.len()];
    for file in files.iter().filter(|file| !is_document(&file.path)) {
        for (number, line) in file.lines() {
            let lower = line.to_lowercase();
            let Some(name) = VENDORS.iter().find(|name| lower.contains(*name)) else {
                continue;
            };
            let place = VENDOR_PLACES
                .iter()
                .position(|(start, _)| file.path.starts_with(start));
            if let Some(needed) = place.and_then(|place| needed.get_mut(place)) {
                *needed = true;
            } else if !modules.is_test_code(file, number) {
                findings.push(format!(
                    "{}:{number}: `{name}`; a target vendor's name belongs in its connector's folder",
                    file.path
                ));
            }
        }
    }
    let places = VENDOR_PLACES
        .iter()
        .zip(needed)
        .filter(|(_, needed)| !needed);
    findings.extend(places.map(|((start, reason), _)| {
        format!("{start} ({reason}): no vendor's name stands there; remove the exception")
    }));
    findings
}

fn is_document(path: &str) -> bool {
    let markdown = path
        .rsplit_once('.')
        .is_some_and(|(_, extension)| extension == "md");
    markdown || path.starts_with("docs/") || path == "LICENSE"
}

/// Beginnings of SQL statements, as they are written in this project.
const SQL: &[&str] = &[
    "SELECT ",
    "INSERT INTO",
    "INSERT OR",
    "DELETE FROM",
    "CREATE TABLE",
    "CREATE INDEX",
    "DROP TABLE",
    "ALTER TABLE",
    "PRAGMA ",
    "BEGIN IMMEDIATE",
];

const SQL_CRATES: &[&str] = &["sqlx", "sqlx-core", "sqlx-sqlite", "libsqlite3-sys"];

/// SQL outside the stores: statements in shipped code, and crates that depend on an SQL library.
pub(crate) fn sql(graph: &Graph, files: &[TextFile], modules: &Modules) -> Vec<String> {
    let mut findings = Vec::new();
    for (_, package) in graph.ours() {
        let uses = package
            .uses
            .iter()
            .filter_map(|used| graph.packages.get(&used.id));
        let mut sql = uses.filter(|used| SQL_CRATES.contains(&used.name.as_str()));
        if let (false, Some(used)) = (package.name.starts_with("usher-store-"), sql.next()) {
            findings.push(format!(
                "{} depends on {}: only stores do",
                package.name, used.name
            ));
        }
    }
    // The contract suite hands hostile text to a store; the walls name what they forbid.
    let free = [
        "crates/store-",
        "crates/store/src/contract/",
        "xtask/src/walls/",
    ];
    for file in files.iter().filter(|file| file.is_rust()) {
        if free.iter().any(|start| file.path.starts_with(start)) {
            continue;
        }
        for (number, line) in modules.shipped_lines(file) {
            if let Some(word) = SQL.iter().find(|word| line.contains(*word)) {
                findings.push(format!(
                    "{}:{number}: `{word}`; SQL stays in store-*",
                    file.path
                ));
            }
        }
    }
    findings
}

/// Files that may sleep although only tests use them: the path and why.
const SLEEPERS: &[(&str, &str)] = &[
    (
        "crates/testkit/src/",
        "rigs that wait between two looks at a condition, so that no test has to",
    ),
    ("xtask/src/walls/", "the tests of this check quote it"),
];

/// Tests that wait for a time instead of a condition.
pub(crate) fn sleeps(files: &[TextFile], modules: &Modules) -> Vec<String> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        if SLEEPERS
            .iter()
            .any(|(start, _)| file.path.starts_with(start))
        {
            continue;
        }
        for (number, line) in modules.test_lines(file) {
            if calls_sleep(line) {
                findings.push(format!(
                    "{}:{number}: a test that sleeps; poll a condition with a limit, or use paused time",
                    file.path
                ));
            }
        }
    }
    findings
}

fn calls_sleep(line: &str) -> bool {
    let part_of_a_name = |c: char| c.is_alphanumeric() || c == '_';
    ["sleep(", "sleep_until("].iter().any(|call| {
        line.match_indices(call).any(|(at, _)| {
            let before = line.get(..at).unwrap_or_default();
            !before.ends_with(part_of_a_name) && !before.ends_with("fn ") && !before.ends_with('"')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{sleeps, sql, vendors};
    use crate::walls::files::tests::file;
    use crate::walls::graph::tests::graph;
    use crate::walls::modules::Modules;

    fn lines_of<'a>(found: &'a [String], path: &str) -> Vec<&'a String> {
        found.iter().filter(|line| line.starts_with(path)).collect()
    }

    #[test]
    fn a_vendors_name_outside_its_folder_is_found_even_in_a_comment() {
        let files = [
            file("crates/engine/src/lib.rs", "// like Jira does\n"),
            file(
                "connectors/atlassian/src/lib.rs",
                "const NAME: &str = \"Atlassian\";",
            ),
            file(
                "crates/pf/tests/it/main.rs",
                "// As Atlassian does.\nlet name = \"Atlassian\";",
            ),
            file("README.md", "Atlassian"),
        ];
        let found = vendors(&files, &Modules::default());
        assert_eq!(
            lines_of(&found, "crates/engine/src/lib.rs:1: `jira`").len(),
            1,
            "{found:?}"
        );
        assert!(lines_of(&found, "connectors/atlassian/").is_empty());
        assert!(lines_of(&found, "crates/pf/tests/").is_empty());
        assert!(lines_of(&found, "README.md").is_empty());
    }

    #[test]
    fn an_exception_that_excuses_nothing_is_found() {
        let found = vendors(&[], &Modules::default());
        assert_eq!(found.len(), super::VENDOR_PLACES.len());
        assert!(found[0].ends_with("remove the exception"));
    }

    #[test]
    fn sql_outside_the_stores_is_found() {
        let text = "let rows = query(\"SELECT id FROM subject\");";
        let files = [
            file("crates/engine/src/lib.rs", text),
            file("crates/store-sqlite/src/lib.rs", text),
        ];
        let graph = graph(&["usher-engine: sqlx", "usher-store-sqlite: sqlx", "sqlx:"]);
        let found = sql(&graph, &files, &Modules::default());
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0], "usher-engine depends on sqlx: only stores do");
        assert!(found[1].starts_with("crates/engine/src/lib.rs:1"));
    }

    #[test]
    fn a_test_that_sleeps_is_found() {
        let files = [
            file(
                "crates/a/tests/it/main.rs",
                "tokio::time::sleep(SECOND).await;\nfn no_sleep() {}",
            ),
            file(
                "crates/a/src/lib.rs",
                "fn f() { sleep(1); }\n#[cfg(test)]\nmod tests {\nsleep(1);\n}",
            ),
            file(
                "crates/testkit/src/wait.rs",
                "#[cfg(test)]\nmod tests {\nsleep(1);\n}",
            ),
        ];
        let found = sleeps(&files, &Modules::default());
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("crates/a/tests/it/main.rs:1"));
        assert!(found[1].starts_with("crates/a/src/lib.rs:4"));
    }
}
