//! How many people in scope exist at the target already, before anything is adopted.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::Serialize;
use usher_connector::{EventSink, ReadRequest, SourceError, SourceEvent};
use usher_core::mapping::{Mapped, Unmasked, map_user};
use usher_core::model::{ChannelId, Configuration, Desired, Kind, Millis, ScopeVerdict, SourceKey};
use usher_directory::compare::fold;
use usher_store::{IndexKey, IndexRow};

use super::Admin;
use super::operator::Permission;
use crate::context::OpenChannel;
use crate::error::EngineError;

/// People whose correlation is looked up at once.
const AT_ONCE: usize = 500;

/// Whether the target has what the people in scope would correspond to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CorrelationPreview {
    /// When the target was last listed completely; without that nothing is known.
    pub listed_at: Option<Millis>,
    /// People at the target then.
    pub at_target: u64,
    /// People in scope that can be mapped.
    pub people: u64,
    /// Per attribute, how many people would match.
    pub candidates: Vec<Candidate>,
}

/// One correlation attribute.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Candidate {
    /// The field of the target.
    pub field: String,
    /// People whom exactly one record matches.
    pub one: u64,
    /// People whom several records match.
    pub several: u64,
}

impl Admin {
    /// How many people in scope correspond to records of the target, by each attribute that can tell. Reads
    /// the whole scope; of the target only what is kept of its last listing.
    pub async fn preview_correlation(
        &self,
        configuration: &Configuration,
        id: &ChannelId,
    ) -> Result<CorrelationPreview, EngineError> {
        self.require(Permission::Look)?;
        let open = self.engine.open(configuration, id)?;
        let store = &self.engine.store;
        let mut counting = Counting {
            admin: self,
            open: &open,
            waiting: Vec::new(),
            failed: None,
            counted: CorrelationPreview {
                listed_at: store.index_age(&open.sp.id, Kind::User).await?,
                at_target: store.index_count(&open.sp.id, Kind::User).await?.0,
                people: 0,
                candidates: [
                    &open.descriptor.external_id_field,
                    &open.descriptor.username_field,
                    &open.descriptor.email_field,
                ]
                .map(|field| Candidate {
                    field: field.clone(),
                    ..Candidate::default()
                })
                .to_vec(),
            },
        };
        let request = ReadRequest {
            from: None,
            attributes: open.attributes(),
            sentinel_keys: Vec::new(),
            member_groups: Vec::new(),
        };
        open.source.read(&request, &mut counting).await?;
        counting.look_up().await?;
        match counting.failed {
            Some(error) => Err(error),
            None => Ok(counting.counted),
        }
    }
}

struct Counting<'a> {
    admin: &'a Admin,
    open: &'a OpenChannel,
    waiting: Vec<(SourceKey, Desired)>,
    failed: Option<EngineError>,
    counted: CorrelationPreview,
}

#[async_trait]
impl EventSink for Counting<'_> {
    async fn event(&mut self, event: SourceEvent) -> Result<(), SourceError> {
        let SourceEvent::Page(entries) = event else {
            return Ok(());
        };
        let now = self.admin.engine.clock.now();
        for read in entries {
            if read.entry.kind != Kind::User || read.scope != ScopeVerdict::In {
                continue;
            }
            if let Mapped::Desired(desired) =
                map_user(&read.entry, &self.open.rules, &Unmasked, now)
            {
                self.waiting.push((read.entry.key, desired));
            }
        }
        if self.waiting.len() >= AT_ONCE
            && let Err(error) = self.look_up().await
        {
            self.failed = Some(error);
            return Err(SourceError::Stopped);
        }
        Ok(())
    }
}

impl Counting<'_> {
    async fn look_up(&mut self) -> Result<(), EngineError> {
        let some = std::mem::take(&mut self.waiting);
        let descriptor = &self.open.descriptor;
        let keys = |key: &SourceKey, desired: &Desired| {
            let text = |field: &str| desired.resource.text(field).map(fold);
            [
                Some(IndexKey::ExternalId(key.to_string())),
                text(&descriptor.username_field).map(IndexKey::Name),
                text(&descriptor.email_field).map(IndexKey::Email),
            ]
        };
        let people: Vec<[Option<IndexKey>; 3]> = some
            .iter()
            .map(|(key, desired)| keys(key, desired))
            .collect();
        let all: Vec<IndexKey> = people.iter().flatten().flatten().cloned().collect();
        let store = &self.admin.engine.store;
        let rows = store.index_find(&self.open.sp.id, Kind::User, &all).await?;
        let mut matches: BTreeMap<IndexKey, u64> = BTreeMap::new();
        for key in rows.iter().flat_map(keys_of) {
            *matches.entry(key).or_default() += 1;
        }
        for person in people {
            self.counted.people += 1;
            for (key, candidate) in person.iter().zip(&mut self.counted.candidates) {
                let found = key.as_ref().and_then(|key| matches.get(key));
                match found.copied().unwrap_or_default() {
                    0 => {}
                    1 => candidate.one += 1,
                    _ => candidate.several += 1,
                }
            }
        }
        Ok(())
    }
}

fn keys_of(row: &IndexRow) -> Vec<IndexKey> {
    [
        row.external_id.clone().map(IndexKey::ExternalId),
        row.name.clone().map(IndexKey::Name),
        row.email.clone().map(IndexKey::Email),
    ]
    .into_iter()
    .flatten()
    .collect()
}
