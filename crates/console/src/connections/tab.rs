//! A tab of a connection or of one of its channels: its form is kept in the draft, and judged as the whole is judged
//! when it is saved.

use axum::http::StatusCode;
use serde_json::Value;
use usher_admin_api::documents::{self, Refused, Wanted};
use usher_core::model::Configuration;
use usher_pf::{Mode, Resource};

use super::draft::{Body, Draft, NotKept};
use crate::form::{self, Field, Form, Mistakes, Spec};
use crate::frame::{Fault, Notice, SignedIn};

/// Whose tab it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The connection's.
    Connection,
    /// That of the channel with this position in the draft.
    Channel(usize),
}

impl Place {
    /// The document of a tab there.
    pub(crate) fn document(self, body: &Body) -> Option<&Value> {
        match self {
            Self::Connection => Some(&body.document),
            Self::Channel(index) => body.channels.get(index).map(|channel| &channel.document),
        }
    }

    /// The document of a tab there, to change it.
    pub(crate) fn document_mut(self, body: &mut Body) -> Option<&mut Value> {
        match self {
            Self::Connection => Some(&mut body.document),
            Self::Channel(index) => {
                let channel = body.channels.get_mut(index);
                channel.map(|channel| &mut channel.document)
            }
        }
    }

    /// Where it stands in the document that is saved.
    fn path(self, body: &Body) -> Option<String> {
        match self {
            Self::Connection => Some(String::new()),
            Self::Channel(index) => {
                let before = body.channels.iter().take(index);
                let kept = before.filter(|channel| !channel.dropped).count();
                Some(format!("outboundProvision.channels[{kept}]."))
            }
        }
    }

    /// Where its policy stands among those that are saved.
    fn policy_path(self, body: &Body) -> Option<String> {
        let Self::Channel(index) = self else {
            return None;
        };
        let before = body.channels.iter().take(index);
        let said = before.filter(|channel| !channel.dropped && !channel.policy.is_empty());
        Some(format!("policies[{}].", said.count()))
    }
}

/// What came of sending a tab.
pub(crate) enum Sent {
    /// It is kept.
    Kept(Draft),
    /// Somebody else wrote the draft meanwhile: what was typed, beside what they have.
    Beside {
        /// Their draft; sending the form again puts what was typed in its place.
        theirs: Box<Draft>,
        /// The fields, each with theirs where it differs.
        fields: Vec<Field>,
        /// What is told on top.
        notice: Notice,
    },
}

/// The status of a page that shows both sides of a conflict.
pub(crate) const BESIDE: StatusCode = StatusCode::CONFLICT;

/// Keeps what was sent of a tab. `put` brings what is no plain field of the document into the draft.
pub(crate) async fn keep(
    who: &SignedIn,
    id: &str,
    (place, specs): (Place, &[Spec]),
    form: &Form,
    put: impl Fn(&mut Body, &Form),
) -> Result<Sent, Fault> {
    let mut draft = Draft::load(who, id).await?;
    let theirs = draft.version;
    let mut mine = draft.body.clone();
    if let Some(document) = place.document_mut(&mut mine) {
        form::take(specs, form, document);
    }
    put(&mut mine, form);
    if form.text("version").parse() == Ok(theirs) {
        draft.body = mine.clone();
        match draft.keep(who).await {
            Ok(()) => return Ok(Sent::Kept(draft)),
            Err(NotKept::Fault(fault)) => return Err(fault),
            Err(NotKept::Meanwhile(newer)) => draft = *newer,
        }
    }
    let nothing = Value::Null;
    let ours = place.document(&mine).unwrap_or(&nothing);
    let saved = place.document(&draft.body).unwrap_or(&nothing);
    let by = draft
        .changed
        .as_ref()
        .map_or("somebody", |(by, _)| by.as_str());
    let notice = Notice::bad(vec![
        format!("`{by}` changed this draft since you opened the page. Nothing of yours was kept yet."),
        "What you typed is still here; beside each field that differs stands what they have. Sending it again puts yours in its place.".to_owned(),
    ]);
    Ok(Sent::Beside {
        fields: form::show_beside(specs, ours, saved),
        notice,
        theirs: Box::new(draft),
    })
}

/// The configuration as it would be with the draft saved, or everything that is wrong with it, with places in the
/// document that is saved.
pub(crate) async fn judge(who: &SignedIn, draft: &Draft) -> Result<Configuration, Refused> {
    let (document, policies) = (draft.body.whole(), draft.body.policies());
    let body = &draft.body;
    let prepare = |configuration: &mut Configuration| rename(who, body, configuration);
    documents::preview(&who.admin, wanted(body, &document, &policies), prepare).await
}

/// A draft as a document to save.
pub(crate) fn wanted<'d>(body: &Body, document: &'d Value, policies: &'d [Value]) -> Wanted<'d> {
    Wanted {
        resource: Resource::SpConnection,
        mode: if body.base.is_some() {
            Mode::Update
        } else {
            Mode::Create
        },
        document,
        policies: Some(policies),
        ask: true,
    }
}

/// Gives channels the names that they have in the draft: their ids, and with these their links, stay.
pub(crate) fn rename(
    who: &SignedIn,
    body: &Body,
    configuration: &mut Configuration,
) -> Result<(), Refused> {
    let id = body.document.get("id").and_then(Value::as_str);
    for (before, now) in body.renamed() {
        let mut all = configuration.sp_connections.iter();
        let sp = all.find(|sp| Some(sp.id.as_str()) == id);
        let channel = sp.and_then(|sp| sp.channels.iter().find(|known| known.name == before));
        let Some(channel) = channel.map(|channel| channel.id.clone()) else {
            continue;
        };
        *configuration = who
            .admin
            .with_name(configuration, &channel, &now)
            .map_err(Refused::because)?;
    }
    Ok(())
}

/// Of everything wrong with a draft, what is about one tab: with the places of its own document. `policy.` stands before
/// those of a channel's policy.
pub(crate) fn mistakes(refused: &Refused, body: &Body, place: Place) -> Mistakes {
    let mut mistakes = Mistakes::default();
    let path = place.path(body);
    let policy = place.policy_path(body);
    for (at, words) in &refused.mistakes {
        if let Some(rest) = path
            .as_ref()
            .and_then(|path| at.strip_prefix(path.as_str()))
        {
            mistakes.add(rest, words);
        } else if let Some(rest) = policy
            .as_ref()
            .and_then(|path| at.strip_prefix(path.as_str()))
        {
            mistakes.add(format!("policy.{rest}"), words);
        }
    }
    mistakes
}

/// Of these mistakes, those of these fields.
pub(crate) fn of_fields(mistakes: &Mistakes, specs: &[Spec]) -> Mistakes {
    let mut own = Mistakes::default();
    for spec in specs {
        for words in mistakes.of(spec.path) {
            own.add(spec.path, words);
        }
    }
    own
}
