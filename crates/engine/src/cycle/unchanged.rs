//! Recognising an entry that reads as it did, without mapping it again.
//!
//! What was read is hashed, and kept together with the hash of what was made of it. The same entry gives the same account as long
//! as nothing else that mapping depends on has changed: the configuration (its change plans everything again), the
//! time (an account that expires is due by then, and its status is in the hash), the key that masks values, and
//! this program itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use usher_connector::{ReadEntry, SourceEvent};
use usher_core::mapping::account_status;
use usher_core::model::{
    ChannelId, ChannelSource, DisabledReason, Entry, Hash128, Kind, Millis, ScopeVerdict,
    SubjectId, Verdict,
};
use usher_store::{ReadMark, Store};

use super::page::canonical_name;
use super::run::Run;
use crate::error::EngineError;

/// Changes when mapping makes something else of the same entry, beside every version of this program.
const MAPPING: u8 = 1;

/// A first look at an entry.
pub(super) struct Look {
    /// The hash of its canonical DN.
    pub(super) name: Hash128,
    /// The hash of all that was read of it.
    pub(super) content: Hash128,
    /// Who it is and what became of it, if it is as it was.
    pub(super) same: Option<(SubjectId, Verdict)>,
}

/// Some entries with a first look at each.
pub(super) struct Page(pub(super) Vec<(ReadEntry, Look)>);

/// What the planner receives.
pub(super) enum Looked {
    /// Entries.
    Page(Page),
    /// Anything else, as it came.
    Other(SourceEvent),
}

/// Looks at entries while the planner is busy with earlier ones.
pub(super) struct Looker {
    store: Arc<dyn Store>,
    channel: ChannelId,
    source: ChannelSource,
    key_id: String,
    now: Millis,
    /// A changed option or policy, or a restored state, changes plans although entries stay.
    plans_anew: bool,
}

impl Run<'_> {
    pub(super) fn looker(&self) -> Looker {
        Looker {
            store: self.engine.store.clone(),
            channel: self.open.channel.id.clone(),
            source: self.open.channel.source.clone(),
            key_id: self.engine.sealer.key_id().to_owned(),
            now: self.started_at,
            plans_anew: self.beginning.plans_anew,
        }
    }
}

impl Looker {
    /// Passes on what is read, looked at, until one side ends.
    pub(super) async fn pass_on(
        self,
        mut read: mpsc::Receiver<SourceEvent>,
        planner: mpsc::Sender<Looked>,
    ) -> Result<(), EngineError> {
        while let Some(event) = read.recv().await {
            let looked = match event {
                SourceEvent::Page(entries) => Looked::Page(self.page(entries).await?),
                other => Looked::Other(other),
            };
            if planner.send(looked).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Looks at some entries.
    pub(super) async fn page(&self, entries: Vec<ReadEntry>) -> Result<Page, EngineError> {
        let mut bytes = Vec::new();
        let mut page: Vec<(ReadEntry, Look)> = Vec::with_capacity(entries.len());
        let mut marks = Vec::with_capacity(entries.len());
        for read in entries {
            bytes.clear();
            self.write_content(&read, &mut bytes);
            let look = Look {
                name: Hash128::of(canonical_name(&read.entry.dn).as_bytes()),
                content: Hash128::of(&bytes),
                same: None,
            };
            marks.push(ReadMark {
                key: read.entry.key.clone(),
                dn_hash: look.name,
                content: look.content,
            });
            page.push((read, look));
        }
        if !self.plans_anew {
            let unchanged = self.store.unchanged(&self.channel, &marks, self.now);
            for one in unchanged.await? {
                if let Some((_, look)) = page.get_mut(one.mark) {
                    look.same = Some((one.subject, one.verdict));
                }
            }
        }
        Ok(Page(page))
    }

    fn write_content(&self, read: &ReadEntry, out: &mut Vec<u8>) {
        put(out, env!("CARGO_PKG_VERSION").as_bytes());
        put(out, self.key_id.as_bytes());
        put(out, read.entry.dn.as_bytes());
        let kind = match read.entry.kind {
            Kind::User => 0,
            Kind::Group => 1,
        };
        let status = match self.disabled(&read.entry) {
            None => 0,
            // A status is in the attributes; that a time has passed is not.
            Some(DisabledReason::Status { .. }) => 1,
            Some(DisabledReason::Expired { .. }) => 2,
        };
        put(out, &[MAPPING, kind, status]);
        match &read.scope {
            ScopeVerdict::In => put(out, b""),
            ScopeVerdict::Out { clause } => put(out, clause.as_bytes()),
        }
        put(
            out,
            read.scope_group.as_deref().unwrap_or_default().as_bytes(),
        );
        put_values(out, &read.entry.attributes);
        for (name, bytes) in &read.entry.too_long {
            put(out, name.as_bytes());
            put(out, &bytes.to_le_bytes());
        }
    }

    fn disabled(&self, entry: &Entry) -> Option<DisabledReason> {
        let expiry = self.source.expiry.as_ref()?;
        let (status, _) = account_status(entry, &self.source.status, Some(expiry), self.now);
        status.disabled
    }
}

/// Length and bytes: no two lists of texts are written the same.
fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn put_values(out: &mut Vec<u8>, attributes: &BTreeMap<String, Vec<Vec<u8>>>) {
    for (name, values) in attributes {
        put(out, name.as_bytes());
        out.extend_from_slice(&(values.len() as u64).to_le_bytes());
        for value in values {
            put(out, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(attributes: &[(&str, &[&str])]) -> Vec<u8> {
        let list = attributes.iter().map(|(name, values)| {
            let values = values.iter().map(|value| value.as_bytes().to_vec());
            ((*name).to_owned(), values.collect())
        });
        let mut out = Vec::new();
        put_values(&mut out, &list.collect());
        out
    }

    #[test]
    fn values_that_move_between_attributes_are_not_the_same_content() {
        let all = [
            bytes(&[("a", &["x", "y"])]),
            bytes(&[("a", &["xy"])]),
            bytes(&[("a", &["x"]), ("b", &["y"])]),
            bytes(&[("a", &["x"]), ("y", &[])]),
            bytes(&[("a", &["y", "x"])]),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(all.iter().skip(at + 1).all(|other| other != one));
        }
    }
}
