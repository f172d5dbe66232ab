//! Test Connection: with what stands in the form, and without saving it.
//!
//! A saved password goes only to where it goes already, as when the form is saved.

use serde_json::Value;
use usher_admin_api::documents::{self, Refused, Wanted};
use usher_connector::{Check, CheckOutcome};
use usher_core::model::{Configuration, DataStoreId};
use usher_engine::EngineError;
use usher_pf::{Mode, Resource};

use super::document;
use crate::frame::{Fault, Notice, SignedIn};

/// What came of a test.
pub(super) enum Tested {
    /// Each check.
    Checks(Vec<Check>),
    /// It could not begin, or took too long.
    Told(Notice),
    /// The form is not complete.
    Refused(Refused),
}

pub(super) async fn run(
    who: &SignedIn,
    mode: Mode,
    edited: &Value,
    prepare: impl Fn(&mut Configuration) -> Result<(), Refused>,
) -> Result<Tested, Fault> {
    let (document, policies) = document::split(edited);
    let wanted = Wanted {
        resource: Resource::DataStore,
        mode,
        document: &document,
        policies: Some(&policies),
        ask: false,
    };
    let preview = documents::preview(&who.admin, wanted, prepare);
    let configuration = match Box::pin(preview).await {
        Ok(configuration) => configuration,
        Err(refused) => return Ok(Tested::Refused(document::at_fields(refused))),
    };
    let id = document.get("id").and_then(Value::as_str);
    let id = DataStoreId::new(id.unwrap_or_default());
    let asked = who.admin.test_data_store(&configuration, &id);
    match who.admin.patient(asked).await {
        Ok(Ok(checks)) => Ok(Tested::Checks(checks)),
        Ok(Err(error @ (EngineError::Forbidden(_) | EngineError::Store(_)))) => Err(error.into()),
        Ok(Err(error)) => Ok(Tested::Told(Notice::bad(vec![error.to_string()]))),
        Err(why) => Ok(Tested::Told(Notice::bad(vec![why.to_string()]))),
    }
}

/// How a check is shown: never by colour alone.
pub(super) fn tone(check: &Check) -> (&'static str, &'static str) {
    match check.outcome {
        CheckOutcome::Good => ("good", "good"),
        CheckOutcome::Warning => ("warn", "look"),
        CheckOutcome::Failed => ("bad", "failed"),
    }
}
