//! People and groups in pages: whom Usher knows, and what each is linked to.

use std::collections::BTreeMap;

use serde::Serialize;
use usher_core::model::{
    ChannelId, FieldValue, Kind, Millis, Subject, SubjectId, SubjectState, Verdict,
};
use usher_store::SubjectFilter;

use super::Admin;
use super::history::{CHUNK, LOOKED_AT, Stretch};
use super::operator::Permission;
use super::step_pages::is_named;
use crate::error::EngineError;

/// Which people and groups; empty = any.
#[derive(Clone, Debug, Default)]
pub struct LinkWanted {
    /// People, or groups.
    pub kind: Option<Kind>,
    /// In one of these states.
    pub states: Vec<SubjectState>,
    /// With one of these verdicts.
    pub verdicts: Vec<Verdict>,
    /// In scope when last read, or not.
    pub in_scope: Option<bool>,
    /// Display, DN, source key or target id contains this, in any case.
    pub text: Option<String>,
}

/// A person or group, shown: no sealed value, no hash.
#[derive(Clone, Debug, Serialize)]
pub struct LinkView {
    /// Its number.
    pub id: i64,
    /// Its channel.
    pub channel: ChannelId,
    /// Its source key.
    pub key: String,
    /// What it stands for.
    pub kind: Kind,
    /// The DN as last read.
    pub dn: String,
    /// The user name or group name.
    pub display: String,
    /// Its life.
    pub state: SubjectState,
    /// Whether its link stands.
    pub linked: bool,
    /// The linked resource; of a removed one what it was.
    pub target_id: Option<String>,
    /// Whether it was in scope when last read.
    pub in_scope: bool,
    /// What became of it last.
    pub verdict: Verdict,
    /// Why, in words.
    pub reason: String,
    /// Whether the target is as mapping last said.
    pub converged: bool,
    /// Whether it is planned again at the next cycle.
    pub dirty: bool,
    /// Failed attempts in a row.
    pub attempts: u32,
    /// When it is looked at again whatever the source says.
    pub next_at: Option<Millis>,
    /// When it was found gone or out of scope.
    pub left_at: Option<Millis>,
    /// Whether the account was active at the target when last seen.
    pub active_at_target: Option<bool>,
    /// What the target holds, as far as known; masked values are dots.
    pub held: BTreeMap<String, String>,
}

impl From<&Subject> for LinkView {
    fn from(subject: &Subject) -> Self {
        let shadow = &subject.shadow;
        let fields = shadow.fields.iter();
        Self {
            id: subject.id.map_or(0, |id| id.0),
            channel: subject.channel.clone(),
            key: subject.key.to_string(),
            kind: subject.kind,
            dn: subject.dn.clone(),
            display: subject.display.clone(),
            state: subject.state,
            linked: subject.linked_id().is_some(),
            target_id: subject.target_id.as_ref().map(ToString::to_string),
            in_scope: subject.in_scope,
            verdict: subject.verdict,
            reason: subject.reason.clone(),
            converged: subject.is_converged(),
            dirty: subject.dirty,
            attempts: subject.attempts,
            next_at: subject.next_at,
            left_at: subject.left_at,
            active_at_target: shadow.active,
            held: fields
                .filter_map(|(name, field)| {
                    let value = field.observed.as_ref().or(field.sent.as_ref())?;
                    Some((name.clone(), FieldValue::shown(value)))
                })
                .collect(),
        }
    }
}

impl Admin {
    /// People and groups, in the order in which they were first seen. The page may be short although
    /// more follow.
    pub async fn link_page(
        &self,
        channel: Option<&ChannelId>,
        wanted: &LinkWanted,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Stretch<LinkView>, EngineError> {
        self.require(Permission::Look)?;
        let filter = SubjectFilter {
            channel: channel.cloned(),
            kind: wanted.kind,
            states: wanted.states.clone(),
            verdicts: wanted.verdicts.clone(),
        };
        let fits = |subject: &Subject| {
            wanted
                .in_scope
                .is_none_or(|scope| scope == subject.in_scope)
                && wanted
                    .text
                    .as_deref()
                    .is_none_or(|text| is_named(subject, text))
        };
        let mut at = SubjectId(after.unwrap_or_default());
        let (mut found, mut looked, mut more) = (Vec::new(), 0, true);
        while more && looked < LOOKED_AT && (found.len() as u32) < limit {
            let some = self.engine.store.list(&filter, at, CHUNK).await?;
            more = some.len() as u32 == CHUNK;
            for subject in some {
                if found.len() as u32 == limit {
                    more = true;
                    break;
                }
                looked += 1;
                at = subject.id.unwrap_or(at);
                if fits(&subject) {
                    found.push(LinkView::from(&subject));
                }
            }
        }
        Ok((found, more.then_some(at.0)))
    }

    /// One person or group by number.
    pub async fn link(&self, id: SubjectId) -> Result<Option<Subject>, EngineError> {
        self.require(Permission::Look)?;
        Ok(self.engine.store.subjects(&[id]).await?.pop())
    }

    /// Whoever a text names best, of any channel; at most `limit`.
    pub async fn search(&self, text: &str, limit: u32) -> Result<Vec<LinkView>, EngineError> {
        self.require(Permission::Look)?;
        let found = self.engine.store.search(None, text, limit).await?;
        Ok(found.iter().map(LinkView::from).collect())
    }
}
