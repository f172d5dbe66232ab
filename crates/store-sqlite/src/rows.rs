//! Rows into subjects, heads and steps.

use sqlx::sqlite::SqliteRow;
use usher_core::model::{
    ChannelId, CycleId, PlannedStep, SourceKey, StandingHold, Step, StepId, StepState, Subject,
    SubjectId, SubjectState, TargetId, Verdict,
};
use usher_store::Result;

use crate::cells::Cells;

pub(crate) fn subject(row: &SqliteRow) -> Result<Subject> {
    let cells = Cells::of("subject", row);
    let data = Cells::of("subject_data", row);
    Ok(Subject {
        id: Some(SubjectId(cells.get("id")?)),
        channel: ChannelId::new(cells.get::<String>("channel")?),
        key: SourceKey::new(cells.get::<String>("source_key")?),
        kind: cells.kind("kind")?,
        dn: cells.get("dn")?,
        dn_hash: cells.hash("dn_hash")?,
        display: cells.get("display")?,
        state: cells.parsed("state", SubjectState::parse)?,
        target_id: cells.get::<Option<String>>("target_id")?.map(TargetId::new),
        in_scope: cells.get("in_scope")?,
        desired_hash: cells.hash_or_none("desired_hash")?,
        synced_hash: cells.hash_or_none("synced_hash")?,
        desired: data.json_or_none("desired_json")?,
        shadow: data.json("shadow_json")?,
        verdict: cells.parsed("verdict", Verdict::parse)?,
        reason: cells.get("reason")?,
        attempts: cells.get::<u32>("attempts")?,
        next_at: cells.get("next_at")?,
        parked_hash: cells.hash_or_none("parked_hash")?,
        dirty: cells.get("dirty")?,
        left_at: cells.get("left_at")?,
        standing_hold: cells.parsed_or_none("standing_hold", StandingHold::parse)?,
        members_settled: cells.get("members_settled")?,
        members_complete: cells.get("members_complete")?,
        members_dirty: cells.get::<i64>("members_dirty")? > 0,
        version: cells.get::<u32>("version")?.into(),
    })
}

pub(crate) fn step(row: &SqliteRow) -> Result<Step> {
    let cells = Cells::of("step", row);
    Ok(Step {
        id: StepId(cells.get("id")?),
        channel: ChannelId::new(cells.get::<String>("channel")?),
        cycle: CycleId(cells.get("cycle")?),
        subject: SubjectId(cells.get("subject")?),
        kind: cells.kind("kind")?,
        planned: PlannedStep {
            operation: cells.json("operation_json")?,
            part: cells.get::<u32>("part")?,
            reason: cells.json("reason_json")?,
            expects: cells.json("expects_json")?,
            hold: cells.json_or_none("hold_json")?,
            guards: cells.json("guards_json")?,
        },
        state: step_state(&cells)?,
        attempts: cells.get::<u32>("attempts")?,
        created_at: cells.get("created_at")?,
        changed_at: cells.get("changed_at")?,
    })
}

/// A step's state from its name and, when it has data, its JSON.
pub(crate) fn step_state(cells: &Cells<'_>) -> Result<StepState> {
    let name: &str = cells.get("state")?;
    let state = match cells.json_or_none::<StepState>("state_json")? {
        Some(state) => Some(state),
        None => match name {
            "planned" => Some(StepState::Planned),
            "pending" => Some(StepState::Pending),
            "claimed" => Some(StepState::Claimed),
            "succeeded" => Some(StepState::Succeeded),
            "unknown" => Some(StepState::Unknown),
            "superseded" => Some(StepState::Superseded),
            "rejected" => Some(StepState::Rejected),
            "expired" => Some(StepState::Expired),
            _ => None,
        },
    };
    match state {
        Some(state) if state.name() == name => Ok(state),
        Some(state) => Err(cells.bad(
            "state_json",
            format!("it says {} where the state is {name}", state.name()),
        )),
        None => Err(cells.bad("state", format!("{name:?} is not a state without data"))),
    }
}
