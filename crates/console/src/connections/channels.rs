//! Configure Provisioning > Manage Channels.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use serde_json::{Value, json};

use super::draft::{Body, ChannelDraft, Draft};
use super::steps::Step;
use super::tab::{self, Place, Sent};
use super::target;
use crate::form::{Form, set};
use crate::frame::{Fault, Frame, Posted, SignedIn, page, page_as, see};

pub(super) const SLUG: &str = "manage-channels";

struct Row {
    index: usize,
    name: String,
    source: String,
    active: bool,
    dropped: bool,
    href: String,
    /// Accounts that stay at the target when it is deleted.
    left: Option<u64>,
}

#[derive(Template)]
#[template(path = "connections/channels.html")]
struct ChannelsPage {
    frame: Frame,
    rows: Vec<Row>,
    action: String,
    version: u64,
}

async fn made(who: &SignedIn, draft: &Draft) -> Result<ChannelsPage, Fault> {
    let configuration = who.admin.configuration_to_show().await?;
    let mut sps = configuration.sp_connections.iter();
    let saved = sps.find(|sp| sp.id.as_str() == draft.id);
    let mut rows = Vec::new();
    for (index, channel) in draft.body.channels.iter().enumerate() {
        let kept = saved.and_then(|sp| {
            let mut channels = sp.channels.iter();
            let channel = channels.find(|one| Some(&one.name) == channel.origin.as_ref())?;
            Some((sp, channel))
        });
        let left = match kept {
            Some((_, channel)) => Some(who.admin.left_behind(&channel.id).await?),
            None => None,
        };
        rows.push(row(draft, index, channel, left));
    }
    Ok(ChannelsPage {
        frame: target::frame(who, draft, "Manage Channels", SLUG),
        rows,
        action: draft.href(SLUG),
        version: draft.version,
    })
}

fn row(draft: &Draft, index: usize, channel: &ChannelDraft, left: Option<u64>) -> Row {
    let document = &channel.document;
    let source = document.pointer("/channelSource/dataSource/id");
    Row {
        index,
        name: match channel.name() {
            "" => "(no name yet)".to_owned(),
            name => name.to_owned(),
        },
        source: source
            .and_then(Value::as_str)
            .unwrap_or("none yet")
            .to_owned(),
        active: document.get("active").and_then(Value::as_bool) == Some(true),
        dropped: channel.dropped,
        href: draft.channel_href(index, "channel-info"),
        left,
    }
}

pub(super) async fn shown(who: SignedIn, Path(id): Path<String>) -> Result<Response, Fault> {
    let draft = Draft::load(&who, &id).await?;
    page(&made(&who, &draft).await?)
}

pub(super) async fn keep(
    Path(id): Path<String>,
    Posted { who, form }: Posted,
) -> Result<Response, Fault> {
    match form.text("go") {
        "done" => {
            let draft = Draft::load(&who, &id).await?;
            return Ok(see(&draft.href(Step::Outbound.slug())));
        }
        "previous" => {
            let draft = Draft::load(&who, &id).await?;
            return Ok(see(&draft.href(target::SLUG)));
        }
        _ => {}
    }
    let draft = match tab::keep(&who, &id, (Place::Connection, &[]), &form, put).await? {
        Sent::Kept(draft) => draft,
        Sent::Beside { theirs, notice, .. } => {
            let mut made = made(&who, &theirs).await?;
            made.frame = made.frame.notice(notice);
            return page_as(tab::BESIDE, &made);
        }
    };
    let made_one = form.text("go") == "create" || form.get("copy").is_some();
    let last = draft.body.channels.len().saturating_sub(1);
    Ok(if made_one {
        see(&draft.channel_href(last, "channel-info"))
    } else {
        see(&draft.href(SLUG))
    })
}

/// What the pressed button asks for.
fn put(body: &mut Body, form: &Form) {
    let at = |name: &str| form.text(name).parse::<usize>().ok();
    if form.text("go") == "create" {
        body.channels.push(ChannelDraft {
            document: json!({"name": "", "active": false, "maxThreads": 4, "timeout": 60}),
            ..ChannelDraft::default()
        });
    }
    let copied = at("copy")
        .and_then(|index| body.channels.get(index))
        .cloned();
    if let Some(mut copy) = copied {
        // A copy must get a name of its own, and begins turned off.
        set(&mut copy.document, "name", Some(Value::from("")));
        set(&mut copy.document, "active", Some(Value::from(false)));
        copy.origin = None;
        copy.dropped = false;
        body.channels.push(copy);
    }
    if let Some(index) = at("delete")
        && let Some(channel) = body.channels.get_mut(index)
    {
        if channel.origin.is_some() {
            channel.dropped = true;
        } else {
            body.channels.remove(index);
        }
    }
    if let Some(channel) = at("undelete").and_then(|index| body.channels.get_mut(index)) {
        channel.dropped = false;
    }
}

#[cfg(test)]
mod tests {
    use super::put;
    use crate::connections::draft::{Body, ChannelDraft};
    use crate::form::Form;

    fn press(body: &mut Body, name: &str, value: &str) {
        put(body, &Form::of(vec![(name.to_owned(), value.to_owned())]));
    }

    #[test]
    fn a_saved_channel_is_marked_for_deletion_and_a_new_one_goes_at_once() {
        let mut body = Body::default();
        press(&mut body, "go", "create");
        body.channels.push(ChannelDraft {
            origin: Some("staff".to_owned()),
            ..ChannelDraft::default()
        });
        press(&mut body, "delete", "1");
        assert!(body.channels[1].dropped);
        press(&mut body, "undelete", "1");
        assert!(!body.channels[1].dropped);
        press(&mut body, "copy", "1");
        assert_eq!(
            (body.channels.len(), body.channels[2].origin.clone()),
            (3, None)
        );
        press(&mut body, "delete", "0");
        assert_eq!(body.channels[0].origin.as_deref(), Some("staff"));
        press(&mut body, "delete", "99");
        assert_eq!(body.channels.len(), 2);
    }
}
