//! Naming a channel.

use usher_core::model::{Channel, ChannelId, Configuration, SpConnection};
use usher_store::AuditEvent;

use super::Admin;
use crate::error::EngineError;

impl Admin {
    /// The channel that a text names: its id, its name, or `SP connection/name`; without a text,
    /// the only one.
    pub async fn select(
        &self,
        text: Option<&str>,
    ) -> Result<(Configuration, ChannelId), EngineError> {
        let configuration = self.engine.configuration().await?;
        let found: Vec<ChannelId> = configuration
            .channels()
            .filter(|(sp, channel)| text.is_none_or(|text| is_named(sp, channel, text)))
            .map(|(_, channel)| channel.id.clone())
            .collect();
        match (found.as_slice(), text) {
            ([one], _) => Ok((configuration, one.clone())),
            ([], None) => Err(EngineError::Configuration(
                "there is no channel yet. Make a configuration file and import it: `usher config import FILE`".to_owned(),
            )),
            ([], Some(text)) => Err(EngineError::Configuration(format!(
                "no channel is called `{text}`. There {}",
                names(&configuration)
            ))),
            (_, _) => Err(EngineError::Configuration(format!(
                "several channels fit: say which one with `--channel`. There {}",
                names(&configuration)
            ))),
        }
    }

    pub(super) fn event(
        &self,
        event: &str,
        channel: Option<&ChannelId>,
        detail: &str,
    ) -> AuditEvent {
        AuditEvent {
            at: self.engine.clock.now(),
            actor: self.operator.name.clone(),
            event: event.to_owned(),
            channel: channel.map(ToString::to_string),
            success: true,
            detail: detail.to_owned(),
            ..AuditEvent::default()
        }
    }
}

fn is_named(sp: &SpConnection, channel: &Channel, text: &str) -> bool {
    channel.id.as_str() == text
        || channel.name == text
        || text.split_once('/').is_some_and(|(of, name)| {
            (of == sp.id.as_str() || of == sp.name) && name == channel.name
        })
}

fn names(configuration: &Configuration) -> String {
    let names: Vec<String> = configuration
        .channels()
        .map(|(sp, channel)| format!("`{}/{}`", sp.name, channel.name))
        .collect();
    match names.len() {
        0 => "is none yet".to_owned(),
        1 => format!("is {}", names.join("")),
        _ => format!("are {}", names.join(", ")),
    }
}
