//! Reading a directory.

use async_trait::async_trait;
use usher_core::model::{
    Certificate, ChannelSource, Entry, Kind, Policy, ScopeVerdict, SourceKey, Watermark,
};

/// What a read is asked to do.
#[derive(Clone, Debug)]
pub struct ReadRequest {
    /// `None` = everything (full). `Some` = what changed since (delta).
    pub from: Option<Watermark>,
    /// Attributes that mapping, status, scope and protection need, by name.
    pub attributes: Vec<String>,
    /// Source keys of linked people drawn for this read; a full read looks them up as sentinels.
    pub sentinel_keys: Vec<SourceKey>,
    /// DNs of groups (any spelling) whose members must be read although their stamp did not move.
    pub member_groups: Vec<String>,
}

/// One entry of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadEntry {
    /// The entry, without members.
    pub entry: Entry,
    /// Whether it is in scope.
    pub scope: ScopeVerdict,
    /// The first of the scope groups that it is a member of, as a canonical DN; `None` when it is in
    /// none of them, or no group is asked for.
    pub scope_group: Option<String>,
}

/// A member of a group as read, with nesting flattened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberDn {
    /// The member's DN as the server wrote it; a person, never a group that was flattened.
    pub dn: String,
    /// The nested groups that it came through, outermost first; empty for a direct member.
    pub via: Vec<String>,
}

/// What a read returns, in this order: `Begin`, pages, members, `Gone`, `End`. Without an `End`
/// there is no evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceEvent {
    /// The read begins; `mark` is where the next delta starts, taken before anything was read.
    Begin {
        /// Whether everything is read. A source that cannot do the asked delta reads everything.
        full: bool,
        /// The next watermark.
        mark: Option<Watermark>,
    },
    /// Some entries; people come before groups.
    Page(Vec<ReadEntry>),
    /// An entry that cannot be used, in words; it never stops another.
    Bad {
        /// Its DN.
        dn: String,
        /// Its source key, if it is known.
        key: Option<SourceKey>,
        /// What is wrong with it and what to do.
        problem: String,
    },
    /// Some members of one group.
    Members {
        /// The group.
        group: SourceKey,
        /// Members, in no order; a member may appear more than once.
        members: Vec<MemberDn>,
    },
    /// The member list of one group ended.
    MembersEnd {
        /// The group.
        group: SourceKey,
        /// Why it is not complete; `None` when every value was read.
        incomplete: Option<String>,
    },
    /// The source says itself that an entry is gone.
    Gone {
        /// The entry.
        key: SourceKey,
        /// What proves it, in words.
        proof: String,
    },
    /// The read ended.
    End(Certificate),
}

/// Takes events as they arise; back-pressure is the awaiting.
#[async_trait]
pub trait EventSink: Send {
    /// Takes one event. An error ends the read: the receiver went away.
    async fn event(&mut self, event: SourceEvent) -> Result<(), SourceError>;
}

/// Collects events in memory; for tests and small reads.
#[async_trait]
impl EventSink for Vec<SourceEvent> {
    async fn event(&mut self, event: SourceEvent) -> Result<(), SourceError> {
        self.push(event);
        Ok(())
    }
}

/// Entries to read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchBy {
    /// By source key, outside of any paged search.
    Keys(Vec<SourceKey>),
    /// By DN. A name without an entry of its own, below which the source has entries, is there: it is
    /// answered as [`Fetched::Other`].
    Dns(Vec<String>),
}

/// What fetching one entry found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// It is there, people and groups with their scope.
    Present(Box<ReadEntry>),
    /// It is there, but is nobody's account and no group (a contact, a container); why.
    Other {
        /// In words.
        what: String,
    },
    /// The server says that there is no such entry.
    Absent,
    /// It could not be found out; why. Never the same as absent.
    Unknown {
        /// In words.
        reason: String,
    },
}

/// What a directory is and supports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbeReport {
    /// The host that answered.
    pub host: String,
    /// In words: vendor and version.
    pub server: String,
    /// Naming contexts.
    pub naming_contexts: Vec<String>,
    /// The directory kind that it looks like.
    pub looks_like: usher_core::model::DirectoryKind,
    /// What was checked, in order.
    pub checks: Vec<Check>,
}

/// One check of a probe or a target's verification.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    /// What was checked.
    pub name: String,
    /// Whether it is good.
    pub outcome: CheckOutcome,
    /// What was found; for a failure the cause and the remedy.
    pub detail: String,
}

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckOutcome {
    /// Good.
    Good,
    /// Worth a look.
    Warning,
    /// Bad.
    Failed,
}

/// An entry as somebody who looks around sees it, whatever it stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeEntry {
    /// Its DN as the server wrote it.
    pub dn: String,
    /// Its object classes.
    pub object_classes: Vec<String>,
    /// Whether there is something below it; `None` when the server does not say.
    pub has_children: Option<bool>,
    /// Its attributes as the server wrote their names; empty in a list of children.
    pub attributes: Vec<(String, Vec<Vec<u8>>)>,
}

/// Some of what lies directly below an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeLevel {
    /// The entries, at most as many as asked for.
    pub entries: Vec<TreeEntry>,
    /// Whether there are more.
    pub more: bool,
}

/// Entries that go by a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Their DNs as the server wrote them, at most as many as asked for.
    pub dns: Vec<String>,
    /// Whether there are more.
    pub more: bool,
}

/// How many entries a scope holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct ScopeCount {
    /// People in scope.
    pub users: u64,
    /// Of those, disabled in the source.
    pub disabled: u64,
    /// Groups in scope.
    pub groups: u64,
}

/// Why a source could not be read. A read that begins and then fails ends with an incomplete
/// certificate instead; this error means that nothing was learnt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// No host answered.
    #[error("no directory host answered: {0}")]
    Unreachable(String),
    /// The credentials were refused.
    #[error("the directory refused the credentials: {0}")]
    Credentials(String),
    /// The source's settings cannot work.
    #[error("the channel's source settings cannot work: {0}")]
    Settings(String),
    /// The server answered what it may not.
    #[error("the directory answered unexpectedly: {0}")]
    Protocol(String),
    /// The receiver of events went away.
    #[error("the read was stopped by its receiver")]
    Stopped,
}

/// A directory, opened for one channel.
#[async_trait]
pub trait Source: Send + Sync {
    /// Reads, giving events to the sink. A read that ends early ends with an `End` whose
    /// certificate says why it is incomplete; it never pretends success.
    async fn read(
        &self,
        request: &ReadRequest,
        sink: &mut dyn EventSink,
    ) -> Result<(), SourceError>;

    /// Reads single entries again, outside of the paged search; answers in the order asked.
    /// `attributes` as in [`ReadRequest::attributes`].
    async fn fetch(&self, by: &FetchBy, attributes: &[String])
    -> Result<Vec<Fetched>, SourceError>;

    /// Finds out what the server is and supports.
    async fn probe(&self) -> Result<ProbeReport, SourceError>;

    /// What lies directly below a DN, at most `limit` entries; below the empty DN are the naming contexts.
    /// For a person who looks around: it proves nothing, and the source's scope has no part in it.
    async fn children(&self, _dn: &str, _limit: u32) -> Result<TreeLevel, SourceError> {
        Err(SourceError::Settings(
            "this kind of data store cannot be looked through".to_owned(),
        ))
    }

    /// One entry with all its attributes, as [`Source::children`]; `None` when there is none of that DN.
    async fn tree_entry(&self, _dn: &str) -> Result<Option<TreeEntry>, SourceError> {
        Err(SourceError::Settings(
            "this kind of data store cannot be looked through".to_owned(),
        ))
    }

    /// The entries under the base DN that have this text as a value of one of the attributes, whatever they
    /// stand for, at most `limit`. For a person who asks for somebody by name: the source's scope has no part
    /// in it, and finding nobody proves nothing.
    async fn find(
        &self,
        _text: &str,
        _attributes: &[String],
        _limit: u32,
    ) -> Result<Named, SourceError> {
        Err(SourceError::Settings(
            "this kind of data store cannot be searched by name; name an entry by its DN"
                .to_owned(),
        ))
    }

    /// Whether what gave `mark` lacks changes that were there when `than` was given: a replica that is
    /// behind, or a restored copy. False where the source cannot tell. No I/O.
    fn is_older(&self, _mark: &Watermark, _than: &Watermark) -> bool {
        false
    }
}

/// What a source is opened with.
#[derive(Clone, Debug)]
pub struct SourceSettings {
    /// The data store.
    pub data_store: usher_core::model::DataStore,
    /// The opened password, if the bind needs one.
    pub password: Option<Plain>,
    /// Authorities that are trusted beside those of the system, each PEM.
    pub authorities: Vec<String>,
    /// Source settings and location.
    pub source: ChannelSource,
    /// Where a group's name comes from: decides which attribute groups must be read with.
    pub policy: Policy,
}

/// A secret in the clear; never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Plain(String);

impl Plain {
    /// Wraps a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret. Use it only where it goes onto the wire.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Plain(..)")
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        use zeroize::Zeroize as _;
        self.0.zeroize();
    }
}

/// The kinds a read distinguishes, for those who only need that much.
pub const KINDS: [Kind; 2] = [Kind::User, Kind::Group];
