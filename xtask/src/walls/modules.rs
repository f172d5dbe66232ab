//! Which source files belong to a crate at all, and which of their lines are test code.
//!
//! Declarations are found line by line: `mod name;`, alone on its line, also behind `pub` and attributes. A module
//! declared inside an inline module is not followed; nobody needs one here.

use std::collections::{BTreeMap, BTreeSet};

use super::files::TextFile;
use super::graph::Graph;

/// What the walk over all `mod` declarations found.
#[derive(Debug, Default)]
pub(crate) struct Modules {
    /// Files that a crate reaches; `true` if only its tests do.
    reached: BTreeMap<String, bool>,
    orphans: Vec<String>,
}

/// Follows the declarations from the first file of every target.
pub(crate) fn walk(graph: &Graph, files: &[TextFile]) -> Modules {
    let by_path: BTreeMap<&str, &TextFile> = files
        .iter()
        .map(|file| (file.path.as_str(), file))
        .collect();
    let mut reached: BTreeMap<String, bool> = BTreeMap::new();
    let roots = graph.ours().flat_map(|(_, package)| &package.roots);
    let mut open: Vec<(String, bool, bool)> = roots
        .map(|root| (root.path.clone(), root.test, true))
        .collect();
    while let Some((path, test, is_root)) = open.pop() {
        let Some(file) = by_path.get(path.as_str()) else {
            continue;
        };
        if reached.get(&path).is_some_and(|known| !known || test) {
            continue;
        }
        reached.insert(path.clone(), test);
        for declared in declarations(file) {
            let candidates = places(&path, is_root, &declared);
            let found = candidates
                .into_iter()
                .find(|place| by_path.contains_key(place.as_str()));
            open.extend(found.map(|place| (place, test || declared.test, false)));
        }
    }
    let orphans = files
        .iter()
        .filter(|file| {
            file.is_rust() && in_a_crate(&file.path) && !reached.contains_key(&file.path)
        })
        .map(|file| {
            format!(
                "{}: no `mod` declares it, so nothing compiles or runs it",
                file.path
            )
        })
        .collect();
    Modules { reached, orphans }
}

/// Rust files that no target contains are legal only outside `src`, `tests`, `benches` and `examples`.
fn in_a_crate(path: &str) -> bool {
    let folders: BTreeSet<&str> = path.split('/').collect();
    ["src", "tests", "benches", "examples"]
        .iter()
        .any(|folder| folders.contains(folder))
}

struct Declared {
    name: String,
    path: Option<String>,
    test: bool,
}

fn declarations(file: &TextFile) -> Vec<Declared> {
    let mut found = Vec::new();
    let (mut path, mut test) = (None, false);
    for (_, line) in file.lines() {
        let line = line.trim();
        if line.starts_with("#[path") {
            path = line.split('"').nth(1).map(str::to_owned);
        } else if line.starts_with("#[cfg(") {
            test |= line.starts_with("#[cfg(test)") || line.starts_with("#[cfg(all(test");
        } else if let Some(name) = module_name(line) {
            found.push(Declared {
                name: name.to_owned(),
                path: path.take(),
                test,
            });
            test = false;
        } else if !line.starts_with("#[") && !line.starts_with("//") {
            (path, test) = (None, false);
        }
    }
    found
}

/// The name in `mod name;`, behind any visibility.
fn module_name(line: &str) -> Option<&str> {
    let rest = match line.strip_prefix("pub") {
        Some(rest) if rest.starts_with('(') => rest.split_once(')')?.1,
        Some(rest) => rest,
        None => line,
    };
    let name = rest
        .trim_start()
        .strip_prefix("mod ")?
        .split(';')
        .next()?
        .trim();
    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    (plain && rest.contains(';')).then_some(name)
}

/// Where the file of a declared module may lie.
fn places(path: &str, is_root: bool, declared: &Declared) -> Vec<String> {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    if let Some(named) = &declared.path {
        return vec![format!("{folder}/{named}")];
    }
    let stem = file.trim_end_matches(".rs");
    let own = if is_root || stem == "mod" {
        folder.to_owned()
    } else {
        format!("{folder}/{stem}")
    };
    let name = &declared.name;
    vec![format!("{own}/{name}.rs"), format!("{own}/{name}/mod.rs")]
}

impl Modules {
    /// Findings: source files outside every crate.
    pub(crate) fn orphans(&self) -> Vec<String> {
        self.orphans.clone()
    }

    /// Whether the whole file is test code.
    fn is_test(&self, file: &TextFile) -> bool {
        self.reached.get(&file.path).copied().unwrap_or(false)
            || file.path.contains("/tests/")
            || file.path.contains("/benches/")
    }

    /// Whether the line of that number is test code.
    pub(crate) fn is_test_code(&self, file: &TextFile, number: usize) -> bool {
        self.is_test(file) || number >= first_test_line(file)
    }

    /// Lines that are shipped and no comment.
    pub(crate) fn shipped_lines<'a>(&self, file: &'a TextFile) -> Vec<(usize, &'a str)> {
        if self.is_test(file) {
            return Vec::new();
        }
        let end = first_test_line(file);
        without_comments(file)
            .filter(|(number, _)| *number < end)
            .collect()
    }

    /// Lines of test code that are no comment.
    pub(crate) fn test_lines<'a>(&self, file: &'a TextFile) -> Vec<(usize, &'a str)> {
        let start = if self.is_test(file) {
            0
        } else {
            first_test_line(file)
        };
        without_comments(file)
            .filter(|(number, _)| *number >= start)
            .collect()
    }
}

fn without_comments(file: &TextFile) -> impl Iterator<Item = (usize, &str)> {
    file.lines()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// The number of the line `#[cfg(test)]` before an inline module; tests stand last (clippy holds that).
fn first_test_line(file: &TextFile) -> usize {
    let lines: Vec<(usize, &str)> = file.lines().collect();
    let opens = |line: &str| line.contains("mod ") && line.trim_end().ends_with('{');
    for (at, (number, line)) in lines.iter().enumerate() {
        let rest = lines.iter().skip(at + 1).map(|(_, line)| line.trim());
        let mut item = rest.skip_while(|line| line.starts_with("#[") || line.starts_with("//"));
        if line.trim().starts_with("#[cfg(test)") && item.next().is_some_and(opens) {
            return *number;
        }
    }
    usize::MAX
}

#[cfg(test)]
mod tests {
    use super::{module_name, walk};
    use crate::walls::files::tests::file;
    use crate::walls::graph::tests::graph;
    use crate::walls::graph::{Graph, Root};

    fn with_roots(roots: &[(&str, bool)]) -> Graph {
        let mut graph = graph(&["usher-a:"]);
        let package = graph.packages.get_mut("usher-a").unwrap();
        let root = |(path, test): &(&str, bool)| Root {
            path: (*path).to_owned(),
            test: *test,
        };
        package.roots = roots.iter().map(root).collect();
        graph
    }

    #[test]
    fn a_file_that_no_module_declares_is_found() {
        let files = [
            file(
                "crates/a/src/lib.rs",
                "pub mod one;\n#[cfg(test)]\nmod checks;\n",
            ),
            file("crates/a/src/one/mod.rs", "mod two;"),
            file("crates/a/src/one/two.rs", "mod three;"),
            file("crates/a/src/one/two/three.rs", ""),
            file("crates/a/src/checks.rs", ""),
            file("crates/a/src/forgotten.rs", "#[test] fn never_runs() {}"),
            file("crates/a/tests/it/main.rs", "mod story;"),
            file("crates/a/tests/it/story.rs", ""),
            file("crates/a/tests/it/lost.rs", ""),
        ];
        let graph = with_roots(&[
            ("crates/a/src/lib.rs", false),
            ("crates/a/tests/it/main.rs", true),
        ]);
        let found = walk(&graph, &files).orphans();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("crates/a/src/forgotten.rs"));
        assert!(found[1].starts_with("crates/a/tests/it/lost.rs"));
    }

    #[test]
    fn a_declaration_with_a_path_is_followed() {
        let files = [
            file("crates/a/src/lib.rs", "#[path = \"other.rs\"]\nmod name;"),
            file("crates/a/src/other.rs", ""),
        ];
        let graph = with_roots(&[("crates/a/src/lib.rs", false)]);
        assert!(walk(&graph, &files).orphans().is_empty());
    }

    #[test]
    fn test_code_is_told_from_shipped_code() {
        let lib =
            "fn shipped() {}\n#[cfg(test)]\nmod checks;\n#[cfg(test)]\nmod tests {\nfn t() {}\n}";
        let files = [
            file("crates/a/src/lib.rs", lib),
            file("crates/a/src/checks.rs", "fn c() {}"),
        ];
        let modules = walk(&with_roots(&[("crates/a/src/lib.rs", false)]), &files);
        assert_eq!(modules.shipped_lines(&files[0]).len(), 3);
        assert_eq!(modules.test_lines(&files[0]).len(), 4);
        assert!(modules.shipped_lines(&files[1]).is_empty());
        assert_eq!(modules.test_lines(&files[1]).len(), 1);
    }

    #[test]
    fn declarations_are_told_from_other_lines() {
        assert_eq!(module_name("pub(crate) mod a_b;"), Some("a_b"));
        assert_eq!(module_name("mod a; // why"), Some("a"));
        assert_eq!(module_name("mod tests {"), None);
        assert_eq!(module_name("// mod a;"), None);
    }
}
