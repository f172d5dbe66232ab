//! Channels that a new configuration would leave behind with accounts.

use usher_core::model::Configuration;

use super::Admin;
use crate::error::EngineError;

impl Admin {
    /// Refuses a configuration that no longer has channels with links, naming each with how many accounts
    /// would stay behind.
    pub(super) async fn refuse_losses(
        &self,
        before: &Configuration,
        after: &Configuration,
    ) -> Result<(), EngineError> {
        let mut losses = Vec::new();
        for (sp, channel) in before.channels() {
            if after.channel(&channel.id).is_some() {
                continue;
            }
            let links = self.left_behind(&channel.id).await?;
            if links > 0 {
                losses.push(format!("{}/{} ({links} accounts)", sp.name, channel.name));
            }
        }
        if losses.is_empty() {
            return Ok(());
        }
        Err(EngineError::Refused(format!(
            "channels that are linked to accounts are no longer in the configuration: {}. Nothing was changed. Keep the channel's name (channels are matched by name within their SP connection), or allow it with `drop_channels`: the accounts then stay at the target as they are",
            losses.join(", ")
        )))
    }
}
