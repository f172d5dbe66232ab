//! Alerts as they are looked at, and the settings of who is told.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use usher_core::alerts::{WEBHOOK_SECRET, problems};
use usher_core::model::{
    AlertKind, AlertSettings, Configuration, ConnectionId, KeyExpiry, Millis, Sealed, Webhook,
    key_entered_at,
};
use usher_store::{AlertId, DeliveryState, StoredAlert};

use super::operator::Permission;
use super::policy::PolicyProblem;
use super::{Admin, Stretch};
use crate::error::EngineError;

/// A shorter secret can be guessed.
const SHORTEST_SECRET: usize = 16;
/// A longer one is a mistake.
const LONGEST_SECRET: usize = 256;

/// When a key can expire: from the beginning of the year 2000 to that of the year 2100.
const EXPIRIES: std::ops::RangeInclusive<Millis> = 946_684_800_000..=4_102_444_800_000;

/// An alert with what became of its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertStory {
    /// The alert.
    pub alert: StoredAlert,
    /// Its messages, oldest first.
    pub deliveries: Vec<DeliveryState>,
}

/// Settings of alerts as somebody wants them.
#[derive(Clone, Debug)]
pub struct WantedAlerts {
    /// Addresses that are told by e-mail.
    pub emails: Vec<String>,
    /// Addresses that are told by a signed request.
    pub webhooks: Vec<WantedWebhook>,
    /// See `AlertSettings::parked_threshold`.
    pub parked_threshold: u64,
    /// Kinds that nobody is told of.
    pub off: BTreeSet<AlertKind>,
    /// When the keys that are entered now expire, where that is known.
    pub keys: BTreeMap<ConnectionId, Millis>,
}

/// A webhook as somebody wants it.
#[derive(Clone, Debug)]
pub struct WantedWebhook {
    /// Where.
    pub url: String,
    /// The secret in the clear; `None` = the one that this very address has.
    pub secret: Option<String>,
}

/// An open alert, for a glance.
#[derive(Clone, Debug, Serialize)]
pub struct OpenAlert {
    /// Its id.
    pub id: AlertId,
    /// The kind.
    pub kind: AlertKind,
    /// What it is about, by name.
    pub about: String,
    /// The stage, such as `14 days`.
    pub stage: Option<String>,
    /// Since when.
    pub since: Millis,
    /// How many, where something is counted.
    pub count: Option<u64>,
    /// What is the matter, in one line.
    pub summary: String,
    /// What to do next.
    pub next: String,
}

impl Admin {
    /// Alerts that are open, oldest first: as the running service judged last.
    pub async fn open_alerts(&self) -> Result<Vec<OpenAlert>, EngineError> {
        self.require(Permission::Look)?;
        let open = self.engine.store.open_alerts().await?.into_iter();
        Ok(open
            .map(|one| OpenAlert {
                id: one.id,
                kind: one.alert.kind,
                about: one.alert.about,
                stage: one.alert.stage,
                since: one.alert.since,
                count: one.alert.count,
                summary: one.alert.summary,
                next: one.alert.next,
            })
            .collect())
    }

    /// Alerts, newest first.
    pub async fn alerts_page(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Stretch<AlertStory>, EngineError> {
        self.require(Permission::Look)?;
        let store = &self.engine.store;
        let found = store.alerts(before.map(AlertId), limit).await?;
        let ids: Vec<AlertId> = found.iter().map(|one| one.id).collect();
        let mut deliveries: BTreeMap<AlertId, Vec<DeliveryState>> = BTreeMap::new();
        for one in store.deliveries(&ids).await? {
            deliveries.entry(one.alert).or_default().push(one);
        }
        let is_whole = found.len() as u32 == limit;
        let end = found.last().map(|one| one.id.0).filter(|_| is_whole);
        let stories = found.into_iter().map(|alert| AlertStory {
            deliveries: deliveries.remove(&alert.id).unwrap_or_default(),
            alert,
        });
        Ok((stories.collect(), end))
    }

    /// A configuration with other settings of alerts; otherwise everything that is wrong with them.
    pub fn with_alerts(
        &self,
        configuration: &Configuration,
        wanted: &WantedAlerts,
    ) -> Result<Configuration, Vec<PolicyProblem>> {
        let mut wrong = Vec::new();
        let mut webhooks = Vec::new();
        for (index, webhook) in wanted.webhooks.iter().enumerate() {
            match self.sealed(&configuration.alerts, webhook) {
                Ok(secret) => webhooks.push(Webhook {
                    url: webhook.url.clone(),
                    secret,
                }),
                Err(message) => {
                    wrong.push(problem(format!("/webhooks/{index}/secret"), message));
                    // The address is judged all the same.
                    webhooks.push(Webhook {
                        url: webhook.url.clone(),
                        secret: Sealed(String::new()),
                    });
                }
            }
        }
        let mut keys = BTreeMap::new();
        for (index, (id, expires_at)) in wanted.keys.iter().enumerate() {
            match key(configuration, id, *expires_at) {
                Ok(expiry) => drop(keys.insert(id.clone(), expiry)),
                Err(message) => {
                    wrong.push(problem(format!("/keys/{index}/sp_connection"), message));
                }
            }
        }
        let alerts = AlertSettings {
            emails: wanted.emails.clone(),
            webhooks,
            parked_threshold: wanted.parked_threshold,
            off: wanted.off.clone(),
            keys,
        };
        let found = problems(&alerts, configuration.server.mail.is_some());
        wrong.extend(found.into_iter().map(|(at, message)| problem(at, message)));
        if wrong.is_empty() {
            Ok(Configuration {
                alerts,
                ..configuration.clone()
            })
        } else {
            Err(wrong)
        }
    }

    /// A configuration in which the key of an SP connection expires then, UTC milliseconds; otherwise what is wrong
    /// with that.
    pub fn with_key_expiry(
        &self,
        configuration: &Configuration,
        id: &ConnectionId,
        expires_at: Millis,
    ) -> Result<Configuration, String> {
        let expiry = key(configuration, id, expires_at)?;
        let mut changed = configuration.clone();
        changed.alerts.keys.insert(id.clone(), expiry);
        Ok(changed)
    }

    /// The secret of a webhook, sealed; one that stays the same keeps its sealed form.
    fn sealed(&self, current: &AlertSettings, wanted: &WantedWebhook) -> Result<Sealed, String> {
        let sealer = &self.engine.sealer;
        // A secret never goes along to another address.
        let known = current.webhooks.iter().find(|one| one.url == wanted.url);
        let Some(plain) = &wanted.secret else {
            return known.map(|one| one.secret.clone()).ok_or_else(|| {
                "expected a secret: no webhook with this address has one yet".to_owned()
            });
        };
        let length = plain.chars().count();
        if !(SHORTEST_SECRET..=LONGEST_SECRET).contains(&length) {
            return Err(format!(
                "expected {SHORTEST_SECRET} to {LONGEST_SECRET} characters, found {length}"
            ));
        }
        if plain.chars().any(char::is_control) {
            return Err(
                "it has a line break or another control character; a secret is one line".to_owned(),
            );
        }
        let same = known.filter(|one| {
            let opened = sealer.open(WEBHOOK_SECRET, &one.secret);
            opened.is_ok_and(|opened| opened.reveal() == plain)
        });
        Ok(match same {
            Some(one) => one.secret.clone(),
            None => sealer.seal(WEBHOOK_SECRET, plain),
        })
    }
}

fn problem(pointer: String, message: String) -> PolicyProblem {
    PolicyProblem { pointer, message }
}

/// When the key that an SP connection has now expires.
fn key(
    configuration: &Configuration,
    id: &ConnectionId,
    expires_at: Millis,
) -> Result<KeyExpiry, String> {
    let mut all = configuration.sp_connections.iter();
    let sp = all
        .find(|sp| &sp.id == id)
        .ok_or_else(|| format!("there is no SP connection with the id `{id}`"))?;
    if !EXPIRIES.contains(&expires_at) {
        return Err(format!(
            "expected milliseconds since 1970, from the year 2000 to the year 2100 ({} to {}), found {expires_at}",
            EXPIRIES.start(),
            EXPIRIES.end()
        ));
    }
    let key_entered_at = key_entered_at(sp).ok_or_else(|| {
        format!(
            "SP connection `{}` has no key, or nobody knows when it was entered; enter it first",
            sp.name
        )
    })?;
    Ok(KeyExpiry {
        expires_at,
        key_entered_at,
    })
}
