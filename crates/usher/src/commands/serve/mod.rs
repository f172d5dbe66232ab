//! `usher serve`

mod crowd;
mod doors;
mod patient;
mod requests;
pub(crate) mod signals;
mod tls;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use serde::Serialize;
use usher_admin_api::Api;
use usher_engine::Sealer;
use usher_engine::access::Access as Accounts;
use usher_engine::service::{Service, ServiceOptions};
use usher_notify::Messenger;

use super::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::{self, Access, Session, StateLock};
use crate::settings::{Settings, Tls};
use doors::Doors;
use signals::Signals;

/// The socket's name in the state folder.
pub(crate) const SOCKET: &str = "usher.sock";

/// Run as a service: channels by their schedules, the administrative APIs, health and metrics
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Looks at every active channel when its schedule says so, sends what may be sent, and answers the
administrative APIs on one address. A first run prints a link for the first operator. SIGTERM or
Ctrl-C ends it when what is in flight is done; a second one ends it at once. Other commands work
beside it.

Examples:
  usher serve                                 on 127.0.0.1:9999
  usher serve --listen 127.0.0.1:9000         on another port
  USHER__SERVE__TLS=self-made usher serve --listen 0.0.0.0:9999")]
pub(crate) struct Args {
    /// Address and port, instead of the setting `serve.listen`
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
}

/// What is told once it runs.
#[derive(Serialize)]
pub(crate) struct Running {
    pub(crate) url: String,
    socket: PathBuf,
    state: PathBuf,
    /// SHA-256 of a certificate that was made here.
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<String>,
    /// For the first operator, while there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) first_link: Option<String>,
    /// Why nothing runs, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
}

pub(crate) async fn run(args: Args, context: &Context<'_>) -> Result<Exit, Failure> {
    let settings = &context.settings;
    let listen = args.listen.as_deref().unwrap_or(&settings.serve.listen);
    let address = address(listen)?;
    refuse_open(address, &settings.serve.tls)?;
    // From here on nobody who was told that it runs can end it too early.
    let signals = Signals::listen()?;
    match missing_key(settings) {
        Some(why) => serve_trouble(context, address, signals, why).await,
        None => serve(context, address, signals, |running| tell(context, running)).await,
    }
}

fn address(text: &str) -> Result<SocketAddr, Failure> {
    text.parse().map_err(|_| {
        Failure::refused(format!("`{text}` is not an address to listen on"))
            .help("expected an IP address with a port, such as 127.0.0.1:9999 or [::1]:9999 (setting `serve.listen`)")
    })
}

/// Passwords and what is known of people never go over a network in the clear.
fn refuse_open(address: SocketAddr, tls: &Tls) -> Result<(), Failure> {
    if address.ip().is_loopback() || *tls != Tls::Off {
        return Ok(());
    }
    Err(Failure::refused(format!(
        "{address} can be reached from other machines, and TLS is off"
    ))
    .help("let Usher make a certificate: `serve.tls = \"self-made\"` (USHER__SERVE__TLS=self-made)")
    .help("or give one: `serve.tls = \"files\"` with `serve.tls_certificate` and `serve.tls_key`")
    .help("or listen on 127.0.0.1 only, behind a proxy that does TLS"))
}

/// Why no secret of the state can be opened, if so.
fn missing_key(settings: &Settings) -> Option<String> {
    if !session::has_state(&settings.state) {
        return None;
    }
    let opened = Sealer::open_or_create(&settings.key_file, false);
    opened.err().map(|error| error.to_string())
}

/// Runs until it is told to end; `greet` tells that it does.
pub(crate) async fn serve(
    context: &Context<'_>,
    address: SocketAddr,
    signals: Signals,
    greet: impl FnOnce(&Running),
) -> Result<Exit, Failure> {
    let settings = &context.settings;
    let session = context.open(Access::Serve).await?;
    let tls = tls::server(&settings.serve.tls, &settings.state, address)?;
    let doors = Doors::open(
        address,
        &settings.state,
        tls.config,
        settings.serve.most_connections,
        settings.serve.behind_proxy,
    )
    .await?;
    let engine = &session.admin.engine;
    let messenger = Messenger::new(engine.sealer.clone(), engine.clock.clone());
    let options = ServiceOptions {
        retention: settings.retention,
        offset_ms: Arc::new(local_offset_ms),
        notifier: Some(Arc::new(messenger)),
        ..ServiceOptions::default()
    };
    let service = Service::start(session.admin.clone(), options);
    let mut api = Api::new(session.admin.clone())
        .with_state_folder(settings.state.clone())
        .with_service(&service);
    api.tls = tls.is_on;
    api.behind_proxy = settings.serve.behind_proxy;
    let first_link = first_link(&session, &api.access, &doors.url(tls.is_on)).await?;
    let running = Running {
        url: doors.url(tls.is_on),
        socket: settings.state.join(SOCKET),
        state: settings.state.clone(),
        fingerprint: tls.fingerprint,
        first_link,
        trouble: None,
    };
    greet(&running);
    let patience = settings.serve.patience;
    let hurried = doors
        .serve(requests::watched(with_pages(api)), signals)
        .await;
    // What is asked for and what is sent end together, within one patience.
    let stop = async {
        service.stop(patience).await;
        hurried.answers_end(patience).await;
    };
    tokio::select! {
        () = stop => {}
        () = hurried.again() => tracing::warn!("told twice: what is in flight is left to be looked up at the next start"),
    }
    let ended = forgotten_stops(&session, &service).await;
    session.store.close().await;
    tracing::info!("ended");
    ended.map(|()| Exit::Done)
}

/// Stops that only this process knows of are no small matter: the next start would go on.
async fn forgotten_stops(session: &Session, service: &Service) -> Result<(), Failure> {
    let left = service.write_stops().await;
    let Some((_, why)) = left.first() else {
        return Ok(());
    };
    let names = match session.admin.engine.configuration().await {
        Ok(configuration) => configuration
            .channels()
            .filter(|(_, channel)| left.iter().any(|(id, _)| *id == channel.id))
            .map(|(sp, channel)| format!("{}/{}", sp.name, channel.name))
            .collect(),
        Err(_) => left
            .iter()
            .map(|(id, _)| id.to_string())
            .collect::<Vec<_>>(),
    };
    let names = names.join(", ");
    tracing::error!(%why, channels = %names, "what was stopped could not be written");
    Err(Failure::failed(format!(
        "{names} was stopped, which could not be written: {why}; the next start knows nothing of it"
    ))
    .help("before the next start: see that the state can be written, then `usher stop`"))
}

/// The APIs, and the console on the same address.
fn with_pages(api: Api) -> Router {
    let pages = usher_console::router(api.clone());
    api.router().fallback_service(pages)
}

/// Nothing runs; whoever asks is told why.
async fn serve_trouble(
    context: &Context<'_>,
    address: SocketAddr,
    signals: Signals,
    why: String,
) -> Result<Exit, Failure> {
    let settings = &context.settings;
    let _lock = StateLock::take(&settings.state)?;
    let tls = tls::server(&settings.serve.tls, &settings.state, address)?;
    let doors = Doors::open(
        address,
        &settings.state,
        tls.config,
        settings.serve.most_connections,
        settings.serve.behind_proxy,
    )
    .await?;
    tracing::error!(%why, "nothing runs");
    let running = Running {
        url: doors.url(tls.is_on),
        socket: settings.state.join(SOCKET),
        state: settings.state.clone(),
        fingerprint: tls.fingerprint,
        first_link: None,
        trouble: Some(why.clone()),
    };
    tell(context, &running);
    let router: Router = requests::refusing(why);
    drop(doors.serve(requests::watched(router), signals).await);
    Ok(Exit::Refused)
}

async fn first_link(
    session: &Session,
    accounts: &Accounts,
    url: &str,
) -> Result<Option<String>, Failure> {
    if !accounts.is_first_run().await? {
        return Ok(None);
    }
    let link = accounts.first_link(&session.admin.operator).await?;
    Ok(Some(format!("{url}/first-run#{}", link.reveal())))
}

fn tell(context: &Context<'_>, running: &Running) {
    let ui = context.ui;
    ui.json(running);
    ui.line(format!("Usher runs on {}", running.url));
    ui.line(format!("  state     {}", running.state.display()));
    if let Some(fingerprint) = &running.fingerprint {
        ui.line(format!("  certificate (SHA-256) {fingerprint}"));
    }
    if let Some(link) = &running.first_link {
        ui.line(format!("  first sign-in, once and within a day: {link}"));
        ui.line("    or: `usher operators add NAME`");
    }
    if let Some(why) = &running.trouble {
        ui.line(format!("  {} nothing runs: {why}", ui.red("!")));
    }
    ui.line("Ctrl-C ends it.");
}

/// What local time is ahead of UTC.
fn local_offset_ms(at: i64) -> i64 {
    let Ok(at) = jiff::Timestamp::from_millisecond(at) else {
        return 0;
    };
    let offset = jiff::tz::TimeZone::system().to_offset(at);
    i64::from(offset.seconds()) * 1_000
}
