//! Trying one mapping rule of a channel that is still being configured on real entries.

use async_trait::async_trait;
use usher_connector::{EventSink, FetchBy, Fetched, ReadEntry, Source, SourceError, SourceEvent};
use usher_core::descriptor::FieldDescriptor;
use usher_core::mapping::{FieldPreview, MappingProblem, Rules, RulesInput, preview};
use usher_core::model::{ChannelId, Configuration, Kind, MappingRule, ScopeVerdict};

use super::Admin;
use super::directory::hidden;
use super::operator::Permission;
use super::previews::dots_for;
use super::survey::{found, request};
use crate::context::wanted_attributes;
use crate::error::EngineError;

/// People that a rule is tried on.
const PEOPLE: usize = 3;

/// What one mapping rule makes of one entry.
#[derive(Clone, Debug)]
pub struct FieldSample {
    /// The entry, as the directory writes its DN.
    pub dn: String,
    /// The clause that keeps it out of scope, if one does.
    pub out_of_scope: Option<String>,
    /// How the field comes to its value.
    pub field: FieldPreview,
}

impl Admin {
    /// Tries one mapping rule on the entry of a DN, or on the first people in scope. Values that are hidden from
    /// everybody, and those that a saved mapping masks, are dots. What is wrong with the rule is an error of its own.
    pub async fn preview_field(
        &self,
        configuration: &Configuration,
        id: &ChannelId,
        rule: &MappingRule,
        dn: Option<&str>,
    ) -> Result<Result<Vec<FieldSample>, Vec<MappingProblem>>, EngineError> {
        self.require(Permission::Configure)?;
        let (sp, channel) = found(configuration, id)?;
        let descriptor = self.engine.connector(sp)?.descriptor();
        let field = descriptor.field(&rule.field).cloned();
        // The other fields are not asked for here.
        let fields: Vec<FieldDescriptor> = field
            .map(|field| FieldDescriptor {
                required: false,
                ..field
            })
            .into_iter()
            .collect();
        let store = configuration.data_store(&channel.source.data_store);
        let input = RulesInput {
            mapping: std::slice::from_ref(rule),
            fields: &fields,
            ..RulesInput::of(sp, channel, descriptor).with_store(store, &channel.source)
        };
        let rules = match Rules::compile(&input) {
            Ok(rules) => rules,
            Err(problems) => return Ok(Err(problems)),
        };
        let source = self.engine.open_source(configuration, channel)?;
        let attributes = wanted_attributes(&rules, &[]);
        let people = match dn {
            Some(dn) => by_dn(source.as_ref(), dn, &attributes).await?,
            None => first_people(source.as_ref(), attributes).await?,
        };
        let saved = self.engine.configuration().await?;
        let hidden = hidden(&saved, &channel.source.data_store);
        let sampled = people.into_iter().filter_map(|mut read| {
            dots_for(&mut read.entry, &hidden);
            Some(FieldSample {
                field: preview(&read.entry, &rules).pop()?,
                dn: read.entry.dn,
                out_of_scope: match read.scope {
                    ScopeVerdict::In => None,
                    ScopeVerdict::Out { clause } => Some(clause),
                },
            })
        });
        Ok(Ok(sampled.collect()))
    }
}

async fn by_dn(
    source: &dyn Source,
    dn: &str,
    attributes: &[String],
) -> Result<Vec<ReadEntry>, EngineError> {
    let by = FetchBy::Dns(vec![dn.to_owned()]);
    match source.fetch(&by, attributes).await?.pop() {
        Some(Fetched::Present(read)) => Ok(vec![*read]),
        None | Some(Fetched::Absent) => Ok(Vec::new()),
        Some(Fetched::Other { what }) => Err(EngineError::Refused(what)),
        Some(Fetched::Unknown { reason }) => Err(EngineError::Refused(reason)),
    }
}

async fn first_people(
    source: &dyn Source,
    attributes: Vec<String>,
) -> Result<Vec<ReadEntry>, EngineError> {
    let mut first = FirstPeople(Vec::new());
    let read = source.read(&request(attributes), &mut first).await;
    match read {
        Err(error) if first.0.is_empty() => Err(error.into()),
        _ => Ok(first.0),
    }
}

/// Stops a read at the first people in scope.
struct FirstPeople(Vec<ReadEntry>);

#[async_trait]
impl EventSink for FirstPeople {
    async fn event(&mut self, event: SourceEvent) -> Result<(), SourceError> {
        if let SourceEvent::Page(entries) = event {
            let is_wanted =
                |read: &ReadEntry| read.entry.kind == Kind::User && read.scope == ScopeVerdict::In;
            let missing = PEOPLE.saturating_sub(self.0.len());
            self.0
                .extend(entries.into_iter().filter(is_wanted).take(missing));
        }
        if self.0.len() < PEOPLE {
            Ok(())
        } else {
            Err(SourceError::Stopped)
        }
    }
}
