//! What a text names, of everything.

use serde::Serialize;
use usher_core::model::{ChannelId, ConnectionId, DataStoreId};

use super::operator::Permission;
use super::{Admin, LinkView};
use crate::error::EngineError;

/// What a text names.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Found {
    /// SP connections, by name, id or entity id.
    pub sp_connections: Vec<FoundConnection>,
    /// Channels, by name or id.
    pub channels: Vec<FoundChannel>,
    /// Data stores, by name or id.
    pub data_stores: Vec<FoundStore>,
    /// People and groups, by name, mail, DN, source key or target id.
    pub links: Vec<LinkView>,
}

/// An SP connection that was found.
#[derive(Clone, Debug, Serialize)]
pub struct FoundConnection {
    /// Its id.
    pub id: ConnectionId,
    /// Its name.
    pub name: String,
}

/// A channel that was found.
#[derive(Clone, Debug, Serialize)]
pub struct FoundChannel {
    /// Its id.
    pub id: ChannelId,
    /// Its name.
    pub name: String,
    /// The name of its SP connection.
    pub sp_connection: String,
}

/// A data store that was found.
#[derive(Clone, Debug, Serialize)]
pub struct FoundStore {
    /// Its id.
    pub id: DataStoreId,
    /// Its name.
    pub name: String,
}

impl Admin {
    /// Whatever a text names; at most `limit` of each kind.
    pub async fn find(&self, text: &str, limit: u32) -> Result<Found, EngineError> {
        self.require(Permission::Look)?;
        let configuration = self.engine.configuration().await?;
        let part = text.to_lowercase();
        let fits = |names: &[&str]| {
            let mut names = names.iter();
            names.any(|name| name.to_lowercase().contains(&part))
        };
        let most = limit as usize;
        let connections = configuration.sp_connections.iter();
        let connections = connections
            .filter(|sp| fits(&[sp.id.as_str(), &sp.name, &sp.entity_id]))
            .map(|sp| FoundConnection {
                id: sp.id.clone(),
                name: sp.name.clone(),
            });
        let channels = configuration
            .channels()
            .filter(|(_, channel)| fits(&[channel.id.as_str(), &channel.name]))
            .map(|(sp, channel)| FoundChannel {
                id: channel.id.clone(),
                name: channel.name.clone(),
                sp_connection: sp.name.clone(),
            });
        let stores = configuration.data_stores.iter();
        let stores = stores
            .filter(|store| fits(&[store.id.as_str(), &store.name]))
            .map(|store| FoundStore {
                id: store.id.clone(),
                name: store.name.clone(),
            });
        Ok(Found {
            sp_connections: connections.take(most).collect(),
            channels: channels.take(most).collect(),
            data_stores: stores.take(most).collect(),
            links: self.search(text, limit).await?,
        })
    }
}
