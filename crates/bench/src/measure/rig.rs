//! Servers and state for a measurement.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::{Context as _, Result};
use tempfile::TempDir;
use usher_testkit::slapd::{Slapd, SlapdConfig};

use crate::child::{Running, ask};
use crate::company::{BASE, Company};
use crate::engine::{Directory, EngineAnswer, EngineRequest, Task};
use crate::sandbox::{Place, SandboxRequest};

/// A real LDAP server that holds a company.
pub(crate) fn slapd(company: Company) -> Result<Slapd> {
    slapd_with(company, SlapdConfig::default())
}

/// As [`slapd`], set up as wanted.
pub(crate) fn slapd_with(company: Company, config: SlapdConfig) -> Result<Slapd> {
    eprintln!(
        "loading {} people and {} groups into slapd",
        company.people, company.groups
    );
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("company.ldif");
    let mut out = BufWriter::new(File::create(&file)?);
    company.ldif(&mut out)?;
    drop(out);
    let config = SlapdConfig {
        base_dn: BASE.to_owned(),
        ldif_file: Some(file),
        ..config
    };
    Slapd::start(config).context("slapd")
}

/// How the engine reaches it.
pub(crate) fn directory(slapd: &Slapd) -> Directory {
    Directory::Ldap {
        host: format!("127.0.0.1:{}", slapd.port()),
        bind_dn: slapd.reader_dn(),
        password: slapd.reader_password().to_owned(),
    }
}

/// An engine's state, its directory and its target.
pub(crate) struct Rig {
    folder: TempDir,
    directory: Directory,
    pub(crate) place: Place,
    /// Ends with the rig.
    _sandbox: Running,
}

impl Rig {
    /// A fresh state and a fresh target.
    pub(crate) fn new(directory: Directory, sandbox: SandboxRequest) -> Result<Self> {
        let mut running = Running::start("sandbox", &sandbox)?;
        let place = running.answer()?;
        Ok(Self {
            folder: tempfile::tempdir()?,
            directory,
            place,
            _sandbox: running,
        })
    }

    /// Runs the engine in a process of its own.
    pub(crate) fn engine(&self, task: Task) -> Result<EngineAnswer> {
        ask("engine", &self.request(task))
    }

    /// What the engine's process is told.
    pub(crate) fn request(&self, task: Task) -> EngineRequest {
        EngineRequest {
            state: self.folder.path().to_string_lossy().into_owned(),
            directory: self.directory.clone(),
            target: self.place.clone(),
            task,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// A target that answers at once and keeps no bodies.
pub(crate) const QUICK_TARGET: SandboxRequest = SandboxRequest {
    service_time_ms: 0,
    log_capacity: 0,
};
