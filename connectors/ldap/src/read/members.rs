//! The members of the groups in scope, one group after the other.

use usher_connector::scope::Walk;
use usher_connector::{MemberDn, SourceEvent};

use super::{GroupToRead, Reading};
use crate::errors::Halt;

/// Members in one event.
const MEMBERS_AT_ONCE: usize = 1_000;

impl Reading<'_> {
    /// Reads the members of every group that was noted. One that fails never stops another.
    pub(super) async fn members(&mut self) -> Result<(), Halt> {
        let groups = std::mem::take(&mut self.groups);
        if groups.is_empty() {
            return Ok(());
        }
        self.certificate.asked.push(format!(
            "{} of {} groups, nested groups flattened",
            self.settings.rules.member_attribute,
            groups.len()
        ));
        self.index.wanted = true;
        self.ensure_index().await?;
        for group in &groups {
            self.members_of(group).await?;
        }
        Ok(())
    }

    async fn members_of(&mut self, group: &GroupToRead) -> Result<(), Halt> {
        let mut walk = Walk::new(&group.dn, true);
        let mut waiting: Vec<MemberDn> = Vec::new();
        while let Some(step) = walk.next(&mut self.lists()).await {
            for member in step.people {
                waiting.push(member);
                if waiting.len() >= MEMBERS_AT_ONCE {
                    self.send_members(group, &mut waiting).await?;
                }
            }
        }
        self.send_members(group, &mut waiting).await?;
        let incomplete = walk.incomplete().map(str::to_owned);
        if let Some(reason) = &incomplete {
            self.certificate
                .incomplete_groups
                .insert(group.dn.clone(), reason.clone());
        }
        self.send(SourceEvent::MembersEnd {
            group: group.key.clone(),
            incomplete,
        })
        .await
    }

    async fn send_members(
        &mut self,
        group: &GroupToRead,
        waiting: &mut Vec<MemberDn>,
    ) -> Result<(), Halt> {
        if waiting.is_empty() {
            return Ok(());
        }
        self.send(SourceEvent::Members {
            group: group.key.clone(),
            members: std::mem::take(waiting),
        })
        .await
    }
}
