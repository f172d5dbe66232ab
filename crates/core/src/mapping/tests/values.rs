use super::*;
use crate::mapping::map_group;
use crate::model::{CharacterCase, FieldValue, Parser};

#[test]
fn the_source_key_becomes_the_external_id_unless_a_rule_maps_it() {
    let plain = desired(&ana(&[]), &compile(&with_basics(vec![])));
    assert_eq!(
        plain.resource.text("externalId"),
        Some("0e3b5c1a-0000-4000-8000-000000000001")
    );
    let mapped = compile(&with_basics(vec![rule("externalId", &["employeeNumber"])]));
    let desired = desired(&ana(&[("employeeNumber", "7")]), &mapped);
    assert_eq!(desired.resource.text("externalId"), Some("7"));
}

#[test]
fn steps_apply_in_their_order() {
    type Text = &'static str;
    type Case = (
        Option<Text>,
        Parser,
        bool,
        CharacterCase,
        Text,
        Option<Text>,
    );
    let cases: &[Case] = &[
        (
            None,
            Parser::None,
            false,
            CharacterCase::None,
            " A ",
            Some(" A "),
        ),
        (
            None,
            Parser::None,
            true,
            CharacterCase::Lower,
            " A ",
            Some("a"),
        ),
        (
            Some("Def"),
            Parser::None,
            true,
            CharacterCase::Upper,
            "  ",
            Some("DEF"),
        ),
        (None, Parser::None, true, CharacterCase::None, "  ", None),
        (
            None,
            Parser::ExtractCnFromDn,
            true,
            CharacterCase::Lower,
            "CN=The Boss,OU=x",
            Some("the boss"),
        ),
        (
            None,
            Parser::ExtractCnFromDn,
            false,
            CharacterCase::None,
            "no DN",
            Some("no DN"),
        ),
        (
            Some("cn=Default,dc=x"),
            Parser::ExtractCnFromDn,
            false,
            CharacterCase::None,
            "",
            Some("Default"),
        ),
        (
            None,
            Parser::ExtractUsernameFromEmail,
            false,
            CharacterCase::Upper,
            "ana@example.org",
            Some("ANA"),
        ),
    ];
    for (default, parser, trim, case, value, expected) in cases {
        let title = MappingRule {
            default: default.map(str::to_owned),
            parser: *parser,
            trim: *trim,
            case: *case,
            ..rule("title", &["t"])
        };
        let rules = compile(&with_basics(vec![title]));
        let desired = desired(&ana(&[("t", value)]), &rules);
        assert_eq!(desired.resource.text("title"), *expected, "{value:?}");
    }
}

#[test]
fn a_failing_expression_uses_the_default_and_says_so() {
    let title = MappingRule {
        default: Some("Staff".into()),
        ..expression("title", &["a"], "a | upper")
    };
    let rules = compile(&with_basics(vec![title]));
    let desired = desired(&ana(&[]), &rules);
    assert_eq!(desired.resource.text("title"), Some("Staff"));
    assert_eq!(desired.notes.len(), 1);
    assert!(
        desired.notes[0].contains("the default is used"),
        "{:?}",
        desired.notes
    );
    assert!(
        desired.notes[0].contains("without a value"),
        "{:?}",
        desired.notes
    );
}

#[test]
fn a_failing_expression_without_default_leaves_an_optional_field_empty_with_a_note() {
    let rules = compile(&with_basics(vec![expression("title", &["a"], "a | upper")]));
    let desired = desired(&ana(&[]), &rules);
    assert_eq!(desired.resource.text("title"), None);
    assert!(desired.notes[0].contains("left out"), "{:?}", desired.notes);
}

#[test]
fn a_required_field_without_a_value_makes_the_account_invalid() {
    let rules = compile(&with_basics(vec![]));
    let found = problems(&entry(&[("uid", "ana")]), &rules);
    assert_eq!(found[0].field.as_deref(), Some("workEmail"));
    assert!(found[0].message.contains("found none in mail"));
}

#[test]
fn bytes_that_are_no_text_are_a_problem_or_a_note_never_more() {
    let rules = compile(&with_basics(vec![rule("title", &["t"])]));
    let mut bad = ana(&[]);
    bad.attributes.insert("t".into(), vec![vec![b'a', 0xff]]);
    let desired = desired(&bad, &rules);
    assert_eq!(desired.resource.text("title"), None);
    assert!(desired.notes[0].contains("byte 1"), "{:?}", desired.notes);
    bad.attributes.insert("mail".into(), vec![vec![0xff]]);
    assert!(problems(&bad, &rules)[0].message.contains("UTF-8"));
}

#[test]
fn only_one_plain_address_is_an_e_mail_address() {
    let rules = compile(&with_basics(vec![]));
    for good in ["a@b", "ana.o'neil+x@example.org", "änne@exämple.org"] {
        let desired = desired(&entry(&[("uid", "a"), ("mail", good)]), &rules);
        assert_eq!(desired.resource.text("workEmail"), Some(good));
    }
    for bad in [
        "ana",
        "ana@",
        "@example.org",
        "a b@example.org",
        "a@example.org;b@example.org",
        "a@example.org,b@example.org",
        "a@b@c",
        "Ana <ana@example.org>",
        "a@example..org",
        "a\u{0}@example.org",
        " a@example.org",
    ] {
        let found = problems(&entry(&[("uid", "a"), ("mail", bad)]), &rules);
        assert!(
            found[0].message.starts_with("expected"),
            "{bad:?}: {found:?}"
        );
    }
}

#[test]
fn values_that_are_too_long_are_left_out_with_a_note() {
    let rules = compile(&with_basics(vec![rule("nick", &["n"])]));
    let fits = desired(&ana(&[("n", "éééééééééé")]), &rules);
    assert_eq!(fits.resource.text("nick").map(str::len), Some(20));
    let long = desired(&ana(&[("n", "eleven char")]), &rules);
    assert_eq!(long.resource.text("nick"), None);
    assert!(long.notes[0].contains("at most 10 characters, found 11"));
}

#[test]
fn control_characters_never_reach_the_target() {
    let rules = compile(&with_basics(vec![rule("title", &["t"])]));
    let desired = desired(&ana(&[("t", "\u{1}Head\nof\u{202e}Sales\r\n")]), &rules);
    assert_eq!(desired.resource.text("title"), Some("Head of Sales"));
    let found = problems(&entry(&[("uid", "a\u{1b}[2Jb"), ("mail", "a@b")]), &rules);
    assert!(found[0].message.contains("control characters"));
    assert!(!found[0].message.contains('\u{1b}'));
}

#[test]
fn multi_valued_fields_take_every_value_once_and_single_ones_the_first() {
    let rules = compile(&with_basics(vec![
        rule("phones", &["tel"]),
        rule("title", &["tel"]),
    ]));
    let entry = ana(&[("tel", "1"), ("tel", "2"), ("tel", "1"), ("tel", "")]);
    let desired = desired(&entry, &rules);
    assert_eq!(
        desired.resource.fields.get("phones"),
        Some(&FieldValue::List(vec!["1".into(), "2".into()]))
    );
    assert_eq!(desired.resource.text("title"), Some("1"));
}

#[test]
fn expressions_see_all_values_and_odd_names() {
    let cases = [
        (
            "all.a | join('+')",
            &[("a", "1"), ("a", "2")][..],
            Some("1+2"),
        ),
        ("all['x-y'] | length", &[("x-y", "1")], Some("1")),
        ("all.a | length", &[], Some("0")),
        ("attr['x-y'] ~ a", &[("x-y", "1"), ("a", "2")], Some("12")),
        ("attr['X-Y']", &[("x-y", "1")], Some("1")),
        ("A", &[("a", "any case")], Some("any case")),
        ("a if a else 'none'", &[], Some("none")),
        ("a is defined", &[], Some("false")),
        ("none", &[("a", "1")], None),
        ("a", &[], None),
        ("1 + 2", &[], Some("3")),
        ("all.a", &[("a", "one")], Some("one")),
        ("all.a", &[], None),
        ("a | default('x') | upper", &[], Some("X")),
    ];
    for (text, attributes, expected) in cases {
        assert_eq!(evaluate(text, attributes).as_deref(), expected, "{text}");
    }
}

#[test]
fn several_values_for_a_single_field_are_a_note() {
    let rules = compile(&with_basics(vec![expression("title", &["a"], "all.a")]));
    let desired = desired(&ana(&[("a", "1"), ("a", "2")]), &rules);
    assert!(
        desired.notes[0].contains("a list of 2"),
        "{:?}",
        desired.notes
    );
}

#[test]
fn our_filters_do_what_the_manual_says() {
    let cases = [
        ("a | digits", "+49 (0) 30-1", "490301"),
        ("a | digits('+')", "+49 (0) 30-1", "+490301"),
        (
            "a | ascii_fold",
            "Ærøskøbing Łódź Müße ’x–",
            "AEroskobing Lodz Musse 'x-",
        ),
        ("a | ascii_fold('german')", "Müller-Weiß", "Mueller-Weiss"),
        ("a | ascii_fold", "Ｆｕｌｌ Юрий", "Full "),
        ("a | regex_replace('[^a-z]+', '-')", "ab12cd", "ab-cd"),
        (
            "a | regex_replace('^(\\\\w+) (\\\\w+)$', '$2, $1')",
            "Ana Diaz",
            "Diaz, Ana",
        ),
        ("a | dn_part('ou')", "cn=x,OU=Sales,ou=EU,dc=y", "Sales"),
        ("a | dn_part('ou', 1)", "cn=x,ou=Sales,ou=EU,dc=y", "EU"),
        ("a | dn_part('ou', 2) | default('-')", "cn=x,ou=Sales", "-"),
        ("(a | split('@'))[1]", "ana@example.org", "example.org"),
        ("a | date", "20240229235959.0Z", "2024-02-29"),
        (
            "a | date('%d.%m.%Y %H:%M:%S %%')",
            "20240229235959Z",
            "29.02.2024 23:59:59 %",
        ),
        ("a | date", "133536384000000000", "2024-02-29"),
        (
            "a | date | default('never')",
            "9223372036854775807",
            "never",
        ),
        (
            "a | lookup({'DE': 'Germany'}, 'elsewhere')",
            "DE",
            "Germany",
        ),
        (
            "a | lookup({'DE': 'Germany'}, 'elsewhere')",
            "FR",
            "elsewhere",
        ),
    ];
    for (text, value, expected) in cases {
        assert_eq!(
            evaluate(text, &[("a", value)]).as_deref(),
            Some(expected),
            "{text}"
        );
    }
}

#[test]
fn our_filters_refuse_what_they_cannot_read() {
    for (text, value) in [
        ("a | dn_part('ou')", "no DN"),
        ("a | date", "yesterday"),
        ("a | date", "99999999999999999999"),
        ("a | lookup({'DE': 'Germany'})", "FR"),
    ] {
        assert_eq!(evaluate(text, &[("a", value)]), None, "{text}");
    }
}

#[test]
fn a_group_is_named_by_the_chosen_source() {
    let fields = fields();
    let status = enabled();
    let mapping = with_basics(vec![]);
    let rules = |group_name| {
        Rules::compile(&RulesInput {
            mapping: &mapping,
            fields: &fields,
            username_field: "userName",
            email_field: "workEmail",
            external_id_field: "externalId",
            group_name_field: "displayName",
            status: &status,
            expiry: None,
            group_name,
            binary: crate::mapping::BinaryAttributes::default(),
        })
        .expect("valid")
    };
    let mut group = entry(&[
        ("cn", "other"),
        ("cn", "Team, A"),
        ("sAMAccountName", "team-a"),
    ]);
    group.dn = "CN=Team\\, A,ou=groups,dc=x".into();
    let name = |group: &Entry, source| match map_group(group, &rules(source)) {
        Mapped::Desired(desired) => desired.resource.text("displayName").map(str::to_owned),
        Mapped::Invalid { .. } => None,
    };
    assert_eq!(
        name(&group, GroupNameSource::CommonName).as_deref(),
        Some("Team, A")
    );
    assert_eq!(
        name(&group, GroupNameSource::Dn).as_deref(),
        Some("CN=Team\\, A,ou=groups,dc=x")
    );
    assert_eq!(
        name(&group, GroupNameSource::SamAccountName).as_deref(),
        Some("team-a")
    );
    for bad in ["", "  ", "a\nb"] {
        let group = entry(&[("cn", bad)]);
        assert_eq!(name(&group, GroupNameSource::CommonName), None, "{bad:?}");
    }
    assert_eq!(name(&entry(&[]), GroupNameSource::CommonName), None);
}

#[test]
fn masked_values_are_sealed_before_anybody_sees_them() {
    struct Dots;
    impl crate::mapping::Mask for Dots {
        fn mask(&self, field: &str, plain: &str) -> FieldValue {
            FieldValue::Sealed {
                token: format!("sealed {field}"),
                digest: plain.len().to_string(),
            }
        }
    }
    let title = MappingRule {
        masked: true,
        ..rule("title", &["t"])
    };
    let rules = compile(&with_basics(vec![title]));
    let Mapped::Desired(desired) = map_user(&ana(&[("t", "secret")]), &rules, &Dots, 0) else {
        panic!("expected an account");
    };
    assert!(!format!("{desired:?}").contains("secret\""), "{desired:?}");
    assert_eq!(desired.resource.text("title"), None);
}
