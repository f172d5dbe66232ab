//! Finding slapd, writing its configuration, loading its data, and starting it.

use std::fs;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::certificates::{Authority, run};
use crate::free_port::free_ports;
use crate::{RigError, servers_are_left_out};

use super::{INSTALL, READ_ALL, SlapdConfig};

const MODULES: &str = "/usr/lib/ldap";
const SCHEMAS: &str = "/etc/ldap/schema";

pub(super) fn find_slapd() -> Result<PathBuf, RigError> {
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

pub(super) fn write_config(
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

pub(super) fn load(slapd: &Path, folder: &Path, config: &SlapdConfig) -> Result<(), RigError> {
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

pub(super) fn base_entry(base: &str) -> String {
    let name = base
        .split(',')
        .next()
        .and_then(|first| first.split_once('='));
    let value = name.map_or("example", |(_, value)| value);
    format!(
        "dn: {base}\nobjectClass: dcObject\nobjectClass: organization\ndc: {value}\no: Example\n"
    )
}

pub(super) fn launch(slapd: &Path, folder: &Path) -> Result<(Child, u16, u16), RigError> {
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

pub(super) fn answers(port: u16) -> bool {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    TcpStream::connect_timeout(&address, Duration::from_millis(500)).is_ok()
}
