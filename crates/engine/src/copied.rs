//! Whether the members of a group that was created in place of another are in it. Both the planning of
//! the old one's deletion and its sending ask this.

use std::collections::{BTreeMap, BTreeSet};

use usher_core::model::{Operation, StepState, Subject, SubjectId, SubjectState, Verb};
use usher_core::planner::{ChannelRules, Copied};
use usher_store::{Membership, StepFilter};

use crate::context::Engine;
use crate::each_step::{STEPS_AT_ONCE, each_step};
use crate::error::EngineError;

/// Subjects read at once.
const SUBJECTS_AT_ONCE: usize = 500;
/// Members named in a text.
const NAMED: usize = 5;

/// Who is to be in the group and is not. `None` when it took the place of no other.
pub(crate) async fn copied(
    engine: &Engine,
    rules: &ChannelRules,
    group: &Subject,
) -> Result<Option<Copied>, EngineError> {
    let (Some(id), false) = (group.id, group.shadow.replaced_groups.is_empty()) else {
        return Ok(None);
    };
    let rows = engine.store.members(id).await?.into_iter();
    // Who has no account was not in the old group either.
    let missing: Vec<Membership> = rows
        .filter(|row| row.desired && !row.present && row.target_id.is_some())
        .collect();
    let missing = without_disabled(engine, rules, missing).await?;
    if missing.is_empty() {
        return Ok(Some(Copied::Whole));
    }
    let refused = refused(engine, id).await?;
    let mut reasons: BTreeSet<&str> = BTreeSet::new();
    for row in &missing {
        match refused.get(&row.user) {
            _ if row.frozen => reasons.insert("a protected account is not written"),
            Some(reason) => reasons.insert(reason),
            None => {
                let reason = format!("{} of its members are not in it yet", missing.len());
                return Ok(Some(Copied::NotYet { reason }));
            }
        };
    }
    let named: Vec<SubjectId> = missing.iter().take(NAMED).map(|row| row.user).collect();
    let named = engine.store.subjects(&named).await?;
    let names: Vec<String> = named.into_iter().map(|one| one.display).collect();
    let more = if missing.len() > NAMED { ", ..." } else { "" };
    let reasons: Vec<&str> = reasons.into_iter().take(NAMED).collect();
    Ok(Some(Copied::Refused {
        reason: format!(
            "{} of its members are not in it ({}{more}): {}",
            missing.len(),
            names.join(", "),
            reasons.join("; ")
        ),
    }))
}

/// Where the policy takes disabled people out of their groups, they need not be copied.
async fn without_disabled(
    engine: &Engine,
    rules: &ChannelRules,
    rows: Vec<Membership>,
) -> Result<Vec<Membership>, EngineError> {
    if !rules.policy.remove_members_on_disable {
        return Ok(rows);
    }
    let users: Vec<SubjectId> = rows.iter().map(|row| row.user).collect();
    let mut away = BTreeSet::new();
    for some in users.chunks(SUBJECTS_AT_ONCE) {
        let subjects = engine.store.subjects(some).await?.into_iter();
        let disabled = subjects.filter(|subject| subject.state == SubjectState::Disabled);
        away.extend(disabled.filter_map(|subject| subject.id));
    }
    let stay = rows.into_iter().filter(|row| !away.contains(&row.user));
    Ok(stay.collect())
}

/// Whom the target refused for good as members, and why. A step that is still to be sent refuses nobody.
async fn refused(
    engine: &Engine,
    group: SubjectId,
) -> Result<BTreeMap<SubjectId, String>, EngineError> {
    let filter = StepFilter {
        subjects: vec![group],
        states: vec!["parked".to_owned()],
        verbs: vec![Verb::AddMembers],
        ..StepFilter::default()
    };
    let store = &engine.store;
    let mut refused = BTreeMap::new();
    let page = |after| store.steps(&filter, after, STEPS_AT_ONCE);
    each_step(page, |step| {
        if let (StepState::Parked { reason }, Operation::AddMembers { members, .. }) =
            (step.state, step.planned.operation)
        {
            let members = members.into_iter().map(|member| member.subject);
            refused.extend(members.map(|member| (member, reason.clone())));
        }
    })
    .await?;
    Ok(refused)
}
