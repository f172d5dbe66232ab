//! What the address names.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::StatusCode;
use axum::http::request::Parts;
use usher_core::model::{ChannelId, Configuration, ConnectionId, DataStoreId};
use usher_engine::admin::Admin;
use uuid::Uuid;

use super::problem::{Fault, Problem};
use crate::Api;

/// Longest id.
const LONGEST: usize = 128;

/// The variable parts of an address.
pub(crate) struct Place(Vec<(String, String)>);

impl FromRequestParts<Api> for Place {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let found = RawPathParams::from_request_parts(parts, api).await;
        let found = found.map_err(|_| invalid("id", "expected UTF-8"))?;
        let pairs = found.iter();
        Ok(Self(
            pairs
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        ))
    }
}

impl Place {
    /// An id in text.
    pub(crate) fn id(&self, name: &str) -> Result<&str, Problem> {
        let text = self.part(name);
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if text.is_empty() || text.len() > LONGEST || !text.chars().all(fits) {
            return Err(invalid(
                name,
                &format!("expected 1 to {LONGEST} letters, digits, dots, hyphens and underscores"),
            ));
        }
        Ok(text)
    }

    /// An id that is a number.
    pub(crate) fn number(&self, name: &str) -> Result<i64, Problem> {
        let text = self.part(name);
        let number = text.parse().ok().filter(|number: &i64| *number > 0);
        number.ok_or_else(|| invalid(name, "expected a positive number"))
    }

    /// An id that is a UUID.
    pub(crate) fn uuid(&self, name: &str) -> Result<Uuid, Problem> {
        let text = self.part(name);
        Uuid::try_parse(text).map_err(|_| invalid(name, "expected a UUID"))
    }

    /// The channel, with the configuration that has it.
    pub(crate) async fn channel(
        &self,
        admin: &Admin,
    ) -> Result<(Configuration, ChannelId), Problem> {
        let configuration = admin.look_at_configuration().await?;
        let id = self.channel_of(&configuration)?;
        Ok((configuration, id))
    }

    /// The channel, which the configuration has.
    pub(crate) fn channel_of(&self, configuration: &Configuration) -> Result<ChannelId, Problem> {
        let id = ChannelId::new(self.id("channel")?);
        if configuration.channel(&id).is_none() {
            return Err(
                Problem::not_found(format!("there is no channel with the id `{id}`"))
                    .hint("`GET /api/v1/channels` lists them; a channel's name is not its id"),
            );
        }
        Ok(id)
    }

    /// The data store, with the configuration that has it.
    pub(crate) async fn data_store(
        &self,
        admin: &Admin,
    ) -> Result<(Configuration, DataStoreId), Problem> {
        let id = DataStoreId::new(self.id("data_store")?);
        let configuration = admin.look_at_configuration().await?;
        if configuration.data_store(&id).is_none() {
            return Err(
                Problem::not_found(format!("there is no data store with the id `{id}`"))
                    .hint("`GET /api/v1/data-stores` lists them"),
            );
        }
        Ok((configuration, id))
    }

    /// The SP connection, with the configuration that has it.
    pub(crate) async fn sp_connection(
        &self,
        admin: &Admin,
    ) -> Result<(Configuration, ConnectionId), Problem> {
        let id = ConnectionId::new(self.id("sp_connection")?);
        let configuration = admin.look_at_configuration().await?;
        if !configuration.sp_connections.iter().any(|sp| sp.id == id) {
            return Err(Problem::not_found(format!(
                "there is no SP connection with the id `{id}`"
            ))
            .hint("`GET /api/v1/sp-connections` lists them"));
        }
        Ok((configuration, id))
    }

    fn part(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }
}

fn invalid(name: &str, detail: &str) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "invalid_id",
        format!("the {} in the address: {detail}", name.replace('_', " ")),
    )
    .errors(vec![Fault::parameter(name, detail)])
}
