use super::*;
use crate::mapping::preview;

fn messages(mapping: &[MappingRule]) -> Vec<String> {
    try_compile(mapping)
        .expect_err("the rules are not valid")
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[track_caller]
fn only(mapping: Vec<MappingRule>, part: &str) {
    let found = messages(&with_basics(mapping));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains(part), "{found:?}");
}

#[test]
fn every_problem_is_reported_at_once() {
    let found = messages(&[
        rule("Title", &["title"]),
        rule("colour", &["c"]),
        rule("displayName", &["givenName", "sn"]),
        rule("userName", &["uid"]),
        rule("userName", &["mail"]),
        expression("title", &["a"], "a | nosuch"),
    ]);
    assert_eq!(found.len(), 6, "{found:#?}");
    assert!(found[0].contains("did you mean `title`"));
    assert!(found[1].contains("no such field"));
    assert!(found[2].contains("`givenName ~ ' ' ~ sn`"));
    assert!(found[3].contains("two mapping rules"));
    assert!(found[4].contains("unknown filter `nosuch`"));
    assert!(found[5].contains("`workEmail`") && found[5].contains("required"));
}

#[test]
fn a_default_for_a_field_that_must_differ_is_refused() {
    let mut mapping = with_basics(vec![]);
    mapping[0].default = Some("nobody".into());
    assert!(messages(&mapping)[0].contains("a default is not allowed"));
}

#[test]
fn a_default_that_is_too_long_is_refused() {
    let nick = MappingRule {
        default: Some("eleven char".into()),
        ..rule("nick", &[])
    };
    only(vec![nick], "at most 10 characters, found 11");
}

#[test]
fn names_that_are_no_attributes_are_refused() {
    only(vec![rule("title", &["job title"])], "no attribute name");
}

#[test]
fn fields_that_accounts_are_recognised_by_cannot_be_masked() {
    let mut mapping = with_basics(vec![]);
    mapping[0].masked = true;
    assert!(messages(&mapping)[0].contains("cannot be masked"));
}

#[test]
fn unmapped_fields_of_a_published_configuration_do_no_harm() {
    let rules = compile(&with_basics(vec![rule("title", &[]), rule("nick", &[])]));
    assert_eq!(rules.user_attributes(), ["uid", "mail"]);
}

#[test]
fn an_unknown_filter_is_found_in_a_branch_that_is_never_taken() {
    only(
        vec![expression("title", &["a"], "a if true else a | nosuch")],
        "unknown filter `nosuch`",
    );
}

#[test]
fn mistakes_in_expressions_say_where_they_are() {
    let cases = [
        ("a ~", "unexpected end"),
        ("a | lower(", ""),
        ("mial", "`mial` is not an attribute of this rule"),
        ("attr['b-c']", "`b-c` is not an attribute"),
        ("all.b | join", "`b` is not an attribute"),
        ("a is nosuch", "unknown test `nosuch`"),
        ("a.upper()", "method"),
        ("a | regex_replace('(', '')", "pattern"),
        ("nosuch(a)", "`nosuch` is not an attribute"),
        ("a | dn_part", "missing argument"),
        ("a | date('%Q')", "%Q"),
        ("a %}{% set b = 1", ""),
        ("a) %}{{ 1 }}{% set b = (a", ""),
    ];
    for (text, part) in cases {
        let mapping = with_basics(vec![expression("title", &["a"], text)]);
        let found = try_compile(&mapping).expect_err(text);
        assert!(
            found
                .iter()
                .any(|p| p.message.contains(part) && p.line == Some(1)),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn a_mistake_in_the_second_line_has_its_line_and_column() {
    let mapping = with_basics(vec![expression("title", &["a"], "a\n  ~ mial")]);
    let found = try_compile(&mapping).expect_err("unknown name");
    assert_eq!((found[0].line, found[0].column), (Some(2), Some(5)));
}

#[test]
fn attributes_needed_are_each_named_once_with_status_and_expiry() {
    let fields = fields();
    let status = StatusRule::AdBitmap {
        attribute: "userAccountControl".into(),
        default: true,
    };
    let expiry = crate::model::ExpiryRule {
        attribute: "accountExpires".into(),
        format: crate::model::ExpiryFormat::FileTime,
    };
    let mapping = with_basics(vec![expression(
        "title",
        &["Mail", "title"],
        "Mail ~ title",
    )]);
    let rules = Rules::compile(&RulesInput {
        mapping: &mapping,
        fields: &fields,
        username_field: "userName",
        email_field: "workEmail",
        external_id_field: "externalId",
        group_name_field: "displayName",
        status: &status,
        expiry: Some(&expiry),
        group_name: GroupNameSource::SamAccountName,
        binary: crate::mapping::BinaryAttributes::default(),
    })
    .expect("valid");
    assert_eq!(
        rules.user_attributes(),
        [
            "uid",
            "mail",
            "title",
            "userAccountControl",
            "accountExpires"
        ]
    );
    assert_eq!(rules.group_attributes(), ["sAMAccountName"]);
}

#[test]
fn rules_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&compile(&with_basics(vec![])));
}

#[test]
fn a_preview_shows_each_step_that_changed_something() {
    let title = MappingRule {
        trim: true,
        case: crate::model::CharacterCase::Upper,
        ..rule("title", &["title"])
    };
    let rules = compile(&with_basics(vec![title]));
    let shown = preview(&ana(&[("title", " boss ")]), &rules);
    let title = &shown[2];
    let steps: Vec<(&str, &str, &str)> = title
        .steps
        .iter()
        .map(|s| (s.step.as_str(), s.input.as_str(), s.result.as_str()))
        .collect();
    assert_eq!(
        steps,
        [
            ("value", " boss ", " boss "),
            ("trim", " boss ", "boss"),
            ("case", "boss", "BOSS"),
        ]
    );
    assert_eq!(title.result.as_deref(), Some("BOSS"));
}

#[test]
fn a_preview_hides_masked_values() {
    let title = MappingRule {
        masked: true,
        default: Some("hidden default".into()),
        ..expression("title", &["a"], "a | lookup({})")
    };
    let rules = compile(&with_basics(vec![title]));
    let entry = ana(&[("a", "hidden value")]);
    let shown = format!("{:?}", preview(&entry, &rules)[2].steps);
    let notes = format!(
        "{:?} {:?}",
        preview(&entry, &rules)[2].remarks,
        desired(&entry, &rules).notes
    );
    assert!(!shown.contains("hidden"), "{shown}");
    assert!(!notes.contains("hidden value"), "{notes}");
}
