//! Looking at a channel that is still being configured: what its directory is, who is in scope, and what its mapping
//! makes of them. Nothing is kept, and the target is not asked.

use std::collections::BTreeMap;

use async_trait::async_trait;
use usher_connector::{EventSink, ProbeReport, ReadEntry, ReadRequest, SourceError, SourceEvent};
use usher_core::descriptor::FieldDescriptor;
use usher_core::mapping::{
    FieldPreview, Mapped, MappingProblem, Rules, RulesInput, TOO_LONG, Unmasked, map_user, preview,
};
use usher_core::model::{
    Channel, ChannelId, Configuration, FieldValue, Hash128, Kind, Millis, Resource, ScopeVerdict,
    SpConnection,
};
use usher_directory::Dn;

use super::Admin;
use super::directory::NOWHERE;
use super::operator::Permission;
use crate::context::wanted_attributes;
use crate::error::EngineError;
use crate::protection::Protection;

/// Entries that are named as a sample of a clause.
const SAMPLE: usize = 5;
/// Clauses that are told apart.
const CLAUSES: usize = 20;

/// Entries that a clause of the scope lets in or keeps out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClauseCount {
    /// The clause in words; of those in scope, what they are.
    pub clause: String,
    /// Whether they are in scope.
    pub is_in: bool,
    /// How many.
    pub entries: u64,
    /// The DNs of some of them, as the directory writes them.
    pub sample: Vec<String>,
}

/// What the mapping makes of one field of everybody in scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldCount {
    /// The field.
    pub field: String,
    /// People who have no value, without a fault of theirs.
    pub empty: u64,
    /// People whose value is longer than the target takes.
    pub too_long: u64,
    /// People whose value has another fault.
    pub invalid: u64,
    /// People whose value somebody else has too, where it must be unique.
    pub duplicate: u64,
    /// The first of them: the DN, and what is wrong.
    pub first: Option<String>,
}

/// What a read of the whole scope found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// People in scope.
    pub people: u64,
    /// Of those, disabled in the source.
    pub disabled: u64,
    /// Groups in scope.
    pub groups: u64,
    /// People of whom no valid account can be made; only when the mapping was run.
    pub invalid: u64,
    /// Who is in scope, then who is not and by which clause.
    pub clauses: Vec<ClauseCount>,
    /// People in scope who are protected: the DN, and the rule. At most a few.
    pub protected: Vec<(String, String)>,
    /// Entries that cannot be used, the first of them with the reason.
    pub unusable: u64,
    /// See `unusable`.
    pub first_unusable: Option<String>,
    /// Why the read was not complete; empty when it was.
    pub incomplete: Vec<String>,
    /// What the mapping makes, field by field; empty unless it was run.
    pub fields: Vec<FieldCount>,
}

impl Survey {
    /// Whether it is odd that nobody is disabled: among so many people somebody is.
    pub fn is_nobody_disabled(&self) -> bool {
        self.disabled == 0 && self.people > super::SUSPICIOUS
    }
}

impl Admin {
    /// What the directory of a channel is and supports, asked with the channel's source settings; below its first
    /// naming context, where the channel has no base DN yet.
    pub async fn probe_source(
        &self,
        configuration: &Configuration,
        id: &ChannelId,
    ) -> Result<ProbeReport, EngineError> {
        self.require(Permission::Configure)?;
        let (_, channel) = found(configuration, id)?;
        let mut channel = channel.clone();
        if channel.source.base_dn.trim().is_empty() {
            NOWHERE.clone_into(&mut channel.source.base_dn);
            let around = self.engine.open_source(configuration, &channel)?;
            // What does not answer is told by the checks themselves.
            let contexts = around.children("", 1).await.unwrap_or_default();
            if let Some(first) = contexts.entries.into_iter().next() {
                channel.source.base_dn = first.dn;
            }
        }
        let source = self.engine.open_source(configuration, &channel)?;
        Ok(source.probe().await?)
    }

    /// Reads the whole scope of a channel. With `mapping`, which then must compile, everybody is mapped too.
    pub async fn survey(
        &self,
        configuration: &Configuration,
        id: &ChannelId,
        mapping: bool,
    ) -> Result<Survey, EngineError> {
        self.require(Permission::Configure)?;
        let (sp, channel) = found(configuration, id)?;
        let descriptor = self.engine.connector(sp)?.descriptor();
        let store = configuration.data_store(&channel.source.data_store);
        let whole = RulesInput::of(sp, channel, descriptor).with_store(store, &channel.source);
        let status_only = RulesInput {
            mapping: &[],
            fields: &[],
            ..RulesInput::of(sp, channel, descriptor).with_store(store, &channel.source)
        };
        let rules = match Rules::compile(&whole) {
            Err(problems) if mapping => return Err(refused(&problems)),
            Err(_) => Rules::compile(&status_only).map_err(|problems| refused(&problems))?,
            Ok(rules) => rules,
        };
        let policy = &channel.policy;
        let compiled = |label, rules, names: &[String]| {
            Protection::compile(label, rules, names)
                .map_err(|problems| EngineError::Refused(problems.join("; ")))
        };
        let mut surveyor = Surveyor {
            rules: &rules,
            protected: compiled("protected", &policy.protected, &sp.protected_accounts)?,
            excluded: compiled("excluded", &policy.exclude, &[])?,
            now: self.engine.clock.now(),
            unique: if mapping {
                unique(&descriptor.fields)
            } else {
                Vec::new()
            },
            mapping,
            values: BTreeMap::new(),
            fields: BTreeMap::new(),
            ended: false,
            survey: Survey::default(),
        };
        let request = request(wanted_attributes(
            &rules,
            &[&surveyor.protected, &surveyor.excluded],
        ));
        let source = self.engine.open_source(configuration, channel)?;
        source.read(&request, &mut surveyor).await?;
        Ok(surveyor.finished())
    }
}

pub(super) fn found<'c>(
    configuration: &'c Configuration,
    id: &ChannelId,
) -> Result<(&'c SpConnection, &'c Channel), EngineError> {
    configuration.channel(id).ok_or_else(|| {
        EngineError::Configuration(format!("there is no channel with the id `{id}`"))
    })
}

fn refused(problems: &[MappingProblem]) -> EngineError {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    EngineError::Refused(format!("the mapping cannot be used: {}", lines.join("; ")))
}

fn unique(fields: &[FieldDescriptor]) -> Vec<String> {
    let unique = fields.iter().filter(|field| field.unique);
    unique.map(|field| field.name.clone()).collect()
}

pub(super) fn request(attributes: Vec<String>) -> ReadRequest {
    ReadRequest {
        from: None,
        attributes,
        sentinel_keys: Vec::new(),
        member_groups: Vec::new(),
    }
}

struct Surveyor<'a> {
    rules: &'a Rules,
    protected: Protection,
    excluded: Protection,
    now: Millis,
    mapping: bool,
    /// The fields that must be unique.
    unique: Vec<String>,
    /// How many people have a value of such a field.
    values: BTreeMap<(String, [u8; 16]), u64>,
    fields: BTreeMap<String, FieldCount>,
    ended: bool,
    survey: Survey,
}

#[async_trait]
impl EventSink for Surveyor<'_> {
    async fn event(&mut self, event: SourceEvent) -> Result<(), SourceError> {
        match event {
            SourceEvent::Page(entries) => {
                for read in &entries {
                    self.entry(read);
                }
            }
            SourceEvent::Bad { dn, problem, .. } => {
                self.survey.unusable += 1;
                let first = &mut self.survey.first_unusable;
                first.get_or_insert_with(|| format!("{dn}: {problem}"));
            }
            SourceEvent::End(certificate) => {
                self.ended = true;
                self.survey.incomplete = certificate.incomplete;
            }
            SourceEvent::Begin { .. }
            | SourceEvent::Members { .. }
            | SourceEvent::MembersEnd { .. }
            | SourceEvent::Gone { .. } => {}
        }
        Ok(())
    }
}

impl Surveyor<'_> {
    fn entry(&mut self, read: &ReadEntry) {
        let entry = &read.entry;
        if let ScopeVerdict::Out { clause } = &read.scope {
            return self.clause(clause, false, &entry.dn);
        }
        let is_user = entry.kind == Kind::User;
        let mapped = is_user.then(|| map_user(entry, self.rules, &Unmasked, self.now));
        let resource = match &mapped {
            Some(Mapped::Desired(desired)) => Some(&desired.resource),
            _ => None,
        };
        let name = Dn::parse(&entry.dn).map_or_else(|_| entry.dn.clone(), |dn| dn.canonical());
        if let Some(rule) = self.protected.matches(&name, entry, resource) {
            if self.survey.protected.len() < SAMPLE {
                self.survey.protected.push((entry.dn.clone(), rule));
            }
        } else if let Some(rule) = self.excluded.matches(&name, entry, resource) {
            return self.clause(&format!("excluded by {rule}"), false, &entry.dn);
        }
        match mapped {
            Some(mapped) => self.person(read, &mapped),
            None => {
                self.survey.groups += 1;
                self.clause("groups", true, &entry.dn);
            }
        }
    }

    fn person(&mut self, read: &ReadEntry, mapped: &Mapped) {
        self.survey.people += 1;
        self.clause("people", true, &read.entry.dn);
        let (disabled, resource) = match mapped {
            Mapped::Desired(desired) => (&desired.disabled, Some(&desired.resource)),
            Mapped::Invalid { disabled, .. } => (disabled, None),
        };
        self.survey.disabled += u64::from(disabled.is_some());
        if !self.mapping {
            return;
        }
        self.survey.invalid += u64::from(resource.is_none());
        if let Some(resource) = resource {
            self.note_values(resource);
        }
        for made in preview(&read.entry, self.rules) {
            self.field(&read.entry.dn, made);
        }
    }

    fn field(&mut self, dn: &str, made: FieldPreview) {
        let count = self.fields.entry(made.field.clone()).or_default();
        count.field = made.field;
        if made.result.is_some() {
            return;
        }
        let fault = made.remarks.first();
        match fault {
            None => count.empty += 1,
            Some(words) if words.starts_with(TOO_LONG) => count.too_long += 1,
            Some(_) => count.invalid += 1,
        }
        let words = fault.map_or("no value", String::as_str);
        count.first.get_or_insert_with(|| format!("{dn}: {words}"));
    }

    fn note_values(&mut self, resource: &Resource) {
        for name in &self.unique {
            let value = resource.fields.get(name).and_then(FieldValue::as_text);
            if let Some(value) = value {
                let hash = Hash128::of(value.to_lowercase().as_bytes());
                *self.values.entry((name.clone(), hash.0)).or_default() += 1;
            }
        }
    }

    fn clause(&mut self, words: &str, is_in: bool, dn: &str) {
        let clauses = &mut self.survey.clauses;
        let place = clauses.iter().position(|known| known.clause == words);
        let place = match place {
            Some(place) => place,
            None if clauses.len() < CLAUSES => {
                clauses.push(ClauseCount {
                    clause: words.to_owned(),
                    is_in,
                    entries: 0,
                    sample: Vec::new(),
                });
                clauses.len() - 1
            }
            None => return,
        };
        if let Some(clause) = clauses.get_mut(place) {
            clause.entries += 1;
            if clause.sample.len() < SAMPLE {
                clause.sample.push(dn.to_owned());
            }
        }
    }

    fn finished(mut self) -> Survey {
        for ((field, _), people) in &self.values {
            if let Some(count) = self.fields.get_mut(field).filter(|_| *people > 1) {
                count.duplicate += people;
            }
        }
        self.survey.fields = self.fields.into_values().collect();
        self.survey.clauses.sort_by_key(|clause| !clause.is_in);
        if !self.ended {
            let never = "the read ended without saying so".to_owned();
            self.survey.incomplete.push(never);
        }
        self.survey
    }
}
