//! Settings of the whole installation, and the authorities that it trusts.

use serde_json::Value;
use usher_core::model::{CaCertificate, MailSecurity, MailServer};

use super::{Import, Mode, given};
use crate::certificate;
use crate::export::server_settings_document;
use crate::kept::left_over;
use crate::problem::quoted;
use crate::shape;
use crate::{INTERNAL_STORE, MAIL_PASSWORD};

impl Import<'_> {
    pub(super) fn save_server_settings(&mut self, value: &Value, path: &str) {
        let checked = shape::check(value, &shape::SERVER_SETTINGS, path, &mut self.report);
        let role = "/rolesAndProtocols/idpRole";
        let flag = |key: &str| {
            checked
                .pointer(&format!("{role}/{key}"))
                .and_then(Value::as_bool)
        };
        let (idp, outbound) = (flag("enable"), flag("enableOutboundProvisioning"));
        let mail = checked.get("emailServer");
        let mail = mail.map(|mail| self.mail(mail, &format!("{path}.emailServer")));
        let server = &mut self.result.server;
        server.idp_role = idp.unwrap_or(server.idp_role);
        server.outbound_provisioning = outbound.unwrap_or(server.outbound_provisioning);
        server.mail = mail;
        server.kept = left_over(&checked, &server_settings_document(server));
        self.server_path = Some(path.to_owned());
    }

    fn mail(&mut self, document: &Value, path: &str) -> MailServer {
        let text = |key: &str| given(document.get(key).and_then(Value::as_str).map(str::to_owned));
        let flag = |key: &str| document.get(key).and_then(Value::as_bool);
        let number = |key: &str| document.get(key).and_then(Value::as_u64);
        let port = |key: &str| number(key).and_then(|port| u16::try_from(port).ok());
        let seconds = number("timeout").and_then(|n| u32::try_from(n).ok());
        let current = self.context.current.server.mail.as_ref();
        let default = MailServer::default();
        let host = text("emailServer").unwrap_or_default();
        if host.is_empty() || host.chars().any(|c| c.is_whitespace() || c.is_control()) {
            self.report.problem(
                &format!("{path}.emailServer"),
                "a host name or address",
                &quoted(&host),
                "",
            );
        }
        let sender = text("sourceAddr").unwrap_or_default();
        if !is_address(&sender) {
            self.report.problem(
                &format!("{path}.sourceAddr"),
                "an e-mail address",
                &quoted(&sender),
                "such as `usher@example.org`",
            );
        }
        let security = match (flag("useSSL"), flag("useTLS")) {
            (Some(true), Some(true)) => {
                self.report.problem(
                    &format!("{path}.useTLS"),
                    "only one of useSSL and useTLS",
                    "both",
                    "useSSL is TLS from the first byte, useTLS is STARTTLS",
                );
                MailSecurity::Tls
            }
            (Some(true), _) => MailSecurity::Tls,
            (_, Some(true)) => MailSecurity::StartTls,
            _ => MailSecurity::Plain,
        };
        let kept = current.and_then(|mail| mail.password.clone());
        let (plain, sealed) = (text("password"), text("encryptedPassword"));
        let password = self.secret(
            MAIL_PASSWORD,
            (&format!("{path}.password"), plain.as_deref()),
            (&format!("{path}.encryptedPassword"), sealed.as_deref()),
            kept,
        );
        MailServer {
            host,
            port: port("port").unwrap_or(default.port),
            tls_port: port("sslPort").unwrap_or(default.tls_port),
            security,
            verify_host: flag("verifyHostname").unwrap_or(default.verify_host),
            timeout_seconds: seconds.unwrap_or(default.timeout_seconds),
            sender,
            user: text("username"),
            password,
        }
    }

    pub(super) fn save_outbound_settings(&mut self, value: &Value, path: &str) {
        let settings = shape::check(value, &shape::OUTBOUND_SETTINGS, path, &mut self.report);
        let seconds = settings
            .get("synchronizationFrequency")
            .and_then(Value::as_u64)
            .and_then(|seconds| u32::try_from(seconds).ok());
        self.result.server.synchronization_seconds = seconds.unwrap_or(60);
        let store = settings.pointer("/dataStoreRef/id").and_then(Value::as_str);
        let Some(store) = store.filter(|id| *id != INTERNAL_STORE) else {
            return;
        };
        let path = format!("{path}.dataStoreRef.id");
        if self.context.mode.is_edit() {
            self.report.problem(
                &path,
                &format!("`{INTERNAL_STORE}`, which stands for Usher's own state"),
                &quoted(store),
                "",
            );
        } else {
            self.report.warn(
                &path,
                format!(
                    "{} is not used: Usher keeps its own state, which stands for `{INTERNAL_STORE}`",
                    quoted(store)
                ),
            );
        }
    }

    pub(super) fn save_certificate(&mut self, value: &Value, path: &str) {
        let checked = shape::check(value, &shape::X509_FILE, path, &mut self.report);
        let text = |key: &str| checked.get(key).and_then(Value::as_str);
        if text("cryptoProvider") == Some("HSM") {
            self.report.problem(
                &format!("{path}.cryptoProvider"),
                "LOCAL",
                "HSM",
                "Usher keeps certificates in its own state",
            );
        }
        let Some(data) = text("fileData") else { return };
        let read = match certificate::read(data) {
            Ok(read) => read,
            Err(found) => {
                return self.report.problem(
                    &format!("{path}.fileData"),
                    "the certificate of one authority, PEM or base64 of DER",
                    &found,
                    "the authority itself gives it; its key and the certificates of servers are not needed",
                );
            }
        };
        let all = &self.result.ca_certificates;
        let same = all
            .iter()
            .find(|known| certificate::fingerprint(known).as_ref() == Some(&read.fingerprint));
        let same = same.map(|known| known.id.clone());
        if let (Mode::Create, Some(id)) = (self.context.mode, &same) {
            self.report.problem(
                &format!("{path}.fileData"),
                "a certificate that is not there yet",
                &format!("the one with the id `{id}`"),
                "",
            );
        }
        let id = self.id(text("id"), same, path);
        if self.context.mode == Mode::Create
            && self.result.ca_certificates.iter().any(|c| c.id == id)
        {
            self.exists(path, &id);
        }
        self.result.ca_certificates.retain(|known| known.id != id);
        self.result
            .ca_certificates
            .push(CaCertificate { id, pem: read.pem });
    }

    /// Nothing is provisioned while provisioning is off as a whole.
    pub(super) fn check_switch(&mut self) {
        let server = &self.result.server;
        if server.provisions() || self.result.sp_connections.is_empty() {
            return;
        }
        let key = if server.idp_role {
            "enableOutboundProvisioning"
        } else {
            "enable"
        };
        let names: Vec<String> = self
            .result
            .sp_connections
            .iter()
            .map(|sp| format!("`{}`", sp.name))
            .collect();
        let names = names.join(", ");
        if let Some(path) = &self.server_path {
            self.report.problem(
                &format!("{path}.rolesAndProtocols.idpRole.{key}"),
                &format!("true, since these SP connections provision: {names}"),
                "false",
                "delete them first; to pause, turn a channel or its SP connection off",
            );
            return;
        }
        let paths: Vec<String> = self.sp_paths.values().cloned().collect();
        for path in paths {
            self.report.problem(
                &format!("{path}.outboundProvision"),
                "outbound provisioning to be on in the server settings",
                "it off",
                &format!("set rolesAndProtocols.idpRole.{key} to true in /serverSettings first"),
            );
        }
    }
}

fn is_address(text: &str) -> bool {
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',');
    text.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty() && !domain.is_empty() && !domain.contains('@') && !text.contains(odd)
    })
}
