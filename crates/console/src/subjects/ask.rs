//! Somebody whom no channel has read: the directory is asked, as `usher explain` does.

use askama::Template;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use usher_engine::EngineError;
use usher_engine::admin::Permission;

use super::story::Story;
use super::{LIST, channels};
use crate::form::Choice;
use crate::frame::text::plain;
use crate::frame::{Fault, Frame, Notice, SignedIn, page_as, patient, see};

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    channel: String,
    who: String,
}

#[derive(Template)]
#[template(path = "subjects/ask.html")]
struct AskPage {
    frame: Frame,
    wanted: Wanted,
    channels: Vec<Choice>,
    /// Whether strangers may be asked for.
    may: bool,
    story: Option<Story>,
}

pub(super) async fn shown(who: SignedIn, Query(wanted): Query<Wanted>) -> Result<Response, Fault> {
    let configuration = who.admin.look_at_configuration().await?;
    let text = wanted.who.trim();
    let mut frame = Frame::new(&who, "Ask the directory").crumb("People and groups", LIST);
    let (mut status, mut story) = (StatusCode::OK, None);
    if !text.is_empty() {
        let channel = Some(wanted.channel.as_str()).filter(|channel| !channel.is_empty());
        let asked = async { Ok(Box::pin(who.admin.explain(channel, text)).await) };
        match patient(&who.admin, asked).await? {
            Ok(found) if found.known => {
                let id = found.subject.id.map_or(0, |id| id.0);
                return Ok(see(&format!("/subjects/{id}")));
            }
            Ok(found) => story = Some(Story::new(found, Vec::new())),
            Err(error @ (EngineError::Refused(_) | EngineError::Configuration(_))) => {
                status = StatusCode::UNPROCESSABLE_ENTITY;
                let words = error.to_string();
                let lines = words.lines().take(40).map(|line| plain(line.trim(), 400));
                frame = frame.notice(Notice::bad(lines.collect()));
            }
            Err(error) => return Err(error.into()),
        }
    }
    let channels = channels(&configuration);
    let channels = channels.iter().map(|(id, name)| Choice::new(id, name));
    page_as(
        status,
        &AskPage {
            frame,
            channels: channels.collect(),
            may: who.session.operator.may(Permission::Configure),
            wanted,
            story,
        },
    )
}
