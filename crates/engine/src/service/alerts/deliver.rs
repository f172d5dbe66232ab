//! Telling receivers: each message until it has arrived, for a day at most.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use usher_core::alerts::Message;
use usher_core::model::{Configuration, Millis};
use usher_store::{Delivery, DeliveryEnd};

use super::Notifier;
use crate::error::EngineError;
use crate::service::Core;

/// Messages on their way at once.
const AT_ONCE: usize = 8;
/// Longest time for one attempt.
const PATIENCE: Duration = Duration::from_mins(1);
/// An attempt that nobody settled within this time died with its process, milliseconds.
const CLAIM_MS: i64 = 3 * 60 * 1_000;
/// Wait after the first failure, milliseconds; each further one doubles it.
const FIRST_WAIT_MS: i64 = 10 * 1_000;
/// Longest wait, milliseconds.
const MOST_WAIT_MS: i64 = 30 * 60 * 1_000;
/// After so long nobody tries any more, milliseconds.
const GIVE_UP_MS: i64 = 24 * 3_600 * 1_000;

/// Runs until the service stops.
pub(crate) async fn run(core: Arc<Core>) {
    if core.options.notifier.is_some() {
        super::again_and_again(core, "telling of alerts", pass).await;
    }
}

/// Everything that is due.
async fn pass(core: Arc<Core>) -> Result<(), EngineError> {
    let Some(notifier) = core.options.notifier.clone() else {
        return Ok(());
    };
    let store = &core.admin.engine.store;
    let mut configuration: Option<Arc<Configuration>> = None;
    let mut under_way = JoinSet::new();
    loop {
        let now = core.now();
        let Some(delivery) = store.claim_delivery(now, now + CLAIM_MS).await? else {
            break;
        };
        let configuration = match &configuration {
            Some(known) => known.clone(),
            None => {
                let read = Arc::new(core.admin.engine.configuration().await?);
                configuration.insert(read).clone()
            }
        };
        under_way.spawn(one(core.clone(), notifier.clone(), delivery, configuration));
        if under_way.len() >= AT_ONCE {
            joined(under_way.join_next().await)?;
        }
    }
    while let Some(ended) = under_way.join_next().await {
        joined(Some(ended))?;
    }
    Ok(())
}

fn joined(
    ended: Option<Result<Result<(), EngineError>, tokio::task::JoinError>>,
) -> Result<(), EngineError> {
    match ended {
        None => Ok(()),
        Some(Ok(result)) => result,
        Some(Err(error)) => Err(EngineError::Refused(format!(
            "a message could not be sent: {error}"
        ))),
    }
}

async fn one(
    core: Arc<Core>,
    notifier: Arc<dyn Notifier>,
    delivery: Delivery,
    configuration: Arc<Configuration>,
) -> Result<(), EngineError> {
    let message = Message {
        id: format!("{}-{}", delivery.alert.id.0, delivery.happening.as_str()),
        happening: delivery.happening,
        at: delivery.at,
        alert: Some(delivery.alert.alert.clone()),
    };
    let recipient = &delivery.recipient;
    let end = if configuration.alerts.recipients().contains(recipient) {
        let sending = notifier.send(recipient, &message, &configuration);
        let sent = tokio::time::timeout(PATIENCE, sending).await;
        let sent = sent.unwrap_or_else(|_| Err("no answer within a minute".to_owned()));
        end(&delivery, sent, core.now())
    } else {
        DeliveryEnd::GivenUp {
            error: "it is told of alerts no longer".to_owned(),
        }
    };
    match &end {
        DeliveryEnd::Done => {}
        DeliveryEnd::Again { error, .. } => {
            tracing::warn!(recipient, %error, delivery.tries, "a message was not delivered; it is tried again");
        }
        DeliveryEnd::GivenUp { error } => {
            tracing::error!(recipient, %error, delivery.tries, "a message was not delivered; it is given up");
        }
    }
    let store = &core.admin.engine.store;
    Ok(store.settle_delivery(delivery.id, &end, core.now()).await?)
}

/// What becomes of a delivery after an attempt.
fn end(delivery: &Delivery, sent: Result<(), String>, now: Millis) -> DeliveryEnd {
    match sent {
        Ok(()) => DeliveryEnd::Done,
        Err(error) if now - delivery.at >= GIVE_UP_MS => DeliveryEnd::GivenUp { error },
        Err(error) => DeliveryEnd::Again {
            due_at: now + wait_ms(delivery.tries),
            error,
        },
    }
}

/// How long to wait after so many tries.
fn wait_ms(tries: u32) -> i64 {
    let doublings = tries.saturating_sub(1).min(16);
    (FIRST_WAIT_MS << doublings).min(MOST_WAIT_MS)
}

#[cfg(test)]
mod tests {
    use super::wait_ms;

    #[test]
    fn the_wait_doubles_up_to_half_an_hour() {
        let waits = [0, 1, 2, 3, 8, 9, u32::MAX].map(|tries| wait_ms(tries) / 1_000);
        assert_eq!(waits, [10, 10, 20, 40, 1_280, 1_800, 1_800]);
    }
}
