//! `usher restore`

use std::path::{Path, PathBuf};

use serde::Serialize;
use usher_core::model::{Channel, SpConnection};
use usher_engine::{Lease, Sealer};
use usher_store::{Administration as _, AuditEvent, ChannelState};

use super::{Context, restored};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::{self, Access, Session, StateLock};

/// Make the state folder from a backup; every channel only observes afterwards
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The state folder must hold no state, and the key file must be the one of the backup. Nothing is sent
before directory and target were read in full again.

Example:
  usher restore /var/backups/usher-monday
  usher sync --reconcile
  usher channels activate")]
pub(crate) struct Args {
    /// The folder of a backup
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

#[derive(Serialize)]
struct Restored {
    from: PathBuf,
    state: PathBuf,
    channels: Vec<String>,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit, Failure> {
    let from = args.dir.join(session::DATABASE);
    let state = &context.settings.state;
    if !from.is_file() {
        return Err(
            Failure::refused(format!("there is no backup in `{}`", args.dir.display())).help(
                format!(
                    "expected a folder with a file `{}`, as `usher backup` writes it",
                    session::DATABASE
                ),
            ),
        );
    }
    if session::has_state(state) {
        return Err(Failure::refused(format!(
            "the folder `{}` holds a state already",
            state.display()
        ))
        .help("move it away first: restoring never replaces a state"));
    }
    session::make_folder(state)?;
    let lock = StateLock::take(state)?;
    Sealer::open_or_create(&context.settings.key_file, false)?;
    copy(&from, &state.join(session::DATABASE))?;
    drop(lock);
    let session = context.open(Access::Work).await?;
    let configuration = session.store.configuration().await?;
    let mut channels = Vec::new();
    for (sp, channel) in configuration.channels() {
        observe(&session, sp, channel).await?;
        channels.push(format!("{}/{}", sp.name, channel.name));
    }
    let report = Restored {
        from,
        state: state.clone(),
        channels,
    };
    let ui = context.ui;
    ui.json(&report);
    ui.line(format!(
        "Restored {} from {}.",
        state.display(),
        report.from.display()
    ));
    for name in &report.channels {
        ui.line(format!("  {name} only observes now"));
    }
    ui.line(format!(
        "  {} next: `usher sync --reconcile` reads both sides in full",
        ui.blue("=")
    ));
    Ok(Exit::Done)
}

/// Copies the file; a copy that broke off never looks like a state.
fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::failed(format!(
            "the backup cannot be copied to `{}`: {error}",
            to.display()
        ))
    };
    let half = to.with_extension("db.restoring");
    std::fs::copy(from, &half).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&half, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    }
    std::fs::File::open(&half)
        .and_then(|file| file.sync_all())
        .map_err(failed)?;
    std::fs::rename(&half, to).map_err(failed)
}

/// Nothing that was stored about "read up to here" holds any more.
async fn observe(session: &Session, sp: &SpConnection, channel: &Channel) -> Result<(), Failure> {
    let engine = &session.admin.engine;
    let lease = Lease::take(&engine.store, &engine.clock, &sp.id, &engine.owner).await?;
    let mut record = engine.record(sp, &channel.id).await?;
    record.watermark = None;
    record.planned_digest = None;
    record.planned_revision = None;
    record.last_complete_at = None;
    record.warnings.push(restored::warning());
    let event = AuditEvent {
        at: engine.clock.now(),
        actor: session.admin.operator.clone(),
        event: "RESTORE".to_owned(),
        channel: Some(channel.id.to_string()),
        success: true,
        detail: "restored from a backup; set to observe".to_owned(),
        ..AuditEvent::default()
    };
    engine
        .store
        .set_state(&channel.id, &sp.id, &ChannelState::Observe, &event)
        .await?;
    engine.store.save_channel(lease.fence(), &record).await?;
    lease.release().await?;
    Ok(())
}
