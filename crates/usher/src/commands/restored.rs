//! A restored state is older than the two sides it speaks of: it may not write before both were
//! read in full.

use usher_core::model::{CycleMode, CycleState};

use usher_engine::admin::SyncReport;
use usher_store::{Administration as _, ChannelRecord};

use crate::failure::Failure;
use crate::session::Session;

/// What a channel's warning begins with until both sides were read.
const MARK: &str = "restored from a backup";

/// The warning.
pub(crate) fn warning() -> String {
    format!(
        "{MARK}: it only observes until directory and target were read in full (`usher sync --reconcile`)"
    )
}

/// Refuses to let a restored channel write too early.
pub(crate) async fn check(session: &Session, channel: Option<&str>) -> Result<(), Failure> {
    if !is_marked(&record(session, channel).await?) {
        return Ok(());
    }
    Err(Failure::refused(
        "the state was restored from a backup, and nothing may be sent before both sides were read in full",
    )
    .help("run `usher sync --reconcile`, look at what it plans, then try again"))
}

/// Takes the mark off a channel whose directory and target were read in full.
pub(crate) async fn settle(
    session: &Session,
    channel: Option<&str>,
    report: &SyncReport,
) -> Result<(), Failure> {
    let whole = report.cycle.as_ref().is_some_and(|cycle| {
        cycle.mode == CycleMode::Reconcile && cycle.state == CycleState::Completed
    });
    let mut record = record(session, channel).await?;
    if !whole || !is_marked(&record) {
        return Ok(());
    }
    record.warnings.retain(|text| !text.starts_with(MARK));
    let engine = &session.admin.engine;
    let (configuration, id) = session.admin.select(channel).await?;
    let Some((sp, _)) = configuration.channel(&id) else {
        return Ok(());
    };
    record.connection = sp.id.clone();
    let lease = engine.hold(&sp.id).await?;
    engine.store.save_channel(lease.fence(), &record).await?;
    lease.release().await?;
    Ok(())
}

async fn record(session: &Session, channel: Option<&str>) -> Result<ChannelRecord, Failure> {
    let (_, id) = session.admin.select(channel).await?;
    Ok(session.store.channel(&id).await?)
}

fn is_marked(record: &ChannelRecord) -> bool {
    record.warnings.iter().any(|text| text.starts_with(MARK))
}
