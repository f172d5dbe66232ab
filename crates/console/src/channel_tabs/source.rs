//! Source: the data store, and what is loaded for its kind of directory.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value};
use usher_core::model::{
    Channel, ChannelId, Configuration, DataStore, DataStoreId, DataStoreKind, DirectoryKind, Policy,
};
use usher_core::templates::defaults_for;
use usher_engine::admin::Permission;
use usher_pf::channel_document;

use super::forms::{FormPage, Link, Shown};
use super::here::{Here, Page, onward};
use super::said;
use crate::connections::draft::{Body, ChannelDraft, directory_of};
use crate::connections::steps::goes_on;
use crate::connections::tab::{self, Place, Sent};
use crate::form::{Choice, Control, Field, Form, Mistakes, at, set};
use crate::frame::{Fault, Notice, Posted, SignedIn, page, page_as, see};

const STORE: &str = "channelSource.dataSource.id";
/// What is done with settings that are there.
const TEMPLATE: &str = "template";
/// What a template has to say.
const LOADED: [&str; 5] = [
    "guidAttributeName",
    "guidBinary",
    "changeDetectionSettings",
    "groupMembershipDetection",
    "accountManagementSettings",
];

/// What a kind of directory is called.
pub(super) fn kind_words(kind: DirectoryKind) -> &'static str {
    match kind {
        DirectoryKind::ActiveDirectory => "Active Directory",
        DirectoryKind::PingDirectory => "PingDirectory",
        DirectoryKind::OracleUnifiedDirectory => "Oracle Unified Directory",
        DirectoryKind::OracleDirectoryServer => "Oracle Directory Server",
        DirectoryKind::OpenLdap => "OpenLDAP",
        DirectoryKind::Ds389 => "389 Directory Server",
        DirectoryKind::Generic => "Generic",
    }
}

fn store_words(store: &DataStore) -> String {
    let kind = kind_words(store.directory);
    match &store.kind {
        DataStoreKind::Ldap(ldap) => {
            format!("{} ({kind}, {})", store.name, ldap.hosts.join(", "))
        }
        DataStoreKind::Ldif { .. } => format!("{} ({kind}, LDIF file)", store.name),
    }
}

fn made(
    who: &SignedIn,
    here: &Here,
    configuration: &Configuration,
    (chosen, asked): (&str, bool),
    mistakes: &Mistakes,
) -> Result<FormPage, Fault> {
    let stores = configuration.data_stores.iter();
    let choices = stores.map(|store| Choice::new(store.id.as_str(), store_words(store)));
    let mut fields = vec![
        Field::new(
            STORE,
            "Active Data Store",
            Control::Select(choices.collect()),
        )
        .value(chosen)
        .required()
        .help("Where people and groups come from: an LDAP directory, or an LDIF file.")
        .more("Choosing one loads what its kind of directory calls things into the next tabs.")
        .wrong(mistakes),
    ];
    if asked {
        let choices = vec![
            Choice::new("load", "Replace the source settings by those of its kind"),
            Choice::new("keep", "Keep the source settings as they are"),
        ];
        let question = "Source settings are there already";
        fields.push(
            Field::new(TEMPLATE, question, Control::Radio(choices))
                .required()
                .help("The base DN, who is in scope and the mapping stay in both cases."),
        );
    }
    let group = Shown {
        legend: "",
        dense: false,
        fields,
    };
    let mut made = FormPage::new(who, here, Page::Source, vec![group], mistakes)?;
    made.links.push(Link {
        href: "/system/data-stores".to_owned(),
        label: "Manage Data Stores",
    });
    Ok(made)
}

fn chosen(channel: &ChannelDraft) -> &str {
    let store = at(&channel.document, STORE).and_then(Value::as_str);
    store.unwrap_or_default()
}

pub(super) async fn shown(
    who: SignedIn,
    Path((id, n)): Path<(String, String)>,
) -> Result<Response, Fault> {
    let here = Here::open(&who, &id, &n).await?;
    let configuration = who.admin.configuration_to_show().await?;
    let store = chosen(here.channel()?);
    page(&made(
        &who,
        &here,
        &configuration,
        (store, false),
        &Mistakes::default(),
    )?)
}

/// What choosing a data store does to the settings that are there.
struct Choosing {
    store: String,
    kind: DirectoryKind,
    /// Whether its template is loaded.
    load: bool,
    /// The mapping to begin with, when there is none yet.
    mapping: Option<Value>,
}

pub(super) async fn keep(
    Path((id, n)): Path<(String, String)>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    who.admin.require(Permission::Configure)?;
    let before = Here::open(&who, &id, &n).await?;
    let configuration = who.admin.configuration_to_show().await?;
    let was = before.channel()?.clone();
    let store = form.text(STORE).to_owned();
    let kind = directory_of(&configuration, &store);
    let is_known = configuration
        .data_stores
        .iter()
        .any(|one| one.id.as_str() == store);
    let changed = is_known && store != chosen(&was);
    let own = has_own_settings(&configuration, &was);
    if changed && own && !["load", "keep"].contains(&form.text(TEMPLATE)) {
        let asked = (store.as_str(), true);
        let mut made = made(&who, &before, &configuration, asked, &Mistakes::default())?;
        let words = format!(
            "The source settings differ from those that its kind begins with. Nothing is changed yet: say what becomes of them for {}.",
            kind_words(kind)
        );
        made.frame = made.frame.notice(Notice::warn(vec![words]));
        return page(&made);
    }
    let choosing = Choosing {
        load: changed && (!own || form.text(TEMPLATE) == "load"),
        mapping: default_mapping(&who, &before, &was, kind).filter(|_| is_known),
        store,
        kind,
    };
    let loaded = (choosing.load, choosing.mapping.is_some());
    let index = before.n;
    let put = |body: &mut Body, _: &Form| {
        if let Some(channel) = body.channels.get_mut(index) {
            choosing.put(channel);
            said::forget_seen(&was, channel);
        }
    };
    let here = match tab::keep(&who, &id, (Place::Channel(index), &[]), &form, put).await? {
        Sent::Kept(draft) => Here::of(draft, &n)?,
        Sent::Beside { theirs, notice, .. } => {
            let theirs = Here::of(*theirs, &n)?;
            let mine = (form.text(STORE), false);
            let mut made = made(&who, &theirs, &configuration, mine, &Mistakes::default())?;
            made.frame = made.frame.notice(notice);
            return page_as(tab::BESIDE, &made);
        }
    };
    if goes_on(&form) {
        let mistakes = here.judge(&who).await;
        let mut mistakes = mistakes.among(Page::Source.places());
        if !is_known {
            mistakes = Mistakes::default();
            mistakes.add(STORE, "expected a data store of the list, found none; choose one, or make one under Manage Data Stores");
        }
        if !mistakes.is_empty() {
            let typed = (form.text(STORE), false);
            let made = made(&who, &here, &configuration, typed, &mistakes)?;
            return page_as(StatusCode::UNPROCESSABLE_ENTITY, &made);
        }
        if let Some(word) = loaded_word(loaded) {
            return Ok(see(&format!("{}?loaded={word}", here.href(Page::Settings))));
        }
    }
    Ok(onward(&form, &here, Page::Source))
}

fn loaded_word(loaded: (bool, bool)) -> Option<&'static str> {
    match loaded {
        (true, true) => Some("both"),
        (true, false) => Some("settings"),
        (false, true) => Some("mapping"),
        (false, false) => None,
    }
}

/// What was loaded, for the page after it.
pub(super) fn loaded_words(word: &str, kind: DirectoryKind) -> Option<String> {
    let kind = kind_words(kind);
    let what = match word {
        "both" => "The source settings below, and the mapping on the tab Attribute Mapping,",
        "settings" => "The source settings below",
        "mapping" => "The mapping on the tab Attribute Mapping",
        _ => return None,
    };
    let verb = if word == "mapping" { "begins" } else { "begin" };
    Some(format!(
        "{what} {verb} as it is usual for {kind}. Compare them with your directory, with Probe at the end of this page."
    ))
}

impl Choosing {
    fn put(&self, channel: &mut ChannelDraft) {
        let document = &mut channel.document;
        set(document, STORE, Some(Value::from(self.store.as_str())));
        if self.load {
            let template = template(self.kind);
            for name in LOADED {
                let path = format!("channelSource.{name}");
                set(document, &path, template.get(name).cloned());
            }
        }
        if let Some(mapping) = &self.mapping {
            set(document, "attributeMapping", Some(mapping.clone()));
        }
    }
}

/// Whether there are settings that differ from those that the kind of the data store begins with.
fn has_own_settings(configuration: &Configuration, channel: &ChannelDraft) -> bool {
    let source = at(&channel.document, "channelSource");
    let Some(Value::Object(source)) = source else {
        return false;
    };
    let template = template(directory_of(configuration, chosen(channel)));
    let mut loaded = LOADED.iter();
    loaded.any(|name| {
        let there = source.get(*name);
        there.is_some_and(|value| {
            plain(value) != plain(&template.get(*name).cloned().unwrap_or_default())
        })
    })
}

/// Without what says nothing.
fn plain(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let said = map
                .iter()
                .filter(|(_, value)| !value.is_null() && value.as_str() != Some(""));
            Value::Object(
                said.map(|(name, value)| (name.clone(), value.clone()))
                    .collect(),
            )
        }
        other => other.clone(),
    }
}

/// The source settings of a kind of directory, in the published shape.
fn template(kind: DirectoryKind) -> Map<String, Value> {
    let channel = stand_in(kind, Vec::new());
    let document = serde_json::to_value(channel_document(&channel)).unwrap_or_default();
    let source = document.get("channelSource").and_then(Value::as_object);
    source.cloned().unwrap_or_default()
}

fn stand_in(kind: DirectoryKind, mapping: Vec<usher_core::model::MappingRule>) -> Channel {
    Channel {
        id: ChannelId::new("template"),
        name: String::new(),
        active: false,
        max_threads: 1,
        timeout_seconds: 60,
        source: defaults_for(kind).source(DataStoreId::new(""), ""),
        mapping,
        policy: Policy::default(),
    }
}

/// The mapping that the target's connector begins with for a kind of directory; only where none is there.
fn default_mapping(
    who: &SignedIn,
    here: &Here,
    channel: &ChannelDraft,
    kind: DirectoryKind,
) -> Option<Value> {
    let there = at(&channel.document, "attributeMapping").and_then(Value::as_array);
    if there.is_some_and(|rules| !rules.is_empty()) {
        return None;
    }
    let connectors = &who.admin.engine.connectors;
    let descriptor = connectors
        .connector(here.draft.body.connector())?
        .descriptor();
    let rules = descriptor.default_mapping.get(&kind)?.clone();
    let document = channel_document(&stand_in(kind, rules));
    let document = serde_json::to_value(document).ok()?;
    document.get("attributeMapping").cloned()
}
