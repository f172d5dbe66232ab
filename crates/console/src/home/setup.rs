//! What is to be set up before anything is provisioned, in its order.

use usher_core::model::Configuration;

use crate::frame::{Fault, SignedIn};

/// One thing to do.
pub(super) struct Item {
    pub(super) label: &'static str,
    pub(super) help: &'static str,
    pub(super) href: String,
    pub(super) done: bool,
}

/// Everything to do.
pub(super) struct SetUp {
    pub(super) items: Vec<Item>,
}

impl SetUp {
    pub(super) async fn of(who: &SignedIn, configuration: &Configuration) -> Result<Self, Fault> {
        let mut synced = false;
        let mut channel = None;
        for (sp, one) in configuration.channels() {
            channel.get_or_insert_with(|| format!("/channels/{}", one.id));
            synced |= who.admin.engine.record(sp, &one.id).await?.first_sync_done;
        }
        let server = &configuration.server;
        let alerts = &configuration.alerts;
        let item = |label, help, href: &str, done| Item {
            label,
            help,
            href: href.to_owned(),
            done,
        };
        let connections = "/sp-connections";
        Ok(Self {
            items: vec![
                item(
                    "Data store",
                    "The directory that people and groups are read from.",
                    "/system/data-stores",
                    !configuration.data_stores.is_empty(),
                ),
                item(
                    "Outbound provisioning",
                    "Turned on in Protocol Settings, so that connections can provision.",
                    "/system/protocol-settings",
                    server.idp_role && server.outbound_provisioning,
                ),
                item(
                    "SP connection",
                    "The service that people and groups are provisioned to, and its key.",
                    connections,
                    !configuration.sp_connections.is_empty(),
                ),
                item(
                    "Channel",
                    "Which people and groups go there, and how their attributes are mapped.",
                    connections,
                    channel.is_some(),
                ),
                item(
                    "First sync",
                    "Every account of the first complete plan has its outcome.",
                    channel.as_deref().unwrap_or("/channels"),
                    synced,
                ),
                item(
                    "Alert receiver",
                    "Somebody is told when something needs a person.",
                    "/system/alerts",
                    !alerts.emails.is_empty() || !alerts.webhooks.is_empty(),
                ),
            ],
        })
    }

    pub(super) fn done(&self) -> usize {
        self.items.iter().filter(|item| item.done).count()
    }

    pub(super) fn is_done(&self) -> bool {
        self.done() == self.items.len()
    }
}
