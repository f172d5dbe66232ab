//! Entries that share an immutable id: they cannot be told apart, so neither is provisioned and the read
//! proves nothing.

use std::collections::HashMap;

use usher_connector::{FetchBy, Fetched};
use usher_core::model::{Entry, Hash128, Kind, Problem, SourceKey, Verdict};
use usher_core::planner::SourceState;
use usher_store::SubjectHead;

use super::page::{Counting, Judged, canonical, dn_hash, key_hash};
use super::run::Run;
use crate::error::EngineError;

/// More pairs of entries with one id are no accident: the attribute is the wrong one.
const MOST_TWINS: usize = 10;

/// How many entries are looked up at once.
const FETCH_BATCH: usize = 100;

impl Run<'_> {
    /// Keys that a read returned twice, on whatever pages: the same entry again is passed over.
    pub(super) async fn twins(&mut self, repeated: Vec<Entry>) -> Result<(), EngineError> {
        for entry in repeated {
            let name = dn_hash(&entry.dn);
            let heads = self.heads(std::slice::from_ref(&entry.key)).await?;
            let Some(head) = heads.get(&entry.key) else {
                self.twin_of_unstored(&entry)?;
                continue;
            };
            let read_as = self.unstored.get(&key_hash(&entry.key));
            if read_as.is_some_and(|read_as| *read_as != name) {
                // Looked up, and held, when the first was read.
                self.count(Verdict::Invalid);
                continue;
            }
            if head.dn_hash == name {
                continue;
            }
            let first = head.verdict;
            let known = self.engine.store.subjects(&[head.id]).await?.pop();
            let other = known.map_or_else(String::new, |subject| subject.dn);
            let message = self.same_id(&other, &entry);
            self.doubt_ids(&message)?;
            let item = twin(entry.key, head.kind, (other, head.dn_hash), message);
            self.recount(first, Verdict::Invalid);
            self.count(Verdict::Invalid);
            self.plan_changed(vec![item], &heads, Counting::Not).await?;
        }
        Ok(())
    }

    /// The first of the two never concerned the channel, so that nothing is stored of it.
    fn twin_of_unstored(&mut self, entry: &Entry) -> Result<(), EngineError> {
        let first = self.unstored.get(&key_hash(&entry.key)).copied();
        if first.is_none_or(|first| first == dn_hash(&entry.dn)) {
            return Ok(());
        }
        let message = self.same_id("an entry that is out of scope", entry);
        self.doubt_ids(&message)?;
        self.notes.push(message);
        self.recount(Verdict::OutOfScope, Verdict::Invalid);
        self.count(Verdict::Invalid);
        Ok(())
    }

    /// A look at what changed, and a read that does not come to its end, may bring one of two entries only: it then
    /// looks as if the known one was renamed, or had become usable. Whether there is another one is asked by key.
    pub(super) async fn look_for_twins(
        &mut self,
        changed: &mut [Judged],
        heads: &HashMap<SourceKey, SubjectHead>,
    ) -> Result<(), EngineError> {
        let may_be_another = |item: &&mut Judged| {
            heads.get(&item.key).is_some_and(|head| {
                head.dn_hash != item.dn_hash || head.verdict == Verdict::Invalid
            })
        };
        let mut suspected: Vec<&mut Judged> = changed.iter_mut().filter(may_be_another).collect();
        for some in suspected.chunks_mut(FETCH_BATCH) {
            let keys: Vec<SourceKey> = some.iter().map(|item| item.key.clone()).collect();
            let by = FetchBy::Keys(keys);
            let fetched = self.open.source.fetch(&by, &self.open.attributes()).await;
            let failed = fetched.as_ref().err().map(ToString::to_string);
            let mut fetched = fetched.unwrap_or_default().into_iter();
            for item in some.iter_mut() {
                let reason = match fetched.next() {
                    Some(Fetched::Present(_) | Fetched::Other { .. } | Fetched::Absent) => continue,
                    Some(Fetched::Unknown { reason }) => reason,
                    None => failed
                        .clone()
                        .unwrap_or_else(|| "the source did not answer for it".to_owned()),
                };
                let message = format!(
                    "{} and another entry may have the same immutable id {}: {reason}",
                    item.dn, item.key
                );
                if self.doubts.len() < MOST_TWINS {
                    self.doubts.push(message.clone());
                }
                let known = self.stored_name(heads.get(&item.key)).await?;
                self.unstored.insert(key_hash(&item.key), item.dn_hash);
                let name = known.unwrap_or_else(|| (item.dn.clone(), item.dn_hash));
                **item = twin(item.key.clone(), item.kind, name, message);
            }
        }
        Ok(())
    }

    /// The name that is stored, with its hash.
    async fn stored_name(
        &self,
        head: Option<&SubjectHead>,
    ) -> Result<Option<(String, Hash128)>, EngineError> {
        let Some(head) = head else { return Ok(None) };
        let subject = self.engine.store.subjects(&[head.id]).await?.pop();
        Ok(subject.map(|subject| (subject.dn, head.dn_hash)))
    }

    fn same_id(&self, other: &str, entry: &Entry) -> String {
        format!(
            "{other} and {} have the same immutable id {} ({}): look whether that is the right attribute",
            entry.dn, entry.key, self.open.channel.source.guid_attribute
        )
    }

    fn doubt_ids(&mut self, message: &str) -> Result<(), EngineError> {
        self.doubts.push(message.to_owned());
        if self.doubts.len() > MOST_TWINS {
            return Err(EngineError::Refused(format!(
                "the attribute {} is no immutable id, since many entries share a value; nothing was changed. The last: {message}",
                self.open.channel.source.guid_attribute
            )));
        }
        Ok(())
    }
}

/// An entry that cannot be told from another, under the name that is stored of it.
fn twin(key: SourceKey, kind: Kind, (dn, dn_hash): (String, Hash128), message: String) -> Judged {
    let source = SourceState::Invalid {
        problems: vec![Problem {
            field: None,
            message,
        }],
        disabled: None,
    };
    Judged {
        hash: source.hash(),
        container: canonical(&dn).1,
        dn_hash,
        key,
        kind,
        dn,
        source,
        content: None,
        scope_group: None,
    }
}
