//! The target's settings as fields of a form, made from what the connector declares.

use serde_json::{Value, json};
use usher_admin_api::documents::Refused;
use usher_core::descriptor::{ConnectorDescriptor, SettingDescriptor, SettingKind};

use super::draft::Body;
use crate::form::{Choice, Control, Field, Form, Mistakes, at, set};

/// Where the settings stand in the document.
const SETTINGS: &str = "outboundProvision.targetSettings";

/// What a setting is for: where it stands on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// Where requests go, and with what.
    Connection,
    /// What provisioning may do.
    Options,
    /// Whom it never touches.
    Protection,
    /// How the target is reached.
    Network,
}

pub(super) fn group(setting: &SettingDescriptor) -> Group {
    match setting.kind {
        SettingKind::Checkbox | SettingKind::Select(_) => Group::Options,
        SettingKind::TextArea if setting.name == PROTECTED => Group::Protection,
        _ if setting.required => Group::Connection,
        SettingKind::Text | SettingKind::Secret | SettingKind::TextArea => Group::Network,
    }
}

fn list(body: &Body) -> &[Value] {
    let list = at(&body.document, SETTINGS).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

fn entry<'b>(body: &'b Body, name: &str) -> Option<&'b Value> {
    let mut entries = list(body).iter();
    entries.find(|entry| entry.get("name").and_then(Value::as_str) == Some(name))
}

/// The value of a setting: what the draft says, or the default.
pub(super) fn value(body: &Body, setting: &SettingDescriptor) -> String {
    let said = entry(body, &setting.name).and_then(|entry| entry.get("value"));
    let said = said.and_then(Value::as_str).map(str::to_owned);
    said.or_else(|| setting.default.clone()).unwrap_or_default()
}

/// Whether a secret is there, typed or sealed.
pub(super) fn has_secret(body: &Body, name: &str) -> bool {
    let entry = entry(body, name);
    let filled = |key: &str| {
        let text = entry
            .and_then(|entry| entry.get(key))
            .and_then(Value::as_str);
        text.is_some_and(|text| !text.is_empty())
    };
    filled("value") || filled("encryptedValue")
}

/// The field of a setting.
pub(super) fn field(setting: &SettingDescriptor, body: &Body, wrong: &Mistakes) -> Field {
    let shown = value(body, setting);
    let (control, shown) = match &setting.kind {
        SettingKind::Text => (Control::Text, shown),
        SettingKind::Secret => {
            let kept = has_secret(body, &setting.name);
            (Control::Secret { kept }, String::new())
        }
        SettingKind::Checkbox => {
            let ticked = shown.eq_ignore_ascii_case("true");
            (Control::Box, if ticked { "true" } else { "" }.to_owned())
        }
        SettingKind::Select(choices) => {
            let choices = choices.iter().map(|one| Choice::new(one, one));
            (Control::Select(choices.collect()), shown)
        }
        SettingKind::TextArea => (Control::Area, shown),
    };
    let is_kept = control == Control::Secret { kept: true };
    let mut field = Field::new(&setting.name, &setting.label, control)
        .value(shown)
        .help(&setting.help)
        .wrong(wrong);
    field.required = setting.required && !is_kept;
    field
}

/// Takes what was sent into the draft. A secret that was left empty stays; what is not the connector's stays, too.
pub(super) fn take(descriptor: &ConnectorDescriptor, form: &Form, body: &mut Body) {
    let mut entries = list(body).to_vec();
    for setting in &descriptor.settings {
        let name = setting.name.as_str();
        let new = match setting.kind {
            SettingKind::Checkbox => Some(form.has(name).to_string()),
            SettingKind::Secret if form.text(name).is_empty() => continue,
            SettingKind::Secret | SettingKind::TextArea => Some(form.text(name).to_owned()),
            SettingKind::Text | SettingKind::Select(_) => Some(form.text(name).trim().to_owned()),
        };
        entries.retain(|entry| entry.get("name").and_then(Value::as_str) != Some(name));
        if let Some(text) = new.filter(|text| !text.is_empty()) {
            entries.push(json!({"name": name, "value": text}));
        }
    }
    set(&mut body.document, SETTINGS, Some(Value::from(entries)));
}

/// What is wrong with settings, by their names.
pub(super) fn mistakes(
    refused: &Refused,
    descriptor: &ConnectorDescriptor,
    body: &Body,
) -> Mistakes {
    let mut mistakes = Mistakes::default();
    for (place, words) in &refused.mistakes {
        let Some(rest) = place.strip_prefix(SETTINGS) else {
            continue;
        };
        let index = rest
            .strip_prefix('[')
            .and_then(|rest| rest.split(']').next());
        let by_index = index.and_then(|index| index.parse::<usize>().ok());
        let by_index = by_index.and_then(|index| list(body).get(index)?.get("name")?.as_str());
        let named = |setting: &&SettingDescriptor| {
            rest.strip_prefix('.') == Some(setting.name.as_str()) || words.contains(&setting.name)
        };
        let by_name = || {
            let mut settings = descriptor.settings.iter();
            settings.find(named).map(|setting| setting.name.as_str())
        };
        let name = by_index.or_else(by_name).unwrap_or_default();
        mistakes.add(name, words);
    }
    mistakes
}

/// The place of what is wrong with the list of protected accounts.
pub(super) const PROTECTION: &str = "outboundProvision.targetSettings.PROTECTED_ACCOUNTS";

/// Whether an account that administers the target is named.
pub(super) fn protects_somebody(body: &Body) -> bool {
    let named = entry(body, PROTECTED).and_then(|entry| entry.get("value"));
    let named = named.and_then(Value::as_str).unwrap_or_default();
    let in_policy = |channel: &super::draft::ChannelDraft| {
        channel
            .policy
            .get("protected")
            .is_some_and(|rules| !rules.is_null())
    };
    !named.trim().is_empty() || body.kept().any(in_policy)
}

/// The setting that names those accounts.
const PROTECTED: &str = "PROTECTED_ACCOUNTS";
