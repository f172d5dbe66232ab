//! Carries messages of alerts to receivers: signed requests, and e-mail.
#![deny(missing_docs)]

mod bounded;
mod mail;
mod webhook;

use std::sync::Arc;

use async_trait::async_trait;
use usher_core::alerts::Message;
use usher_core::model::Configuration;
use usher_engine::service::Notifier;
use usher_engine::{Clock, Sealer};

pub use webhook::{SIGNATURE, signature};

/// Sends what is to be told.
pub struct Messenger {
    sealer: Arc<Sealer>,
    clock: Arc<dyn Clock>,
    clients: webhook::Clients,
}

impl Messenger {
    /// Opens secrets with the sealer; signs with the time of the clock.
    pub fn new(sealer: Arc<Sealer>, clock: Arc<dyn Clock>) -> Self {
        Self {
            sealer,
            clock,
            clients: webhook::Clients::default(),
        }
    }
}

#[async_trait]
impl Notifier for Messenger {
    async fn send(
        &self,
        recipient: &str,
        message: &Message,
        configuration: &Configuration,
    ) -> Result<(), String> {
        let sealer = &self.sealer;
        if let Some(address) = recipient.strip_prefix("mailto:") {
            return mail::send(address, message, configuration, sealer).await;
        }
        let webhooks = &configuration.alerts.webhooks;
        let Some(webhook) = webhooks.iter().find(|webhook| webhook.url == recipient) else {
            return Err("the settings have no such receiver".to_owned());
        };
        webhook::send(
            &self.clients,
            webhook,
            message,
            configuration,
            sealer,
            self.clock.now(),
        )
        .await
    }
}
