//! Channel Info.

use serde_json::Value;

use super::forms::FormTab;
use super::here::Page;
use super::specs::INFO;
use crate::connections::draft::ChannelDraft;
use crate::form::{Form, at, set};

pub(super) fn tab() -> FormTab {
    FormTab {
        page: Page::Info,
        groups: &INFO,
        dress: |_, _, _| (),
        put: begin,
    }
}

/// What a new channel has without being asked: it is off, and maps nothing yet.
fn begin(channel: &mut ChannelDraft, _: &Form) {
    for (path, value) in [
        ("active", Value::from(false)),
        ("attributeMapping", Value::from(Vec::<Value>::new())),
    ] {
        if at(&channel.document, path).is_none() {
            set(&mut channel.document, path, Some(value));
        }
    }
}
