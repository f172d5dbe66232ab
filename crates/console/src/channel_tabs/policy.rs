//! Policy: everything that a channel's policy can say, made from the table of its keys.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use usher_pf::{PolicyForm, PolicyKey, policy_keys};

use super::forms::{FormPage, FormTab, Shown};
use super::here::{Here, Page};
use super::said::FREQUENCY;
use super::specs::{Group, spec};
use crate::connections::draft::ChannelDraft;
use crate::form::{Choice, Control, Field, Form, Mistakes, Shape, Spec, at};
use crate::frame::SignedIn;

/// Headings, with the keys below each; a key that is not named is below its first word's heading, or the last one.
const HEADINGS: [(&str, &[&str]); 8] = [
    ("When and how fast", &["schedule", "load"]),
    ("Guards", &["guards", "target_replaced", "approval_hours"]),
    ("Protected accounts", &["protected"]),
    ("Scope", &["exclude", "further_group_dns", "email_domains"]),
    (
        "Groups",
        &[
            "group_removal",
            "group_rename",
            "protected_groups",
            "authoritative_members",
            "remove_members_on_disable",
        ],
    ),
    ("People", &["delete_grace_days", "recreate_missing"]),
    ("What proves absence", &["sentinels", "sentinel_sample"]),
    (
        "Seen and acknowledged",
        &["scope_count_seen", "no_disabled_seen"],
    ),
];
const OTHERS: &str = "Others";

/// What another place says: which channel it is, the kind of directory of its data store, and what this page asks for in
/// its own way.
const ELSEWHERE: [&str; 4] = ["connection", "channel", "template", "expiry"];

static GROUPS: LazyLock<Vec<Group>> = LazyLock::new(|| {
    let keys = policy_keys().0;
    let keys = keys
        .iter()
        .filter(|key| !ELSEWHERE.contains(&key.path.as_str()));
    let mut groups: Vec<Group> = Vec::new();
    let headings = HEADINGS.iter().map(|(legend, _)| *legend).chain([OTHERS]);
    groups.extend(headings.map(|legend| Group {
        legend,
        specs: Vec::new(),
    }));
    for key in keys {
        let legend = heading(&key.path);
        if let Some(group) = groups.iter_mut().find(|group| group.legend == legend) {
            group.specs.extend(specs(key));
        }
    }
    groups.retain(|group| !group.specs.is_empty());
    groups
});

fn heading(path: &str) -> &'static str {
    let first = path.split('.').next().unwrap_or(path);
    let mut all = HEADINGS.iter();
    all.find(|(_, keys)| keys.contains(&first))
        .map_or(OTHERS, |(legend, _)| *legend)
}

/// The fields of a key. Made once, so their texts may stay for ever.
fn specs(key: &PolicyKey) -> Vec<Spec> {
    let path: &'static str = format!("policy.{}", key.path).leak();
    let label: &'static str = words(&key.path).leak();
    let help: &'static str = match key.default.as_str() {
        "" | "[]" => key.help.to_owned(),
        _ if key.path == FREQUENCY => key.help.to_owned(),
        default => format!("{} By default {default}.", key.help),
    }
    .leak();
    let shape = match key.form {
        PolicyForm::Flag => Shape::Flag,
        PolicyForm::Whole => Shape::Number,
        PolicyForm::Number => Shape::Decimal,
        PolicyForm::Text | PolicyForm::Own => Shape::Text,
        PolicyForm::Texts => Shape::Lines,
        PolicyForm::OneOf(names) => {
            let choices = names.iter().map(|name| (*name, &*words(name).leak()));
            Shape::OneOf(choices.collect::<Vec<_>>().leak())
        }
        PolicyForm::Limit => return limit(path, label, help),
    };
    vec![Spec {
        more: format!("In a configuration file `{}`: {}.", key.path, key.allowed).leak(),
        ..spec(path, label, shape, help)
    }]
}

/// The three numbers of a limit.
fn limit(path: &'static str, label: &'static str, help: &'static str) -> Vec<Spec> {
    let part = |name: &str, words: &str, shape, help| {
        let path: &'static str = format!("{path}.{name}").leak();
        spec(path, format!("{label}: {words}").leak(), shape, help)
    };
    vec![
        part("at_least", "at least", Shape::Number, help),
        part(
            "percent",
            "percent",
            Shape::Decimal,
            "Percent of all people of the channel, of the group or of the container.",
        ),
        part(
            "at_most",
            "at most",
            Shape::Number,
            "Never more than this, unless the first number is. Empty: no such end.",
        ),
    ]
}

/// The last part of a key in words: `group_removal` is "Group removal".
pub(super) fn words(path: &str) -> String {
    let parts = path.split('.').map(|part| part.replace('_', " "));
    let whole = parts.collect::<Vec<_>>().join(": ");
    let whole = whole.strip_prefix("guards: ").unwrap_or(&whole);
    let mut letters = whole.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

pub(super) fn tab() -> FormTab {
    FormTab {
        page: Page::Policy,
        groups: &GROUPS,
        dress,
        put,
    }
}

const EXPIRY: &str = "policy.expiry";
const ATTRIBUTE: &str = "policy.expiry.attribute";
const FORMAT: &str = "policy.expiry.format";

/// The expiry of accounts, which is kept with the source.
fn dress(_: &SignedIn, here: &Here, made: &mut FormPage) {
    let Ok(channel) = here.channel() else { return };
    let fields = expiry(&channel.policy, &Mistakes::default());
    made.groups.push(Shown {
        legend: "Expiry of accounts",
        dense: false,
        fields: fields
            .map(|mut field| {
                field.fixed = !made.may;
                field.wrong = wrong_of(made, &field.name);
                field
            })
            .into(),
    });
}

fn wrong_of(made: &FormPage, name: &str) -> Vec<String> {
    let own = made.summary.iter().filter(|one| one.label == name);
    own.map(|one| one.words.clone()).collect()
}

pub(super) fn expiry(policy: &Map<String, Value>, wrong: &Mistakes) -> [Field; 3] {
    let said = policy.get("expiry");
    let mode = match said {
        None => "usual",
        Some(Value::Null) => "never",
        Some(_) => "attribute",
    };
    let text = |name: &str| {
        let value = said.and_then(|said| at(said, name)).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    let modes = vec![
        Choice::new("usual", "As the kind of directory has it"),
        Choice::new("never", "It is not looked at"),
        Choice::new("attribute", "It stands in this attribute"),
    ];
    let formats = vec![
        Choice::new(
            "generalized_time",
            "Generalized time, such as 20301231000000Z",
        ),
        Choice::new("file_time", "File time of Active Directory"),
    ];
    [
        Field::new(EXPIRY, "Expiry", Control::Radio(modes))
            .value(mode)
            .help("Where the date is on which an account expires: from then on it counts as disabled.")
            .wrong(wrong),
        Field::text(ATTRIBUTE, "Expiry: attribute").value(text("attribute")),
        Field::new(FORMAT, "Expiry: format", Control::Select(formats)).value(text("format")),
    ]
}

fn put(channel: &mut ChannelDraft, form: &Form) {
    let value = match form.text(EXPIRY) {
        "never" => Some(Value::Null),
        "attribute" => {
            Some(json!({"attribute": form.text(ATTRIBUTE).trim(), "format": form.text(FORMAT)}))
        }
        _ => None,
    };
    match value {
        Some(value) => channel.policy.insert("expiry".to_owned(), value),
        None => channel.policy.remove("expiry"),
    };
}
