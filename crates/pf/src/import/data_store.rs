//! Data stores.

use serde_json::Value;
use usher_core::model::{
    Bind, DataStore, DataStoreId, DataStoreKind, Dates, DirectoryKind, Kept, LdapSecurity,
    LdapStore, Sealed,
};
use usher_directory::{Dn, attribute};

use super::{Import, given, host, typed};
use crate::document::{CustomDataStore, LdapDataStore};
use crate::problem::quoted;
use crate::shape;
use crate::{BIND_PASSWORD, INTERNAL_STORE, LDIF_PLUGIN};

impl Import<'_> {
    pub(super) fn save_data_store(&mut self, value: &Value, path: &str) {
        match value.get("type").and_then(Value::as_str) {
            Some("LDAP") => self.ldap(value, path),
            Some("CUSTOM") => self.custom(value, path),
            Some("JDBC") => self.database(value, path),
            Some("PING_ONE_LDAP_GATEWAY") => {
                self.not_a_source(value, path, "an LDAP gateway, which Usher cannot use");
            }
            other => self.report.problem(
                &format!("{path}.type"),
                "LDAP, or CUSTOM for an LDIF file",
                &other.map_or("nothing".to_owned(), quoted),
                "",
            ),
        }
    }

    fn database(&mut self, value: &Value, path: &str) {
        if value.get("id").and_then(Value::as_str) == Some(INTERNAL_STORE) {
            let what = "the store of Usher's own state";
            if self.context.mode.is_edit() {
                return self.not_a_source(value, path, what);
            }
            self.unusable.insert(INTERNAL_STORE.to_owned(), what);
        } else {
            self.not_a_source(
                value,
                path,
                "a database, which cannot be a source of provisioning",
            );
        }
    }

    fn not_a_source(&mut self, value: &Value, path: &str, what: &'static str) {
        if let Some(id) = value.get("id").and_then(Value::as_str) {
            self.unusable.insert(id.to_owned(), what);
        }
        if self.context.mode.is_edit() {
            return self.report.problem(
                &format!("{path}.type"),
                "LDAP, or CUSTOM with the plug-in `ldif`",
                what,
                "",
            );
        }
        self.report.warn(
            path,
            format!("this is {what}; it is left out and has no effect"),
        );
    }

    fn custom(&mut self, value: &Value, path: &str) {
        let plugin = value
            .pointer("/pluginDescriptorRef/id")
            .and_then(Value::as_str);
        if plugin.is_some_and(|id| id != LDIF_PLUGIN) {
            return self.not_a_source(value, path, "a plug-in that Usher does not have");
        }
        let checked = shape::check(value, &shape::CUSTOM, path, &mut self.report);
        let untyped = without_type(checked.clone());
        let Some(document) = typed::<CustomDataStore>(untyped, path, &mut self.report) else {
            return;
        };
        let file = document
            .configuration
            .fields
            .iter()
            .find(|field| field.name == "path")
            .and_then(|field| given(field.value.clone()));
        let Some(file) = file else {
            return self.report.problem(
                &format!("{path}.configuration.fields"),
                "a field `path` with the LDIF file's path",
                "none",
                "",
            );
        };
        let name = self.name(Some(document.name), path, || file.clone());
        let store = DataStore {
            id: self.store_id(document.id.as_deref(), &name, path),
            name,
            kind: DataStoreKind::Ldif { path: file },
            directory: DirectoryKind::Generic,
            mask_values_in_log: document.mask_attribute_values.unwrap_or(false),
            dates: Dates::default(),
            kept: Kept::default(),
        };
        self.put_data_store(store, &checked, path);
    }

    fn ldap(&mut self, value: &Value, path: &str) {
        let checked = shape::check(value, &shape::LDAP, path, &mut self.report);
        let untyped = without_type(checked.clone());
        let Some(document) = typed::<LdapDataStore>(untyped, path, &mut self.report) else {
            return;
        };
        let hosts = self.hosts(&document, path);
        self.unsupported(&document, path);
        let name = self.name(document.name.clone(), path, || {
            let principal = document.user_dn.as_deref().unwrap_or("anonymous");
            format!("{} ({principal})", hosts.join(" "))
        });
        let id = self.store_id(document.id.as_deref(), &name, path);
        let default = LdapStore::default();
        let kept = self.current_ldap(&id);
        let ldap = LdapStore {
            security: self.security(&document, path),
            verify_host: document.verify_host.unwrap_or(true),
            bind: self.bind(&document, &id, path),
            connect_timeout_ms: millis(document.connection_timeout, default.connect_timeout_ms),
            read_timeout_ms: millis(document.read_timeout, default.read_timeout_ms),
            binary_attributes: self.binary(&document, path),
            // What the published shape lacks; a policy may say otherwise.
            ca_file: kept.as_ref().and_then(|ldap| ldap.ca_file.clone()),
            certificate_sha256: kept
                .as_ref()
                .and_then(|ldap| ldap.certificate_sha256.clone()),
            page_size: kept.map_or(default.page_size, |ldap| ldap.page_size),
            hosts,
        };
        let store = DataStore {
            directory: directory_kind(&document.ldap_type),
            id,
            name,
            kind: DataStoreKind::Ldap(ldap),
            mask_values_in_log: document.mask_attribute_values.unwrap_or(false),
            dates: Dates::default(),
            kept: Kept::default(),
        };
        if document.ldap_type == "PING_DS" {
            self.report.warn(
                &format!("{path}.ldapType"),
                "PING_DS is treated as PING_DIRECTORY; check the channel's source settings",
            );
        }
        self.put_data_store(store, &checked, path);
    }

    fn name(
        &mut self,
        given_name: Option<String>,
        path: &str,
        otherwise: impl Fn() -> String,
    ) -> String {
        let name = given(given_name).unwrap_or_else(otherwise);
        if name.trim() != name || name.chars().any(char::is_control) {
            self.report.problem(
                &format!("{path}.name"),
                "a name without white space at its ends and without control characters",
                &quoted(&name),
                "",
            );
        }
        name
    }

    fn store_id(&mut self, given_id: Option<&str>, name: &str, path: &str) -> DataStoreId {
        let current = self.context.current.data_stores.iter();
        let same = current
            .filter(|store| store.name == name)
            .map(|store| store.id.to_string())
            .next();
        let id = self.id(given_id, same, path);
        if id == INTERNAL_STORE {
            self.report.problem(
                &format!("{path}.id"),
                "an id of its own",
                &format!("`{INTERNAL_STORE}`"),
                "It stands for Usher's own state; choose another id.",
            );
        }
        DataStoreId::new(id)
    }

    fn current_ldap(&self, id: &DataStoreId) -> Option<LdapStore> {
        match &self.context.current.data_store(id)?.kind {
            DataStoreKind::Ldap(ldap) => Some(ldap.clone()),
            DataStoreKind::Ldif { .. } => None,
        }
    }

    fn hosts(&mut self, document: &LdapDataStore, path: &str) -> Vec<String> {
        let tagged = &document.hostnames_tags;
        let (key, listed) = if document.hostnames.is_empty() {
            let row = tagged
                .iter()
                .find(|row| row.default_source == Some(true))
                .or(tagged.first());
            ("hostnamesTags", row.map_or(&[][..], |row| &row.hostnames))
        } else {
            ("hostnames", document.hostnames.as_slice())
        };
        let path = format!("{path}.{key}");
        if tagged.len() > 1 {
            self.report.warn(
                &path,
                "tags are not used: the default row's hosts are taken",
            );
        }
        let hosts: Vec<String> = listed
            .iter()
            .flat_map(|entry| entry.split_whitespace())
            .map(str::to_owned)
            .collect();
        if hosts.is_empty() {
            self.report.problem(
                &path,
                "at least one host",
                "none",
                "such as `ldap1.example.org:636`",
            );
        }
        for host in &hosts {
            if !host::is_host(host) {
                self.report.problem(
                    &path,
                    "`host` or `host:port`, IPv6 addresses in brackets",
                    &quoted(host),
                    "leave out `ldap://`; useSsl and useStartTLS say how it is protected",
                );
            }
        }
        hosts
    }

    /// Options that would change what happens, and that Usher does not have. Whether a channel needs them is judged when all
    /// is known.
    fn unsupported(&mut self, document: &LdapDataStore, path: &str) {
        if document.use_dns_srv_records == Some(true) {
            self.report.warn(
                &format!("{path}.useDnsSrvRecords"),
                "Usher does not look up SRV records: it is kept, and no channel that reads this data store can be turned on",
            );
        }
        if document.client_tls_certificate_ref.is_some() {
            self.report.warn(
                &format!("{path}.clientTlsCertificateRef"),
                "Usher does not sign in with client certificates: it is kept, and no channel that reads this data store can be turned on",
            );
        }
        for (key, written, instead) in [
            (
                "readTimeout",
                document.read_timeout,
                LdapStore::default().read_timeout_ms,
            ),
            (
                "connectionTimeout",
                document.connection_timeout,
                LdapStore::default().connect_timeout_ms,
            ),
        ] {
            if let Some(written) = written.filter(|ms| *ms <= 0) {
                self.report.warn(
                    &format!("{path}.{key}"),
                    format!("{written} is kept; nothing is waited for without end here: Usher waits {} seconds", instead / 1000),
                );
            }
        }
        if document.follow_ldap_referrals == Some(true) {
            self.report.warn(
                &format!("{path}.followLDAPReferrals"),
                "referrals are never followed; a read that meets one counts as incomplete",
            );
        }
    }

    fn security(&mut self, document: &LdapDataStore, path: &str) -> LdapSecurity {
        let ssl = document.use_ssl == Some(true);
        match (ssl, document.use_start_tls == Some(true)) {
            (true, true) => {
                self.report.problem(
                    &format!("{path}.useStartTLS"),
                    "only one of useSsl and useStartTLS",
                    "both",
                    "useSsl is for port 636, useStartTLS for port 389",
                );
                LdapSecurity::Ldaps
            }
            (true, false) => LdapSecurity::Ldaps,
            (false, true) => LdapSecurity::StartTls,
            (false, false) => LdapSecurity::Plain,
        }
    }

    fn bind(&mut self, document: &LdapDataStore, id: &DataStoreId, path: &str) -> Bind {
        let dn = given(document.user_dn.clone());
        let anonymous = document.bind_anonymously == Some(true);
        match (anonymous, dn) {
            (true, None) => Bind::Anonymous,
            (true, Some(_)) => {
                self.report.problem(
                    &format!("{path}.bindAnonymously"),
                    "either bindAnonymously or userDN",
                    "both",
                    "",
                );
                Bind::Anonymous
            }
            (false, None) if document.client_tls_certificate_ref.is_some() => Bind::Anonymous,
            (false, None) => {
                self.report.problem(
                    &format!("{path}.userDN"),
                    "a DN to bind with",
                    "nothing",
                    "or set bindAnonymously",
                );
                Bind::Anonymous
            }
            (false, Some(dn)) => {
                self.bind_dn(&dn, path);
                let password = self.password(document, id, path);
                Bind::Simple { dn, password }
            }
        }
    }

    fn bind_dn(&mut self, dn: &str, path: &str) {
        // `user@example.org` and `DOMAIN\user` are names that Active Directory binds with.
        let is_name = !dn.contains('=') && (dn.contains('@') || dn.contains('\\'));
        if !is_name && let Err(error) = Dn::parse(dn) {
            let hint = error.to_string();
            self.report
                .problem(&format!("{path}.userDN"), "a DN", &quoted(dn), &hint);
        }
    }

    fn password(&mut self, document: &LdapDataStore, id: &DataStoreId, path: &str) -> Sealed {
        let kept = self.current_ldap(id).and_then(|ldap| match ldap.bind {
            Bind::Simple { password, .. } => Some(password),
            Bind::Anonymous => None,
        });
        let plain_path = format!("{path}.password");
        let sealed_path = format!("{path}.encryptedPassword");
        let found = self.secret(
            BIND_PASSWORD,
            (&plain_path, document.password.as_deref()),
            (&sealed_path, document.encrypted_password.as_deref()),
            kept,
        );
        let is_given = [&document.password, &document.encrypted_password]
            .into_iter()
            .flatten()
            .any(|text| !text.is_empty());
        found.unwrap_or_else(|| {
            // One that cannot be had is a problem of its own already.
            if is_given {
                return Sealed(String::new());
            }
            self.report.problem(
                &plain_path,
                "a password",
                "nothing",
                "or an encryptedPassword",
            );
            Sealed(String::new())
        })
    }

    fn binary(&mut self, document: &LdapDataStore, path: &str) -> Vec<String> {
        for (index, name) in document.binary_attributes.iter().enumerate() {
            if !attribute::is_description(name) {
                self.report.problem(
                    &format!("{path}.binaryAttributes[{index}]"),
                    "the name of an attribute",
                    &quoted(name),
                    "",
                );
            }
        }
        document.binary_attributes.clone()
    }
}

fn without_type(mut value: Value) -> Value {
    if let Value::Object(map) = &mut value {
        map.remove("type");
    }
    value
}

/// 0 and less mean the default.
fn millis(given: Option<i64>, default: u32) -> u32 {
    given
        .and_then(|ms| u32::try_from(ms).ok())
        .filter(|ms| *ms > 0)
        .unwrap_or(default)
}

/// The kind of directory of a published type.
fn directory_kind(ldap_type: &str) -> DirectoryKind {
    match ldap_type {
        "ACTIVE_DIRECTORY" => DirectoryKind::ActiveDirectory,
        "ORACLE_DIRECTORY_SERVER" => DirectoryKind::OracleDirectoryServer,
        "ORACLE_UNIFIED_DIRECTORY" => DirectoryKind::OracleUnifiedDirectory,
        "UNBOUNDID_DS" | "PING_DIRECTORY" | "PING_DS" => DirectoryKind::PingDirectory,
        _ => DirectoryKind::Generic,
    }
}
