//! The whole configuration in the form of the configuration file.

use std::path::Path;

use axum::Json;
use axum::extract::DefaultBodyLimit;
use serde_json::{Value, json};
use usher_core::model::{Configuration, DataStoreKind, SpConnection};
use usher_engine::admin::{Admin, Asking, Doubt, How, Leave, Permission};
use usher_pf::{ConfigFile, ConfigProblem, ImportContext, Imported, Mode, Warning};

use super::Caller;
use super::etag::{IfMatch, Tagged};
use super::given::Text;
use super::openapi::{Group, Operation, Takes, get, post, put};
use super::params::Params;
use super::problem::{Fault, Problem};
use super::saved::changed;
use super::secrets::FileSecrets;
use crate::identity::identity;
use crate::secrets::SentSecrets;
use crate::told::told;

/// Saves without asking directories and targets.
const BYPASS: &str = "bypass_external_validation";

/// Largest configuration.
const LARGEST: usize = 64 << 20;

pub(super) fn group() -> Group {
    let file = || {
        Takes::Body(
            json!("ConfigurationFile"),
            json!({"usher": 1, "pf": {"metadata": {"pfVersion": "12.1.0.0"}, "operations": []}}),
        )
    };
    let merge = |operation: Operation| {
        operation.query(
            "merge",
            "Keep what the file does not name",
            json!("true|false"),
        )
    };
    let mut group = Group::new("Configuration", "The whole configuration as a file")
        .add(
            get("/configuration", "exportConfiguration", "The configuration as a file, with its version as ETag")
                .help("As `usher config export`. Secrets are sealed: only this installation's key opens them. Whoever may not change the configuration gets none.")
                .answers(200, "The file", "ConfigurationFile"),
            export,
        )
        .add(
            merge(post("/configuration/diff", "diffConfiguration", "What importing a file would change"))
                .help("As `usher config diff`. Secrets are compared and never shown.")
                .takes(file())
                .answers_as(200, "What would change", json!({"differences": ["Difference"], "warnings": ["Warning"]})),
            differences,
        )
        .add(
            merge(put("/configuration", "importConfiguration", "Take a file as the configuration"))
                .query("drop_channels", "Allow that channels with links are no longer in the file; nothing is done at the target", json!("true|false"))
                .query(BYPASS, "Do not ask the directories whose access changes and the targets that are turned on", json!("true|false"))
                .help("As `usher config import`: what it changes is tried first. A directory that cannot be used refuses the file, and a connection whose target refuses stays off, with a warning. Secrets stand in the file as they are, or sealed by this installation; `env:` and `file:` are for the command line. Paths of files are absolute.")
                .tagged()
                .takes(file())
                .answers_as(200, "What changed", json!({
                    "revision": "integer", "differences": ["Difference"], "warnings": ["Warning"],
                    "archived": [{"channel": "string", "accounts": "integer"}],
                }))
                .refuses(409, "Channels that are linked to accounts are no longer in the file"),
            import,
        )
        .shape("ConfigurationFile", json!({"usher": "integer", "pf": {"*": "any"}, "policies?": [{"*": "any"}]}))
        .shape("Difference", json!({"path": "string", "before": "string?", "after": "string?"}))
        .shape("Warning", json!({"path": "string", "message": "string"}));
    group.router = group.router.layer(DefaultBodyLimit::max(LARGEST));
    group
}

async fn export(Caller(admin): Caller) -> Result<Tagged<Value>, Problem> {
    Ok(Tagged(file_of(&admin.configuration_to_show().await?)))
}

/// The configuration as a file, without what an empty list would say.
fn file_of(configuration: &Configuration) -> Value {
    serde_json::to_value(usher_pf::export(configuration)).unwrap_or_default()
}

/// What a file is taken for.
struct Wanted {
    mode: Mode,
    drop_channels: bool,
    bypass: bool,
}

fn wanted(mut params: Params, drops: bool) -> Result<Wanted, Problem> {
    let words = ["true", "false"];
    let merge = params.one("merge", &words, super::links::truth);
    let mut of_import =
        |name: &'static str| drops && params.one(name, &words, super::links::truth) == Some(true);
    let drop_channels = of_import("drop_channels");
    let bypass = of_import(BYPASS);
    params.finish()?;
    Ok(Wanted {
        mode: if merge == Some(true) {
            Mode::Merge
        } else {
            Mode::Replace
        },
        drop_channels,
        bypass,
    })
}

async fn differences(
    Caller(admin): Caller,
    params: Params,
    Text(text): Text,
) -> Result<Json<Value>, Problem> {
    let wanted = wanted(params, false)?;
    admin.require(Permission::Configure)?;
    let current = admin.look_at_configuration().await?;
    let imported = translate(&admin, &text, &current, wanted.mode)?;
    let differences = usher_pf::diff(&current, &imported.configuration);
    Ok(Json(
        json!({"differences": differences, "warnings": imported.warnings}),
    ))
}

async fn import(
    Caller(admin): Caller,
    params: Params,
    from: IfMatch,
    Text(text): Text,
) -> Result<Json<Value>, Problem> {
    let wanted = wanted(params, true)?;
    admin.require(Permission::Configure)?;
    let how = How {
        asking: if wanted.bypass {
            Asking::Nothing
        } else {
            Asking::Outside
        },
        leave: if wanted.drop_channels {
            Leave::Any
        } else {
            Leave::NoneLinked
        },
        counts_as_seen: false,
        tell: told,
    };
    let make = |current: &Configuration| {
        from.check(&file_of(current))?;
        let imported = translate(&admin, &text, current, wanted.mode)?;
        Ok((imported.configuration, imported.warnings))
    };
    let changed = changed(&admin, how, make, doubtful).await?;
    let mut warnings = changed.made;
    warnings.extend(changed.warnings.into_iter().map(|message| Warning {
        path: "pf".to_owned(),
        message,
    }));
    let archived = changed.archived.into_iter();
    let archived: Vec<Value> = archived
        .map(|(channel, accounts)| json!({"channel": channel, "accounts": accounts}))
        .collect();
    Ok(Json(json!({
        "revision": changed.configuration.revision, "differences": changed.changes,
        "warnings": warnings, "archived": archived,
    })))
}

fn doubtful(doubts: Vec<Doubt>) -> Problem {
    let faults = doubts.into_iter().map(|doubt| {
        let why = doubt.why.trim_end_matches('.');
        let why = format!("{why}; `{BYPASS}=true` saves without asking");
        Fault::at(String::new(), why)
    });
    Problem::invalid(faults.collect())
}

/// A file as a configuration, or everything that is wrong with it.
fn translate(
    admin: &Admin,
    text: &str,
    current: &Configuration,
    mode: Mode,
) -> Result<Imported, Problem> {
    let file = ConfigFile::parse(text).map_err(refused)?;
    let engine = &admin.engine;
    let descriptors = engine.connectors.descriptors();
    let context = ImportContext {
        current,
        connectors: &descriptors,
        ids: &mut || uuid::Uuid::now_v7().to_string(),
        secrets: &mut FileSecrets(SentSecrets::new(&engine.sealer, current)),
        mode,
        now: engine.clock.now(),
    };
    let imported = usher_pf::import(&file, context).map_err(refused)?;
    let mut faults = relative_paths(&imported.configuration);
    faults.extend(connector_faults(admin, &imported.configuration, &file.pf));
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    Ok(imported)
}

fn refused(problems: Vec<ConfigProblem>) -> Problem {
    Problem::invalid(problems.into_iter().map(fault).collect())
}

/// What keeps connectors from using their settings, or from sharing a target.
fn connector_faults(admin: &Admin, configuration: &Configuration, pf: &Value) -> Vec<Fault> {
    let descriptors = admin.engine.connectors.descriptors();
    let identify = |sp: &SpConnection| identity(admin, sp);
    let found = usher_pf::connector_problems(configuration, pf, &descriptors, &identify);
    found.into_iter().map(fault).collect()
}

fn fault(problem: ConfigProblem) -> Fault {
    let hint = if problem.hint.is_empty() {
        String::new()
    } else {
        format!("; {}", problem.hint)
    };
    let (expected, found) = (problem.expected, problem.found);
    Fault::at(
        pointer(&problem.path),
        format!("expected {expected}, found {found}{hint}"),
    )
}

/// `pf.operations[0].items[1]` as a JSON pointer.
fn pointer(path: &str) -> String {
    if path.starts_with('(') {
        return String::new();
    }
    let path = path.replace('[', ".").replace(']', "");
    path.split('.').fold(String::new(), |mut pointer, part| {
        pointer.push('/');
        pointer.push_str(&part.replace('~', "~0").replace('/', "~1"));
        pointer
    })
}

/// Paths that would depend on where the service was started.
fn relative_paths(configuration: &Configuration) -> Vec<Fault> {
    let mut faults = Vec::new();
    for store in &configuration.data_stores {
        let path = match &store.kind {
            DataStoreKind::Ldif { path } => Some(path),
            DataStoreKind::Ldap(ldap) => ldap.ca_file.as_ref(),
        };
        let relative = path.filter(|path| !path.is_empty() && Path::new(path).is_relative());
        if let Some(path) = relative {
            let detail = format!(
                "data store `{}`: expected an absolute path, found `{path}`",
                store.name
            );
            faults.push(Fault::at("/pf", detail));
        }
    }
    faults
}
