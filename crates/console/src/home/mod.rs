//! Home: what is to be set up, how the channels are, what needs a person, how the service is.

mod setup;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use usher_admin_api::Api;

use crate::channels::glance::{Glances, glances};
use crate::frame::text::Shown;
use crate::frame::when::When;
use crate::frame::{Fault, Frame, SignedIn, page};
use setup::SetUp;

/// Alerts that are named.
const ALERTS: usize = 20;

pub(crate) fn routes() -> Router<Api> {
    Router::new().route("/", get(home))
}

struct OpenAlert {
    since: When,
    about: Shown,
    summary: Shown,
    next: Shown,
}

struct Target {
    id: String,
    name: Shown,
    lease_held: bool,
    sending: bool,
    problem: Option<Shown>,
}

/// How the service is.
struct Service {
    started: When,
    revision: u64,
    panics: u64,
    trouble: Option<Shown>,
    targets: Vec<Target>,
}

#[derive(Template)]
#[template(path = "home/page.html")]
struct HomePage {
    frame: Frame,
    setup: SetUp,
    glances: Glances,
    alerts: Vec<OpenAlert>,
    more_alerts: usize,
    service: Option<Service>,
}

async fn home(State(api): State<Api>, who: SignedIn) -> Result<Response, Fault> {
    let configuration = who.admin.look_at_configuration().await?;
    let open = who.admin.open_alerts().await?;
    let alerts = open.iter().take(ALERTS).map(|alert| OpenAlert {
        since: When::at(alert.since),
        about: Shown::name(&alert.about),
        summary: Shown::value(&alert.summary),
        next: Shown::value(&alert.next),
    });
    page(&HomePage {
        frame: Frame::new(&who, "Home"),
        setup: SetUp::of(&who, &configuration).await?,
        glances: glances(&who, &api).await?,
        alerts: alerts.collect(),
        more_alerts: open.len().saturating_sub(ALERTS),
        service: service(&api),
    })
}

fn service(api: &Api) -> Option<Service> {
    let health = api.service.as_ref()?.health();
    let targets = health.targets.iter().map(|target| Target {
        id: target.id.to_string(),
        name: Shown::name(&target.name),
        lease_held: target.lease_held,
        sending: target.sending,
        problem: target.problem.as_deref().map(Shown::value),
    });
    Some(Service {
        started: When::at(health.started_at),
        revision: health.revision,
        panics: health.panics,
        trouble: health.trouble.as_deref().map(Shown::value),
        targets: targets.collect(),
    })
}
