//! The target index: every resource of the target by the keys that correlation uses.

use usher_connector::{Target, TargetError};
use usher_core::model::{Kind, Millis, Observed, TargetId};
use usher_directory::compare::fold;
use usher_store::{Fence, IndexRow};

use crate::context::{Engine, GROUP_NAME_FIELD, OpenChannel, Progress};
use crate::error::EngineError;

/// How long a complete listing is trusted to say that something is absent, milliseconds. Our own
/// writes keep it up to date; what others did is found by a conflict at the latest.
const FRESH_MS: i64 = 24 * 3600 * 1000;
/// More pages than any directory has; a target that never ends is lying.
const MAX_PAGES: u32 = 100_000;
const DAY_MS: i64 = 24 * 3600 * 1000;
/// Fewer recent changes than this are what people do by hand.
const MANY: u64 = 10;

/// The index row of a resource.
pub(crate) fn index_row(open: &OpenChannel, observed: Observed) -> IndexRow {
    let text = |field: &str| {
        observed
            .resource
            .text(field)
            .filter(|text| !text.is_empty())
    };
    let name_field = match observed.kind {
        Kind::User => open.descriptor.username_field.as_str(),
        Kind::Group => GROUP_NAME_FIELD,
    };
    IndexRow {
        external_id: text(&open.descriptor.external_id_field).map(str::to_owned),
        name: text(name_field).map(fold),
        email: match observed.kind {
            Kind::User => text(&open.descriptor.email_field).map(fold),
            Kind::Group => None,
        },
        observed,
    }
}

/// Whether the index may say that something is absent.
pub(super) async fn is_fresh(
    engine: &Engine,
    open: &OpenChannel,
    kind: Kind,
) -> Result<bool, EngineError> {
    let age = engine.store.index_age(&open.sp.id, kind).await?;
    Ok(age.is_some_and(|at| engine.clock.now().saturating_sub(at) < FRESH_MS))
}

/// What a listing held.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Listed {
    resources: u64,
    recent: u64,
}

impl Listed {
    fn add(&mut self, resources: &[Observed], now: Millis) {
        self.resources += resources.len() as u64;
        let recent = |one: &&Observed| one.modified_at.is_some_and(|at| now - at < DAY_MS);
        self.recent += resources.iter().filter(recent).count() as u64;
    }

    /// Before we wrote anything: did somebody else just write much of what is there?
    pub(super) fn another_provisioner(&self) -> Option<String> {
        (self.recent >= MANY && self.recent * 100 > self.resources).then(|| {
            format!(
                "{} of {} records of the target changed within 24 hours: another provisioner seems to be active. Turn it off before this channel goes active, or both will undo each other's work",
                self.recent, self.resources
            )
        })
    }
}

/// Lists the whole target once and replaces the index. An incomplete listing leaves what was read
/// and proves no absence.
pub(super) async fn refresh(
    engine: &Engine,
    open: &OpenChannel,
    fence: &Fence,
    kinds: &[Kind],
    progress: &dyn Progress,
) -> Result<Listed, EngineError> {
    let mut listed = Listed::default();
    for kind in kinds {
        list_kind(engine, open, fence, *kind, progress, &mut listed).await?;
    }
    Ok(listed)
}

/// The kinds that this channel provisions.
pub(super) fn kinds(open: &OpenChannel) -> &'static [Kind] {
    if wants_groups(open) {
        &[Kind::User, Kind::Group]
    } else {
        &[Kind::User]
    }
}

/// Whether this channel provisions groups.
fn wants_groups(open: &OpenChannel) -> bool {
    open.channel.source.groups.is_some() && open.descriptor.capabilities.groups
}

async fn list_kind(
    engine: &Engine,
    open: &OpenChannel,
    fence: &Fence,
    kind: Kind,
    progress: &dyn Progress,
    counts: &mut Listed,
) -> Result<(), EngineError> {
    let generation = engine.clock.now();
    let mut start = None;
    let mut listed = 0;
    let mut began_with: Option<TargetId> = None;
    for _ in 0..MAX_PAGES {
        let page = list_page(open.target.as_ref(), kind, start).await?;
        let first = page.resources.first().map(|one| one.target_id.clone());
        if first.is_some() && first == began_with {
            break;
        }
        began_with = first;
        listed += page.resources.len() as u64;
        progress.listed(listed, page.total);
        counts.add(&page.resources, generation);
        let rows: Vec<IndexRow> = page
            .resources
            .into_iter()
            .map(|observed| index_row(open, observed))
            .collect();
        engine.store.index_put(fence, generation, &rows).await?;
        match page.next {
            Some(next) if Some(next) != start => start = Some(next),
            Some(_) => break,
            // A list that is shorter than it says proves nobody absent: people are looked up singly.
            None if page.total.is_some_and(|total| listed < total) => {
                tracing::warn!(
                    %kind, listed, total = page.total,
                    "the target listed fewer resources than it says it has; what it did not list is looked up"
                );
                return Ok(());
            }
            None => {
                engine
                    .store
                    .index_finish(fence, kind, generation, engine.clock.now())
                    .await?;
                return Ok(());
            }
        }
    }
    Err(EngineError::Refused(format!(
        "the target's list of {kind}s does not end: after {listed} resources it still names a next page; nothing can be proven absent there"
    )))
}

/// One page, with a few tries: listing is idempotent.
async fn list_page(
    target: &dyn Target,
    kind: Kind,
    start: Option<u64>,
) -> Result<usher_connector::ListPage, TargetError> {
    crate::send::retry_read(|| target.list(kind, start, false)).await
}

/// One resource by id, with a few tries.
pub(crate) async fn read_target(
    target: &dyn Target,
    kind: Kind,
    id: &TargetId,
) -> Result<Option<Observed>, TargetError> {
    crate::send::retry_read(|| target.read(kind, id)).await
}
