//! Trying expressions and mappings before they are saved.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use usher_connector::{
    EventSink, FetchBy, Fetched, ReadEntry, ReadRequest, SourceError, SourceEvent,
};
use usher_core::descriptor::FieldDescriptor;
use usher_core::mapping::{
    BinaryAttributes, FieldPreview, Mapped, MappingProblem, Rules, RulesInput, Unmasked, map_user,
    preview,
};
use usher_core::model::{
    ChannelId, Configuration, Entry, GroupNameSource, Kind, MappingRule, ScopeVerdict, SourceKey,
    StatusRule,
};

use super::Admin;
use super::directory::{base_type, hidden};
use super::operator::Permission;
use crate::context::OpenChannel;
use crate::error::EngineError;

/// The field of an expression that is tried by itself.
const FIELD: &str = "value";
const DOTS: &[u8] = b"********";

/// What a mapping makes of one entry.
#[derive(Clone, Debug)]
pub struct MappingPreview {
    /// The entry.
    pub dn: String,
    /// Its source key.
    pub key: String,
    /// User or group.
    pub kind: Kind,
    /// `None` in scope; otherwise the clause that does not hold.
    pub out_of_scope: Option<String>,
    /// How each field comes to its value.
    pub fields: Vec<FieldPreview>,
    /// What keeps it from becoming an account.
    pub problems: Vec<String>,
}

/// Whose entry a mapping is tried on.
#[derive(Clone, Debug)]
pub enum Whose {
    /// The entry of this DN.
    Dn(String),
    /// The first person in scope whom this filter fits.
    Filter(String),
}

/// Tries one rule on a sample: how it comes to its value, or what is wrong with it.
pub fn preview_rule(
    rule: &MappingRule,
    attributes: &BTreeMap<String, Vec<String>>,
) -> Result<FieldPreview, Vec<MappingProblem>> {
    let rule = MappingRule {
        field: FIELD.to_owned(),
        attributes: attributes.keys().cloned().collect(),
        ..rule.clone()
    };
    let fields = [FieldDescriptor {
        name: FIELD.to_owned(),
        label: FIELD.to_owned(),
        required: false,
        unique: false,
        case_exact: false,
        multi_valued: false,
        reaches_account: true,
        max_length: None,
        scim_path: FIELD.to_owned(),
        notes: Vec::new(),
    }];
    let rules = Rules::compile(&RulesInput {
        mapping: std::slice::from_ref(&rule),
        fields: &fields,
        username_field: "userName",
        email_field: "workEmail",
        external_id_field: "externalId",
        group_name_field: "displayName",
        status: &StatusRule::Flag {
            attribute: String::new(),
            value: String::new(),
            status_when_equal: false,
            default: true,
        },
        expiry: None,
        group_name: GroupNameSource::CommonName,
        binary: BinaryAttributes::default(),
    })?;
    let entry = Entry {
        key: SourceKey::new("sample"),
        dn: String::new(),
        kind: Kind::User,
        attributes: attributes
            .iter()
            .map(|(name, values)| {
                let values = values.iter().map(|value| value.as_bytes().to_vec());
                (name.to_ascii_lowercase(), values.collect())
            })
            .collect(),
        too_long: BTreeMap::new(),
    };
    let mut previews = preview(&entry, &rules);
    // A rule that maps nothing has no value.
    Ok(previews.pop().unwrap_or_else(|| FieldPreview {
        field: FIELD.to_owned(),
        inputs: Vec::new(),
        expression: None,
        steps: Vec::new(),
        result: None,
        remarks: Vec::new(),
    }))
}

impl Admin {
    /// What a channel's mapping, or a draft of one, makes of an entry; `None` when there is no such entry. The
    /// problems of a draft are errors of their own.
    pub async fn preview_mapping(
        &self,
        configuration: &Configuration,
        id: &ChannelId,
        whose: &Whose,
        draft: Option<Vec<MappingRule>>,
    ) -> Result<Result<Option<MappingPreview>, Vec<MappingProblem>>, EngineError> {
        self.require(Permission::Look)?;
        let is_draft = draft.is_some();
        let mut changed = configuration.clone();
        let may_edit = self.operator.may(Permission::EditExpressions);
        // A filter asks about attributes that the operator need not see.
        if !may_edit && (is_draft || matches!(whose, Whose::Filter(_))) {
            self.require(Permission::Configure)?;
        }
        if let Some(mapping) = draft {
            if let Some(problems) = self.problems_of(configuration, id, &mapping)? {
                return Ok(Err(problems));
            }
            let channels = changed.sp_connections.iter_mut();
            let channels = channels.flat_map(|sp| &mut sp.channels);
            for channel in channels.filter(|channel| channel.id == *id) {
                channel.mapping.clone_from(&mapping);
            }
        }
        if let Whose::Filter(filter) = whose {
            for channel in changed
                .sp_connections
                .iter_mut()
                .flat_map(|sp| &mut sp.channels)
            {
                let users = &mut channel.source.users;
                users.filter = Some(both(users.filter.as_deref(), filter));
            }
        }
        let open = self.engine.open(&changed, id)?;
        let found = match whose {
            Whose::Dn(dn) => by_dn(&open, dn).await?,
            Whose::Filter(_) => first_in_scope(&open).await?,
        };
        let Some(mut read) = found else {
            return Ok(Ok(None));
        };
        if is_draft {
            hide(&mut read.entry, configuration, &open);
        }
        Ok(Ok(Some(self.previewed(&open, read))))
    }

    fn previewed(&self, open: &OpenChannel, read: ReadEntry) -> MappingPreview {
        let ReadEntry { entry, scope, .. } = read;
        let is_user = entry.kind == Kind::User;
        let problems = match map_user(&entry, &open.rules, &Unmasked, self.engine.clock.now()) {
            Mapped::Invalid { problems, .. } if is_user => problems
                .into_iter()
                .map(|problem| problem.message)
                .collect(),
            Mapped::Desired(_) | Mapped::Invalid { .. } => Vec::new(),
        };
        MappingPreview {
            key: entry.key.to_string(),
            kind: entry.kind,
            out_of_scope: match scope {
                ScopeVerdict::In => None,
                ScopeVerdict::Out { clause } => Some(clause),
            },
            fields: if is_user {
                preview(&entry, &open.rules)
            } else {
                Vec::new()
            },
            problems,
            dn: entry.dn,
        }
    }

    fn problems_of(
        &self,
        configuration: &Configuration,
        id: &ChannelId,
        mapping: &[MappingRule],
    ) -> Result<Option<Vec<MappingProblem>>, EngineError> {
        let Some((sp, channel)) = configuration.channel(id) else {
            return Ok(None);
        };
        let descriptor = self.engine.connector(sp)?.descriptor();
        let input = RulesInput {
            mapping,
            ..RulesInput::of(sp, channel, descriptor)
        };
        Ok(Rules::compile(&input).err())
    }
}

/// Both filters at once.
fn both(scope: Option<&str>, wanted: &str) -> String {
    match scope.map(str::trim).filter(|scope| !scope.is_empty()) {
        Some(scope) => format!("(&{scope}{wanted})"),
        None => wanted.to_owned(),
    }
}

async fn by_dn(open: &OpenChannel, dn: &str) -> Result<Option<ReadEntry>, EngineError> {
    let by = FetchBy::Dns(vec![dn.to_owned()]);
    let mut fetched = open.source.fetch(&by, &open.attributes()).await?;
    match fetched.pop() {
        Some(Fetched::Present(read)) => Ok(Some(*read)),
        None | Some(Fetched::Absent) => Ok(None),
        Some(Fetched::Other { what }) => Err(EngineError::Refused(what)),
        Some(Fetched::Unknown { reason }) => Err(EngineError::Refused(reason)),
    }
}

/// The first person that a read of the scope meets.
async fn first_in_scope(open: &OpenChannel) -> Result<Option<ReadEntry>, EngineError> {
    let mut first = First(None);
    let request = ReadRequest {
        from: None,
        attributes: open.attributes(),
        sentinel_keys: Vec::new(),
        member_groups: Vec::new(),
    };
    let read = open.source.read(&request, &mut first).await;
    match (first.0, read) {
        (Some(found), _) => Ok(Some(found)),
        (None, Ok(())) => Ok(None),
        (None, Err(error)) => Err(error.into()),
    }
}

/// Stops a read at the first person in scope.
struct First(Option<ReadEntry>);

#[async_trait]
impl EventSink for First {
    async fn event(&mut self, event: SourceEvent) -> Result<(), SourceError> {
        let SourceEvent::Page(entries) = event else {
            return Ok(());
        };
        let is_wanted =
            |read: &ReadEntry| read.entry.kind == Kind::User && read.scope == ScopeVerdict::In;
        self.0 = entries.into_iter().find(is_wanted);
        match self.0 {
            Some(_) => Err(SourceError::Stopped),
            None => Ok(()),
        }
    }
}

/// Replaces what nobody may see by dots, so that no draft of a mapping can show it.
fn hide(entry: &mut Entry, configuration: &Configuration, open: &OpenChannel) {
    let hidden = hidden(configuration, &open.channel.source.data_store);
    dots_for(entry, &hidden);
}

/// Replaces the values of these attributes by dots.
pub(super) fn dots_for(entry: &mut Entry, hidden: &BTreeSet<String>) {
    for (name, values) in &mut entry.attributes {
        if hidden.contains(&base_type(name)) {
            values.fill(DOTS.to_vec());
        }
    }
}
