//! A sealed secret goes back only to where it goes already: who may write the configuration must not have a password,
//! which they cannot read, sent to a host of theirs.

use std::collections::BTreeSet;

use usher_core::model::{
    Bind, Configuration, DataStore, DataStoreKind, LdapSecurity, MailSecurity, MailServer, Sealed,
    SpConnection,
};

use super::Import;

/// One secret of a configuration with the places that it is sent to.
struct Sent<'a> {
    secret: &'a Sealed,
    to: BTreeSet<String>,
}

impl Import<'_> {
    /// Refuses sealed and omitted secrets that would be sent to a place that does not get them now.
    ///
    /// A configuration without anything takes every secret of its own key: that is how an export comes back.
    pub(super) fn secrets_stay(&mut self) {
        let current = self.context.current;
        let empty = current.data_stores.is_empty() && current.sp_connections.is_empty();
        if empty || self.context.secrets.may_go_elsewhere() {
            return;
        }
        let known = everything(current);
        let mut moved = Vec::new();
        for store in &self.result.data_stores {
            if let (Some(path), Some(sent)) = (self.store_paths.get(&store.id), of_store(store)) {
                moved.extend(self.moves(&known, &sent, &format!("{path}.password")));
            }
        }
        for sp in &self.result.sp_connections {
            let Some(path) = self.sp_paths.get(&sp.id) else {
                continue;
            };
            for (name, sent) in of_connection(sp) {
                let path = format!("{path}.outboundProvision.targetSettings.{name}");
                moved.extend(self.moves(&known, &sent, &path));
            }
        }
        if let (Some(path), Some(mail)) = (&self.server_path, &self.result.server.mail)
            && let Some(sent) = of_mail(mail)
        {
            moved.extend(self.moves(&known, &sent, &format!("{path}.emailServer.password")));
        }
        for (path, to) in moved {
            self.report.problem(
                &path,
                "the secret itself, since it would be sent to another place than before",
                &format!("a kept one, to be sent to {to}"),
                "enter it again in the clear; a kept secret goes only to where it went before",
            );
        }
    }

    /// The first new place of a secret that was not entered now.
    fn moves(&self, known: &[Sent<'_>], sent: &Sent<'_>, path: &str) -> Option<(String, String)> {
        if self.entered.contains(&sent.secret.0) {
            return None;
        }
        let gets_it = |place: &String| {
            known
                .iter()
                .any(|k| k.secret == sent.secret && k.to.contains(place))
        };
        let new = sent.to.iter().find(|place| !gets_it(place))?;
        Some((path.to_owned(), new.clone()))
    }
}

fn everything(configuration: &Configuration) -> Vec<Sent<'_>> {
    let stores = configuration.data_stores.iter().filter_map(of_store);
    let connections = configuration.sp_connections.iter().flat_map(of_connection);
    let mail = configuration.server.mail.as_ref().and_then(of_mail);
    stores
        .chain(connections.map(|(_, sent)| sent))
        .chain(mail)
        .collect()
}

fn of_store(store: &DataStore) -> Option<Sent<'_>> {
    let DataStoreKind::Ldap(ldap) = &store.kind else {
        return None;
    };
    let Bind::Simple { password, .. } = &ldap.bind else {
        return None;
    };
    let clear = ldap.security == LdapSecurity::Plain;
    Some(Sent {
        secret: password,
        to: ldap.hosts.iter().map(|host| place(host, clear)).collect(),
    })
}

/// The secrets of a connection; each goes to every address in its settings.
fn of_connection(sp: &SpConnection) -> Vec<(&str, Sent<'_>)> {
    let to: BTreeSet<String> = sp.settings.values().filter_map(|v| origin(v)).collect();
    let sent = |secret| Sent {
        secret,
        to: to.clone(),
    };
    sp.secrets
        .iter()
        .map(|(name, secret)| (name.as_str(), sent(secret)))
        .collect()
}

fn of_mail(mail: &MailServer) -> Option<Sent<'_>> {
    let clear = mail.security == MailSecurity::Plain;
    let port = if mail.security == MailSecurity::Tls {
        mail.tls_port
    } else {
        mail.port
    };
    Some(Sent {
        secret: mail.password.as_ref()?,
        to: BTreeSet::from([place(&format!("{}:{port}", mail.host), clear)]),
    })
}

/// A host; without TLS it is another place, since everybody on the way reads along.
fn place(host: &str, clear: bool) -> String {
    let host = host.to_ascii_lowercase();
    if clear {
        format!("{host} without TLS")
    } else {
        host
    }
}

/// Scheme, host and port of an address.
fn origin(value: &str) -> Option<String> {
    let (scheme, rest) = value.trim().split_once("://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or(rest);
    Some(format!("{scheme}://{authority}").to_ascii_lowercase())
}
