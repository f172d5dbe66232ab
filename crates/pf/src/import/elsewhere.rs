//! A sealed secret goes back only to where it goes already: who may write the configuration must not have a password,
//! which they cannot read, sent to a host of theirs.

use std::collections::BTreeSet;

use usher_core::model::{
    Bind, Configuration, DataStore, DataStoreKind, LdapSecurity, MailSecurity, MailServer, Sealed,
    SpConnection,
};

use url::Url;

use super::Import;

/// One secret of a configuration with the places that it is sent to.
struct Sent<'a> {
    secret: &'a Sealed,
    to: BTreeSet<Place>,
}

/// Where a secret is sent to, with what proves that it is this place: whoever may weaken the proof can stand in for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    address: String,
    /// Without TLS: everybody on the way reads along.
    clear: bool,
    /// The certificate must name the host.
    verified: bool,
    /// Authorities of its own that are trusted for it; empty when there are none.
    trusted: String,
}

impl Place {
    /// Whoever gets a secret here learns nothing new when it goes there.
    fn covers(&self, there: &Self) -> bool {
        let proof = (there.verified || !self.verified)
            && (there.trusted.is_empty() || there.trusted == self.trusted);
        self.address == there.address && (self.clear || (!there.clear && proof))
    }

    fn words(&self) -> String {
        let mut words = self.address.clone();
        if self.clear {
            words.push_str(" without TLS");
        } else {
            if !self.verified {
                words.push_str(" without a look at the host name of its certificate");
            }
            if !self.trusted.is_empty() {
                words.push_str(" with a certificate authority or a certificate of its own");
            }
        }
        words
    }
}

impl Import<'_> {
    /// Refuses sealed and omitted secrets that would be sent to a place that does not get them now.
    ///
    /// An installation in which nothing was ever saved takes every secret of its own key: that is how an export comes back. One that
    /// was emptied does not, since whoever may delete could else send what they cannot read.
    pub(super) fn secrets_stay(&mut self) {
        let current = self.context.current;
        let is_new = current.revision == 0;
        if is_new || self.context.secrets.may_go_elsewhere() {
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
        let gets_it = |place: &Place| {
            known
                .iter()
                .filter(|known| known.secret == sent.secret)
                .any(|known| known.to.iter().any(|known| known.covers(place)))
        };
        let new = sent.to.iter().find(|place| !gets_it(place))?;
        Some((path.to_owned(), new.words()))
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
    let place = |host: &String| Place {
        address: host.to_ascii_lowercase(),
        clear: ldap.security == LdapSecurity::Plain,
        // Who shows the pinned certificate is who was meant, whatever it says.
        verified: ldap.verify_host || ldap.certificate_sha256.is_some(),
        trusted: match (&ldap.certificate_sha256, &ldap.ca_file) {
            (Some(pin), _) => pin.clone(),
            (None, file) => file.clone().unwrap_or_default(),
        },
    };
    Some(Sent {
        secret: password,
        to: ldap.hosts.iter().map(place).collect(),
    })
}

/// The secrets of a connection; each goes to every address in its settings. A certificate there is an authority that is trusted for
/// them.
fn of_connection(sp: &SpConnection) -> Vec<(&str, Sent<'_>)> {
    let is_certificate = |value: &&String| value.contains("-----BEGIN");
    let trusted: Vec<&str> = sp
        .settings
        .values()
        .filter(is_certificate)
        .map(|value| value.trim())
        .collect();
    let trusted = trusted.join("\n");
    let place = |value: &String| {
        let address = origin(value)?;
        Some(Place {
            clear: address.starts_with("http:"),
            address,
            verified: true,
            trusted: trusted.clone(),
        })
    };
    let to: BTreeSet<Place> = sp.settings.values().filter_map(place).collect();
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
    let port = if mail.security == MailSecurity::Tls {
        mail.tls_port
    } else {
        mail.port
    };
    let place = Place {
        address: format!("{}:{port}", mail.host).to_ascii_lowercase(),
        clear: mail.security == MailSecurity::Plain,
        verified: mail.verify_host,
        trusted: String::new(),
    };
    Some(Sent {
        secret: mail.password.as_ref()?,
        to: BTreeSet::from([place]),
    })
}

/// Scheme, host and port of an address, as those who send to it read it. Everything that a program could take for an address is one:
/// `https:host` as much as `https://host`.
fn origin(value: &str) -> Option<String> {
    let value = value.trim();
    match Url::parse(value) {
        Ok(url) => {
            let host = url.host_str().filter(|host| !host.is_empty())?;
            let port = url
                .port_or_known_default()
                .map_or(String::new(), |port| format!(":{port}"));
            Some(format!("{}://{host}{port}", url.scheme()).to_ascii_lowercase())
        }
        Err(_) => value.contains("://").then(|| value.to_ascii_lowercase()),
    }
}
