//! Changing the configuration: translated, compared, asked outside, saved.

use serde_json::Value;
use usher_core::model::{Configuration, SpConnection};
use usher_engine::admin::{
    Admin, Asking, Doubt, How, Impatient, Leave, NotChanged, Permission, Place,
};
use usher_pf::{ConfigFile, ConfigProblem, ImportContext, Imported, Mode, Resource};

use super::error::{ApiError, ValidationError};
use super::request::Conditions;
use crate::documents::Wanted;
use crate::identity::identity;
use crate::secrets::SentSecrets;
use crate::told::told;

/// How to go on without asking, as the published API has it. Pages have a button for it.
pub(super) const UNASKED: &str =
    "the header `X-BypassExternalValidation: true` saves without asking";
/// The kind of mistake that somebody outside found.
pub(super) const OUTSIDE: &str = "external_validation_error";

/// What a change made.
pub(crate) struct Changed {
    /// The configuration as it is saved.
    pub(crate) configuration: Configuration,
    /// What is odd.
    pub(crate) warnings: Vec<String>,
}

/// A configuration to be, or why not.
pub(crate) type Made = Result<(Configuration, Vec<String>), ApiError>;

/// Saves one document. `check` looks at the configuration that is there first: whether the resource exists, and
/// whether it is the one that the sender read.
pub(super) async fn save(
    admin: &Admin,
    (resource, mode): (Resource, Mode),
    document: &Value,
    conditions: &Conditions,
    check: impl Fn(&Configuration) -> Result<(), ApiError>,
) -> Result<Changed, ApiError> {
    let wanted = Wanted {
        resource,
        mode,
        document,
        policies: None,
        ask: !conditions.bypass,
    };
    let around = Around {
        prepare: |before: &mut Configuration| check(before),
        finish: |_: &mut Configuration| Ok(()),
    };
    save_prepared(admin, &wanted, conditions, around).await
}

/// What is done before and after a document is translated. Both may refuse.
pub(crate) struct Around<P, F> {
    /// Looks at the configuration that is there, and may change it.
    pub(crate) prepare: P,
    /// Changes the configuration that comes of it.
    pub(crate) finish: F,
}

/// Saves one document.
pub(crate) async fn save_prepared<P, F>(
    admin: &Admin,
    wanted: &Wanted<'_>,
    conditions: &Conditions,
    around: Around<P, F>,
) -> Result<Changed, ApiError>
where
    P: Fn(&mut Configuration) -> Result<(), ApiError>,
    F: Fn(&mut Configuration) -> Result<(), ApiError>,
{
    let (resource, document) = (wanted.resource, wanted.document);
    permit(admin, resource)?;
    let make = |before: &Configuration| make(admin, wanted, before, &around);
    let place = |place: &Place| place_of(resource, document, place);
    change(admin, conditions, make, &place).await
}

/// The configuration as it would be with one document saved.
pub(crate) async fn made<P, F>(
    admin: &Admin,
    wanted: &Wanted<'_>,
    around: Around<P, F>,
) -> Result<Configuration, ApiError>
where
    P: Fn(&mut Configuration) -> Result<(), ApiError>,
    F: Fn(&mut Configuration) -> Result<(), ApiError>,
{
    permit(admin, wanted.resource)?;
    let before = admin.engine.configuration().await?;
    let (configuration, _) = make(admin, wanted, &before, &around)?;
    Ok(configuration)
}

/// The configuration with as much of one document as can be understood, and what is wrong with it.
pub(crate) async fn sketched(
    admin: &Admin,
    wanted: &Wanted<'_>,
    prepare: impl Fn(&mut Configuration) -> Result<(), ApiError>,
) -> Result<(Configuration, Result<(), ApiError>), ApiError> {
    permit(admin, wanted.resource)?;
    let mut before = admin.engine.configuration().await?;
    prepare(&mut before)?;
    let mut problems = Vec::new();
    let sketched = translate(admin, &before, wanted.mode, |context| {
        let (resource, document) = (wanted.resource, wanted.document);
        let (imported, found) = usher_pf::sketch(resource, document, wanted.policies, context);
        problems = found;
        Ok(imported)
    })?;
    Ok((sketched.configuration, refuse(problems)))
}

fn permit(admin: &Admin, resource: Resource) -> Result<(), ApiError> {
    admin.require(match resource {
        Resource::CaCertificate => Permission::ManageCertificates,
        _ => Permission::Configure,
    })?;
    Ok(())
}

fn make<P, F>(
    admin: &Admin,
    wanted: &Wanted<'_>,
    before: &Configuration,
    around: &Around<P, F>,
) -> Made
where
    P: Fn(&mut Configuration) -> Result<(), ApiError>,
    F: Fn(&mut Configuration) -> Result<(), ApiError>,
{
    let Wanted {
        resource,
        mode,
        document,
        policies,
        ..
    } = *wanted;
    let mut before = before.clone();
    (around.prepare)(&mut before)?;
    let mut translated = translate(admin, &before, mode, |context| {
        usher_pf::edit(resource, document, policies, context)
    })?;
    if resource == Resource::SpConnection {
        let configuration = &translated.configuration;
        let identify = |sp: &SpConnection| identity(admin, sp);
        let descriptors = admin.engine.connectors.descriptors();
        refuse(usher_pf::edited_connector_problems(
            configuration,
            document,
            &descriptors,
            &identify,
        ))?;
    }
    (around.finish)(&mut translated.configuration)?;
    Ok(done(translated))
}

/// The field of a document that says how what was asked is reached.
fn place_of(resource: Resource, document: &Value, place: &Place) -> String {
    let field = match (resource, place) {
        (Resource::DataStore, Place::DataStore(_)) if document["type"] == "CUSTOM" => {
            "configuration.fields"
        }
        (Resource::DataStore, Place::DataStore(_)) => "hostnames",
        (Resource::SpConnection, Place::Target(_)) => "outboundProvision.targetSettings",
        _ => "",
    };
    field.to_owned()
}

/// Imports a whole bulk configuration: all of it or nothing.
pub(crate) async fn import(
    admin: &Admin,
    bulk: &Value,
    conditions: &Conditions,
) -> Result<Changed, ApiError> {
    admin.require(Permission::Configure)?;
    let mut pf = bulk.clone();
    let policies = pf.as_object_mut().and_then(|map| map.remove("policies"));
    let policies = policies.and_then(|policies| policies.as_array().cloned());
    let make = |before: &Configuration| -> Made {
        let file = ConfigFile::new(pf.clone(), policies.clone());
        let translated = translate(admin, before, Mode::Merge, |context| {
            usher_pf::import(&file, context)
        });
        let translated = translated.map_err(|error| error.within("pf"))?;
        let identify = |sp: &SpConnection| identity(admin, sp);
        let descriptors = admin.engine.connectors.descriptors();
        let configuration = &translated.configuration;
        let found = usher_pf::connector_problems(configuration, &pf, &descriptors, &identify);
        refuse(found).map_err(|error| error.within("pf"))?;
        let (configuration, mut warnings) = done(translated);
        for warning in &mut warnings {
            // The body is what stands under `pf` in a file.
            if let Some(rest) = warning.strip_prefix("pf.") {
                *warning = rest.to_owned();
            }
        }
        Ok((configuration, warnings))
    };
    let place = |place: &Place| place_in(&pf, place);
    change(admin, conditions, make, &place).await
}

/// Removes something; `remove` says why it cannot be.
pub(crate) async fn remove(
    admin: &Admin,
    permission: Permission,
    conditions: &Conditions,
    remove: impl Fn(&mut Configuration) -> Result<(), ApiError>,
) -> Result<Changed, ApiError> {
    admin.require(permission)?;
    let make = |before: &Configuration| -> Made {
        let mut after = before.clone();
        remove(&mut after)?;
        Ok((after, Vec::new()))
    };
    change(admin, conditions, make, &|_| String::new()).await
}

/// Makes a change that is no document.
pub(crate) async fn make_change(
    admin: &Admin,
    conditions: &Conditions,
    make: impl Fn(&Configuration) -> Made,
) -> Result<Changed, ApiError> {
    admin.require(Permission::Configure)?;
    change(admin, conditions, make, &|_| String::new()).await
}

fn done(translated: Imported) -> (Configuration, Vec<String>) {
    let warnings = translated.warnings.iter().map(ToString::to_string);
    let warnings = warnings.collect();
    (translated.configuration, warnings)
}

fn translate(
    admin: &Admin,
    before: &Configuration,
    mode: Mode,
    make: impl FnOnce(ImportContext<'_>) -> Result<Imported, Vec<ConfigProblem>>,
) -> Result<Imported, ApiError> {
    let engine = &admin.engine;
    let descriptors = engine.connectors.descriptors();
    let context = ImportContext {
        current: before,
        connectors: &descriptors,
        ids: &mut || uuid::Uuid::now_v7().to_string(),
        secrets: &mut SentSecrets::new(&engine.sealer, before),
        mode,
        now: engine.clock.now(),
    };
    make(context).map_err(invalid)
}

fn refuse(problems: Vec<ConfigProblem>) -> Result<(), ApiError> {
    if problems.is_empty() {
        Ok(())
    } else {
        Err(invalid(problems))
    }
}

pub(crate) fn invalid(problems: Vec<ConfigProblem>) -> ApiError {
    let errors = problems.into_iter().map(|problem| ValidationError {
        error_id: "invalid_value".to_owned(),
        message: {
            let hint = if problem.hint.is_empty() { "" } else { "; " };
            format!(
                "expected {}, found {}{hint}{}",
                problem.expected, problem.found, problem.hint
            )
        },
        field_path: problem.path,
    });
    ApiError::invalid(errors.collect())
}

async fn change(
    admin: &Admin,
    conditions: &Conditions,
    make: impl Fn(&Configuration) -> Made,
    place: &(dyn Fn(&Place) -> String + Sync),
) -> Result<Changed, ApiError> {
    let how = How {
        asking: if conditions.bypass {
            Asking::Nothing
        } else {
            Asking::Outside
        },
        leave: Leave::AnyButRenamed,
        counts_as_seen: true,
        tell: told,
    };
    let changed = admin.change(how, make).await;
    let changed = changed.map_err(|why| match why {
        NotChanged::Made(error) => error,
        NotChanged::Doubts(doubts) => doubtful(&doubts, place),
        NotChanged::Impatient(why) => impatient(why),
        NotChanged::Engine(error) => error.into(),
    })?;
    let mut warnings = changed.made;
    warnings.extend(changed.warnings);
    Ok(Changed {
        configuration: changed.configuration,
        warnings,
    })
}

fn impatient(why: Impatient) -> ApiError {
    let text = format!("{why}; nothing was saved; {UNASKED}");
    match why {
        Impatient::TooMany => ApiError::wait(5, text),
        Impatient::TooLong => ApiError::invalid(vec![ValidationError {
            error_id: OUTSIDE.to_owned(),
            message: text,
            field_path: String::new(),
        }]),
    }
}

fn doubtful(doubts: &[Doubt], place: &(dyn Fn(&Place) -> String + Sync)) -> ApiError {
    let errors = doubts.iter().map(|doubt| ValidationError {
        error_id: OUTSIDE.to_owned(),
        message: format!("{}; {UNASKED}", doubt.why.trim_end_matches('.')),
        field_path: place(&doubt.place),
    });
    ApiError::invalid(errors.collect())
}

/// Where a bulk configuration has what was asked.
fn place_in(pf: &Value, place: &Place) -> String {
    let (kind, id) = match place {
        Place::DataStore(id) => ("/dataStores", id.as_str()),
        Place::Target(id) => ("/idp/spConnections", id.as_str()),
    };
    let operations = pf.get("operations").and_then(Value::as_array);
    for (o, operation) in operations.into_iter().flatten().enumerate() {
        let is_kind = operation.get("resourceType").and_then(Value::as_str) == Some(kind);
        let items = operation.get("items").and_then(Value::as_array);
        for (i, item) in items.filter(|_| is_kind).into_iter().flatten().enumerate() {
            if item.get("id").and_then(Value::as_str) == Some(id) {
                return format!("operations[{o}].items[{i}]");
            }
        }
    }
    String::new()
}
