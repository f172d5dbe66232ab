//! Taking a file as the configuration.

use std::path::Path;

use serde::Serialize;
use usher_core::model::{Configuration, DataStoreKind};
use usher_engine::{Sealer, SystemClock};
use usher_pf::{Difference, ImportContext, Imported, Mode, Warning};
use usher_store::{Administration as _, Change, Subjects as _};

use super::{Input, against, connectors, refused, warnings};
use crate::commands::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::registry::Registry;
use crate::session::{Access, Session, absolute};
use crate::ui::count;

use super::secrets::FileSecrets;

#[derive(Serialize)]
struct Report {
    revision: u64,
    /// Nothing differed, so nothing was saved.
    unchanged: bool,
    differences: Vec<Difference>,
    warnings: Vec<Warning>,
    /// Channels that are no longer configured, with the accounts that stay at their target.
    dropped: Vec<Dropped>,
}

#[derive(Serialize)]
struct Dropped {
    channel: String,
    links: u64,
}

/// A file as a configuration.
pub(super) fn translate(
    input: &Input,
    current: &Configuration,
    sealer: &Sealer,
    mode: Mode,
) -> Result<Imported, Failure> {
    let clock: std::sync::Arc<dyn usher_engine::Clock> = std::sync::Arc::new(SystemClock);
    let registry = Registry::new(clock.clone());
    let descriptors = usher_engine::Connectors::descriptors(&registry);
    let mut secrets = FileSecrets::new(sealer, &input.base, current);
    let context = ImportContext {
        current,
        connectors: &descriptors,
        ids: &mut || uuid::Uuid::now_v7().to_string(),
        secrets: &mut secrets,
        mode,
        now: clock.now(),
    };
    let mut imported = usher_pf::import(&input.file, context)
        .map_err(|problems| refused(&input.name, problems))?;
    let problems = connectors::problems(&imported.configuration, &input.file.pf, &registry);
    if !problems.is_empty() {
        return Err(refused(&input.name, problems));
    }
    absolute_paths(&mut imported.configuration, &input.base);
    keep_ages(&mut imported.configuration, current);
    Ok(imported)
}

/// Files that the configuration names are found from wherever the program is started.
fn absolute_paths(configuration: &mut Configuration, base: &Path) {
    for store in &mut configuration.data_stores {
        let path = match &mut store.kind {
            DataStoreKind::Ldif { path } => Some(path),
            DataStoreKind::Ldap(ldap) => ldap.ca_file.as_mut(),
        };
        if let Some(path) = path.filter(|path| !path.is_empty()) {
            *path = absolute(Path::new(path.as_str()), base)
                .display()
                .to_string();
        }
    }
}

/// A secret that did not change was not entered now.
fn keep_ages(configuration: &mut Configuration, current: &Configuration) {
    for sp in &mut configuration.sp_connections {
        let Some(before) = current.sp_connections.iter().find(|old| old.id == sp.id) else {
            continue;
        };
        for (name, sealed) in &sp.secrets {
            if let (Some(old), Some(at)) =
                (before.secrets.get(name), before.secret_entered_at.get(name))
                && old == sealed
            {
                sp.secret_entered_at.insert(name.clone(), *at);
            }
        }
    }
}

pub(super) async fn import(
    context: &Context<'_>,
    input: &Input,
    mode: Mode,
    drop_channels: bool,
) -> Result<Exit, Failure> {
    // First without touching anything: a wrong file makes no state.
    let trial = against(context).await?;
    translate(input, &trial.current, &trial.sealer, mode)?;
    let session = context.open(Access::Create).await?;
    let current = session.store.configuration().await?;
    let imported = translate(input, &current, &session.admin.engine.sealer, mode)?;
    let configuration = imported.configuration;
    let differences = usher_pf::diff(&current, &configuration);
    let dropped = dropped(&session, &current, &configuration).await?;
    if !drop_channels {
        refuse_losses(&dropped)?;
    }
    let unchanged = differences.is_empty();
    let mut revision = current.revision;
    if !unchanged {
        let told = told(&differences);
        let saved = session.save(configuration, current.revision, told).await?;
        revision = saved.revision;
    }
    let report = Report {
        revision,
        unchanged,
        differences,
        warnings: imported.warnings,
        dropped,
    };
    show(context, input, &report);
    Ok(Exit::Done)
}

fn show(context: &Context<'_>, input: &Input, report: &Report) {
    let ui = context.ui;
    ui.json(report);
    if report.unchanged {
        ui.line(format!(
            "{} is the configuration already (revision {}).",
            input.name, report.revision
        ));
    } else {
        let n = count(report.differences.len() as u64, "difference", "differences");
        ui.line(format!(
            "Imported {} as revision {}: {n}.",
            input.name, report.revision
        ));
    }
    for one in &report.dropped {
        let links = count(one.links, "account stays", "accounts stay");
        ui.line(format!(
            "  {} {} is no longer configured: {links} at the target, untouched",
            ui.yellow("!"),
            one.channel
        ));
    }
    warnings(ui, &report.warnings);
    ui.line(format!(
        "  {} next: `usher doctor`, then `usher plan`",
        ui.blue("=")
    ));
}

async fn dropped(
    session: &Session,
    current: &Configuration,
    new: &Configuration,
) -> Result<Vec<Dropped>, Failure> {
    let mut dropped = Vec::new();
    for (sp, channel) in current.channels() {
        if new.channel(&channel.id).is_some() {
            continue;
        }
        let counts = session.store.counts(&channel.id).await?;
        let linked = ["user.linked", "user.disabled", "user.frozen"];
        dropped.push(Dropped {
            channel: format!("{}/{}", sp.name, channel.name),
            links: linked
                .iter()
                .filter_map(|name| counts.states.get(*name))
                .sum(),
        });
    }
    Ok(dropped)
}

fn refuse_losses(dropped: &[Dropped]) -> Result<(), Failure> {
    let losses: Vec<String> = dropped
        .iter()
        .filter(|one| one.links > 0)
        .map(|one| format!("{} ({})", one.channel, count(one.links, "link", "links")))
        .collect();
    if losses.is_empty() {
        return Ok(());
    }
    Err(Failure::refused(format!(
        "the file no longer has channels that are linked to accounts: {}; nothing was changed",
        losses.join(", ")
    ))
    .help("keep the channel's name: channels are matched by name within their SP connection")
    .help("`--merge` keeps what the file does not name")
    .help(
        "`--drop-channels` drops them: accounts stay untouched at the target, links are archived",
    ))
}

/// The differences for the audit log.
fn told(differences: &[Difference]) -> Vec<Change> {
    let change = |one: &Difference| Change {
        path: one.path.clone(),
        before: one.before.clone(),
        after: one.after.clone(),
    };
    differences.iter().map(change).collect()
}
