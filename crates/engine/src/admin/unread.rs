//! Whom no cycle has read into the state: the directory itself is asked.

use std::collections::BTreeSet;
use std::sync::Arc;

use usher_connector::{FetchBy, Fetched, ReadEntry, SourceError};
use usher_core::mapping::FieldPreview;
use usher_core::model::{
    ChannelId, Configuration, Hash128, Kind, ScopeVerdict, SourceKey, Subject, Verdict,
};
use usher_directory::Dn;
use usher_store::Store;

use super::explain::{CANDIDATES, Explanation, NextStep, clauses, mapping_of, nobody, several};
use super::report::NotProvisioned;
use super::{Admin, Permission};
use crate::context::OpenChannel;
use crate::error::EngineError;

/// The attributes by which people ask for somebody, beside those that make the target's names.
const NAMES: [&str; 5] = ["uid", "mail", "cn", "sAMAccountName", "userPrincipalName"];

/// An entry of the directory, as a channel sees it.
pub(super) struct Hit {
    open: Arc<OpenChannel>,
    read: ReadEntry,
}

/// What the channels' directories say to a text.
#[derive(Default)]
struct Asked {
    hits: Vec<Hit>,
    /// Directories that have more than are told.
    more: bool,
    /// Directories that could not be asked, and entries that are nobody's account.
    notes: Vec<String>,
}

impl Admin {
    /// The one entry that a text names in the directories of these channels. It shows whom nobody provisions:
    /// that is for those who may configure.
    pub(super) async fn in_the_directory(
        &self,
        configuration: &Configuration,
        channel: Option<&str>,
        text: &str,
    ) -> Result<Hit, EngineError> {
        self.require(Permission::Configure).map_err(|error| match error {
            EngineError::Forbidden(why) => EngineError::Forbidden(format!(
                "nobody is known as `{text}`, and only who may configure can ask the directory for somebody whom no cycle has read: {why}"
            )),
            other => other,
        })?;
        let channels = match channel {
            Some(name) => vec![self.select(Some(name)).await?.1],
            None => configuration
                .channels()
                .map(|(_, channel)| channel.id.clone())
                .collect(),
        };
        let mut asked = Asked::default();
        for id in channels {
            match self.engine.open(configuration, &id) {
                Ok(open) => asked.ask(Arc::new(open), text).await,
                Err(error) => asked.notes.push(error.to_string()),
            }
        }
        match asked.hits.len() {
            1 if !asked.more => asked.hits.pop().ok_or_else(|| nobody(text, &asked.notes)),
            0 => Err(nobody(text, &asked.notes)),
            _ => Err(several(text, asked.lines())),
        }
    }

    /// The source key of whoever a text names: somebody who is known, or else an entry that the
    /// directory has now.
    pub async fn key_of(
        &self,
        channel: Option<&str>,
        text: &str,
    ) -> Result<SourceKey, EngineError> {
        if let (_, Some(subject)) = self.known(channel, text).await? {
            return Ok(subject.key);
        }
        // What has a key is planned for one channel.
        let (configuration, id) = self.select(channel).await?;
        let hit = self
            .in_the_directory(&configuration, Some(id.as_str()), text)
            .await?;
        Ok(hit.read.entry.key)
    }
}

impl Asked {
    async fn ask(&mut self, open: Arc<OpenChannel>, text: &str) {
        let place = format!("{}/{}", open.sp.name, open.channel.name);
        match found(&open, text).await {
            Ok((fetched, more)) => {
                self.more |= more;
                for one in fetched {
                    match one {
                        Fetched::Present(read) => self.hits.push(Hit {
                            open: Arc::clone(&open),
                            read: *read,
                        }),
                        Fetched::Other { what } => {
                            self.notes
                                .push(format!("the directory of {place} says: {what}"));
                        }
                        Fetched::Unknown { reason } => self
                            .notes
                            .push(format!("the directory of {place} does not tell: {reason}")),
                        Fetched::Absent => {}
                    }
                }
            }
            Err(error) => self.notes.push(format!(
                "the directory of {place} could not be asked: {error}"
            )),
        }
    }

    fn lines(&self) -> Vec<String> {
        let line = |hit: &Hit| {
            let place = format!("{}/{}", hit.open.sp.name, hit.open.channel.name);
            let entry = &hit.read.entry;
            format!("{} ({}, channel {place})", entry.dn, entry.kind)
        };
        let mut lines: Vec<String> = self.hits.iter().map(line).collect();
        if self.more {
            lines.push("and more".to_owned());
        }
        lines
    }
}

/// What a channel's directory has under a DN, a key or else a name.
async fn found(open: &OpenChannel, text: &str) -> Result<(Vec<Fetched>, bool), SourceError> {
    let attributes = open.attributes();
    let exact = match Dn::parse(text) {
        Ok(dn) if !dn.is_root() => FetchBy::Dns(vec![text.to_owned()]),
        _ => FetchBy::Keys(vec![SourceKey::new(text)]),
    };
    let fetched = open.source.fetch(&exact, &attributes).await?;
    let is_there = |one: &Fetched| matches!(one, Fetched::Present(_) | Fetched::Other { .. });
    if fetched.iter().any(is_there) {
        return Ok((fetched, false));
    }
    let named = open.source.find(text, &names(open), CANDIDATES).await?;
    let by_name = open
        .source
        .fetch(&FetchBy::Dns(named.dns), &attributes)
        .await?;
    Ok((by_name, named.more))
}

/// The attributes by which somebody may be named: what makes the name and the address at the target, and what
/// directories use.
fn names(open: &OpenChannel) -> Vec<String> {
    let descriptor = &open.descriptor;
    let fields = [&descriptor.username_field, &descriptor.email_field];
    let rules = open.channel.mapping.iter();
    let rules = rules.filter(|rule| fields.contains(&&rule.field));
    let mut names: Vec<String> = rules.flat_map(|rule| rule.attributes.clone()).collect();
    names.extend(NAMES.map(str::to_owned));
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.to_ascii_lowercase()));
    names
}

impl Hit {
    /// Under which name the directory has it now.
    pub(super) fn dn(&self) -> &str {
        &self.read.entry.dn
    }

    /// In which channel and under which key it may be known by another name.
    pub(super) fn identity(&self) -> (&ChannelId, &SourceKey) {
        (&self.open.channel.id, &self.read.entry.key)
    }

    /// The story of somebody of whom nothing is kept.
    pub(super) fn explained(self) -> Explanation {
        let Self { open, read } = self;
        let scope = Admin::scope_words(&open, &read);
        let clauses = clauses(&open, &read);
        let mapping = mapping_of(&open, &read);
        let (name, _) = crate::cycle::canonical(&read.entry.dn);
        let (key, dn) = (read.entry.key.clone(), read.entry.dn.clone());
        let hash = Hash128::of(name.as_bytes());
        let mut subject = Subject::new(open.channel.id.clone(), key, read.entry.kind, &dn, hash);
        subject.display = display(&open, &read, &mapping);
        let (verdict, reason) = why(&open, &read, &name);
        subject.in_scope = matches!(verdict, None | Some(Verdict::Protected));
        subject.verdict = verdict.unwrap_or(subject.verdict);
        let what = match verdict {
            None => "it is planned by the next cycle: none has read it yet. `usher sync` runs one"
                .to_owned(),
            Some(Verdict::Protected) => format!("nothing will happen: {reason}"),
            Some(_) => format!("nothing will happen: out of scope, because {reason}"),
        };
        subject.reason = reason;
        Explanation {
            channel: format!("{}/{}", open.sp.name, open.channel.name),
            known: false,
            subject,
            scope,
            clauses,
            mapping,
            groups: Vec::new(),
            steps: Vec::new(),
            exchanges: Vec::new(),
            next: NextStep { what, at: None },
        }
    }
}

/// What keeps an entry from being provisioned, and why; `None` = nothing.
fn why(open: &OpenChannel, read: &ReadEntry, name: &str) -> (Option<Verdict>, String) {
    if let Some(rule) = open.protected.matches(name, &read.entry, None) {
        return (Some(Verdict::Protected), format!("protected by {rule}"));
    }
    if let ScopeVerdict::Out { clause } = &read.scope {
        let reason = format!("{clause} does not hold");
        return (Some(Verdict::OutOfScope), reason);
    }
    match open.excluded.matches(name, &read.entry, None) {
        Some(rule) => (Some(Verdict::OutOfScope), format!("excluded by {rule}")),
        None => (None, String::new()),
    }
}

fn display(open: &OpenChannel, read: &ReadEntry, mapping: &[FieldPreview]) -> String {
    let is_name = |field: &&FieldPreview| field.field == open.descriptor.username_field;
    let name = mapping.iter().find(is_name);
    match read.entry.kind {
        Kind::User => name.and_then(|field| field.result.clone()),
        Kind::Group => read
            .entry
            .values("cn")
            .first()
            .map(|value| String::from_utf8_lossy(value).into_owned()),
    }
    .unwrap_or_default()
}

/// Why those of the keys are not provisioned whom no cycle has read: a plan for them has nothing of them.
pub(super) async fn never_read(
    store: &dyn Store,
    open: &OpenChannel,
    keys: &[SourceKey],
) -> Result<Vec<NotProvisioned>, EngineError> {
    let heads = store.heads(&open.channel.id, keys).await?;
    let is_new = |key: &&SourceKey| !heads.iter().any(|head| head.key == **key);
    let new: Vec<SourceKey> = keys.iter().filter(is_new).cloned().collect();
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let by = FetchBy::Keys(new);
    let fetched = open.source.fetch(&by, &open.attributes()).await?;
    let told = fetched.into_iter().filter_map(|one| {
        let Fetched::Present(read) = one else {
            return None;
        };
        let (name, _) = crate::cycle::canonical(&read.entry.dn);
        let (verdict, reason) = why(open, &read, &name);
        Some(NotProvisioned {
            dn: read.entry.dn,
            kind: Some(read.entry.kind),
            verdict: verdict?,
            reason,
        })
    });
    Ok(told.collect())
}
