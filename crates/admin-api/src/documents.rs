//! Saving documents of the published shape, for pages: in the same way and with the same words as the published API.

use serde_json::{Value, json};
use usher_core::model::{Configuration, DataStoreId};
use usher_engine::admin::{Admin, Permission, PolicyProblem, WantedAlerts};
use usher_pf::{Mode, Resource};

use crate::pf::{ApiError, Conditions, answer, change};

/// Why nothing was saved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// In a sentence.
    pub message: String,
    /// Each mistake: its place, relative to the document (empty for the whole), and what was expected and found.
    pub mistakes: Vec<(String, String)>,
    /// Somebody else changed the document since it was read.
    pub changed_meanwhile: bool,
    /// A directory or a target was asked and would not work with it: it can be saved without asking.
    pub outside: bool,
}

impl Refused {
    /// A refusal of the whole.
    pub fn because(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    /// Refuses a document that is not any more what its editor read: `seen` is the [`tag`] of that.
    pub fn unless_seen(seen: &str, current: &Value) -> Result<(), Self> {
        if tag(current) == seen {
            return Ok(());
        }
        Err(Self {
            message: "Somebody else changed it since you opened it. Nothing was saved.".to_owned(),
            changed_meanwhile: true,
            ..Self::default()
        })
    }
}

/// The tag of a document: equal documents have equal tags.
pub fn tag(document: &Value) -> String {
    answer::tag(document)
}

/// What was saved.
#[derive(Clone, Debug)]
pub struct Saved {
    /// The configuration as it is now.
    pub configuration: Configuration,
    /// What is odd, and what was turned off again since its target refused.
    pub warnings: Vec<String>,
}

/// A document to save.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'d> {
    /// What it is.
    pub resource: Resource,
    /// Whether it is new: [`Mode::Create`] or [`Mode::Update`].
    pub mode: Mode,
    /// The document.
    pub document: &'d Value,
    /// The policies of the channels in it, as in a configuration file; `None` leaves them as they are.
    pub policies: Option<&'d [Value]>,
    /// Whether directories and targets are asked before it is saved.
    pub ask: bool,
}

/// Saves a document. `prepare` looks at the configuration that is there first, and may refuse or change it, such as
/// giving a channel another name.
pub async fn save(
    admin: &Admin,
    wanted: Wanted<'_>,
    prepare: impl Fn(&mut Configuration) -> Result<(), Refused>,
) -> Result<Saved, Refused> {
    save_finished(admin, wanted, prepare, |_| Ok(())).await
}

/// As [`save`]; `finish` changes the configuration that comes of it, in the same transaction.
pub async fn save_finished(
    admin: &Admin,
    wanted: Wanted<'_>,
    prepare: impl Fn(&mut Configuration) -> Result<(), Refused>,
    finish: impl Fn(&mut Configuration) -> Result<(), Refused>,
) -> Result<Saved, Refused> {
    let conditions = Conditions::asking(wanted.ask);
    let prepare = |configuration: &mut Configuration| prepare(configuration).map_err(refusal);
    let finish = |configuration: &mut Configuration| finish(configuration).map_err(refusal);
    let around = change::Around { prepare, finish };
    told(change::save_prepared(admin, &wanted, &conditions, around).await)
}

/// The configuration as it would be with a document saved, or everything that is wrong with it. Nothing is saved and
/// nobody is asked; only for those who could save it.
pub async fn preview(
    admin: &Admin,
    wanted: Wanted<'_>,
    prepare: impl Fn(&mut Configuration) -> Result<(), Refused>,
) -> Result<Configuration, Refused> {
    let prepare = |configuration: &mut Configuration| prepare(configuration).map_err(refusal);
    let around = change::Around {
        prepare,
        finish: |_: &mut Configuration| Ok(()),
    };
    let made = change::made(admin, &wanted, around).await;
    made.map_err(ApiError::told)
}

/// The configuration as it would be with a document saved that is still being written, as far as it can be understood,
/// and what is wrong with it. For looking and trying what is there already; only for those who could save it.
pub async fn sketch(
    admin: &Admin,
    wanted: Wanted<'_>,
    prepare: impl Fn(&mut Configuration) -> Result<(), Refused>,
) -> Result<(Configuration, Result<(), Refused>), Refused> {
    let prepare = |configuration: &mut Configuration| prepare(configuration).map_err(refusal);
    let sketched = change::sketched(admin, &wanted, prepare).await;
    let (configuration, wrong) = sketched.map_err(ApiError::told)?;
    Ok((configuration, wrong.map_err(ApiError::told)))
}

/// Removes something; `remove` says why it cannot be.
pub async fn remove(
    admin: &Admin,
    remove: impl Fn(&mut Configuration) -> Result<(), Refused>,
) -> Result<Saved, Refused> {
    let conditions = Conditions::asking(true);
    let remove = |configuration: &mut Configuration| remove(configuration).map_err(refusal);
    let changed = change::remove(admin, Permission::Configure, &conditions, remove).await;
    told(changed)
}

/// Takes a data store out of a configuration; refuses to while channels read it, and names them.
pub fn without_data_store(configuration: &mut Configuration, id: &str) -> Result<(), Refused> {
    let store = DataStoreId::new(id);
    let readers = usher_pf::readers(configuration, &store);
    if !readers.is_empty() {
        return Err(Refused::because(format!(
            "The data store `{id}` is in use by {}. Give them another data store, or delete them first.",
            readers.join(", ")
        )));
    }
    configuration.data_stores.retain(|known| known.id != store);
    Ok(())
}

/// Takes the certificate of an authority out of the configuration: for those who manage certificates.
pub async fn remove_certificate(admin: &Admin, id: &str) -> Result<Saved, Refused> {
    let remove = |configuration: &mut Configuration| {
        let before = configuration.ca_certificates.len();
        configuration.ca_certificates.retain(|known| known.id != id);
        if configuration.ca_certificates.len() == before {
            let gone = format!("There is no certificate `{id}` any more.");
            return Err(ApiError::refused(Refused::because(gone)));
        }
        Ok(())
    };
    let permission = Permission::ManageCertificates;
    told(change::remove(admin, permission, &Conditions::asking(true), remove).await)
}

/// The settings of alerts as a document, without secrets: what [`save_alerts`] compares.
pub fn alerts(configuration: &Configuration) -> Value {
    let settings = &configuration.alerts;
    let webhooks = settings.webhooks.iter();
    let webhooks: Vec<&str> = webhooks.map(|one| one.url.as_str()).collect();
    json!({
        "emails": settings.emails, "webhooks": webhooks,
        "parked_threshold": settings.parked_threshold, "off": settings.off,
    })
}

/// Saves who is told of what. `seen` is the [`tag`] of the [`alerts`] that the editor read; places of mistakes are
/// pointers such as `/webhooks/0/secret`.
pub async fn save_alerts(admin: &Admin, seen: &str, wanted: &WantedAlerts) -> Result<(), Refused> {
    let make = |before: &Configuration| {
        Refused::unless_seen(seen, &alerts(before)).map_err(refusal)?;
        let problems = |found: Vec<PolicyProblem>| {
            let mistakes = found.into_iter().map(|one| (one.pointer, one.message));
            refusal(Refused {
                mistakes: mistakes.collect(),
                ..Refused::because("Nothing was saved.")
            })
        };
        let after = admin.with_alerts(before, wanted).map_err(problems)?;
        Ok((after, Vec::new()))
    };
    let saved = change::make_change(admin, &Conditions::asking(false), make).await;
    told(saved).map(|_| ())
}

/// Imports a configuration file: what it names is added or replaced, what it does not name stays; all of it or nothing.
pub async fn import(admin: &Admin, text: &str) -> Result<Saved, Refused> {
    let file =
        usher_pf::ConfigFile::parse(text).map_err(|problems| change::invalid(problems).told())?;
    let mut bulk = file.pf;
    if let (Some(policies), Some(members)) = (file.policies, bulk.as_object_mut()) {
        members.insert("policies".to_owned(), Value::from(policies));
    }
    told(change::import(admin, &bulk, &Conditions::asking(true)).await)
}

fn told(changed: Result<change::Changed, ApiError>) -> Result<Saved, Refused> {
    match changed {
        Ok(changed) => Ok(Saved {
            configuration: changed.configuration,
            warnings: changed.warnings,
        }),
        Err(error) => Err(error.told()),
    }
}

fn refusal(refused: Refused) -> ApiError {
    ApiError::refused(refused)
}
