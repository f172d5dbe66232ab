//! Whether an account is enabled in the source.

use usher_directory::compare::{filetime_to_unix_ms, generalized_time_to_unix_ms};

use crate::model::{
    AccountStatus, DisabledReason, Entry, ExpiryFormat, ExpiryRule, Millis, StatusRule,
};

/// The bit of `userAccountControl` that disables an account (ADS_UF_ACCOUNTDISABLE).
const AD_DISABLED: i64 = 0x2;
/// Longest value that is shown in a reason.
const SHOWN: usize = 80;

/// The status of an entry at a time (UTC milliseconds), and what could not be read, in words. An
/// unreadable status counts as absent; an unreadable expiry as none. One that is too long to be read
/// disables nobody: mapping calls the entry invalid.
pub fn account_status(
    entry: &Entry,
    status: &StatusRule,
    expiry: Option<&ExpiryRule>,
    now: Millis,
) -> (AccountStatus, Vec<String>) {
    let mut notes = Vec::new();
    let by_status = match status {
        StatusRule::AdBitmap { attribute, default } => {
            bitmap(entry, attribute, *default, &mut notes)
        }
        StatusRule::Flag {
            attribute,
            value,
            status_when_equal,
            default,
        } => flag(entry, attribute, value, *status_when_equal, *default),
    };
    let expires = expiry.and_then(|rule| expires_at(entry, rule, &mut notes));
    let expired = expires.filter(|at| *at <= now);
    let disabled = by_status.or(expired.map(|at| DisabledReason::Expired { at }));
    // A disabled account stays disabled whatever the clock says.
    let changes_at = expires.filter(|_| disabled.is_none());
    (
        AccountStatus {
            disabled,
            changes_at,
        },
        notes,
    )
}

fn disabled_by(attribute: &str, value: &str) -> DisabledReason {
    DisabledReason::Status {
        attribute: attribute.to_owned(),
        value: value.chars().take(SHOWN).collect(),
    }
}

fn by_default(attribute: &str, default: bool) -> Option<DisabledReason> {
    (!default).then(|| disabled_by(attribute, "(absent)"))
}

fn bitmap(
    entry: &Entry,
    attribute: &str,
    default: bool,
    notes: &mut Vec<String>,
) -> Option<DisabledReason> {
    let Some(value) = entry.values(attribute).first() else {
        if entry.too_long_of([attribute]).is_some() {
            return None;
        }
        return by_default(attribute, default);
    };
    let text = String::from_utf8_lossy(value);
    match text.trim().parse::<i64>() {
        Ok(bits) => (bits & AD_DISABLED != 0).then(|| disabled_by(attribute, text.trim())),
        Err(_) => {
            notes.push(format!(
                "status: expected a whole number in `{attribute}`, found '{}'; the default status is used",
                shown(&text)
            ));
            by_default(attribute, default)
        }
    }
}

fn flag(
    entry: &Entry,
    attribute: &str,
    wanted: &str,
    status_when_equal: bool,
    default: bool,
) -> Option<DisabledReason> {
    let values = entry.values(attribute);
    let Some(first) = values.first() else {
        if entry.too_long_of([attribute]).is_some() {
            return None;
        }
        return by_default(attribute, default);
    };
    let equal = values
        .iter()
        .find(|value| is_equal(&String::from_utf8_lossy(value), wanted));
    let enabled = status_when_equal == equal.is_some();
    let value = String::from_utf8_lossy(equal.unwrap_or(first));
    (!enabled).then(|| disabled_by(attribute, value.trim()))
}

fn is_equal(value: &str, wanted: &str) -> bool {
    let (value, wanted) = (value.trim(), wanted.trim());
    value.eq_ignore_ascii_case(wanted) || value.to_lowercase() == wanted.to_lowercase()
}

fn expires_at(entry: &Entry, rule: &ExpiryRule, notes: &mut Vec<String>) -> Option<Millis> {
    let value = entry.values(&rule.attribute).first()?;
    let text = String::from_utf8_lossy(value);
    let text = text.trim();
    let read = match rule.format {
        ExpiryFormat::FileTime => text.parse::<i64>().map(filetime_to_unix_ms).ok(),
        ExpiryFormat::GeneralizedTime => generalized_time_to_unix_ms(text).map(Some).ok(),
    };
    if read.is_none() {
        let form = match rule.format {
            ExpiryFormat::FileTime => "a number of 100 ns since 1601",
            ExpiryFormat::GeneralizedTime => "a time such as 20240229120000Z",
        };
        notes.push(format!(
            "expiry: expected {form} in `{}`, found '{}'; no expiry is assumed",
            rule.attribute,
            shown(text)
        ));
    }
    read.flatten()
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}
