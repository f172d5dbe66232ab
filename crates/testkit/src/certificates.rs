//! A certificate authority for tests, made with the `openssl` command; and certificates that need no command.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::RigError;

/// Names of the machine itself, for `subjectAltName`.
pub const LOOPBACK_NAMES: &str = "DNS:localhost,IP:127.0.0.1,IP:::1";

/// Which certificate a server shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Certificate {
    /// Signed by the authority, for the loopback names, valid for ten years.
    #[default]
    Good,
    /// Signed by the authority, but for `elsewhere.example.test`.
    WrongName,
    /// Signed by the authority, but expired years ago.
    Expired,
    /// The authority's own certificate, self-signed.
    SelfSignedAuthority,
}

/// An authority with its files in one folder.
#[derive(Debug, Clone)]
pub struct Authority {
    folder: PathBuf,
}

impl Authority {
    /// Makes a new key and certificate in `folder`, which must exist.
    pub fn create(folder: &Path) -> Result<Self, RigError> {
        let own = Self {
            folder: folder.to_owned(),
        };
        own.openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 \
             -keyout ca.key -out ca.pem -subj /CN=Test-CA \
             -addext basicConstraints=critical,CA:TRUE -addext subjectAltName=",
            LOOPBACK_NAMES,
        )?;
        Ok(own)
    }

    /// The authority's certificate in PEM.
    pub fn ca_file(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Makes a server certificate; the paths of certificate and key.
    pub fn issue(&self, kind: Certificate) -> Result<(PathBuf, PathBuf), RigError> {
        let (name, names) = match kind {
            Certificate::SelfSignedAuthority => {
                return Ok((self.ca_file(), self.folder.join("ca.key")));
            }
            Certificate::Good => ("good", LOOPBACK_NAMES),
            Certificate::WrongName => ("elsewhere", "DNS:elsewhere.example.test"),
            Certificate::Expired => ("expired", LOOPBACK_NAMES),
        };
        self.openssl(
            &format!(
                "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN={name} \
                 -keyout {name}.key -out {name}.csr -addext subjectAltName="
            ),
            names,
        )?;
        self.sign(name, names, kind == Certificate::Expired)?;
        Ok((
            self.folder.join(format!("{name}.pem")),
            self.folder.join(format!("{name}.key")),
        ))
    }

    fn sign(&self, name: &str, names: &str, expired: bool) -> Result<(), RigError> {
        // `openssl ca` is the only command of version 3.0 that takes dates.
        let settings = format!(
            "[ca]\ndefault_ca=own\n[own]\ndatabase=index.txt\nrand_serial=yes\nnew_certs_dir=.\n\
             default_md=sha256\npolicy=any\nunique_subject=no\nx509_extensions=server\n\
             [any]\ncommonName=supplied\n\
             [server]\nbasicConstraints=CA:FALSE\nsubjectAltName={names}\nextendedKeyUsage=serverAuth\n"
        );
        let write = |file: &str, text: &str| {
            std::fs::write(self.folder.join(file), text).map_err(|error| RigError::at(file, error))
        };
        write("index.txt", "")?;
        write("ca.cnf", &settings)?;
        let (from, to) = if expired {
            ("200101000000Z", "200201000000Z")
        } else {
            ("200101000000Z", "20991231000000Z")
        };
        self.openssl(
            &format!(
                "ca -batch -notext -config ca.cnf -cert ca.pem -keyfile ca.key -in {name}.csr \
                 -out {name}.pem -startdate {from} -enddate "
            ),
            to,
        )
    }

    /// Runs `openssl` with the words of `line`; `last` is glued to the last word, as it may hold spaces.
    fn openssl(&self, line: &str, last: &str) -> Result<(), RigError> {
        let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        match words.last_mut() {
            Some(word) if !line.ends_with(' ') => word.push_str(last),
            _ => words.push(last.to_owned()),
        }
        run("openssl", &words, &self.folder, "apt-get install openssl").map(|_| ())
    }
}

/// A certificate that signs itself, with its key.
#[derive(Debug, Clone)]
pub struct SelfMade {
    /// The certificate, PEM.
    pub certificate: String,
    key: String,
}

impl SelfMade {
    /// Makes one for host names and addresses.
    ///
    /// # Errors
    /// When a name cannot stand in a certificate.
    pub fn of(names: &[&str]) -> Result<Self, RigError> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names)
            .map_err(|error| RigError::at("a certificate", error))?;
        Ok(Self {
            certificate: made.cert.pem(),
            key: made.signing_key.serialize_pem(),
        })
    }

    /// What a server that shows it is set up with.
    pub fn server_config(&self) -> io::Result<Arc<ServerConfig>> {
        let certificate = CertificateDer::from_pem_slice(self.certificate.as_bytes())
            .map_err(io::Error::other)?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).map_err(io::Error::other)?;
        ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder
                    .with_no_client_auth()
                    .with_single_cert(vec![certificate], key)
            })
            .map(Arc::new)
            .map_err(io::Error::other)
    }
}

/// Runs a command in `folder`; its standard output.
pub(crate) fn run<S: AsRef<OsStr>>(
    program: &str,
    words: &[S],
    folder: &Path,
    install: &str,
) -> Result<Vec<u8>, RigError> {
    let output = Command::new(program)
        .args(words)
        .current_dir(folder)
        .output()
        .map_err(|error| {
            RigError(format!(
                "cannot run {program} ({error}); install it, on Debian with: {install}"
            ))
        })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(RigError(format!(
        "{program} failed ({}): {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    )))
}
