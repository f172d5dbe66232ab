//! Tools of other projects against a running service: a client that a generator makes from the published description,
//! and a search for answers that no description foresees. They are Python's, in an environment of their own.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::servers;
use super::tool::{Tool, shown};

/// What is installed: each package with its version.
const REQUIREMENTS: &str = "interop/requirements.txt";

/// The environment with the tools in it.
#[derive(Debug)]
pub(crate) struct Tools {
    python: PathBuf,
}

impl Tools {
    /// Makes the environment below `target`, or takes the one that was made from the same list.
    ///
    /// # Errors
    /// If Python is not there, or the packages cannot be had.
    pub(crate) fn install(root: &Path, target: &Path) -> Result<Self> {
        let folder = target.join("interop");
        let tools = Self {
            python: folder.join("bin/python"),
        };
        let wanted = root.join(REQUIREMENTS);
        let wanted = fs::read_to_string(&wanted).with_context(|| wanted.display().to_string())?;
        let done = folder.join("installed.txt");
        // The programs in it begin with the place where it was made.
        let made = format!("{}\n{wanted}", folder.display());
        if fs::read_to_string(&done).is_ok_and(|found| found == made)
            && Tool::new(&shown(&tools.python)?, "--version").succeeds()
        {
            println!("{} has what {REQUIREMENTS} names", folder.display());
            return Ok(tools);
        }
        python()?;
        let place = shown(&folder)?;
        Tool::new("python3", "-m venv --clear").arg(&place).run()?;
        // The list is whole: nothing else is taken.
        Tool::new(
            &shown(&tools.python)?,
            "-m pip install --quiet --disable-pip-version-check --no-input --no-deps --retries 2 --requirement",
        )
        .arg(REQUIREMENTS)
        .within(root)
        .run()?;
        fs::write(&done, made).with_context(|| done.display().to_string())?;
        Ok(tools)
    }

    /// Runs one of the proofs against the program.
    ///
    /// # Errors
    /// If it does not hold.
    pub(crate) fn prove(&self, root: &Path, usher: &Path, what: &str) -> Result<()> {
        Tool::new(&shown(&self.python)?, "interop")
            .arg("--only")
            .arg(what)
            .arg("--usher")
            .arg(&shown(usher)?)
            .within(root)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .run()
    }
}

/// Makes sure that Python can make environments; on Debian as root it is installed.
fn python() -> Result<()> {
    let there = || {
        Tool::new("python3", "-c")
            .arg("import venv, ensurepip")
            .succeeds()
    };
    if there() {
        return Ok(());
    }
    if !servers::can_install() {
        bail!(
            "Python with its modules venv and ensurepip is not installed (in Debian: python3-venv)"
        );
    }
    servers::install_packages("python3 python3-venv")
}

/// Whether continuous integration runs this: there everything that is needed can be had.
pub(crate) fn must_run() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}
