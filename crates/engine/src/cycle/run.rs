//! One cycle from begin to end.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use tokio::sync::mpsc;
use usher_connector::{EventSink, FetchBy, ReadRequest, SourceError, SourceEvent};
use usher_core::model::{
    Certificate, CycleId, CycleMode, Hash128, Kind, Millis, SourceKey, SubjectId, SubjectState,
    Verdict, Watermark,
};
use usher_core::planner::{ChannelRules, PlanHasher};
use usher_store::{ChannelRecord, Fence, NewCycle, SubjectFilter};

use super::begin::{Beginning, begin};
use super::unchanged::Looked;
use super::{CycleOptions, CycleReport, index};
use crate::context::{Engine, OpenChannel, Progress};
use crate::error::EngineError;

/// Pages that may wait between the reader and the planner.
const PAGES_IN_FLIGHT: usize = 2;

/// Most people that room is made for before they are read.
const MOST_EXPECTED: u64 = 2_000_000;

/// So many linked people, where there are as many, are compared with those who leave the scope in a look
/// at what changed.
const FEWEST_COMPARED: u64 = 5;

/// A cycle under way.
pub(super) struct Run<'a> {
    pub(super) engine: &'a Engine,
    pub(super) open: &'a OpenChannel,
    pub(super) fence: &'a Fence,
    pub(super) progress: Arc<dyn Progress>,
    pub(super) record: ChannelRecord,
    pub(super) beginning: Beginning,
    pub(super) rules: Arc<ChannelRules>,
    pub(super) cycle: CycleId,
    pub(super) started_at: Millis,
    /// Whether the source reads everything (it may do so although a delta was asked for).
    pub(super) full: bool,
    /// So many people a full read is expected to return: its size is compared with that. `None` = nothing is known, or
    /// it is no full read.
    pub(super) expected: Option<u64>,
    pub(super) mark: Option<Watermark>,
    pub(super) certificate: Option<Certificate>,
    /// Keys seen, as hashes: 16 bytes each, however long the keys are.
    pub(super) seen: HashSet<Hash128>,
    /// Names by key, as hashes: those of entries that were read and are not stored by them.
    pub(super) unstored: HashMap<Hash128, Hash128>,
    /// Subjects whose entries were read.
    pub(super) met: HashSet<SubjectId>,
    /// Whose names these are, by canonical DN, as just read.
    pub(super) names: HashMap<Hash128, SubjectId>,
    /// Groups that were read, by key.
    pub(super) group_ids: HashMap<Hash128, SubjectId>,
    pub(super) read: u64,
    pub(super) verdicts: BTreeMap<Verdict, u64>,
    /// People in scope who were read.
    pub(super) people: u64,
    /// Those of them that do not read as before and are disabled in the source.
    pub(super) disabled: u64,
    /// Somebody in scope reads as before, so that their status was not looked at.
    pub(super) unjudged: bool,
    pub(super) steps: BTreeMap<String, u64>,
    pub(super) containers: HashSet<String>,
    /// Scope groups that people leave.
    pub(super) scope_groups: HashSet<String>,
    pub(super) hasher: PlanHasher,
    pub(super) groups: HashMap<SourceKey, super::members::GroupReading>,
    pub(super) dn_fates: HashMap<Hash128, Option<SubjectId>>,
    /// Names that people had until this cycle: directories bring member lists up to date a little
    /// later than the entry, and move no stamp by it.
    pub(super) former_dns: HashMap<Hash128, SubjectId>,
    /// Groups whose list was read. They are ended when it is known whether the
    /// whole read can be believed.
    pub(super) ended_lists: Vec<super::members::EndedList>,
    /// Lists that wait to be compared.
    pub(super) whole_lists: Vec<super::members::WholeList>,
    /// Why the read cannot prove anything, found while it was planned.
    pub(super) doubts: Vec<String>,
    pub(super) notes: Vec<String>,
    pub(super) drift: Vec<String>,
    /// Of people in scope who were read: fields whose default stands in for what failed.
    pub(super) defaulted: super::defaulted::Defaulted,
    pub(super) index_fresh: Vec<Kind>,
    /// Subjects planned without an entry that was read: they count under no verdict.
    pub(super) uncounted: HashSet<SubjectId>,
    /// Subjects whose plan depends on a unique value that somebody else has or wants.
    pub(super) conflicted: BTreeSet<SubjectId>,
    /// Keys of linked people that the read looks for.
    pub(super) sampled: Vec<SourceKey>,
    /// Entries whose key cannot be read.
    pub(super) keyless: super::keyless::Keyless,
    /// Containers of people who are missing.
    pub(super) containers_seen: super::containers::Containers,
    /// Who loses the last membership in this plan.
    pub(super) last: super::last::LastMemberships,
    /// Subjects of which the source itself said in this cycle that they are gone.
    pub(super) told_gone: HashSet<SubjectId>,
    /// People with active accounts whom two looks did not find, of how many, where those are too many for so
    /// small a channel.
    pub(super) vanished: Option<(u64, u64)>,
    /// The people of either number: they stay in their groups as long as their removal waits.
    pub(super) unsure: HashSet<SubjectId>,
    /// So many people with active accounts are missing that no second look was made.
    pub(super) unconfirmed: usize,
}

/// Passes events from the reading task to the planner.
struct Channel(mpsc::Sender<SourceEvent>);

#[async_trait::async_trait]
impl EventSink for Channel {
    async fn event(&mut self, event: SourceEvent) -> Result<(), SourceError> {
        self.0.send(event).await.map_err(|_| SourceError::Stopped)
    }
}

/// Room for the people that a read is going to meet.
fn room_for(mode: CycleMode, record: &ChannelRecord) -> usize {
    match mode {
        CycleMode::Full | CycleMode::Reconcile | CycleMode::Rekey => {
            record.last_complete_users.min(MOST_EXPECTED) as usize
        }
        CycleMode::Incremental | CycleMode::FollowUp => 0,
    }
}

impl Engine {
    /// Runs one cycle of a channel. When it returns, its steps are durable; nothing was sent.
    pub async fn run_cycle(
        &self,
        open: &OpenChannel,
        fence: &Fence,
        options: &CycleOptions,
        progress: Arc<dyn Progress>,
    ) -> Result<CycleReport, EngineError> {
        // Of one channel at a time: a cycle that begins ends one that is still reading.
        let _turn = self.shared.cycle_turn(&open.channel.id).await;
        self.recall_pause(open).await?;
        let mut record = self.record(&open.sp, &open.channel.id).await?;
        let beginning = begin(open, &record, options, self.clock.now())?;
        let started_at = self.clock.now();
        let cycle = self
            .store
            .begin_cycle(
                fence,
                &NewCycle {
                    channel: open.channel.id.clone(),
                    mode: beginning.mode,
                    now: started_at,
                    revision: open.revision,
                },
            )
            .await?;
        let read = async {
            let warning = self
                .prepare_index(open, fence, &beginning, progress.as_ref())
                .await?;
            if let Some(warning) = warning
                && !record.warnings.contains(&warning)
            {
                record.warnings.push(warning);
            }
            // Growing step by step would copy everything again and again.
            let room = room_for(beginning.mode, &record);
            let mut run = Run {
                rules: Arc::new(open.planner_rules(&record, beginning.configuration_changed)),
                engine: self,
                open,
                fence,
                progress,
                record,
                beginning,
                cycle,
                started_at,
                full: false,
                expected: None,
                mark: None,
                certificate: None,
                seen: HashSet::with_capacity(room),
                unstored: HashMap::new(),
                met: HashSet::with_capacity(room),
                names: HashMap::with_capacity(room),
                group_ids: HashMap::new(),
                read: 0,
                verdicts: BTreeMap::new(),
                people: 0,
                disabled: 0,
                unjudged: false,
                steps: BTreeMap::new(),
                containers: HashSet::new(),
                scope_groups: HashSet::new(),
                hasher: PlanHasher::default(),
                groups: HashMap::new(),
                dn_fates: HashMap::new(),
                former_dns: HashMap::new(),
                ended_lists: Vec::new(),
                whole_lists: Vec::new(),
                doubts: Vec::new(),
                notes: Vec::new(),
                drift: Vec::new(),
                defaulted: super::defaulted::Defaulted::default(),
                index_fresh: self.fresh_kinds(open).await?,
                uncounted: HashSet::new(),
                conflicted: BTreeSet::new(),
                sampled: Vec::new(),
                keyless: super::keyless::Keyless::default(),
                containers_seen: super::containers::Containers::default(),
                last: super::last::LastMemberships::default(),
                told_gone: HashSet::new(),
                vanished: None,
                unsure: HashSet::new(),
                unconfirmed: 0,
            };
            run.body(options).await
        };
        // A read may take as long as it likes; a service that stops does not wait for it.
        let (ended, stopped) = tokio::select! {
            biased;
            ended = Box::pin(read) => (ended, false),
            () = self.shared.until_closed() => {
                let why = "the service stopped before the cycle came to its end; the next one decides anew";
                (Err(EngineError::Refused(why.to_owned())), true)
            }
        };
        self.keep_pause(open, fence).await;
        match ended {
            Ok(report) => Ok(report),
            Err(error) => {
                self.abort(fence, cycle, &error, stopped).await;
                Err(error)
            }
        }
    }

    /// How many people the source should still have: those of the last complete read, without those who left since
    /// and over whom was decided (they are disabled or removed, or a person rejected that).
    async fn expected_people(&self, record: &ChannelRecord) -> Result<Option<u64>, EngineError> {
        if record.last_complete_at.is_none() {
            return Ok(None);
        }
        let counts = self.store.counts(&record.channel).await?;
        let in_scope = counts.verdicts.iter();
        let in_scope = in_scope.filter(|(name, _)| name.starts_with("user."));
        let known = in_scope.map(|(_, n)| n).sum::<u64>() + counts.leaving;
        Ok(Some(record.last_complete_users.min(known)))
    }

    /// The first error is the one to tell; a failed abort leaves planned steps, which nothing sends and the next
    /// cycle replaces.
    async fn abort(&self, fence: &Fence, cycle: CycleId, error: &EngineError, stopped: bool) {
        let now = self.clock.now();
        let aborted = self
            .store
            .abort_cycle(fence, cycle, &error.to_string(), now)
            .await;
        let Err(abort) = aborted else { return };
        if stopped {
            // It may have settled in the moment of the stop: then it is whole.
            tracing::info!(cycle.id = %cycle, reason = %abort, "the cycle was not aborted");
        } else {
            tracing::error!(cycle.id = %cycle, error = %abort, "the cycle could not be aborted");
        }
    }

    async fn prepare_index(
        &self,
        open: &OpenChannel,
        fence: &Fence,
        beginning: &Beginning,
        progress: &dyn Progress,
    ) -> Result<Option<String>, EngineError> {
        let mut unlisted = Vec::new();
        for kind in index::kinds(open) {
            if self.store.index_age(&open.sp.id, *kind).await?.is_none() {
                unlisted.push(*kind);
            }
        }
        if beginning.mode == CycleMode::Reconcile {
            index::refresh(self, open, fence, index::kinds(open), progress).await?;
            return Ok(None);
        }
        let listed = index::refresh(self, open, fence, &unlisted, progress).await?;
        Ok(listed
            .another_provisioner()
            .filter(|_| unlisted.contains(&Kind::User)))
    }

    /// The kinds of which the index may say that something is absent.
    async fn fresh_kinds(&self, open: &OpenChannel) -> Result<Vec<Kind>, EngineError> {
        let mut fresh = Vec::new();
        for kind in [Kind::User, Kind::Group] {
            if index::is_fresh(self, open, kind).await? {
                fresh.push(kind);
            }
        }
        Ok(fresh)
    }
}

impl Run<'_> {
    async fn body(&mut self, options: &CycleOptions) -> Result<CycleReport, EngineError> {
        match (&options.only, self.beginning.mode) {
            (Some(keys), _) => self.read_only(keys).await?,
            (None, CycleMode::FollowUp) => {}
            (
                None,
                CycleMode::Incremental | CycleMode::Full | CycleMode::Reconcile | CycleMode::Rekey,
            ) => self.read_source().await?,
        }
        if options.only.is_none() {
            self.plan_due().await?;
            if self.beginning.mode != CycleMode::FollowUp {
                self.plan_absent().await?;
            }
            if self.beginning.mode == CycleMode::Reconcile {
                self.find_drift().await?;
            }
        }
        self.plan_conflicts_again().await?;
        self.tell_other_keys().await?;
        self.end_lists().await?;
        self.plan_memberships().await?;
        self.end(options).await
    }

    async fn read_source(&mut self) -> Result<(), EngineError> {
        let request = self.read_request().await?;
        let (sender, read_events) = mpsc::channel(PAGES_IN_FLIGHT);
        let source = self.open.source.clone();
        let reading =
            tokio::spawn(async move { source.read(&request, &mut Channel(sender)).await });
        let (looked, mut receiver) = mpsc::channel(PAGES_IN_FLIGHT);
        let looking = tokio::spawn(self.looker().pass_on(read_events, looked));
        let mut planned = Ok(());
        while let Some(event) = receiver.recv().await {
            planned = match event {
                Looked::Page(page) => self.page(page).await,
                Looked::Other(event) => self.event(event).await,
            };
            if planned.is_err() {
                break;
            }
        }
        drop(receiver);
        let looked = looking.await;
        let read = reading.await;
        planned?;
        looked.map_err(|panic| {
            EngineError::Refused(format!(
                "looking at entries failed unexpectedly ({panic}); nothing was changed"
            ))
        })??;
        match read {
            Ok(result) => result?,
            Err(panic) => {
                return Err(EngineError::Source(SourceError::Protocol(format!(
                    "reading the directory failed unexpectedly ({panic}); nothing was changed"
                ))));
            }
        }
        self.compare_lists().await?;
        if self.certificate.is_none() {
            self.certificate = Some(Certificate {
                incomplete: vec!["the read ended without saying so".to_owned()],
                ..Certificate::default()
            });
        }
        Ok(())
    }

    async fn read_request(&mut self) -> Result<ReadRequest, EngineError> {
        let full = self.beginning.mode != CycleMode::Incremental;
        let store = &self.engine.store;
        let channel = &self.open.channel.id;
        // Of a small channel everybody would be a sentinel, and two leavers would prove that nothing is
        // proven: a tenth is enough there, beside `absence::too_many_vanished`. In a look at what changed
        // they are compared with whoever left, and below five that says nothing.
        let links = store.counts(channel).await?.active_links;
        let wanted = u64::from(self.open.channel.policy.sentinel_sample);
        let sample = match self.beginning.mode {
            CycleMode::Rekey => 0,
            CycleMode::Incremental => wanted.min((links / 10).max(FEWEST_COMPARED.min(links))),
            CycleMode::Full | CycleMode::Reconcile | CycleMode::FollowUp => wanted.min(links / 10),
        };
        let seed = (self.engine.random)();
        let sentinel_keys = store.sample_links(channel, sample as u32, seed).await?;
        self.sampled.clone_from(&sentinel_keys);
        Ok(ReadRequest {
            from: if full {
                None
            } else {
                self.record.watermark.clone()
            },
            attributes: self.open.attributes(),
            sentinel_keys,
            member_groups: if full {
                Vec::new()
            } else {
                self.unfinished_groups().await?
            },
        })
    }

    /// Groups whose members were not read to their end last time: a delta reads them again even
    /// if nothing about them moved.
    async fn unfinished_groups(&self) -> Result<Vec<String>, EngineError> {
        let filter = SubjectFilter {
            channel: Some(self.open.channel.id.clone()),
            kind: Some(Kind::Group),
            states: vec![SubjectState::Linked],
            ..SubjectFilter::default()
        };
        let mut dns = Vec::new();
        let mut after = SubjectId(0);
        loop {
            let groups = self.engine.store.list(&filter, after, 500).await?;
            let Some(last) = groups.last().and_then(|group| group.id) else {
                return Ok(dns);
            };
            after = last;
            let unfinished = groups
                .into_iter()
                .filter(|group| group.in_scope && !group.members_complete);
            dns.extend(unfinished.map(|group| group.dn));
        }
    }

    /// An older copy of the directory knows neither the newest people nor the newest values: what it says
    /// would be taken for news.
    fn refuse_older(&self) -> Result<(), EngineError> {
        match (&self.mark, &self.record.watermark) {
            (Some(mark), Some(seen)) if self.open.source.is_older(mark, seen) => {
                Err(EngineError::Refused(format!(
                    "channel `{}`: the directory is older than it was when it was last read: this is a replica that is behind, or a restored copy. Nothing was read or changed. Wait until it has caught up, or name a host that is up to date in the data store",
                    self.open.channel.name
                )))
            }
            _ => Ok(()),
        }
    }

    async fn event(&mut self, event: SourceEvent) -> Result<(), EngineError> {
        match event {
            SourceEvent::Begin { full, mark } => {
                self.full = full;
                self.mark = mark;
                self.refuse_older()?;
                if full {
                    // Counting costs a walk through everybody: a look at what changed does without.
                    self.expected = self.engine.expected_people(&self.record).await?;
                }
                Ok(())
            }
            SourceEvent::Page(entries) => {
                let page = self.looker().page(entries).await?;
                self.page(page).await
            }
            SourceEvent::Bad { dn, key, problem } => self.bad_entry(&dn, key, problem).await,
            SourceEvent::Members { group, members } => self.members(&group, members).await,
            SourceEvent::MembersEnd { group, incomplete } => {
                self.members_end(&group, incomplete).await
            }
            SourceEvent::Gone { key, proof } => self.gone(&key, proof).await,
            SourceEvent::End(mut certificate) => {
                certificate.incomplete.append(&mut self.doubts);
                self.certificate = Some(certificate);
                Ok(())
            }
        }
    }

    /// Reads single subjects and plans them; nothing is proven absent by that.
    async fn read_only(&mut self, keys: &[SourceKey]) -> Result<(), EngineError> {
        let by = FetchBy::Keys(keys.to_vec());
        let fetched = self.open.source.fetch(&by, &self.open.attributes()).await?;
        let entries = super::page::present(fetched);
        let page = self.looker().page(entries).await?;
        self.page(page).await
    }

    /// Counts what became of one entry read.
    pub(super) fn count(&mut self, verdict: Verdict) {
        self.read += 1;
        *self.verdicts.entry(verdict).or_default() += 1;
    }

    /// Moves one entry's account from one verdict to another.
    pub(super) fn recount(&mut self, from: Verdict, to: Verdict) {
        if let Some(count) = self.verdicts.get_mut(&from)
            && *count > 0
        {
            *count -= 1;
            *self.verdicts.entry(to).or_default() += 1;
        }
    }
}
