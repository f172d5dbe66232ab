//! Whether what a reply shows is ours to link. A target that answers a create with somebody else's
//! record, or with one id for many, must never make us change another's account.

use std::collections::HashMap;

use usher_core::model::{Kind, Observed, Operation, Step, SubjectId, TargetId};

use super::attempt::{Done, Ended};
use super::fly::Finish;
use super::run::Sender;
use crate::context::OpenChannel;
use crate::error::EngineError;

impl Sender<'_> {
    /// Parks the steps whose reply would link an account that is not theirs: its record carries
    /// another's key, or another subject of this SP connection is linked to it.
    pub(super) async fn park_foreign(&self, ended: &mut [Finish]) -> Result<(), EngineError> {
        for one in ended.iter_mut() {
            let Some(lane) = self.lanes.get(&one.step.channel) else {
                continue;
            };
            let foreign = would_link(one).and_then(|(_, done)| {
                let observed = done.observed.as_ref()?;
                foreign(&lane.open, &one.step, observed)
            });
            if let Some(reason) = foreign {
                park(one, reason);
            }
        }
        let ids: Vec<TargetId> = ended
            .iter()
            .filter_map(|one| would_link(one).map(|(id, _)| id.clone()))
            .collect();
        if ids.is_empty() {
            return Ok(());
        }
        let linked = self.engine.store.by_target(&self.connection, &ids).await?;
        let mut taken: HashMap<(Kind, TargetId), (SubjectId, String)> = HashMap::new();
        for subject in linked {
            if let (Some(id), Some(target)) = (subject.id, subject.target_id) {
                let who = named(&subject.display, &subject.key.to_string());
                taken.insert((subject.kind, target), (id, who));
            }
        }
        for one in ended.iter_mut() {
            let Some((id, _)) = would_link(one) else {
                continue;
            };
            let who = named(&one.subject.display, &one.subject.key.to_string());
            let place = (one.step.kind, id.clone());
            match taken.get(&place) {
                Some((holder, other)) if *holder != one.step.subject => {
                    let reason = format!(
                        "expected an account of {who}'s own, found that the target answered with id {id}, to which {other} is linked. {who} is not linked and nothing is sent for {who}. Look at that account at the target, and at what the target answered (explain); retry this step when the target gives each its own id"
                    );
                    park(one, reason);
                }
                Some(_) => {}
                None => {
                    taken.insert(place, (one.step.subject, who));
                }
            }
        }
        Ok(())
    }
}

/// The id that an end would link its subject to, and what was done. A re-key takes a link over from
/// its old subject and has its own check.
fn would_link(one: &Finish) -> Option<(&TargetId, &Done)> {
    let (Ended::Done(done)
    | Ended::Partly {
        done: Some(done), ..
    }) = &one.ended
    else {
        return None;
    };
    let answered = done
        .target_id
        .as_ref()
        .or(done.observed.as_ref().map(|observed| &observed.target_id));
    match &one.step.planned.operation {
        Operation::Create { .. } => answered.map(|id| (id, done)),
        Operation::Adopt { target_id, .. } => Some((target_id, done)),
        Operation::Update { .. }
        | Operation::Disable { .. }
        | Operation::Enable { .. }
        | Operation::Delete { .. }
        | Operation::Rekey { .. }
        | Operation::Unlink { .. }
        | Operation::AddMembers { .. }
        | Operation::RemoveMembers { .. } => None,
    }
}

/// Why the reply to a create shows another's record, if it does. The key that was sent decides; a
/// person's reply without one is known by the user name.
fn foreign(open: &OpenChannel, step: &Step, observed: &Observed) -> Option<String> {
    let Operation::Create { resource, .. } = &step.planned.operation else {
        return None;
    };
    let key = &open.descriptor.external_id_field;
    let lookups = &open.descriptor.capabilities.lookups;
    let names = lookups
        .iter()
        .filter(|(kind, field)| *kind == Kind::User && step.kind == Kind::User && field != key)
        .map(|(_, field)| field);
    for field in std::iter::once(key).chain(names) {
        let sent = resource.text(field).filter(|text| !text.is_empty());
        let found = observed
            .resource
            .text(field)
            .filter(|text| !text.is_empty());
        let (Some(sent), Some(found)) = (sent, found) else {
            continue;
        };
        if sent.to_lowercase() == found.to_lowercase() {
            return None;
        }
        return Some(format!(
            "expected the account that was just created, with {field} `{sent}`; found that the target answered with id {}, whose {field} is `{found}`: somebody else's record. Nobody is linked to it and nothing more is sent for this step. Look at both accounts at the target, and retry this step when the target answers with what it created",
            observed.target_id
        ));
    }
    None
}

fn park(one: &mut Finish, reason: String) {
    one.success = None;
    one.ended = Ended::Parked { reason };
}

fn named(display: &str, key: &str) -> String {
    if display.is_empty() {
        key.to_owned()
    } else {
        display.to_owned()
    }
}
