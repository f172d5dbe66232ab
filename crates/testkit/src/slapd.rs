//! A private OpenLDAP server: real schema, real access rules, real TLS, gone when dropped.

use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::certificates::{Authority, Certificate, run};
use crate::free_port::free_ports;
use crate::{RigError, missing_tools_are_errors, servers_are_left_out};

const INSTALL: &str =
    "apt-get install --no-install-recommends slapd slapd-contrib ldap-utils openssl";
const MODULES: &str = "/usr/lib/ldap";
const SCHEMAS: &str = "/etc/ldap/schema";

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
    #[allow(clippy::panic, clippy::print_stderr)]
    pub fn start_or_skip(config: SlapdConfig) -> Option<Self> {
        match (find_slapd(), missing_tools_are_errors()) {
            (Err(error), false) => {
                eprintln!("skipped: {error}");
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

fn find_slapd() -> Result<PathBuf, RigError> {
    if servers_are_left_out() {
        let why = "USHER_TEST_NO_SERVERS is set";
        return Err(RigError(format!("slapd is left out: {why}")));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = [
        "/usr/sbin",
        "/usr/lib/openldap",
        "/usr/local/sbin",
        "/usr/local/libexec",
    ];
    let folders = std::env::split_paths(&path).chain(usual.iter().map(PathBuf::from));
    let found = folders
        .map(|folder| folder.join("slapd"))
        .find(|file| file.is_file());
    found.ok_or_else(|| RigError(format!("slapd is not installed; on Debian: {INSTALL}")))
}

fn write_config(
    folder: &Path,
    config: &SlapdConfig,
    authority: &Authority,
) -> Result<(), RigError> {
    let (certificate, key) = authority.issue(config.certificate)?;
    fs::create_dir_all(folder.join("db")).map_err(|error| RigError::at("db", error))?;
    let base = &config.base_dn;
    let here = folder.display();
    let mut text = String::new();
    let usual = ["core", "cosine", "inetorgperson", "nis", "dyngroup"];
    for schema in usual
        .iter()
        .copied()
        .chain(config.schemas.iter().map(String::as_str))
    {
        text.push_str(&format!("include {SCHEMAS}/{schema}.schema\n"));
    }
    text.push_str(&format!("modulepath {MODULES}\n"));
    let overlays = ["back_mdb", "memberof", "refint", "syncprov"];
    for module in overlays
        .iter()
        .copied()
        .chain(config.ppolicy.then_some("ppolicy"))
    {
        text.push_str(&format!("moduleload {module}\n"));
    }
    text.push_str(&format!(
        "{general}\nsizelimit {size}\nthreads 4\ntool-threads 2\n\
         TLSCACertificateFile {ca}\nTLSCertificateFile {certificate}\nTLSCertificateKeyFile {key}\n\
         TLSVerifyClient never\n\
         database config\nrootdn cn=config\nrootpw admin-secret\n\
         database mdb\nsuffix \"{base}\"\ndirectory {here}/db\nmaxsize 2147483648\ndbnosync\n\
         rootdn \"cn=admin,{base}\"\nrootpw admin-secret\n\
         index objectClass,entryUUID,entryCSN,uid,cn,mail,member,modifyTimestamp{member_of} eq\n",
        general = config.general,
        // The schema of Active Directory has a memberOf that cannot be indexed.
        member_of = if config.schemas.is_empty() {
            ",memberOf"
        } else {
            ""
        },
        size = config.size_limit,
        ca = authority.ca_file().display(),
        certificate = certificate.display(),
        key = key.display(),
    ));
    if config.limits.is_empty() {
        text.push_str(&format!(
            "limits dn.exact=\"cn=reader,{base}\" size=unlimited time=unlimited\n"
        ));
    }
    for limits in &config.limits {
        text.push_str(&format!("limits {limits}\n"));
    }
    let acl = config.acl.iter().map(String::as_str);
    let usual = READ_ALL.iter().copied().filter(|_| config.acl.is_empty());
    for rule in acl.chain(usual) {
        text.push_str(&format!("access {rule}\n"));
    }
    text.push_str(
        "overlay memberof\nmemberof-group-oc groupOfNames\nmemberof-member-ad member\n\
         memberof-memberof-ad memberOf\nmemberof-refint FALSE\n",
    );
    if config.refint {
        text.push_str(&format!(
            "overlay refint\nrefint_attributes member manager owner\nrefint_nothing \"cn=placeholder,{base}\"\n"
        ));
    }
    if config.ppolicy {
        text.push_str("overlay ppolicy\n");
    }
    // So that an export tells how far it goes.
    text.push_str("overlay syncprov\nsyncprov-checkpoint 1 1\n");
    fs::write(folder.join("slapd.conf"), text).map_err(|error| RigError::at("slapd.conf", error))
}

fn load(slapd: &Path, folder: &Path, config: &SlapdConfig) -> Result<(), RigError> {
    let base = &config.base_dn;
    let data = match (&config.ldif_file, &config.ldif) {
        (Some(file), _) => {
            fs::read(file).map_err(|error| RigError::at(&file.display().to_string(), error))?
        }
        (None, Some(text)) => text.clone().into_bytes(),
        (None, None) => base_entry(base).into_bytes(),
    };
    let reader = format!(
        "\n\ndn: cn=reader,{base}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n\
         cn: reader\nuserPassword: reader-secret\n"
    );
    // An export has the reader already.
    let own = format!("dn: cn=reader,{base}\n").into_bytes();
    let has_reader = data.windows(own.len()).any(|some| some == own);
    let path = folder.join("data.ldif");
    let write = || -> std::io::Result<()> {
        let mut file = fs::File::create(&path)?;
        file.write_all(&data)?;
        file.write_all(if has_reader { b"" } else { reader.as_bytes() })
    };
    write().map_err(|error| RigError::at("data.ldif", error))?;
    // slapadd is slapd by another name, and lies beside it.
    let slapadd = slapd.with_file_name("slapadd");
    let words = ["-q", "-f", "slapd.conf", "-b", base, "-l", "data.ldif"];
    run(&slapadd.to_string_lossy(), &words, folder, INSTALL).map(|_| ())
}

fn base_entry(base: &str) -> String {
    let name = base
        .split(',')
        .next()
        .and_then(|first| first.split_once('='));
    let value = name.map_or("example", |(_, value)| value);
    format!(
        "dn: {base}\nobjectClass: dcObject\nobjectClass: organization\ndc: {value}\no: Example\n"
    )
}

fn launch(slapd: &Path, folder: &Path) -> Result<(Child, u16, u16), RigError> {
    let ports = free_ports(2)?;
    let (Some(&port), Some(&tls_port)) = (ports.first(), ports.get(1)) else {
        return Err(RigError("no free port".to_owned()));
    };
    let mut urls = format!("ldap://127.0.0.1:{port}/ ldaps://127.0.0.1:{tls_port}/");
    if std::net::TcpListener::bind(("::1", port)).is_ok() {
        urls.push_str(&format!(" ldap://[::1]:{port}/ ldaps://[::1]:{tls_port}/"));
    }
    let log = fs::File::create(folder.join("slapd.log"))
        .map_err(|error| RigError::at("slapd.log", error))?;
    let mut child = Command::new(slapd)
        .args([
            "-d",
            "0",
            "-f",
            "slapd.conf",
            "-h",
            &urls,
            "-n",
            "usher-test-slapd",
        ])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .map_err(|error| RigError::at("slapd cannot be run", error))?;
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            let log = fs::read_to_string(folder.join("slapd.log")).unwrap_or_default();
            return Err(RigError(format!("slapd ended at once ({status}): {log}")));
        }
        if answers(port) && answers(tls_port) {
            return Ok((child, port, tls_port));
        }
        if Instant::now() > until {
            let _ = child.kill();
            let _ = child.wait();
            return Err(RigError("slapd does not answer within 20 s".to_owned()));
        }
        // Polling a port needs a pause; nothing else is waited for.
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn answers(port: u16) -> bool {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    TcpStream::connect_timeout(&address, Duration::from_millis(500)).is_ok()
}

#[cfg(test)]
mod tests {
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
