//! Members of groups as the source has them: from DNs to subjects.

use std::collections::{BTreeSet, HashMap};

use usher_connector::{FetchBy, Fetched, MemberDn};
use usher_core::model::{CycleMode, Hash128, Kind, SourceKey, SubjectId};
use usher_store::{StagedMember, WantedMembers};

use super::page::dn_hash;
use super::run::Run;
use crate::error::EngineError;

/// How many unresolved DNs are asked for at once.
const FETCH_BATCH: usize = 200;

/// Members of one group that are kept to be compared as a whole: a list that did not change costs no
/// write. Of a longer one each part is written.
const COMPARE_AT_MOST: usize = 20_000;

/// Lists that are compared at once.
const LISTS_AT_ONCE: usize = 100;

/// What was read of one group's members so far.
#[derive(Default)]
pub(super) struct GroupReading {
    subject: Option<SubjectId>,
    unresolved: Vec<MemberDn>,
    /// Resolved, and not yet given to the store.
    staged: Vec<StagedMember>,
    /// Some were given to the store already: the list is too long to be kept.
    begun: bool,
}

/// A list that was read, before it is compared with what the store has.
pub(super) struct WholeList {
    group: SubjectId,
    /// By id, each once.
    members: Vec<StagedMember>,
    complete: bool,
}

/// A list that was read.
pub(super) struct EndedList {
    group: SubjectId,
    /// To its end.
    complete: bool,
    /// It is what the store has, if the read can be believed: nothing was written.
    unchanged: bool,
}

impl Run<'_> {
    pub(super) async fn members(
        &mut self,
        group: &SourceKey,
        members: Vec<MemberDn>,
    ) -> Result<(), EngineError> {
        let Some(id) = self.group_subject(group).await? else {
            return Ok(());
        };
        let hashes: Vec<Hash128> = members.iter().map(|member| dn_hash(&member.dn)).collect();
        let unknown: Vec<Hash128> = hashes
            .iter()
            .filter(|hash| !self.names.contains_key(hash) && !self.dn_fates.contains_key(hash))
            .copied()
            .collect();
        let mut shared = BTreeSet::new();
        let named = if unknown.is_empty() {
            Vec::new()
        } else {
            let store = &self.engine.store;
            store.by_dn(&self.open.channel.id, &unknown).await?
        };
        for (hash, subject, kind) in named {
            let fate = (kind == Kind::User).then_some(subject);
            let known = self.dn_fates.insert(hash, fate);
            if known.is_some_and(|known| known != fate) {
                shared.insert(hash);
            }
        }
        // Several had this name when they were last read: the source knows whose it is now.
        for hash in &shared {
            self.dn_fates.remove(hash);
        }
        let mut staged = Vec::with_capacity(members.len());
        let mut unresolved = Vec::new();
        for (member, hash) in members.into_iter().zip(hashes) {
            let just_read = self.names.get(&hash).map(|user| Some(*user));
            let fate = just_read.or_else(|| self.dn_fates.get(&hash).copied());
            // A name that nobody has any more may be one that somebody has just lost.
            let renamed = || self.former_dns.get(&hash).map(|user| Some(*user));
            let renamed = || renamed().filter(|_| !shared.contains(&hash));
            match fate.or_else(renamed) {
                Some(Some(user)) => staged.push(StagedMember {
                    user,
                    via: member.via,
                }),
                Some(None) => {}
                None => unresolved.push(member),
            }
        }
        let reading = self.groups.entry(group.clone()).or_default();
        reading.unresolved.extend(unresolved);
        reading.staged.extend(staged);
        if reading.staged.len() > COMPARE_AT_MOST {
            reading.begun = true;
            let staged = std::mem::take(&mut reading.staged);
            self.stage(id, &staged).await?;
        }
        Ok(())
    }

    async fn stage(&self, group: SubjectId, staged: &[StagedMember]) -> Result<(), EngineError> {
        if staged.is_empty() {
            return Ok(());
        }
        let store = &self.engine.store;
        Ok(store
            .stage_members(self.fence, self.cycle, group, staged)
            .await?)
    }

    /// Compares whole lists with what the store has, and gives it those that changed.
    pub(super) async fn compare_lists(&mut self) -> Result<(), EngineError> {
        let lists = std::mem::take(&mut self.whole_lists);
        let ids: Vec<SubjectId> = lists.iter().map(|list| list.group).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let stored = self.engine.store.wanted(&ids).await?;
        let stored: HashMap<SubjectId, WantedMembers> =
            stored.into_iter().map(|list| (list.group, list)).collect();
        for list in lists {
            let before = stored.get(&list.group);
            let unchanged = before.is_some_and(|before| {
                before.complete == list.complete && before.members == list.members
            });
            if !unchanged {
                self.stage(list.group, &list.members).await?;
            }
            self.ended_lists.push(EndedList {
                group: list.group,
                complete: list.complete,
                unchanged,
            });
        }
        Ok(())
    }

    /// Ends a group's list: looks up what could not be resolved. While one DN's fate is unknown
    /// the group loses no member.
    pub(super) async fn members_end(
        &mut self,
        group: &SourceKey,
        incomplete: Option<String>,
    ) -> Result<(), EngineError> {
        let Some(id) = self.group_subject(group).await? else {
            return Ok(());
        };
        let mut reading = self.groups.remove(group).unwrap_or_default();
        let mut unknown = 0_usize;
        let unresolved = std::mem::take(&mut reading.unresolved);
        for batch in unresolved.chunks(FETCH_BATCH) {
            let (staged, left) = self.resolve(batch).await?;
            reading.staged.extend(staged);
            unknown += left;
        }
        if unknown > 0 {
            self.notes.push(format!(
                "group {group}: {unknown} members could not be resolved; nobody is removed from it until they are"
            ));
        }
        let complete = incomplete.is_none() && unknown == 0;
        if reading.begun {
            self.stage(id, &reading.staged).await?;
            self.ended_lists.push(EndedList {
                group: id,
                complete,
                unchanged: false,
            });
            return Ok(());
        }
        let mut members = reading.staged;
        // Of one that came twice the last counts, as in the store.
        members.reverse();
        members.sort_by_key(|member| member.user);
        members.dedup_by_key(|member| member.user);
        self.whole_lists.push(WholeList {
            group: id,
            members,
            complete,
        });
        let waiting: usize = self.whole_lists.iter().map(|list| list.members.len()).sum();
        if waiting > COMPARE_AT_MOST || self.whole_lists.len() >= LISTS_AT_ONCE {
            self.compare_lists().await?;
        }
        Ok(())
    }

    /// Ends the lists that were read. An incomplete read drops no member, however whole a list looks: the
    /// account that reads may have lost rights, or this may be another directory.
    pub(super) async fn end_lists(&mut self) -> Result<(), EngineError> {
        let is_sound = self
            .certificate
            .as_ref()
            .is_none_or(usher_core::model::Certificate::is_complete)
            && self.beginning.mode != CycleMode::Rekey;
        for list in std::mem::take(&mut self.ended_lists) {
            if list.unchanged && is_sound {
                continue;
            }
            let complete = list.complete && is_sound;
            self.engine
                .store
                .end_members(self.fence, self.cycle, list.group, complete)
                .await?;
        }
        Ok(())
    }

    /// Looks member DNs up at the source; returns who they are, and how many remain unknown.
    async fn resolve(
        &mut self,
        batch: &[MemberDn],
    ) -> Result<(Vec<StagedMember>, usize), EngineError> {
        let dns: Vec<String> = batch.iter().map(|member| member.dn.clone()).collect();
        let fetched = self
            .open
            .source
            .fetch(&FetchBy::Dns(dns), &self.open.attributes())
            .await;
        let Ok(fetched) = fetched else {
            return Ok((Vec::new(), batch.len()));
        };
        let mut unknown = batch.len().saturating_sub(fetched.len());
        let mut staged = Vec::new();
        let mut absent = Vec::new();
        for (member, found) in batch.iter().zip(fetched) {
            let hash = dn_hash(&member.dn);
            match found {
                Fetched::Present(read) => {
                    // Its DN changed, but its key did not: it is who it was.
                    let heads = self.heads(std::slice::from_ref(&read.entry.key)).await?;
                    match heads.get(&read.entry.key) {
                        Some(head) => {
                            self.dn_fates.insert(hash, Some(head.id));
                            staged.push(StagedMember {
                                user: head.id,
                                via: member.via.clone(),
                            });
                        }
                        None if read.scope == usher_core::model::ScopeVerdict::In
                            && read.entry.kind == Kind::User =>
                        {
                            unknown += 1;
                        }
                        None => {
                            self.dn_fates.insert(hash, None);
                        }
                    }
                }
                Fetched::Other { .. } => {
                    self.dn_fates.insert(hash, None);
                }
                Fetched::Absent => absent.push((hash, member)),
                Fetched::Unknown { .. } => unknown += 1,
            }
        }
        unknown += self.former(&absent, &mut staged).await?;
        Ok((staged, unknown))
    }

    /// Names that no entry has: of somebody who was renamed or moved since, or of nobody. Directories
    /// need not change the members of their groups. Returns how many names several had, of whom nobody
    /// can say which one is meant.
    async fn former(
        &mut self,
        absent: &[(Hash128, &MemberDn)],
        staged: &mut Vec<StagedMember>,
    ) -> Result<usize, EngineError> {
        if absent.is_empty() {
            return Ok(0);
        }
        let hashes: Vec<Hash128> = absent.iter().map(|(hash, _)| *hash).collect();
        let store = &self.engine.store;
        let mut owners: HashMap<Hash128, BTreeSet<SubjectId>> = HashMap::new();
        for (hash, user) in store.by_former_dn(&self.open.channel.id, &hashes).await? {
            owners.entry(hash).or_default().insert(user);
        }
        let mut unknown = 0;
        for (hash, member) in absent {
            let owners = owners.get(hash);
            match owners.map_or(0, BTreeSet::len) {
                0 | 1 => {
                    let user = owners.and_then(BTreeSet::first).copied();
                    self.dn_fates.insert(*hash, user);
                    staged.extend(user.map(|user| StagedMember {
                        user,
                        via: member.via.clone(),
                    }));
                }
                _ => unknown += 1,
            }
        }
        Ok(unknown)
    }

    async fn group_subject(&mut self, group: &SourceKey) -> Result<Option<SubjectId>, EngineError> {
        if let Some(reading) = self.groups.get(group) {
            return Ok(reading.subject);
        }
        let met = self.group_ids.get(&Hash128::of(group.as_str().as_bytes()));
        let subject = match met {
            Some(id) => Some(*id),
            None => {
                let heads = self.heads(std::slice::from_ref(group)).await?;
                heads.get(group).map(|head| head.id)
            }
        };
        self.groups.insert(
            group.clone(),
            GroupReading {
                subject,
                ..GroupReading::default()
            },
        );
        Ok(subject)
    }
}
