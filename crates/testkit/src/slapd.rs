//! A private OpenLDAP server: real schema, real access rules, real TLS, gone when dropped.

mod launch;

use std::fs;
use std::path::PathBuf;
use std::process::Child;

use crate::certificates::{Authority, Certificate, run};
use crate::{RigError, missing_tools_are_errors};

use launch::{find_slapd, launch, load, write_config};

const INSTALL: &str =
    "apt-get install --no-install-recommends slapd slapd-contrib ldap-utils openssl";

/// Access rules that let everybody read all but passwords.
pub const READ_ALL: &[&str] = &[
    "to attrs=userPassword by self write by anonymous auth by * none",
    "to * by * read",
];

/// What the server is to hold and allow. Start from `SlapdConfig::default()`.
#[derive(Debug, Clone)]
pub struct SlapdConfig {
    /// Suffix of the only database.
    pub base_dn: String,
    /// The data, in LDIF, the base entry included. Without it the base entry alone is made. An entry
    /// `cn=reader` below the base is always added.
    pub ldif: Option<String>,
    /// The data as a file, instead of `ldif`.
    pub ldif_file: Option<PathBuf>,
    /// Access rules as in `slapd.access(5)`, without the word `access`. Empty means [`READ_ALL`].
    pub acl: Vec<String>,
    /// `limits` lines for the database, without the word. The default gives the reader no limit.
    pub limits: Vec<String>,
    /// The general size limit, as in `sizelimit`.
    pub size_limit: String,
    /// Further schemas from the distribution's folder, for example `msuser`.
    pub schemas: Vec<String>,
    /// Lines for the general part of the configuration file.
    pub general: String,
    /// Whether the password policy overlay is loaded.
    pub ppolicy: bool,
    /// Whether member values follow their entries: without it a rename or a deletion leaves them as they were.
    pub refint: bool,
    /// The certificate that the server shows.
    pub certificate: Certificate,
}

impl Default for SlapdConfig {
    fn default() -> Self {
        Self {
            base_dn: "dc=example,dc=test".to_owned(),
            ldif: None,
            ldif_file: None,
            acl: Vec::new(),
            limits: Vec::new(),
            size_limit: "size.soft=500 size.hard=unlimited size.pr=unlimited".to_owned(),
            schemas: Vec::new(),
            general: String::new(),
            ppolicy: false,
            refint: true,
            certificate: Certificate::Good,
        }
    }
}

/// A running server.
#[derive(Debug)]
pub struct Slapd {
    child: Child,
    folder: tempfile::TempDir,
    authority: Authority,
    config: SlapdConfig,
    port: u16,
    tls_port: u16,
}

impl Slapd {
    /// Starts a server and waits until it answers.
    ///
    /// # Errors
    /// What could not be done; for a missing program, what to install.
    pub fn start(config: SlapdConfig) -> Result<Self, RigError> {
        let slapd = find_slapd()?;
        let folder = tempfile::Builder::new()
            .prefix("usher-slapd-")
            .tempdir()
            .map_err(|error| RigError::at("no temporary folder", error))?;
        let authority = Authority::create(folder.path())?;
        write_config(folder.path(), &config, &authority)?;
        load(&slapd, folder.path(), &config)?;
        let mut last = RigError("never tried".to_owned());
        for _ in 0..5 {
            match launch(&slapd, folder.path()) {
                Ok((child, port, tls_port)) => {
                    return Ok(Self {
                        child,
                        folder,
                        authority,
                        config,
                        port,
                        tls_port,
                    });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// As [`Slapd::start`]; `None` if slapd is not installed and this is not continuous integration.
    ///
    /// # Panics
    /// If the server cannot be started for any other reason.
    #[allow(clippy::panic)]
    pub fn start_or_skip(config: SlapdConfig) -> Option<Self> {
        match (find_slapd(), missing_tools_are_errors()) {
            (Err(error), false) => {
                crate::note_skipped(&error.to_string());
                None
            }
            _ => Some(Self::start(config).unwrap_or_else(|error| panic!("slapd: {error}"))),
        }
    }

    /// Port of `ldap` on 127.0.0.1 (and ::1 where there is IPv6).
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Port of `ldaps` on 127.0.0.1 (and ::1 where there is IPv6).
    pub fn tls_port(&self) -> u16 {
        self.tls_port
    }

    /// `ldap://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    /// `ldaps://127.0.0.1:PORT`
    pub fn ldaps_url(&self) -> String {
        format!("ldaps://127.0.0.1:{}", self.tls_port)
    }

    /// The certificate of the authority that signed the server's.
    pub fn ca_file(&self) -> PathBuf {
        self.authority.ca_file()
    }

    /// The suffix.
    pub fn base_dn(&self) -> &str {
        &self.config.base_dn
    }

    /// A DN that may do everything.
    pub fn admin_dn(&self) -> String {
        format!("cn=admin,{}", self.config.base_dn)
    }

    /// The password of [`Slapd::admin_dn`].
    pub fn admin_password(&self) -> &'static str {
        "admin-secret"
    }

    /// The DN of an ordinary reader.
    pub fn reader_dn(&self) -> String {
        format!("cn=reader,{}", self.config.base_dn)
    }

    /// The password of [`Slapd::reader_dn`].
    pub fn reader_password(&self) -> &'static str {
        "reader-secret"
    }

    /// The process id, for tests that stop the server in the middle.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Applies changes in LDIF with `ldapmodify` (entries without `changetype` are added).
    pub fn ldif_modify(&self, ldif: &str) -> Result<(), RigError> {
        self.modify_as(&self.admin_dn(), self.admin_password(), ldif)
    }

    /// Replaces the access rules of the running server. Rules are as in [`SlapdConfig::acl`].
    pub fn set_acl(&self, rules: &[&str]) -> Result<(), RigError> {
        self.reconfigure("olcAccess", rules)
    }

    /// Replaces the limits of the running server. Limits are as in [`SlapdConfig::limits`].
    pub fn set_limits(&self, limits: &[&str]) -> Result<(), RigError> {
        self.reconfigure("olcLimits", limits)
    }

    fn reconfigure(&self, attribute: &str, values: &[&str]) -> Result<(), RigError> {
        let mut ldif = format!(
            "dn: olcDatabase={{1}}mdb,cn=config\nchangetype: modify\nreplace: {attribute}\n"
        );
        for (at, value) in values.iter().enumerate() {
            ldif.push_str(&format!("{attribute}: {{{at}}}{value}\n"));
        }
        self.modify_as("cn=config", self.admin_password(), &ldif)
    }

    /// How many entries match a filter (RFC 4515).
    pub fn count(&self, filter: &str) -> Result<usize, RigError> {
        let (url, admin) = (self.url(), self.admin_dn());
        let words = [
            "-x",
            "-H",
            &url,
            "-D",
            &admin,
            "-w",
            self.admin_password(),
            "-LLL",
            "-o",
            "ldif-wrap=no",
            "-b",
            self.base_dn(),
            filter,
            "1.1",
        ];
        let output = run("ldapsearch", &words, self.folder.path(), INSTALL)?;
        let text = String::from_utf8_lossy(&output);
        Ok(text.lines().filter(|line| line.starts_with("dn:")).count())
    }

    /// Everything that the server holds now, with operational attributes, as LDIF for another server.
    pub fn export(&self) -> Result<String, RigError> {
        let slapcat = find_slapd()?.with_file_name("slapcat");
        let words = ["-f", "slapd.conf", "-b", self.base_dn()];
        let output = run(
            &slapcat.to_string_lossy(),
            &words,
            self.folder.path(),
            INSTALL,
        )?;
        Ok(String::from_utf8_lossy(&output).into_owned())
    }

    /// Stops the server; the data stays until the rig is dropped.
    pub fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn modify_as(&self, dn: &str, password: &str, ldif: &str) -> Result<(), RigError> {
        let file = self.folder.path().join("change.ldif");
        fs::write(&file, ldif).map_err(|error| RigError::at("change.ldif", error))?;
        let url = self.url();
        let words = [
            "-a",
            "-x",
            "-H",
            &url,
            "-D",
            dn,
            "-w",
            password,
            "-f",
            "change.ldif",
        ];
        run("ldapmodify", &words, self.folder.path(), INSTALL).map(|_| ())
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::launch::{answers, base_entry};
    use super::*;

    #[test]
    fn further_schemas_the_password_policy_and_an_ldif_file_are_taken() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("data.ldif");
        let data = format!(
            "{}\ndn: ou=x,dc=acme,dc=test\nobjectClass: organizationalUnit\nou: x\n",
            base_entry("dc=acme,dc=test")
        );
        fs::write(&file, data).expect("writes");
        let config = SlapdConfig {
            base_dn: "dc=acme,dc=test".to_owned(),
            ldif_file: Some(file),
            schemas: vec!["msuser".to_owned()],
            ppolicy: true,
            ..SlapdConfig::default()
        };
        let Some(mut slapd) = Slapd::start_or_skip(config) else {
            return;
        };
        let change =
            "dn: ou=x,dc=acme,dc=test\nchangetype: modify\nadd: description\ndescription: here\n";
        slapd
            .ldif_modify(change)
            .expect("the entry of the file is there");
        let error = slapd
            .ldif_modify("dn: ou=y,dc=acme,dc=test\nchangetype: delete\n")
            .expect_err("missing");
        assert!(error.to_string().contains("No such object"), "{error}");
        slapd.stop();
        assert!(!answers(slapd.port()));
    }
}
