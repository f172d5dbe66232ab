//! What saving a draft would cause in the channels that run (behaviour §14): found out in the background, once for each
//! version of the draft.

use usher_admin_api::Api;
use usher_admin_api::work::{self, JobKind, JobState, JobView};
use usher_core::model::{Channel, Configuration, ConnectionId};

use super::draft::Draft;
use crate::frame::{Fault, SignedIn};

/// What is known of one channel.
pub(super) struct Rehearsal {
    pub(super) channel: String,
    /// The plan, once it is begun.
    pub(super) href: Option<String>,
    pub(super) words: String,
    pub(super) is_running: bool,
}

/// Of every channel that runs and stays; what was not begun for this version is begun.
pub(super) async fn of(
    api: &Api,
    who: &SignedIn,
    draft: &Draft,
    wanted: &Configuration,
) -> Result<Vec<Rehearsal>, Fault> {
    let saved = who.admin.look_at_configuration().await?;
    let id = ConnectionId::new(&draft.id);
    let mut all = saved.sp_connections.iter();
    let Some(sp) = all.find(|sp| sp.id == id && sp.active) else {
        return Ok(Vec::new());
    };
    let what = format!("rehearsal of draft {} of connection {id}", draft.version);
    let running = sp.channels.iter().filter(|channel| channel.active);
    let staying = running.filter(|channel| wanted.channel(&channel.id).is_some());
    let rehearsals = staying.map(|channel| one(api, who, wanted, channel, &what));
    Ok(rehearsals.collect())
}

fn one(
    api: &Api,
    who: &SignedIn,
    wanted: &Configuration,
    channel: &Channel,
    what: &str,
) -> Rehearsal {
    let jobs = work::jobs(api, &who.admin, JobKind::Plan, Some(&channel.id));
    let known = jobs.into_iter().find(|job| job.what == what);
    let begun = known.map_or_else(
        || {
            let (admin, id) = (who.admin.clone(), channel.id.clone());
            work::rehearse(api, admin, wanted.clone(), id, what.to_owned())
        },
        Ok,
    );
    let name = channel.name.clone();
    match begun {
        Ok(job) => Rehearsal {
            channel: name,
            href: Some(format!("/plans/{}", job.id)),
            words: words(api, who, &job),
            is_running: job.state == JobState::Running,
        },
        Err(why) => Rehearsal {
            channel: name,
            href: None,
            words: format!("not begun: {}", why.detail()),
            is_running: false,
        },
    }
}

fn words(api: &Api, who: &SignedIn, job: &JobView) -> String {
    match job.state {
        JobState::Running => format!("{} entries read so far", job.progress.read),
        JobState::Failed | JobState::Cancelled => {
            let why = job.problem.as_ref().map(|problem| problem.detail.as_str());
            format!("it could not be found out: {}", why.unwrap_or("cancelled"))
        }
        JobState::Done => match work::kept(api, &who.admin, job) {
            Ok(plan) => {
                let steps: u64 = plan.report.totals.iter().map(|total| total.count).sum();
                match steps {
                    0 => "nothing would change at the target".to_owned(),
                    1 => "1 step would follow".to_owned(),
                    _ => format!("{steps} steps would follow"),
                }
            }
            Err(why) => why.detail().to_owned(),
        },
    }
}
