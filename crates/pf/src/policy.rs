//! Every key of a policy: what it may hold and what it does. Reading and the documentation come from here.

use serde_json::Value;
use usher_core::model::{LdapStore, Policy};

/// What a value of a key may be.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    Flag,
    /// A whole number from, to.
    Whole(u64, u64),
    /// A number from, to.
    Number(f64, f64),
    /// 0, or a number from, to.
    ZeroOr(f64, f64),
    Text,
    Texts,
    /// The SHA-256 of a certificate.
    Fingerprint,
    OneOf(&'static [&'static str]),
    /// [`LIMIT`], written whole.
    Limit,
    Part(&'static [Key]),
    /// Read by code of its own; what it may be, in words.
    Own(&'static str),
}

/// One key.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    /// Whether it may be `null` or be left out of a part that is written whole.
    pub(crate) optional: bool,
    pub(crate) help: &'static str,
}

const fn key(name: &'static str, form: Form, help: &'static str) -> Key {
    Key {
        name,
        form,
        optional: false,
        help,
    }
}

const fn optional(name: &'static str, form: Form, help: &'static str) -> Key {
    Key {
        name,
        form,
        optional: true,
        help,
    }
}

const ANY: Form = Form::Whole(0, u64::MAX);
const U32: Form = Form::Whole(0, u32::MAX as u64);
const PERCENT: Form = Form::Number(0.0, 100.0);
const AT_LEAST_ONE: Form = Form::Whole(1, u16::MAX as u64);

/// A limit.
pub(crate) const LIMIT: &[Key] = &[
    key("at_least", ANY, "Never less than this."),
    key("percent", PERCENT, "Percent of N."),
    optional(
        "at_most",
        ANY,
        "Never more than this, unless `at_least` is.",
    ),
];

const GUARDS: &[Key] = &[
    key(
        "removals_by_absence",
        Form::Limit,
        "People who are missing or left the scope.",
    ),
    key(
        "removals_by_evidence",
        Form::Limit,
        "People whom the source disabled or deleted.",
    ),
    key("enables", Form::Limit, "Accounts that are enabled again."),
    key("user_deletes", Form::Limit, "Accounts that are deleted."),
    key(
        "container_people",
        ANY,
        "People of one container or scope group who vanish together: held when both numbers are exceeded.",
    ),
    key("container_percent", PERCENT, "See `container_people`."),
    key("members_lost", Form::Limit, "Members that one group loses."),
    key(
        "emptied_group_size",
        ANY,
        "A group of so many members or more that would become empty is always held.",
    ),
    key(
        "members_gained",
        Form::Limit,
        "Members that one settled group gains.",
    ),
    key("creates", Form::Limit, "Creates after the first sync."),
    key(
        "attribute_changed",
        Form::Limit,
        "People of whom one attribute changes.",
    ),
    key(
        "attribute_cleared",
        Form::Limit,
        "People of whom one attribute is cleared.",
    ),
    key(
        "identity_changed",
        Form::Limit,
        "People whose user name or work e-mail changes.",
    ),
    key(
        "shrunk_percent",
        PERCENT,
        "A read of under this share of the last complete one proves no absence.",
    ),
];

const MATCHERS: &[Key] = &[
    key("dns", Form::Texts, "By DN."),
    key(
        "names",
        Form::Texts,
        "By e-mail address or user name, whatever the case.",
    ),
    optional(
        "filter",
        Form::Text,
        "By an LDAP filter that their entry passes.",
    ),
];

const SCHEDULE: &[Key] = &[
    key(
        "incremental_seconds",
        Form::Whole(1, u32::MAX as u64),
        "Seconds between looks at what changed; without it the server's synchronization frequency.",
    ),
    key(
        "full_seconds",
        Form::Whole(60, u32::MAX as u64),
        "Seconds between full reads.",
    ),
];

const LOAD: &[Key] = &[
    optional(
        "requests_per_second",
        Form::ZeroOr(0.01, 1_000_000.0),
        "Requests per second to the target; 0 is no limit, and without it the connector says.",
    ),
    optional(
        "in_flight",
        AT_LEAST_ONE,
        "Requests that may be under way at once; without it the connector says.",
    ),
    optional(
        "member_batch",
        AT_LEAST_ONE,
        "Members in one request; without it the connector says.",
    ),
];

/// What names the channel, and what is kept with its source.
pub(crate) const CHANNEL: &[Key] = &[
    key(
        "connection",
        Form::Own("a text"),
        "The id or name of the SP connection. Required.",
    ),
    key(
        "channel",
        Form::Own("a text"),
        "The name of the channel. Required.",
    ),
    optional(
        "template",
        Form::Own("the kind of directory"),
        "As for the data store.",
    ),
    optional(
        "expiry",
        Form::Own(
            "null, or an object with `attribute` and `format` (file_time or generalized_time)",
        ),
        "Where the date is on which an account expires; null: it is not looked at. Without it, as the directory has it.",
    ),
];

/// The policy of a channel; the keys are those of the model.
pub(crate) const POLICY: &[Key] = &[
    key(
        "guards",
        Form::Part(GUARDS),
        "Limits above which steps are held.",
    ),
    key(
        "protected",
        Form::Part(MATCHERS),
        "Accounts that are never written to, on either side.",
    ),
    key(
        "exclude",
        Form::Part(MATCHERS),
        "Entries that are out of scope whatever the filter says.",
    ),
    key(
        "email_domains",
        Form::Texts,
        "E-mail domains that may be sent; others are held. Empty: not checked.",
    ),
    key(
        "group_removal",
        Form::OneOf(&["keep", "empty", "delete"]),
        "What becomes of a group that left the scope; all but `keep` is held.",
    ),
    key(
        "group_rename",
        Form::OneOf(&["keep", "create_copy_delete", "fail"]),
        "What becomes of a group whose name changed, where the target cannot rename.",
    ),
    key(
        "protected_groups",
        Form::Texts,
        "Further group names that are never written, with `*`.",
    ),
    key(
        "authoritative_members",
        Form::Flag,
        "Remove members that Usher did not add.",
    ),
    key(
        "remove_members_on_disable",
        Form::Flag,
        "Take disabled people out of their groups, and put them back when they return.",
    ),
    key(
        "delete_grace_days",
        U32,
        "Days between disabling somebody who is gone and deleting the account, where Remove User Action is Delete.",
    ),
    key(
        "recreate_missing",
        Form::Flag,
        "Create again what the target lost, instead of holding it.",
    ),
    key(
        "approval_hours",
        Form::Whole(1, u32::MAX as u64),
        "Hours after which held steps expire.",
    ),
    key(
        "scope_count_seen",
        Form::Flag,
        "The number of people in scope was seen: an empty target runs at once.",
    ),
    key(
        "no_disabled_seen",
        Form::Flag,
        "That nobody is disabled among more than 500 people in scope was seen and is right; without it the channel is not activated.",
    ),
    key("schedule", Form::Part(SCHEDULE), "When cycles run."),
    key("load", Form::Part(LOAD), "How the target is treated."),
    key(
        "sentinels",
        Form::Texts,
        "DNs that must be there; a read without one proves nothing.",
    ),
    key(
        "sentinel_sample",
        U32,
        "Linked people that each read looks up as sentinels.",
    ),
    key(
        "target_replaced",
        Form::Limit,
        "Linked resources that the target does not have any more in one cycle; above it the channel stops.",
    ),
    key(
        "further_group_dns",
        Form::Texts,
        "Further group DNs of `userSourceLocation`.",
    ),
];

/// What names a data store, and its kind.
pub(crate) const STORE: &[Key] = &[
    key(
        "data_store",
        Form::Own("a text"),
        "The id or name of the data store. Required.",
    ),
    optional(
        "template",
        Form::Own("the kind of directory"),
        "The kind of directory: `active_directory`, `open_ldap`, `ds389`, `ping_directory`, `oracle_unified_directory`, `oracle_directory_server` or `generic`.",
    ),
];

/// What stands beside a data store.
pub(crate) const STORE_POLICY: &[Key] = &[
    optional(
        "ca_file",
        Form::Text,
        "A file with the certificate (PEM) of the authority that signed the directory's certificate, where the system does not know it.",
    ),
    optional(
        "certificate_sha256",
        Form::Fingerprint,
        "The SHA-256 of the only certificate that the directory may show. With it neither authorities nor the host's name nor dates are looked at; a renewed certificate needs the new value.",
    ),
    optional(
        "page_size",
        Form::Whole(1, 100_000),
        "Entries for which the directory is asked at once.",
    ),
];

impl Form {
    /// What is expected, in words.
    pub(crate) fn words(self) -> String {
        match self {
            Self::Flag => "true or false".to_owned(),
            Self::Whole(least, u64::MAX) => format!("a whole number from {least}"),
            Self::Whole(least, most) if most == u64::from(u32::MAX) => {
                format!("a whole number from {least}")
            }
            Self::Whole(least, most) => format!("a whole number from {least} to {most}"),
            Self::Number(least, most) => format!("a number from {least} to {most}"),
            Self::ZeroOr(least, most) => format!("0, or a number from {least} to {most}"),
            Self::Text => "a text".to_owned(),
            Self::Texts => "a list of texts".to_owned(),
            Self::Fingerprint => {
                "the SHA-256 of a certificate: 64 hexadecimal digits, with or without colons"
                    .to_owned()
            }
            Self::OneOf(names) => format!("one of {}", names.join(", ")),
            Self::Limit => {
                "an object with `at_least`, `percent` and, if wanted, `at_most`".to_owned()
            }
            Self::Part(keys) => format!("an object with the keys {}", names(keys)),
            Self::Own(words) => words.to_owned(),
        }
    }
}

impl Form {
    fn of_a_form(self) -> PolicyForm {
        match self {
            Self::Flag => PolicyForm::Flag,
            Self::Whole(..) => PolicyForm::Whole,
            Self::Number(..) | Self::ZeroOr(..) => PolicyForm::Number,
            Self::Text | Self::Fingerprint => PolicyForm::Text,
            Self::Texts => PolicyForm::Texts,
            Self::OneOf(names) => PolicyForm::OneOf(names),
            Self::Limit => PolicyForm::Limit,
            Self::Part(_) | Self::Own(_) => PolicyForm::Own,
        }
    }
}

/// The names of keys, as a list in words.
pub(crate) fn names(keys: &[Key]) -> String {
    let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
    names.join(", ")
}

/// What a key of an entry of `policies` is, for a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyForm {
    /// True or false.
    Flag,
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// A text.
    Text,
    /// A list of texts.
    Texts,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// A limit: an object with `at_least`, `percent` and, if wanted, `at_most`.
    Limit,
    /// What it may be stands in words only.
    Own,
}

/// A key of an entry of `policies`, for the documentation and for forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyKey {
    /// Its place within the entry, such as `guards.creates`.
    pub path: String,
    /// What it is.
    pub form: PolicyForm,
    /// What it may hold, in words.
    pub allowed: String,
    /// What is so without it, as JSON; empty where there is no default.
    pub default: String,
    /// What it does.
    pub help: &'static str,
}

/// Every key of the entry of a channel, and every key of that of a data store.
pub fn policy_keys() -> (Vec<PolicyKey>, Vec<PolicyKey>) {
    // Types of the model always serialise.
    let policy = serde_json::to_value(Policy::default()).unwrap_or_default();
    let store = serde_json::to_value(LdapStore::default()).unwrap_or_default();
    let (mut channel, mut of_store) = (Vec::new(), Vec::new());
    told(CHANNEL, "", &Value::Null, &mut channel);
    told(POLICY, "", &policy, &mut channel);
    told(STORE, "", &Value::Null, &mut of_store);
    told(STORE_POLICY, "", &store, &mut of_store);
    (channel, of_store)
}

fn told(keys: &[Key], within: &str, defaults: &Value, all: &mut Vec<PolicyKey>) {
    for key in keys {
        let path = format!("{within}{}", key.name);
        let default = defaults.get(key.name).unwrap_or(&Value::Null);
        if let Form::Part(keys) = key.form {
            told(keys, &format!("{path}."), default, all);
            continue;
        }
        let default = match (key.form, default) {
            (_, Value::Null) => String::new(),
            (Form::Limit, limit) => limit_words(limit),
            (_, value) => value.to_string(),
        };
        all.push(PolicyKey {
            path,
            form: key.form.of_a_form(),
            allowed: match key.form {
                Form::Limit => "a limit".to_owned(),
                form => form.words(),
            },
            default,
            help: key.help,
        });
    }
}

/// A limit in the order of its keys.
fn limit_words(limit: &Value) -> String {
    let parts = LIMIT.iter().filter_map(|key| {
        let value = limit.get(key.name)?;
        Some(format!("\"{}\": {value}", key.name))
    });
    format!("{{{}}}", parts.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use usher_core::model::Limit;

    use super::*;

    fn named(keys: &[Key]) -> BTreeSet<String> {
        keys.iter().map(|key| key.name.to_owned()).collect()
    }

    fn is_that_of_the_model(keys: &[Key], value: &Value, place: &str) {
        let Value::Object(map) = value else {
            panic!("{place} is no object");
        };
        let known: BTreeSet<String> = map.keys().cloned().collect();
        assert_eq!(named(keys), known, "{place}");
        for key in keys {
            if let Form::Part(keys) = key.form {
                is_that_of_the_model(keys, &map[key.name], key.name);
            }
        }
    }

    #[test]
    fn the_keys_are_those_of_the_model() {
        let policy = serde_json::to_value(Policy::default()).expect("a value");
        is_that_of_the_model(POLICY, &policy, "policy");
        let limit = Limit::new(1, 1.0, Some(1));
        let limit = serde_json::to_value(limit).expect("a value");
        is_that_of_the_model(LIMIT, &limit, "limit");
    }
}
