//! Which of our crates may use which: the picture of ARCHITECTURE.md as a table.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::Graph;

/// A crate and those just below it. What those may use, it may use too. Tests may use anything.
const TABLE: &[(&str, &[&str])] = &[
    ("usher-scim", &[]),
    ("usher-directory", &[]),
    ("usher-core", &["usher-scim", "usher-directory"]),
    ("usher-pf", &["usher-core"]),
    ("usher-connector", &["usher-core"]),
    ("usher-store", &["usher-core"]),
    ("usher-engine", &["usher-store", "usher-connector"]),
    ("usher-admin-api", &["usher-engine", "usher-pf"]),
    ("usher-metadata", &[]),
    ("usher-console", &["usher-admin-api", "usher-metadata"]),
    ("usher-notify", &["usher-engine"]),
    ("usher-ldap", &["usher-directory"]),
    ("usher-connector-ldap", &["usher-connector", "usher-ldap"]),
    ("usher-connector-ldif", &["usher-connector"]),
    ("usher-connector-scim", &["usher-connector"]),
    ("usher-connector-atlassian", &["usher-connector-scim"]),
    ("usher-store-sqlite", &["usher-store"]),
    ("usher-sandbox", &["usher-scim", "usher-directory"]),
    ("usher-testkit", &[]),
    // Measures, is never shipped: it may use the rigs of tests.
    (
        "usher-bench",
        &[
            "usher-admin-api",
            "usher-engine",
            "usher-sandbox",
            "usher-store-sqlite",
            "usher-connector-ldap",
            "usher-connector-atlassian",
            "usher-testkit",
        ],
    ),
    // Nothing but tests of the whole.
    ("usher-e2e", &[]),
    ("xtask", &[]),
    (
        "usher",
        &[
            "usher-console",
            "usher-notify",
            "usher-sandbox",
            "usher-store-sqlite",
            "usher-connector-ldap",
            "usher-connector-ldif",
            "usher-connector-scim",
            "usher-connector-atlassian",
        ],
    ),
];

/// Dependencies between our crates that the table does not allow, and crates that it does not know.
pub(crate) fn check(graph: &Graph) -> Vec<String> {
    let table: BTreeMap<&str, &[&str]> = TABLE.iter().copied().collect();
    let mut findings = Vec::new();
    for (_, package) in graph.ours() {
        if !table.contains_key(package.name.as_str()) {
            findings.push(format!(
                "{}: a crate without a row; say in xtask/src/walls/arrows.rs and ARCHITECTURE.md what it may use",
                package.name
            ));
            continue;
        }
        let allowed = below(&table, &package.name);
        let used = package.uses.iter().filter(|used| used.shipped);
        for target in used.filter_map(|used| graph.packages.get(&used.id)) {
            if target.ours && !allowed.contains(target.name.as_str()) {
                findings.push(format!(
                    "{} must not depend on {}: this arrow does not point down (table in xtask/src/walls/arrows.rs)",
                    package.name, target.name
                ));
            }
        }
    }
    findings
}

fn below<'a>(table: &BTreeMap<&'a str, &'a [&'a str]>, name: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = table.get(name).copied().unwrap_or_default().to_vec();
    while let Some(next) = open.pop() {
        if found.insert(next) {
            open.extend(table.get(next).copied().unwrap_or_default());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::walls::graph::tests::graph;

    #[test]
    fn an_arrow_that_points_up_is_found() {
        let found = check(&graph(&[
            "usher-core: usher-engine",
            "usher-engine: usher-core",
        ]));
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("usher-core must not depend on usher-engine"),
            "{found:?}"
        );
    }

    #[test]
    fn connectors_do_not_know_the_engine_or_each_other() {
        let lines = [
            "usher-connector-ldap: usher-engine usher-connector-scim",
            "usher-engine:",
        ];
        let found = check(&graph(&[lines[0], lines[1], "usher-connector-scim:"]));
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn a_crate_may_use_what_lies_below_those_just_below_it() {
        let lines = [
            "usher-engine: usher-directory usher-core",
            "usher-core:",
            "usher-directory:",
        ];
        assert_eq!(check(&graph(&lines)), Vec::<String>::new());
    }

    #[test]
    fn the_testkit_is_for_tests_only() {
        assert!(
            check(&graph(&[
                "usher-ldap: usher-testkit(dev)",
                "usher-testkit:"
            ]))
            .is_empty()
        );
        assert_eq!(
            check(&graph(&["usher-ldap: usher-testkit", "usher-testkit:"])).len(),
            1
        );
    }

    #[test]
    fn a_new_crate_needs_a_row() {
        let found = check(&graph(&["usher-novelty:"]));
        assert!(found[0].contains("a crate without a row"), "{found:?}");
    }

    #[test]
    fn no_row_reaches_itself() {
        let table = super::TABLE.iter().copied().collect();
        for (name, _) in super::TABLE {
            assert!(
                !super::below(&table, name).contains(name),
                "{name} lies below itself"
            );
        }
    }
}
