//! A browser, and the scripts that drive it.
#![allow(clippy::print_stdout, reason = "what a story tells is told")]

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;
use usher_testkit::note_skipped;
use usher_testkit::slapd::{Slapd, SlapdConfig};

use crate::rig::{Rig, ran};
use crate::served::Served;

/// Names the folder with what drives the browser; given, it must be whole.
const TOOLS: &str = "USHER_BROWSER_TOOLS";

/// A browser and what drives it.
pub(crate) struct Browser {
    folder: PathBuf,
    node: String,
    chromium: String,
}

impl Browser {
    /// As `cargo xtask browser` left it; without it the test is skipped, except where it must not be.
    pub(crate) fn find() -> Option<Self> {
        if usher_testkit::servers_are_left_out() {
            note_skipped("USHER_TEST_NO_SERVERS is set");
            return None;
        }
        let given = std::env::var_os(TOOLS).map(PathBuf::from);
        let is_given = given.is_some();
        let folder = given.unwrap_or_else(|| {
            let built = Path::new(env!("CARGO_BIN_EXE_usher")).parent().unwrap();
            built.parent().unwrap().join("browser")
        });
        let record = folder.join("tools.json");
        let Ok(text) = std::fs::read_to_string(&record) else {
            assert!(!is_given, "there is no {}", record.display());
            note_skipped("`cargo xtask browser` has not installed a browser here");
            return None;
        };
        let tools: Value = serde_json::from_str(&text).unwrap();
        let program = |name: &str| tools[name].as_str().unwrap().to_owned();
        Some(Self {
            node: program("node"),
            chromium: program("chromium"),
            folder,
        })
    }

    /// A story that can begin, against what is served.
    pub(crate) fn story(&self, name: &str, rig: &Rig, served: &Served) -> Story {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../browser");
        let mut command = Command::new(&self.node);
        command
            .arg(scripts.join(format!("{name}.story.mjs")))
            .current_dir(rig.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", rig.folder.path())
            .env("TMPDIR", rig.folder.path())
            .env(TOOLS, &self.folder)
            .env("USHER_CHROMIUM", &self.chromium)
            .env("USHER_CONSOLE", served.url(""))
            .env("USHER_SCIM_URL", rig.sandbox.base_url())
            .env("USHER_SCIM_KEY", rig.sandbox.key())
            .env("USHER_FOLDER", rig.folder.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        if let Some(link) = served.told["first_link"].as_str() {
            command.env("USHER_FIRST_LINK", link);
        }
        Story {
            name: name.to_owned(),
            command,
        }
    }
}

/// A script that is about to run.
pub(crate) struct Story {
    name: String,
    command: Command,
}

impl Story {
    pub(crate) fn env(&mut self, name: &str, value: &str) {
        self.command.env(name, value);
    }

    /// Runs it to its end; what it tells is told.
    pub(crate) async fn holds(self) {
        let ran = ran(self.command).await;
        print!("{}", ran.out);
        assert_eq!(
            ran.code, 0,
            "the story {} does not hold:\n{}{}",
            self.name, ran.out, ran.err
        );
        assert!(ran.err.is_empty(), "{}", ran.err);
    }
}

/// A company in an OpenLDAP: six people, one of them disabled and one without a mail address, and three groups.
pub(crate) struct Company {
    pub(crate) slapd: Slapd,
}

impl Company {
    pub(crate) fn start_or_skip() -> Option<Self> {
        let config = SlapdConfig {
            base_dn: "dc=example,dc=com".to_owned(),
            ldif: Some(include_str!("../../../../browser/company.ldif").to_owned()),
            ..SlapdConfig::default()
        };
        Slapd::start_or_skip(config).map(|slapd| Self { slapd })
    }

    /// Tells a story where it is, and who may change it.
    pub(crate) fn is_known_to(&self, story: &mut Story) {
        let slapd = &self.slapd;
        for (name, value) in [
            ("USHER_LDAP_URL", slapd.url().as_str()),
            ("USHER_LDAP_ADMIN", &slapd.admin_dn()),
            ("USHER_LDAP_PASSWORD", slapd.admin_password()),
            ("USHER_LDAP_READER", &slapd.reader_dn()),
            ("USHER_LDAP_READER_PASSWORD", slapd.reader_password()),
        ] {
            story.env(name, value);
        }
    }
}
