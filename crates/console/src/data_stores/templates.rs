//! What each type of directory fills in on the tab Source Settings of a new channel.

use usher_core::model::StatusRule;
use usher_core::templates::{DIRECTORY_KINDS, defaults_for};

use super::fields::TYPES;

/// A type with what it fills in.
pub(super) struct Template {
    pub(super) label: &'static str,
    pub(super) guid: String,
    pub(super) member_of: &'static str,
    pub(super) member: &'static str,
    pub(super) classes: String,
    pub(super) changes: String,
    pub(super) status: String,
}

pub(super) fn all() -> Vec<Template> {
    let of = |kind| {
        let name = serde_json::to_value(kind).unwrap_or_default();
        let name = name.as_str().unwrap_or_default();
        let (_, _, label) = TYPES.iter().find(|(known, _, _)| *known == name)?;
        let template = defaults_for(kind);
        let form = if template.guid_binary {
            "binary"
        } else {
            "text"
        };
        let changes = match template.usn_attribute {
            Some(usn) => format!("USN: {usn}"),
            None => format!("time stamp: {}", template.timestamp_attribute),
        };
        Some(Template {
            label,
            guid: format!("{} ({form})", template.guid_attribute),
            member_of: template.member_of_attribute.unwrap_or("none"),
            member: template.group_member_attribute,
            classes: format!(
                "{}, {}",
                template.user_object_class, template.group_object_class
            ),
            changes,
            status: status(&template.status),
        })
    };
    DIRECTORY_KINDS.into_iter().filter_map(of).collect()
}

fn status(rule: &StatusRule) -> String {
    let word = |enabled: bool| if enabled { "active" } else { "inactive" };
    match rule {
        StatusRule::AdBitmap { attribute, default } => {
            format!("{attribute}, bitmap; {} without it", word(*default))
        }
        StatusRule::Flag {
            attribute, default, ..
        } if attribute.is_empty() => format!("none; {} without it", word(*default)),
        StatusRule::Flag {
            attribute,
            value,
            status_when_equal,
            default,
        } => format!(
            "{attribute} = {value} is {}; {} without it",
            word(*status_when_equal),
            word(*default)
        ),
    }
}
