//! What follows when a subject gains, changes or loses its resource: its groups become dirty, and
//! what was believed present is no longer believed.

use std::collections::HashMap;

use usher_core::model::{Kind, Subject, SubjectId, SubjectState};
use usher_store::Result;

use crate::sql::write as sql;
use crate::tx::{Tx, list};

/// What was stored of a subject before.
#[derive(Clone, Debug)]
pub(crate) struct Before {
    pub(crate) state: SubjectState,
    pub(crate) target_id: Option<String>,
}

impl Before {
    fn link(&self) -> Option<&str> {
        if self.state.is_linked() {
            self.target_id.as_deref()
        } else {
            None
        }
    }
}

#[derive(Debug, Default)]
struct Changes {
    changed: Vec<i64>,
    lost: Vec<i64>,
    unwanted: Vec<i64>,
    gone: Vec<i64>,
    groups_changed: Vec<i64>,
    groups_lost: Vec<i64>,
    groups_gone: Vec<i64>,
}

/// Applies the consequences of subjects that were just written; `before` lacks the new ones.
pub(crate) async fn follow(
    tx: &mut Tx,
    before: &HashMap<SubjectId, Before>,
    written: &[(SubjectId, &Subject)],
) -> Result<()> {
    let mut changes = Changes::default();
    for (id, subject) in written {
        if let Some(before) = before.get(id) {
            changes.add(*id, before, subject);
        }
    }
    changes.apply(tx).await
}

impl Changes {
    fn add(&mut self, id: SubjectId, before: &Before, after: &Subject) {
        let old = before.link();
        let new = after.linked_id().map(|target| target.as_str());
        let ends = is_over(after.state) && !is_over(before.state);
        // A disable or an enable leaves the link, but policies may ask who is in which group.
        let status = before.state != after.state && before.state.is_linked();
        if old == new && !ends && !status {
            return;
        }
        let (changed, lost, gone) = match after.kind {
            Kind::User => (&mut self.changed, &mut self.lost, &mut self.gone),
            Kind::Group => (
                &mut self.groups_changed,
                &mut self.groups_lost,
                &mut self.groups_gone,
            ),
        };
        changed.push(id.0);
        if old == new && !ends {
            return;
        }
        if old.is_some() && old != new {
            lost.push(id.0);
        }
        if is_over(after.state) {
            gone.push(id.0);
        } else if new.is_none() && !after.in_scope && after.kind == Kind::User {
            self.unwanted.push(id.0);
        }
    }

    async fn apply(self, tx: &mut Tx) -> Result<()> {
        // The groups are marked first, while the rows still say which ones they are.
        let sweep: Vec<i64> = self.lost.iter().chain(&self.unwanted).copied().collect();
        for (statement, ids) in [
            (sql::LINK_MARK, &self.changed),
            (sql::LINK_LOST, &self.lost),
            (sql::LINK_UNWANTED, &self.unwanted),
            (sql::LINK_SWEEP, &sweep),
            (sql::LINK_GONE, &self.gone),
            (sql::GROUP_MARK, &self.groups_changed),
            (sql::GROUP_LOST, &self.groups_lost),
            (sql::GROUP_SWEEP, &self.groups_lost),
            (sql::GROUP_GONE, &self.groups_gone),
        ] {
            if !ids.is_empty() {
                tx.batch(statement, &list(ids)?).await?;
            }
        }
        Ok(())
    }
}

fn is_over(state: SubjectState) -> bool {
    matches!(state, SubjectState::Removed | SubjectState::Archived)
}
