//! A channel's source settings, compiled for LDAP.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use usher_connector::scope::ScopeRules;
use usher_connector::{SourceError, SourceSettings};
use usher_core::model::{
    Bind, ChannelSource, DataStoreKind, DirectoryKind, LdapSecurity, LdapStore, Millis, fingerprint,
};
use usher_directory::Dn;
use usher_directory::attribute::is_description;
use usher_ldap::{ConnectOptions, Credentials, Endpoint, Security};

/// Largest page that is asked for.
const MAX_PAGE: u32 = 10_000;

/// Tells the time of this machine, in UTC milliseconds since 1970.
#[derive(Clone)]
pub struct Clock(pub Arc<dyn Fn() -> Millis + Send + Sync>);

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock(..)")
    }
}

/// Everything that a read needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) rules: ScopeRules,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) options: ConnectOptions,
    pub(crate) credentials: Credentials,
    pub(crate) page_size: u32,
    pub(crate) source: ChannelSource,
    pub(crate) directory: DirectoryKind,
    /// DNs that must be present.
    pub(crate) sentinels: Vec<String>,
    /// The bind account's DN, where it lies below the base DN.
    pub(crate) own_dn: Option<String>,
    pub(crate) clock: Option<Clock>,
}

impl Settings {
    /// Compiles settings; tells every problem at once.
    pub(crate) fn compile(settings: &SourceSettings) -> Result<Self, SourceError> {
        let mut problems = Vec::new();
        let store = match &settings.data_store.kind {
            DataStoreKind::Ldap(store) => store.clone(),
            DataStoreKind::Ldif { path } => {
                problems.push(format!(
                    "expected a data store of type LDAP, found the LDIF file {path}"
                ));
                LdapStore::default()
            }
        };
        let endpoints = endpoints(&store, &settings.authorities, &mut problems);
        let credentials = credentials(&store, settings, &mut problems);
        let rules = match ScopeRules::compile(settings) {
            Ok(rules) => Some(rules),
            Err(more) => {
                problems.extend(more);
                None
            }
        };
        check_changes(&settings.source, &mut problems);
        for dn in &settings.policy.sentinels {
            if let Err(error) = Dn::parse(dn) {
                problems.push(format!("sentinel `{dn}`: {error}"));
            }
        }
        let Some(rules) = rules.filter(|_| problems.is_empty()) else {
            return Err(SourceError::Settings(problems.join("\n  ")));
        };
        let own_dn = match &credentials {
            Credentials::Simple { dn, .. } if rules.is_under_base(dn) => Some(dn.clone()),
            Credentials::Simple { .. } | Credentials::Anonymous => None,
        };
        Ok(Self {
            rules,
            endpoints,
            options: options(&store),
            credentials,
            page_size: store.page_size.clamp(1, MAX_PAGE),
            source: settings.source.clone(),
            directory: settings.data_store.directory,
            sentinels: settings.policy.sentinels.clone(),
            own_dn,
            clock: None,
        })
    }

    /// Whether the directory is Active Directory.
    pub(crate) fn is_ad(&self) -> bool {
        self.directory == DirectoryKind::ActiveDirectory
    }
}

fn options(store: &LdapStore) -> ConnectOptions {
    ConnectOptions {
        connect_timeout: Duration::from_millis(u64::from(store.connect_timeout_ms.max(1))),
        read_timeout: Duration::from_millis(u64::from(store.read_timeout_ms.max(1))),
        ..ConnectOptions::default()
    }
}

fn endpoints(
    store: &LdapStore,
    authorities: &[String],
    problems: &mut Vec<String>,
) -> Vec<Endpoint> {
    let pin = pin(store, problems);
    let ca_pem = (!authorities.is_empty()).then(|| authorities.join("\n"));
    if store.hosts.is_empty() {
        problems.push("the data store names no host: give at least one".to_owned());
    }
    let security = match store.security {
        LdapSecurity::Plain => Security::Plain,
        LdapSecurity::StartTls => Security::StartTls,
        LdapSecurity::Ldaps => Security::Ldaps,
    };
    let scheme = if security == Security::Ldaps {
        "ldaps"
    } else {
        "ldap"
    };
    let mut endpoints = Vec::new();
    for host in &store.hosts {
        if host.contains("://") {
            problems.push(format!(
                "host `{host}`: expected HOST or HOST:PORT; whether TLS is used is set beside it"
            ));
            continue;
        }
        match Endpoint::from_url(&format!("{scheme}://{host}")) {
            Ok(endpoint) => endpoints.push(Endpoint {
                security,
                ca_file: store.ca_file.as_ref().map(PathBuf::from),
                ca_pem: ca_pem.clone(),
                verify_host: store.verify_host,
                pinned_sha256: pin,
                ..endpoint
            }),
            Err(error) => problems.push(format!("host `{host}`: {error}")),
        }
    }
    endpoints
}

fn pin(store: &LdapStore, problems: &mut Vec<String>) -> Option<[u8; 32]> {
    let text = store.certificate_sha256.as_deref()?;
    let digits = fingerprint(text).unwrap_or_default();
    let byte = |at: usize| u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..32).map(byte).collect();
    let pin = bytes.and_then(|bytes| bytes.try_into().ok());
    if pin.is_none() {
        problems.push(format!(
            "the certificate's SHA-256: expected 64 hexadecimal digits, found `{text}`"
        ));
    }
    pin
}

fn credentials(
    store: &LdapStore,
    settings: &SourceSettings,
    problems: &mut Vec<String>,
) -> Credentials {
    match (&store.bind, &settings.password) {
        (Bind::Anonymous, _) => Credentials::Anonymous,
        (Bind::Simple { dn, .. }, Some(password))
            if !dn.is_empty() && !password.reveal().is_empty() =>
        {
            Credentials::Simple {
                dn: dn.clone(),
                password: password.reveal().to_owned(),
            }
        }
        (Bind::Simple { dn, .. }, _) => {
            problems.push(format!(
                "the bind as `{dn}` needs a DN and a password, and one is empty: a server would take that for an anonymous bind. Enter them, or choose anonymous"
            ));
            Credentials::Anonymous
        }
    }
}

fn check_changes(source: &ChannelSource, problems: &mut Vec<String>) {
    if !is_description(&source.timestamp_attribute) {
        problems.push(format!(
            "Timestamp Attribute: expected the name of an attribute, found `{}`",
            source.timestamp_attribute
        ));
    }
    let usn = source.change_detection == usher_core::model::ChangeDetection::ActiveDirectoryUsn;
    if usn && !source.usn_attribute.as_deref().is_some_and(is_description) {
        problems.push(
            "USN Attribute: the algorithm Active Directory USN needs one, usually uSNChanged"
                .to_owned(),
        );
    }
}
