//! A plan: how far it is, and once it is made, everything it would do.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use usher_admin_api::Api;
use usher_admin_api::work::{self, JobView};
use usher_engine::admin::{Adoption, KeptPlan, MailDomain, Permission, PlanReport};

use super::steps::Wanted;
use super::totals::{Total, totals};
use crate::channels::held::{Choice, can, holds, verbs};
use crate::channels::live::Live;
use crate::channels::of;
use crate::cycles::Proof;
use crate::frame::text::{Shown, number};
use crate::frame::{Fault, Frame, SignedIn, page};
use crate::steps::{StepRow, StepRows, hold_words};

/// Steps on a page.
const PER_PAGE: u32 = 50;
/// E-mail domains that are named.
const DOMAINS: usize = 20;

struct Held {
    why: &'static str,
    reason: Shown,
    steps: String,
    can: &'static str,
    href: String,
}

struct Domain {
    name: Shown,
    people: String,
    may_be_sent: bool,
}

/// What a plan says once it is made.
struct Made {
    hash: Shown,
    estimate: Shown,
    follow: u64,
    totals: Vec<Total>,
    breaches: Vec<Shown>,
    held: Vec<Held>,
    adoption: Option<Adoption>,
    left_out: usize,
    domains: Vec<Domain>,
    proof: Proof,
    rows: StepRows,
    wanted: Wanted,
    holds: Vec<Choice>,
    verbs: Vec<Choice>,
    first: Option<String>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "plans/review.html")]
struct PlanPage {
    frame: Frame,
    id: String,
    channel: String,
    live: Live,
    made: Option<Made>,
    /// It was made with a draft: there is nothing to apply.
    of_draft: bool,
    may: bool,
    may_discard: bool,
}

pub(super) async fn shown(
    State(api): State<Api>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
    who: SignedIn,
) -> Result<Response, Fault> {
    let job = super::job(&api, &who, &id)?;
    let plan = work::kept(&api, &who.admin, &job).ok();
    let of_draft = plan.as_ref().is_some_and(|plan| plan.of_draft());
    let made = match plan {
        Some(plan) => Some(made(&job, &plan, wanted).await?),
        None => None,
    };
    let known = known(&who, &job).await?;
    let mut frame = super::frame(&who, &job, "Plan").await?;
    let live = Live::of(&job, who.admin.engine.clock.now(), known);
    if live.is_running {
        frame.refresh = Some(3);
    }
    page(&PlanPage {
        frame,
        id: job.id.to_string(),
        channel: job.channel.to_string(),
        live,
        made,
        of_draft,
        may: who.may(Permission::Operate) && !of_draft,
        may_discard: job.by == who.session.operator.name || who.may(Permission::Operate),
    })
}

/// How many people and groups the last complete read found.
async fn known(who: &SignedIn, job: &JobView) -> Result<u64, Fault> {
    let configuration = who.admin.look_at_configuration().await?;
    let (sp, channel) = of(&configuration, &job.channel)?;
    let record = who.admin.engine.record(sp, &channel.id).await?;
    Ok(record.last_complete_users + record.last_complete_groups)
}

async fn made(job: &JobView, plan: &KeptPlan, wanted: Wanted) -> Result<Made, Fault> {
    let report = &plan.report;
    let found = plan.steps(&wanted.filter(), wanted.after, PER_PAGE).await?;
    let (steps, end) = found;
    let rows = steps.iter().map(|step| {
        let href = format!("/plans/{}/steps/{}", job.id, step.sample.id);
        StepRow::of(step, href)
    });
    let here = format!("/plans/{}", job.id);
    let breaches = report.cycle.breaches.iter();
    let domains = report.email_domains.iter().take(DOMAINS);
    Ok(Made {
        hash: Shown::line(&report.hash),
        estimate: Shown::value(&report.estimate),
        follow: report.memberships_to_follow,
        totals: totals(&report.totals),
        breaches: breaches.map(|one| Shown::value(one)).collect(),
        held: held(&here, report),
        adoption: adoption(report),
        left_out: report.not_provisioned.len(),
        domains: domains.map(domain).collect(),
        proof: Proof::of(&report.cycle),
        rows: StepRows {
            rows: rows.collect(),
            label: "Steps of the plan".to_owned(),
            select: None,
            empty: "No step is like that.".to_owned(),
        },
        holds: holds(&wanted.hold),
        verbs: verbs(&wanted.verb),
        first: wanted.after.map(|_| wanted.href(&here, None)),
        next: end.map(|end| wanted.href(&here, Some(end))),
        wanted,
    })
}

fn held(here: &str, report: &PlanReport) -> Vec<Held> {
    let groups = report.held.iter();
    groups
        .map(|group| Held {
            why: hold_words(&group.hold),
            reason: Shown::value(&group.reason),
            steps: number(group.steps),
            can: can(&group.hold),
            href: format!("{here}?hold={}", group.hold),
        })
        .collect()
}

/// Told where something exists at the target already.
fn adoption(report: &PlanReport) -> Option<Adoption> {
    let found = &report.adoption;
    let all = found.adopt_unchanged + found.adopt_with_changes + found.ambiguous;
    (all + found.only_at_target > 0).then(|| found.clone())
}

fn domain(domain: &MailDomain) -> Domain {
    Domain {
        name: Shown::name(&domain.domain),
        people: number(domain.people),
        may_be_sent: domain.may_be_sent,
    }
}
