//! The pure crates do no I/O: neither through what they depend on, nor by the standard library, nor by waiting.

use super::files::TextFile;
use super::graph::Graph;
use super::modules::Modules;

/// The pure crates: package and folder.
const PURE: &[(&str, &str)] = &[
    ("usher-core", "crates/core/src/"),
    ("usher-scim", "crates/scim/src/"),
    ("usher-directory", "crates/directory/src/"),
    ("usher-pf", "crates/pf/src/"),
];

/// Packages that talk to something outside the process, or exist to wait for it.
const IO: &[&str] = &[
    "async-std",
    "axum",
    "h2",
    "hyper",
    "ldap3",
    "ldap3_proto",
    "libsqlite3-sys",
    "mio",
    "native-tls",
    "openssl",
    "rand",
    "reqwest",
    "rusqlite",
    "rustls",
    "smol",
    "socket2",
    "sqlx",
    "sqlx-core",
    "tempfile",
    "tokio",
    "tokio-rustls",
    "tokio-util",
    "ureq",
];

/// What of the language and the standard library does I/O, waits, or reads clock and chance.
const IO_WORDS: &[&str] = &[
    "async fn",
    ".await",
    "std::fs",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "ToSocketAddrs",
    "std::process",
    "std::env",
    "std::thread",
    "std::io::stdin",
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "RandomState",
];

/// Pure crates that reach a package doing I/O, with the way.
pub(crate) fn dependencies(graph: &Graph) -> Vec<String> {
    let mut findings = Vec::new();
    for (id, package) in graph.ours() {
        if !PURE.iter().any(|(name, _)| *name == package.name) {
            continue;
        }
        for way in graph.reach(id).values() {
            if way.last().is_some_and(|last| IO.contains(last)) {
                findings.push(format!(
                    "{}: a pure crate must not reach it",
                    way.join(" -> ")
                ));
            }
        }
    }
    findings
}

/// Lines of pure crates, outside tests and comments, that do I/O.
pub(crate) fn sources(files: &[TextFile], modules: &Modules) -> Vec<String> {
    let mut findings = Vec::new();
    for file in files {
        if !file.is_rust() || !PURE.iter().any(|(_, folder)| file.path.starts_with(folder)) {
            continue;
        }
        for (number, line) in modules.shipped_lines(file) {
            if let Some(word) = IO_WORDS.iter().find(|word| line.contains(*word)) {
                findings.push(format!(
                    "{}:{number}: `{word}` in a pure crate; take what it gives as a parameter",
                    file.path
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{dependencies, sources};
    use crate::walls::files::tests::file;
    use crate::walls::graph::tests::graph;
    use crate::walls::modules::Modules;

    #[test]
    fn a_runtime_behind_a_pure_crate_is_found_with_the_way() {
        let graph = graph(&["usher-core: innocent", "innocent: tokio", "tokio:"]);
        let found = dependencies(&graph);
        assert_eq!(
            found,
            ["usher-core -> innocent -> tokio: a pure crate must not reach it"]
        );
    }

    #[test]
    fn tests_of_a_pure_crate_may_use_anything() {
        let graph = graph(&["usher-scim: tokio(dev)", "tokio:", "usher-ldap: tokio"]);
        assert!(dependencies(&graph).is_empty());
    }

    #[test]
    fn reading_a_file_or_the_clock_in_a_pure_crate_is_found() {
        let text = "fn f() {\n    std::fs::read(\"x\");\n}\n// std::fs in a comment\n\
                    #[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
        let files = [
            file("crates/core/src/lib.rs", text),
            file("crates/ldap/src/lib.rs", text),
        ];
        let found = sources(&files, &Modules::default());
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("crates/core/src/lib.rs:2: `std::fs`"),
            "{found:?}"
        );
    }
}
