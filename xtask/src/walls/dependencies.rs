//! Licences, sources and bans of dependencies, by the lists of `deny.toml`. A light form of what cargo-deny checks,
//! so that it always runs.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::graph::{Graph, Package};
use super::licence;

/// What `deny.toml` allows and forbids.
#[derive(Debug, Default)]
pub(crate) struct Policy {
    licences: Vec<String>,
    registries: Vec<String>,
    /// Package, and those that may use it all the same.
    banned: Vec<(String, Vec<String>)>,
}

impl Policy {
    /// Reads the file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{}", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let table: toml::Table = toml::from_str(text)?;
        let licences = strings(&table, "licenses", "allow")?;
        let registries = strings(&table, "sources", "allow-registry")?;
        let mut banned = Vec::new();
        for entry in array(&table, "bans", "deny")? {
            let name = entry.get("crate").and_then(toml::Value::as_str);
            let name = name.context("bans.deny: each entry needs `crate`")?;
            let wrappers = entry.get("wrappers").and_then(toml::Value::as_array);
            let wrappers = wrappers
                .into_iter()
                .flatten()
                .filter_map(toml::Value::as_str);
            banned.push((name.to_owned(), wrappers.map(str::to_owned).collect()));
        }
        Ok(Self {
            licences,
            registries,
            banned,
        })
    }

    /// Packages whose licence the allowed ones do not satisfy.
    pub(crate) fn licences(&self, graph: &Graph) -> Vec<String> {
        let verdict = |package: &Package| match &package.licence {
            None => Some("names no licence expression".to_owned()),
            Some(text) => match licence::satisfied(text, &self.licences) {
                Ok(true) => None,
                Ok(false) => Some(format!("`{text}` is not on the list of deny.toml")),
                Err(error) => Some(format!("`{text}`: {error}")),
            },
        };
        let packages = graph.packages.values();
        let problems = packages.filter_map(|package| Some((package, verdict(package)?)));
        problems
            .map(|(package, problem)| format!("{} {}: {problem}", package.name, package.version))
            .collect()
    }

    /// Packages that do not come from an allowed registry (or from this workspace).
    pub(crate) fn sources(&self, graph: &Graph) -> Vec<String> {
        let allowed = |package: &Package| match &package.source {
            None => package.ours,
            Some(source) => self
                .registries
                .iter()
                .any(|registry| source == &format!("registry+{registry}")),
        };
        let packages = graph.packages.values().filter(|package| !allowed(package));
        packages
            .map(|package| {
                let source = package
                    .source
                    .as_deref()
                    .unwrap_or("a path outside the workspace");
                format!("{} {} comes from {source}", package.name, package.version)
            })
            .collect()
    }

    /// Banned packages that something of ours ships, with the way to them.
    pub(crate) fn banned(&self, graph: &Graph) -> Vec<String> {
        let mut findings = Vec::new();
        for (id, package) in graph.ours() {
            for way in graph.reach(id).values() {
                let mut backwards = way.iter().rev();
                let last = backwards.next().copied().unwrap_or_default();
                let user = backwards.next().copied().unwrap_or(package.name.as_str());
                let hit = self.banned.iter().find(|(name, _)| name == last);
                if hit.is_some_and(|(_, wrappers)| !wrappers.iter().any(|wrapper| wrapper == user))
                {
                    findings.push(format!("{}: banned by deny.toml", way.join(" -> ")));
                }
            }
        }
        findings
    }
}

fn array<'a>(table: &'a toml::Table, section: &str, key: &str) -> Result<&'a [toml::Value]> {
    let found = table.get(section).and_then(|section| section.get(key));
    let found = found.and_then(toml::Value::as_array).map(Vec::as_slice);
    found.with_context(|| format!("expected a list `{key}` in [{section}]"))
}

fn strings(table: &toml::Table, section: &str, key: &str) -> Result<Vec<String>> {
    let texts = array(table, section, key)?
        .iter()
        .map(|value| value.as_str().map(str::to_owned));
    let texts: Option<Vec<String>> = texts.collect();
    texts.with_context(|| format!("expected only texts in `{key}` of [{section}]"))
}

#[cfg(test)]
mod tests {
    use super::Policy;
    use crate::walls::graph::Graph;
    use crate::walls::graph::tests::graph;

    const DENY: &str = r#"
        [licenses]
        allow = ["MIT"]
        [bans]
        deny = [{ crate = "openssl-sys" }, { crate = "chrono", wrappers = ["needs-it"] }]
        [sources]
        allow-registry = ["https://index.example"]
    "#;

    fn one(licence: Option<&str>, source: Option<&str>) -> Graph {
        let mut graph = graph(&["a:"]);
        let package = graph.packages.get_mut("a").unwrap();
        package.licence = licence.map(str::to_owned);
        package.source = source.map(str::to_owned);
        graph
    }

    #[test]
    fn a_licence_off_the_list_and_a_missing_one_are_found() {
        let policy = Policy::parse(DENY).unwrap();
        assert!(
            policy
                .licences(&one(Some("MIT OR GPL-3.0"), None))
                .is_empty()
        );
        assert_eq!(policy.licences(&one(Some("GPL-3.0"), None)).len(), 1);
        assert_eq!(policy.licences(&one(None, None)).len(), 1);
    }

    #[test]
    fn only_the_named_registry_is_a_source() {
        let policy = Policy::parse(DENY).unwrap();
        assert!(
            policy
                .sources(&one(None, Some("registry+https://index.example")))
                .is_empty()
        );
        assert_eq!(
            policy
                .sources(&one(None, Some("git+https://git.example/a")))
                .len(),
            1
        );
        assert_eq!(policy.sources(&one(None, None)).len(), 1);
    }

    #[test]
    fn a_banned_package_is_found_however_deep_unless_its_user_is_excused() {
        let policy = Policy::parse(DENY).unwrap();
        let deep = graph(&["usher-a: b", "b: openssl-sys", "openssl-sys:"]);
        assert_eq!(
            policy.banned(&deep),
            ["usher-a -> b -> openssl-sys: banned by deny.toml"]
        );
        let excused = graph(&["usher-a: needs-it", "needs-it: chrono", "chrono:"]);
        assert!(policy.banned(&excused).is_empty());
        assert_eq!(
            policy.banned(&graph(&["usher-a: chrono", "chrono:"])).len(),
            1
        );
        assert!(
            policy
                .banned(&graph(&["usher-a: chrono(dev)", "chrono:"]))
                .is_empty()
        );
    }

    #[test]
    fn a_list_that_is_missing_is_named() {
        let error = Policy::parse("[licenses]\nallow = [\"MIT\"]").unwrap_err();
        assert!(
            error.to_string().contains("`allow-registry` in [sources]"),
            "{error}"
        );
    }
}
