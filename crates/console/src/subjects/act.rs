//! What a person does about one person or group; each is confirmed first.

use std::sync::Arc;

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use usher_core::model::{CycleMode, StepId, Subject};
use usher_engine::admin::{Permission, StepWanted, SyncOptions};
use usher_engine::{SendOptions, Silent, to_its_end};

use super::row::called;
use super::{LIST, nobody, number};
use crate::frame::{Done, Fault, Frame, Posted, SignedIn, page, see_done};

/// Parked steps of one person that are looked at.
const PARKED: u32 = 100;

#[derive(Template)]
#[template(path = "subjects/confirm.html")]
struct ConfirmPage {
    frame: Frame,
    action: String,
    back: String,
    /// What will happen, one paragraph each.
    words: Vec<String>,
    button: &'static str,
}

async fn subject(who: &SignedIn, text: &str) -> Result<Subject, Fault> {
    let found = who.admin.link(number(text)?).await?;
    found.ok_or_else(|| nobody(text))
}

fn confirm(
    who: &SignedIn,
    subject: &Subject,
    (title, button): (&str, &'static str),
    words: &[&str],
) -> Result<Response, Fault> {
    who.admin.require(Permission::Operate)?;
    let back = format!("{LIST}/{}", subject.id.map_or(0, |id| id.0));
    let name = called(&subject.display, &subject.dn);
    page(&ConfirmPage {
        frame: Frame::new(who, title)
            .crumb("People and groups", LIST)
            .crumb(name, &back),
        action: who.path.clone(),
        back,
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        button,
    })
}

pub(super) async fn provision_shown(
    who: SignedIn,
    Path(text): Path<String>,
) -> Result<Response, Fault> {
    let subject = subject(&who, &text).await?;
    confirm(
        &who,
        &subject,
        ("Provision now", "Provision now"),
        &[
            "The entry is read from the directory, and what differs at the target is sent at once, of this one only.",
            "That is so also while the channel only observes; a paused channel sends nothing. What waits for a person goes on waiting.",
        ],
    )
}

pub(super) async fn provision(
    Path(text): Path<String>,
    Posted { who, .. }: Posted,
) -> Result<Response, Fault> {
    let subject = subject(&who, &text).await?;
    let options = SyncOptions {
        only: Some(vec![subject.key.clone()]),
        send: SendOptions {
            patience_ms: 0,
            ..SendOptions::default()
        },
        ..SyncOptions::of(CycleMode::Incremental)
    };
    let admin = who.admin.clone();
    let channel = subject.channel.clone();
    let work = to_its_end(async move {
        Box::pin(admin.sync(Some(channel.as_str()), &options, Arc::new(Silent))).await
    });
    work.await?;
    Ok(see_done(&back(&subject), Done::Provisioned))
}

pub(super) async fn retry_shown(
    who: SignedIn,
    Path(text): Path<String>,
) -> Result<Response, Fault> {
    let subject = subject(&who, &text).await?;
    confirm(
        &who,
        &subject,
        ("Retry", "Send again"),
        &[
            "What was parked is sent again as it was planned, at the next run of its channel. If the cause is still there, it is parked again.",
        ],
    )
}

pub(super) async fn retry(
    Path(text): Path<String>,
    Posted { who, .. }: Posted,
) -> Result<Response, Fault> {
    let subject = subject(&who, &text).await?;
    let wanted = StepWanted {
        states: vec!["parked".to_owned()],
        subject: subject.id,
        ..StepWanted::default()
    };
    let page = who.admin.step_page(&subject.channel, &wanted, None, PARKED);
    let (steps, _) = page.await?;
    let ids: Vec<StepId> = steps.iter().map(|step| StepId(step.sample.id)).collect();
    if ids.is_empty() {
        return Err(Fault::told(
            axum::http::StatusCode::CONFLICT,
            "Not done",
            "Nothing of it is parked any more.",
            "Its time line says what became of it.",
        ));
    }
    let admin = who.admin.clone();
    let channel = subject.channel.clone();
    to_its_end(async move { admin.retry(Some(channel.as_str()), &ids).await }).await?;
    Ok(see_done(&back(&subject), Done::Retried))
}

fn back(subject: &Subject) -> String {
    format!("{LIST}/{}", subject.id.map_or(0, |id| id.0))
}
