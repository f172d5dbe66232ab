//! A channel at a glance: a row of the list and of Home.

use askama::Template;
use usher_admin_api::Api;
use usher_core::model::{Channel, ConnectionId, CycleMode, SpConnection};
use usher_engine::admin::{ChannelStatus, Health};
use usher_engine::service::{ChannelHealth, Doing};

use crate::frame::text::{Shown, number};
use crate::frame::when::{When, span};
use crate::frame::{Fault, SignedIn};
use crate::steps::State;

/// Steps that are on their way.
const ON_THE_WAY: [&str; 4] = ["pending", "waiting", "claimed", "unknown"];

/// How a channel is.
pub(crate) struct Glance {
    pub(crate) id: String,
    pub(crate) name: Shown,
    pub(crate) connection: Shown,
    pub(crate) connection_id: String,
    pub(crate) is_meant_active: bool,
    pub(crate) mode: State,
    pub(crate) health: State,
    /// The worst that a person should know.
    pub(crate) remark: Option<Shown>,
    pub(crate) in_sync: String,
    pub(crate) pending: u64,
    pub(crate) held: u64,
    pub(crate) parked: u64,
    /// From planning a step to the answer that confirmed it, on average since the service started.
    pub(crate) lag: Option<String>,
    pub(crate) last_complete: Option<When>,
    pub(crate) next: Option<Next>,
    /// What is being read now.
    pub(crate) looking: Option<&'static str>,
}

/// What is next.
pub(crate) struct Next {
    pub(crate) at: When,
    pub(crate) what: &'static str,
}

/// A table of channels.
#[derive(Template)]
#[template(path = "channels/glances.html")]
pub(crate) struct Glances {
    pub(crate) rows: Vec<Glance>,
}

/// How every channel is.
pub(crate) async fn glances(who: &SignedIn, api: &Api) -> Result<Glances, Fault> {
    let configuration = who.admin.look_at_configuration().await?;
    let mut rows = Vec::new();
    for (sp, channel) in configuration.channels() {
        let status = who.admin.status_of(sp, channel).await?;
        rows.push(Glance::of(api, sp, channel, &status));
    }
    Ok(Glances { rows })
}

impl Glance {
    pub(crate) fn of(
        api: &Api,
        sp: &SpConnection,
        channel: &Channel,
        status: &ChannelStatus,
    ) -> Self {
        let now = health_of(api, channel);
        let steps = |of: &dyn Fn(&str) -> bool| -> u64 {
            let found = status.steps.iter().filter(|count| of(&count.state));
            found.map(|count| count.count).sum()
        };
        let pending = steps(&|state| ON_THE_WAY.contains(&state));
        let looking = now.as_ref().and_then(|health| match health.doing {
            Doing::Looking { mode } => Some(mode_words(mode)),
            Doing::Waiting | Doing::Off { .. } => None,
        });
        let next = now.and_then(|health| health.next);
        Self {
            id: channel.id.to_string(),
            name: Shown::name(&channel.name),
            connection: Shown::name(&sp.name),
            connection_id: sp.id.to_string(),
            is_meant_active: sp.active && channel.active,
            mode: mode(&status.mode),
            health: health(status.health),
            remark: status.remarks.first().map(|text| Shown::value(told(text))),
            in_sync: number(in_sync(status).saturating_sub(pending)),
            pending,
            held: steps(&|state| state == "held"),
            parked: steps(&|state| state == "parked"),
            lag: lag(api, &sp.id),
            last_complete: status.last_complete_at.map(When::at),
            next: next.map(|due| Next {
                at: When::at(due.at),
                what: mode_words(due.mode),
            }),
            looking,
        }
    }
}

/// People and groups that are as wanted, or will be when what is planned for them is done.
fn in_sync(status: &ChannelStatus) -> u64 {
    let of = |name: &str| {
        status
            .counts
            .verdicts
            .get(name)
            .copied()
            .unwrap_or_default()
    };
    [
        "user.unchanged",
        "group.unchanged",
        "user.stepped",
        "group.stepped",
    ]
    .map(of)
    .iter()
    .sum()
}

/// What the running service knows of a channel.
pub(crate) fn health_of(api: &Api, channel: &Channel) -> Option<ChannelHealth> {
    let health = api.service.as_ref()?.health();
    health.channels.into_iter().find(|one| one.id == channel.id)
}

fn lag(api: &Api, connection: &ConnectionId) -> Option<String> {
    let counts = api.service.as_ref()?.counts();
    let lags = counts.lags.get(connection)?;
    (lags.count > 0).then(|| span((lags.seconds / lags.count as f64 * 1000.0) as i64))
}

/// A remark without the command that a page has a button for.
pub(crate) fn told(remark: &str) -> &str {
    remark.split(": `usher").next().unwrap_or(remark)
}

/// A channel's mode, by its name.
pub(crate) fn mode(name: &str) -> State {
    let (tone, word) = match name {
        "active" => ("good", "Active"),
        "observe" => ("warn", "Observe"),
        "paused" => ("off", "Paused"),
        "quarantined" => ("bad", "Quarantined"),
        _ => ("off", "Never ran"),
    };
    State { tone, word }
}

fn health(health: Health) -> State {
    let (tone, word) = match health {
        Health::Good => ("good", "Good"),
        Health::Warning => ("warn", "Look"),
        Health::Critical => ("bad", "Critical"),
    };
    State { tone, word }
}

/// What a cycle reads, in words.
pub(crate) fn mode_words(mode: CycleMode) -> &'static str {
    match mode {
        CycleMode::Incremental => "Incremental",
        CycleMode::Full => "Full read",
        CycleMode::Reconcile => "Reconcile",
        CycleMode::Rekey => "Full read with new keys",
        CycleMode::FollowUp => "Follow-up",
    }
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn a_page_names_no_command_where_it_has_a_button() {
        assert_eq!(
            told("3 steps wait for a person: `usher approve`"),
            "3 steps wait for a person"
        );
        assert_eq!(told("stopped: why"), "stopped: why");
    }
}
