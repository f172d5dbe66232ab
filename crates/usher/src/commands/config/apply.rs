//! Taking a file as the configuration.

use std::path::Path;

use serde::Serialize;
use usher_admin_api::commands::Save;
use usher_core::model::{Configuration, DataStoreKind};
use usher_engine::{Sealer, SystemClock};
use usher_pf::{ImportContext, Imported, Mode, Warning};
use usher_store::{Administration as _, Change, Subjects as _};

use super::{Input, against, connectors, refused, warnings};
use crate::commands::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::registry::Registry;
use crate::session::{Access, Session, absolute};
use crate::ui::count;

use super::secrets::FileSecrets;

/// What an import may do.
pub(super) struct Wanted {
    /// Linked channels may be missing.
    pub(super) drop_channels: bool,
    /// Directories and targets are not asked.
    pub(super) unasked: bool,
}

#[derive(Serialize)]
struct Report {
    revision: u64,
    /// Nothing differed, so nothing was saved.
    unchanged: bool,
    differences: Vec<Change>,
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

pub(super) async fn import(
    context: &Context<'_>,
    input: &Input,
    mode: Mode,
    wanted: Wanted,
) -> Result<Exit, Failure> {
    // First without touching anything: a wrong file makes no state.
    let trial = against(context).await?;
    translate(input, &trial.current, &trial.sealer, mode)?;
    let session = context.open(Access::Create).await?;
    let current = session.store.configuration().await?;
    let imported = translate(input, &current, &session.admin.engine.sealer, mode)?;
    let configuration = imported.configuration;
    let dropped = dropped(&session, &current, &configuration).await?;
    if !wanted.drop_channels {
        refuse_losses(&dropped)?;
    }
    let asked = Save {
        configuration,
        from_revision: current.revision,
        ask: !wanted.unasked,
        drop_channels: wanted.drop_channels,
    };
    let saved = Box::pin(session.save(&asked)).await?;
    let mut warnings = imported.warnings;
    warnings.extend(saved.warnings.into_iter().map(|message| Warning {
        path: "pf".to_owned(),
        message,
    }));
    let report = Report {
        revision: saved.revision,
        unchanged: saved.changes.is_empty(),
        differences: saved.changes,
        warnings,
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
