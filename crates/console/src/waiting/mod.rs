//! Held and parked: everything that waits for a person, over all channels, by reason.

mod retry;

use askama::Template;
use axum::Router;
use axum::response::Response;
use axum::routing::get;
use usher_admin_api::Api;
use usher_engine::admin::{Permission, Remedy, WaitingGroup};

use crate::frame::text::{NAME, number, plain};
use crate::frame::when::{When, span};
use crate::frame::{Fault, Frame, Shown, SignedIn, href, page};

const HERE: &str = "/waiting";
const RETRY: &str = "/waiting/retry";

pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route(HERE, get(shown))
        .route(RETRY, get(retry::shown).post(retry::retry))
}

/// What waits in one channel.
struct Waiting {
    id: String,
    name: Shown,
    groups: Vec<Group>,
}

/// Steps that wait for the same reason.
struct Group {
    is_held: bool,
    reason: Shown,
    mixed: bool,
    steps: String,
    since: When,
    ago: String,
    remedy: &'static str,
    /// Where they are looked at, if they are held.
    review: String,
    /// Sends all of them again, if they are parked for one reason.
    retry: Option<String>,
    some: Vec<Somebody>,
    /// How many more there are than are named.
    more: u64,
}

struct Somebody {
    id: i64,
    name: String,
    /// Sends this one again, if it is parked.
    retry: Option<String>,
}

#[derive(Template)]
#[template(path = "waiting/page.html")]
struct WaitingPage {
    frame: Frame,
    channels: Vec<Waiting>,
    may: bool,
}

async fn shown(who: SignedIn) -> Result<Response, Fault> {
    let configuration = who.admin.look_at_configuration().await?;
    let now = who.admin.engine.clock.now();
    let mut channels = Vec::new();
    for (sp, channel) in configuration.channels() {
        let groups = who.admin.waiting_groups(&channel.id).await?;
        if groups.is_empty() {
            continue;
        }
        let id = channel.id.to_string();
        channels.push(Waiting {
            name: Shown::line(&format!("{} / {}", sp.name, channel.name)),
            groups: groups
                .iter()
                .map(|group| Group::new(group, &id, now))
                .collect(),
            id,
        });
    }
    page(&WaitingPage {
        frame: Frame::new(&who, "Held and parked"),
        channels,
        may: who.session.operator.may(Permission::Operate),
    })
}

impl Group {
    fn new(group: &WaitingGroup, channel: &str, now: i64) -> Self {
        let parked = group.hold.is_none();
        let some = group.some.iter().map(|(id, name, step)| Somebody {
            id: id.0,
            name: plain(name, NAME),
            retry: parked.then(|| {
                href(
                    RETRY,
                    &[("channel", channel), ("step", &step.0.to_string())],
                )
            }),
        });
        let some: Vec<Somebody> = some.collect();
        Self {
            is_held: !parked,
            reason: Shown::value(&group.reason),
            mixed: group.mixed,
            steps: number(group.steps),
            since: When::at(group.since),
            ago: span(now - group.since),
            remedy: remedy(group.remedy),
            review: href(
                &format!("/channels/{channel}/held"),
                &[("hold", group.hold.unwrap_or_default())],
            ),
            retry: (parked && !group.mixed)
                .then(|| href(RETRY, &[("channel", channel), ("reason", &group.reason)])),
            more: group.steps.saturating_sub(some.len() as u64),
            some,
        }
    }
}

fn remedy(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::Approve => "Look at them, and approve or reject them.",
        Remedy::Choose => {
            "Each is a choice of its own: approve the right one of the candidates by itself."
        }
        Remedy::Change => {
            "No approval releases them: change what the reason names in the directory, the mapping or the scope. They go on by themselves."
        }
        Remedy::Retry => {
            "Change what the reason names; a change in the directory or the mapping sends them again. If the cause was at the target and is gone, retry."
        }
    }
}
