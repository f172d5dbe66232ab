use super::*;
use crate::mapping::account_status;
use crate::model::{DisabledReason, ExpiryFormat, ExpiryRule};

const NOW: i64 = 1_700_000_000_000;

fn bitmap(default: bool) -> StatusRule {
    StatusRule::AdBitmap {
        attribute: "userAccountControl".into(),
        default,
    }
}

fn flag(status_when_equal: bool, default: bool) -> StatusRule {
    StatusRule::Flag {
        attribute: "lock".into(),
        value: "TRUE".into(),
        status_when_equal,
        default,
    }
}

#[test]
fn status_rules_follow_their_tables() {
    type Case = (StatusRule, &'static [(&'static str, &'static str)], bool);
    let cases: &[Case] = &[
        (bitmap(true), &[("userAccountControl", "512")], true),
        (bitmap(true), &[("userAccountControl", "514")], false),
        (bitmap(true), &[("useraccountcontrol", "66050")], false),
        (
            bitmap(true),
            &[("userAccountControl", "-2147483646")],
            false,
        ),
        (bitmap(true), &[], true),
        (bitmap(false), &[], false),
        (bitmap(true), &[("userAccountControl", "many")], true),
        (bitmap(false), &[("userAccountControl", "many")], false),
        (flag(false, true), &[("lock", "true")], false),
        (flag(false, true), &[("lock", " True ")], false),
        (flag(false, true), &[("lock", "false")], true),
        (flag(false, true), &[("lock", "")], true),
        (flag(false, true), &[], true),
        (flag(false, false), &[], false),
        (flag(true, true), &[("lock", "true")], true),
        (flag(true, true), &[("lock", "no")], false),
        (
            flag(false, true),
            &[("lock", "no"), ("lock", "true")],
            false,
        ),
    ];
    for (rule, attributes, enabled) in cases {
        let (status, _) = account_status(&entry(attributes), rule, None, NOW);
        assert_eq!(
            status.disabled.is_none(),
            *enabled,
            "{rule:?} {attributes:?}"
        );
    }
}

#[test]
fn an_unreadable_status_is_noted() {
    let entry = entry(&[("userAccountControl", "many")]);
    let (_, notes) = account_status(&entry, &bitmap(true), None, NOW);
    assert!(notes[0].contains("whole number"), "{notes:?}");
}

fn expiry(format: ExpiryFormat, value: &str) -> (Option<DisabledReason>, Option<i64>) {
    let rule = ExpiryRule {
        attribute: "expires".into(),
        format,
    };
    let entry = entry(&[("expires", value)]);
    let (status, _) = account_status(&entry, &enabled(), Some(&rule), NOW);
    (status.disabled, status.changes_at)
}

#[test]
fn expiry_is_driven_by_the_clock() {
    let file_time = |ms: i64| ((ms + 11_644_473_600_000) * 10_000).to_string();
    let expired = |at| (Some(DisabledReason::Expired { at }), None);
    let cases = [
        ("0".to_owned(), (None, None)),
        ("9223372036854775807".to_owned(), (None, None)),
        (file_time(NOW), expired(NOW)),
        (file_time(NOW - 1), expired(NOW - 1)),
        (file_time(NOW + 1), (None, Some(NOW + 1))),
        ("soon".to_owned(), (None, None)),
    ];
    for (value, expected) in cases {
        assert_eq!(expiry(ExpiryFormat::FileTime, &value), expected, "{value}");
    }
    assert_eq!(
        expiry(ExpiryFormat::GeneralizedTime, "20231114221320Z"),
        expired(NOW)
    );
    assert_eq!(
        expiry(ExpiryFormat::GeneralizedTime, "20231114221321Z"),
        (None, Some(NOW + 1000))
    );
}

#[test]
fn a_disabled_account_does_not_wait_for_its_expiry() {
    let rule = ExpiryRule {
        attribute: "expires".into(),
        format: ExpiryFormat::GeneralizedTime,
    };
    let entry = entry(&[("lock", "true"), ("expires", "20991231000000Z")]);
    let (status, _) = account_status(&entry, &flag(false, true), Some(&rule), NOW);
    assert!(matches!(
        status.disabled,
        Some(DisabledReason::Status { .. })
    ));
    assert_eq!(status.changes_at, None);
}

fn unread(attribute: &str, more: &[(&str, &str)]) -> Entry {
    let mut entry = ana(more);
    entry.attributes.remove(attribute);
    entry.too_long.insert(attribute.to_owned(), 4_000_000);
    entry
}

#[test]
fn what_is_too_long_to_be_read_makes_an_entry_invalid_and_clears_nothing() {
    let rules = compile(&with_basics(vec![rule("title", &["Title"])]));
    for attribute in ["title", "uid"] {
        let found = problems(&unread(attribute, &[]), &rules);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].message.contains("4000000 bytes"), "{found:?}");
    }
    let other = desired(&unread("description", &[]), &rules);
    assert_eq!(
        other.resource.text("userName"),
        Some("ana"),
        "nobody maps it"
    );
    let mut group = unread("cn", &[]);
    group.kind = crate::model::Kind::Group;
    let Mapped::Invalid { problems, .. } = crate::mapping::map_group(&group, &rules) else {
        panic!("a group without a name that could be read")
    };
    assert!(problems[0].message.contains("64 KiB"), "{problems:?}");
}

#[test]
fn a_status_that_is_too_long_to_be_read_disables_nobody_and_a_leaver_leaves_with_a_long_title() {
    for rule in [bitmap(false), flag(false, false)] {
        let attribute = match &rule {
            StatusRule::AdBitmap { .. } => "useraccountcontrol",
            StatusRule::Flag { .. } => "lock",
        };
        let (status, _) = account_status(&unread(attribute, &[]), &rule, None, NOW);
        assert_eq!(status.disabled, None);
    }
    let mut rules = compile(&with_basics(vec![rule("title", &["title"])]));
    rules.status = flag(false, true);
    let left = unread("title", &[("lock", "TRUE")]);
    let Mapped::Invalid { disabled, .. } = map_user(&left, &rules, &Unmasked, NOW) else {
        panic!("a title that cannot be read")
    };
    assert!(disabled.is_some(), "a leaver leaves");
    let unknown = unread("lock", &[]);
    assert_eq!(
        problems(&unknown, &rules).len(),
        1,
        "the status is not known"
    );
}
