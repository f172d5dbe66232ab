//! The packages and who depends on whom, from `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// All packages that a build of the workspace on this platform uses.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) packages: BTreeMap<String, Package>,
}

/// One package.
#[derive(Debug, Default, Clone)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// SPDX expression, if the package names one.
    pub(crate) licence: Option<String>,
    /// Where it was fetched from; `None` for a path.
    pub(crate) source: Option<String>,
    /// Whether it belongs to this workspace.
    pub(crate) ours: bool,
    /// Root files of its targets, relative to the workspace, for our packages only.
    pub(crate) roots: Vec<Root>,
    pub(crate) uses: Vec<Use>,
}

/// The first file of a target (library, binary, test, ...).
#[derive(Debug, Clone)]
pub(crate) struct Root {
    pub(crate) path: String,
    /// A test or a benchmark: everything below it is test code.
    pub(crate) test: bool,
}

/// An edge.
#[derive(Debug, Clone)]
pub(crate) struct Use {
    pub(crate) id: String,
    /// Needed by what is shipped (a normal or build dependency), not by tests alone.
    pub(crate) shipped: bool,
}

impl Graph {
    /// Asks cargo. Without network if all packages are there already; a fresh clone fetches them first.
    pub(crate) fn of_workspace(root: &Path) -> Result<Self> {
        let platform = host()?;
        let usual = [
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--filter-platform",
            &platform,
        ];
        let offline = cargo(root, usual.iter().copied().chain(["--offline"]));
        let text = offline.or_else(|_| cargo(root, usual.iter().copied()))?;
        let value: Value = serde_json::from_str(&text)
            .context("cargo metadata printed something else than JSON")?;
        Self::parse(&value)
    }

    /// Reads the output of `cargo metadata`.
    pub(crate) fn parse(value: &Value) -> Result<Self> {
        let root = text(value, "workspace_root")?;
        let members: BTreeSet<&str> = list(value, "workspace_members")?
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let mut packages = BTreeMap::new();
        for package in list(value, "packages")? {
            let id = text(package, "id")?;
            packages.insert(
                id.to_owned(),
                read_package(package, root, members.contains(id))?,
            );
        }
        let resolve = value
            .get("resolve")
            .context("cargo metadata printed no `resolve`")?;
        for node in list(resolve, "nodes")? {
            let uses = list(node, "deps")?
                .iter()
                .map(read_use)
                .collect::<Result<_>>()?;
            if let Some(package) = packages.get_mut(text(node, "id")?) {
                package.uses = uses;
            }
        }
        Ok(Self { packages })
    }

    /// Our own packages.
    pub(crate) fn ours(&self) -> impl Iterator<Item = (&str, &Package)> {
        self.packages
            .iter()
            .filter(|(_, package)| package.ours)
            .map(|(id, p)| (id.as_str(), p))
    }

    /// For each package that the shipped part of `from` reaches, the way there as package names.
    pub(crate) fn reach(&self, from: &str) -> BTreeMap<&str, Vec<&str>> {
        let mut ways = BTreeMap::new();
        let mut queue = VecDeque::from([(from, Vec::new())]);
        while let Some((id, way)) = queue.pop_front() {
            let Some((id, package)) = self.packages.get_key_value(id) else {
                continue;
            };
            if ways.contains_key(id.as_str()) {
                continue;
            }
            let mut way = way;
            way.push(package.name.as_str());
            for next in package.uses.iter().filter(|next| next.shipped) {
                queue.push_back((next.id.as_str(), way.clone()));
            }
            ways.insert(id.as_str(), way);
        }
        ways.remove(from);
        ways
    }
}

fn read_package(package: &Value, root: &str, ours: bool) -> Result<Package> {
    let mut roots = Vec::new();
    for target in if ours { list(package, "targets")? } else { &[] } {
        let path = text(target, "src_path")?;
        let kinds = list(target, "kind")?;
        roots.push(Root {
            path: path
                .strip_prefix(root)
                .unwrap_or(path)
                .trim_start_matches('/')
                .to_owned(),
            test: kinds.iter().any(|kind| kind == "test" || kind == "bench"),
        });
    }
    Ok(Package {
        name: text(package, "name")?.to_owned(),
        version: text(package, "version")?.to_owned(),
        licence: package
            .get("license")
            .and_then(Value::as_str)
            .map(str::to_owned),
        source: package
            .get("source")
            .and_then(Value::as_str)
            .map(str::to_owned),
        ours,
        roots,
        uses: Vec::new(),
    })
}

fn read_use(dependency: &Value) -> Result<Use> {
    let kinds = list(dependency, "dep_kinds")?;
    let of_tests = |kind: &Value| kind.get("kind").is_some_and(|name| name == "dev");
    Ok(Use {
        id: text(dependency, "pkg")?.to_owned(),
        shipped: !kinds.iter().all(of_tests),
    })
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    let found = value.get(key).and_then(Value::as_str);
    found.with_context(|| format!("cargo metadata: expected a text `{key}`"))
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a [Value]> {
    let found = value.get(key).and_then(Value::as_array);
    found
        .map(Vec::as_slice)
        .with_context(|| format!("cargo metadata: expected a list `{key}`"))
}

fn host() -> Result<String> {
    let output = Command::new("rustc")
        .arg("-vV")
        .output()
        .context("rustc -vV")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned)
        .context("rustc -vV names no host platform")
}

fn cargo<'a>(root: &Path, words: impl Iterator<Item = &'a str>) -> Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(words).current_dir(root).stdin(Stdio::null());
    let output = command.output().context("cargo metadata")?;
    if !output.status.success() {
        bail!(
            "cargo metadata failed:\n{}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Graph, Package, Use};

    /// A graph from lines `name: dependency dependency(dev)`; names starting with `usher` are ours.
    pub(crate) fn graph(lines: &[&str]) -> Graph {
        let mut graph = Graph::default();
        for line in lines {
            let (name, uses) = line.split_once(':').unwrap();
            let uses = uses.split_whitespace().map(|word| Use {
                id: word.trim_end_matches("(dev)").to_owned(),
                shipped: !word.ends_with("(dev)"),
            });
            let package = Package {
                name: name.to_owned(),
                version: "1.0.0".to_owned(),
                ours: name.starts_with("usher") || name == "xtask",
                uses: uses.collect(),
                ..Package::default()
            };
            graph.packages.insert(name.to_owned(), package);
        }
        graph
    }

    #[test]
    fn the_way_to_a_package_is_named_and_test_dependencies_are_left_out() {
        let graph = graph(&[
            "usher-core: serde proptest(dev)",
            "serde: mio",
            "mio:",
            "proptest:",
        ]);
        let ways = graph.reach("usher-core");
        assert_eq!(ways["mio"], ["usher-core", "serde", "mio"]);
        assert!(!ways.contains_key("proptest"));
    }

    #[test]
    fn this_workspace_is_read_with_its_targets() {
        let graph = Graph::of_workspace(&crate::root().unwrap()).unwrap();
        let (_, xtask) = graph
            .ours()
            .find(|(_, package)| package.name == "xtask")
            .unwrap();
        assert_eq!(xtask.roots[0].path, "xtask/src/main.rs");
        assert!(
            graph
                .packages
                .values()
                .any(|package| !package.ours && package.source.is_some())
        );
    }
}
