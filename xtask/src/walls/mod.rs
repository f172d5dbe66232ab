//! `cargo xtask walls`: what the compiler does not hold. Each check is a function from data to findings, with a
//! test that shows it can fail.

mod arrows;
mod dependencies;
mod documented;
mod files;
mod graph;
mod licence;
mod modules;
mod promises;
mod purity;
mod sources;
mod words;

use std::path::Path;

use anyhow::{Result, bail};

use files::TextFile;
use graph::Graph;

/// Runs every check and prints every finding.
///
/// # Errors
/// If there is any finding, or if cargo's description of the workspace or a file cannot be read.
pub(crate) fn command(root: &Path) -> Result<()> {
    let graph = Graph::of_workspace(root)?;
    let files = files::read(root)?;
    let policy = dependencies::Policy::read(&root.join("deny.toml"))?;
    let checks = checks(&graph, &files, &policy);
    let mut findings = 0;
    for (name, found) in &checks {
        println!("{} {name}", if found.is_empty() { "ok  " } else { "FAIL" });
        for line in found {
            println!("     {line}");
        }
        findings += found.len();
    }
    if findings > 0 {
        bail!("{findings} findings; each line above says where and what to do");
    }
    Ok(())
}

type Checked = (&'static str, Vec<String>);

fn checks(graph: &Graph, files: &[TextFile], policy: &dependencies::Policy) -> Vec<Checked> {
    let modules = modules::walk(graph, files);
    vec![
        (
            "arrows between our crates only point down",
            arrows::check(graph),
        ),
        ("pure crates reach no I/O", purity::dependencies(graph)),
        (
            "pure crates do no I/O themselves",
            purity::sources(files, &modules),
        ),
        ("every source file belongs to a module", modules.orphans()),
        (
            "target vendors' names stay in their folder",
            sources::vendors(files, &modules),
        ),
        (
            "SQL stays in the stores",
            sources::sql(graph, files, &modules),
        ),
        ("no test sleeps", sources::sleeps(files, &modules)),
        ("contracts are documented", documented::check(files)),
        (
            "the tests that documents name exist",
            promises::check(files, &modules),
        ),
        ("no word that must not be here", words::check(files)),
        ("licences of dependencies", policy.licences(graph)),
        ("sources of dependencies", policy.sources(graph)),
        ("banned dependencies", policy.banned(graph)),
    ]
}
