//! What needs a person is judged again and again, and told to those who are to know.
//!
//! Judging and telling are tasks of their own beside the work: a receiver that is dead or slow disturbs no
//! cycle, and neither does the other.

mod deliver;
mod judge;

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use usher_core::alerts::{Happening, Message};
use usher_core::model::Configuration;

use super::Core;
use crate::admin::{Admin, Permission};
use crate::error::EngineError;

pub(super) use deliver::run as deliver;
pub(super) use judge::run as judge;

/// Carries messages to receivers.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// Hands a message to one receiver (see `AlertSettings::recipients`). An error says in words, without
    /// secrets, why that failed. Gives up by itself within a minute.
    async fn send(
        &self,
        recipient: &str,
        message: &Message,
        configuration: &Configuration,
    ) -> Result<(), String>;
}

/// How it went to try one receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Who.
    pub recipient: String,
    /// Why it failed, if so.
    pub error: Option<String>,
}

impl super::Service {
    /// Sends a test message to every receiver now, all at once; what came of it, in the order of the settings.
    pub async fn test_alerts(&self, admin: &Admin) -> Result<Vec<Tried>, EngineError> {
        admin.require(Permission::Operate)?;
        let Some(notifier) = &self.core.options.notifier else {
            return Err(EngineError::Refused(
                "this service has no means to send messages".to_owned(),
            ));
        };
        let configuration = admin.engine.configuration().await?;
        let recipients = configuration.alerts.recipients();
        if recipients.is_empty() {
            return Err(EngineError::Refused(
                "nobody is told of alerts: enter e-mail addresses or webhooks in the settings first"
                    .to_owned(),
            ));
        }
        let at = self.core.now();
        let message = Message {
            id: format!("test-{at}"),
            happening: Happening::Test,
            at,
            alert: None,
        };
        let tries = recipients.into_iter().map(async |recipient| {
            let sent = notifier.send(&recipient, &message, &configuration).await;
            Tried {
                recipient,
                error: sent.err(),
            }
        });
        Ok(futures_util::future::join_all(tries).await)
    }
}

/// Passes again and again until the service stops. Each in a task of its own: a panic ends that pass only.
async fn again_and_again<F>(core: Arc<Core>, what: &str, pass: impl Fn(Arc<Core>) -> F)
where
    F: Future<Output = Result<(), EngineError>> + Send + 'static,
{
    loop {
        tokio::select! {
            () = core.stopped() => return,
            () = tokio::time::sleep(core.options.alert_tick) => {}
        }
        let mut running = tokio::spawn(pass(core.clone()));
        let ended = tokio::select! {
            () = core.stopped() => {
                running.abort();
                return;
            }
            ended = &mut running => ended,
        };
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "{what} failed; it is tried again"),
            Err(error) => {
                core.count_panic();
                tracing::error!(%error, "{what} failed unexpectedly; it is tried again");
            }
        }
    }
}
