//! What is being configured and not saved yet: an SP connection with its channels.
//!
//! A draft has the id of the connection that it becomes, so a page has the same address before and after saving. It
//! is kept sealed in the state, for everybody who may configure; two who write one at once do not overwrite each other.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use usher_admin_api::documents;
use usher_core::model::{Configuration, ConnectionId, DirectoryKind, Millis, SpConnection};
use usher_engine::admin::Permission;
use usher_pf::{policy_entry, published_sp_connection};
use usher_store::{DraftHead, DraftId};

use crate::form::{at, set};
use crate::frame::{Fault, SignedIn};

/// The kind under which drafts of SP connections are kept.
pub(crate) const KIND: &str = "sp_connection";
/// What their text is sealed as.
const SEALED_AS: &str = "draft";
/// Where the channels stand in a document.
const CHANNELS: &str = "outboundProvision.channels";

/// A channel of a draft.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ChannelDraft {
    /// Its document in the published shape.
    pub(crate) document: Value,
    /// What its policy says beside the defaults, as in a configuration file; without `connection` and `channel`.
    pub(crate) policy: Map<String, Value>,
    /// Its name in the saved connection; none for a new one.
    pub(crate) origin: Option<String>,
    /// Marked for deletion: it goes when the connection is saved.
    pub(crate) dropped: bool,
}

impl ChannelDraft {
    /// Its name as it is now.
    pub(crate) fn name(&self) -> &str {
        let name = self.document.get("name").and_then(Value::as_str);
        name.unwrap_or_default()
    }
}

/// What a metadata file said when it was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct MetadataNote {
    /// The file's name.
    pub(crate) file: String,
    /// What was taken from it, and what is odd about it, one line each.
    pub(crate) said: Vec<String>,
}

/// An SP connection as it is being configured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Body {
    /// Its document in the published shape, without its channels.
    pub(crate) document: Value,
    /// Its channels, in their order.
    pub(crate) channels: Vec<ChannelDraft>,
    /// The tag of the saved document that it was begun from; none for a new one.
    pub(crate) base: Option<String>,
    /// Whether a template is used.
    pub(crate) template: Option<bool>,
    /// Whether "Outbound Provisioning" is among its types.
    pub(crate) provisions: bool,
    /// What its metadata file said.
    pub(crate) metadata: Option<MetadataNote>,
    /// "None of the accounts that administer the target is in this directory" is ticked.
    pub(crate) nobody_to_protect: bool,
    /// When the key expires, `YYYY-MM-DD`; empty for a year after it is entered.
    #[serde(default)]
    pub(crate) key_expires: String,
}

/// A draft with what is known of it.
pub(crate) struct Draft {
    /// The id of the connection, and of the draft.
    pub(crate) id: String,
    /// The version that it was read as; 0 when nothing is kept yet and this is what is saved.
    pub(crate) version: u64,
    /// Who changed it last, and when; none when nothing is kept yet.
    pub(crate) changed: Option<(String, i64)>,
    /// What it holds.
    pub(crate) body: Body,
}

/// Why a draft was not written.
pub(crate) enum NotKept {
    /// Somebody else wrote it meanwhile: what they have.
    Meanwhile(Box<Draft>),
    /// It cannot be.
    Fault(Fault),
}

impl From<Fault> for NotKept {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Draft {
    /// A new connection.
    pub(crate) fn new(id: String) -> Self {
        let document = json!({"type": "SP", "id": id, "active": true, "loggingMode": "STANDARD"});
        Self {
            id,
            version: 0,
            changed: None,
            body: Body {
                document,
                ..Body::default()
            },
        }
    }

    /// The draft with that id, or the saved connection as a draft that nobody began.
    pub(crate) async fn load(who: &SignedIn, id: &str) -> Result<Self, Fault> {
        let store = &who.admin.engine.store;
        let kept = store.draft(&DraftId(id.to_owned())).await?;
        // Drafts hold what is not saved: for those who may configure.
        let kept = kept.filter(|_| who.may(Permission::Configure));
        let Some(kept) = kept.filter(|kept| kept.head.kind == KIND) else {
            let configuration = who.admin.configuration_to_show().await?;
            return Self::of_saved(&configuration, id)
                .ok_or_else(|| Fault::missing(format!("There is no SP connection `{id}`.")));
        };
        let opened = who.admin.engine.sealer.open(SEALED_AS, &kept.body);
        let text = opened.map_err(|why| unreadable(&why))?;
        let body =
            serde_json::from_str(text.reveal()).map_err(|why| unreadable(&why.to_string()))?;
        Ok(Self {
            id: id.to_owned(),
            version: kept.head.version,
            changed: Some((kept.head.by, kept.head.at)),
            body,
        })
    }

    /// The saved connection as a draft that nobody began.
    pub(crate) fn of_saved(configuration: &Configuration, id: &str) -> Option<Self> {
        let id = ConnectionId::new(id);
        let sp = configuration.sp_connections.iter().find(|sp| sp.id == id)?;
        Some(Self {
            id: id.to_string(),
            version: 0,
            changed: None,
            body: Body::of(configuration, sp),
        })
    }

    /// Whether something is kept that is not saved.
    pub(crate) fn is_kept(&self) -> bool {
        self.version > 0
    }

    /// Keeps it over the version that it was read as.
    pub(crate) async fn keep(&mut self, who: &SignedIn) -> Result<(), NotKept> {
        who.admin
            .require(Permission::Configure)
            .map_err(Fault::from)?;
        let engine = &who.admin.engine;
        let text = serde_json::to_string(&self.body).map_err(|_| Fault::defect())?;
        let draft = usher_store::Draft {
            head: DraftHead {
                id: DraftId(self.id.clone()),
                kind: KIND.to_owned(),
                of: self.body.base.is_some().then(|| self.id.clone()),
                name: self.body.name().to_owned(),
                by: who.session.operator.name.clone(),
                at: engine.clock.now(),
                version: self.version + 1,
            },
            body: engine.sealer.seal(SEALED_AS, &text),
        };
        if engine.store.save_draft(&draft).await.map_err(Fault::from)? {
            self.version += 1;
            return Ok(());
        }
        let theirs = Self::load(who, &self.id).await?;
        Err(NotKept::Meanwhile(Box::new(theirs)))
    }

    /// Throws it away: what is saved stays.
    pub(crate) async fn discard(&self, who: &SignedIn) -> Result<(), Fault> {
        who.admin.require(Permission::Configure)?;
        let id = DraftId(self.id.clone());
        Ok(who.admin.engine.store.remove_draft(&id).await?)
    }

    /// The address of one of its pages.
    pub(crate) fn href(&self, page: &str) -> String {
        format!("/sp-connections/{}/{page}", self.id)
    }

    /// The address of a page of one of its channels.
    pub(crate) fn channel_href(&self, index: usize, page: &str) -> String {
        format!("/sp-connections/{}/channels/{index}/{page}", self.id)
    }
}

impl Body {
    /// What is saved.
    fn of(configuration: &Configuration, sp: &SpConnection) -> Self {
        let mut document = published_sp_connection(sp, false);
        let base = documents::tag(&document);
        let documents = at(&document, CHANNELS).and_then(Value::as_array).cloned();
        set(&mut document, CHANNELS, None);
        let channels = documents.unwrap_or_default().into_iter().zip(&sp.channels);
        let channels = channels.map(|(document, channel)| {
            let directory = directory_of(configuration, &channel.source.data_store.to_string());
            let entry = policy_entry(sp, channel, directory);
            let mut policy = entry
                .and_then(|entry| entry.as_object().cloned())
                .unwrap_or_default();
            policy.remove("connection");
            policy.remove("channel");
            ChannelDraft {
                origin: Some(channel.name.clone()),
                document,
                policy,
                dropped: false,
            }
        });
        Self {
            channels: channels.collect(),
            document,
            base: Some(base),
            template: Some(true),
            provisions: true,
            metadata: None,
            // Whoever turned it on said so.
            nobody_to_protect: sp.active && sp.channels.iter().any(|channel| channel.active),
            key_expires: configuration
                .alerts
                .key_expires_at(sp)
                .map(day_of)
                .unwrap_or_default(),
        }
    }

    /// The connection's name; may be empty.
    pub(crate) fn name(&self) -> &str {
        let name = self.document.get("name").and_then(Value::as_str);
        name.unwrap_or_default()
    }

    /// The plug-in of its target; may be empty.
    pub(crate) fn connector(&self) -> &str {
        let plugin = at(&self.document, "outboundProvision.type").and_then(Value::as_str);
        plugin.unwrap_or_default()
    }

    /// The document to save, without the channels that are marked for deletion.
    pub(crate) fn whole(&self) -> Value {
        let mut document = self.document.clone();
        let kept = self.kept().map(|channel| channel.document.clone());
        let kept: Vec<Value> = kept.collect();
        set(&mut document, CHANNELS, Some(Value::from(kept)));
        document
    }

    /// The policies to save with it, as in a configuration file.
    pub(crate) fn policies(&self) -> Vec<Value> {
        let id = self.document.get("id").cloned().unwrap_or_default();
        let entry = |channel: &ChannelDraft| {
            let mut entry = channel.policy.clone();
            entry.insert("connection".to_owned(), id.clone());
            entry.insert("channel".to_owned(), Value::from(channel.name()));
            Value::Object(entry)
        };
        let said = self.kept().filter(|channel| !channel.policy.is_empty());
        said.map(entry).collect()
    }

    /// The channels that stay.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &ChannelDraft> {
        self.channels.iter().filter(|channel| !channel.dropped)
    }

    /// The names that channels had and have, where they differ.
    pub(crate) fn renamed(&self) -> Vec<(String, String)> {
        let pairs = self.kept().filter_map(|channel| {
            let before = channel.origin.clone()?;
            let now = channel.name().to_owned();
            (before != now).then_some((before, now))
        });
        pairs.collect()
    }
}

/// The day of a time, as a date is written.
pub(crate) fn day_of(at: Millis) -> String {
    let date = usher_pf::date(at);
    date.get(..10).unwrap_or_default().to_owned()
}

/// The kind of directory of a data store.
pub(crate) fn directory_of(configuration: &Configuration, store: &str) -> DirectoryKind {
    let stores = configuration.data_stores.iter();
    let mut stores = stores.filter(|known| known.id.as_str() == store);
    stores
        .next()
        .map_or(DirectoryKind::Generic, |store| store.directory)
}

fn unreadable(why: &str) -> Fault {
    tracing::error!(%why, "a draft cannot be opened");
    Fault::told(
        axum::http::StatusCode::INTERNAL_SERVER_ERROR,
        "This draft cannot be opened",
        format!("It was sealed with another key, or its text is damaged: {why}"),
        "Discard it on the list of SP connections, and begin anew. What is saved is not touched.",
    )
}
