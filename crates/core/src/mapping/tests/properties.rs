use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;
use crate::mapping::{map_group, preview};
use crate::model::{CharacterCase, Parser};

fn any_entry() -> impl Strategy<Value = Entry> {
    let name = prop::sample::select(vec!["uid", "mail", "a", "b", "x-y", "cn", "lock"]);
    let bytes = prop_oneof![
        vec(any::<u8>(), 0..40),
        "\\PC{0,20}".prop_map(String::into_bytes),
        "[a-z]{1,5}@[a-z]{1,5}".prop_map(String::into_bytes),
        "[a-z]{1,3}=[ -~]{0,9},dc=x".prop_map(String::into_bytes),
        "[0-9]{0,20}Z?".prop_map(String::into_bytes),
    ];
    let attributes = btree_map(name.prop_map(str::to_owned), vec(bytes, 0..4), 0..7);
    (attributes, "\\PC{0,30}").prop_map(|(attributes, dn)| Entry {
        dn,
        attributes,
        ..entry(&[])
    })
}

fn many_rules() -> Rules {
    let title = MappingRule {
        parser: Parser::ExtractCnFromDn,
        case: CharacterCase::Upper,
        ..expression(
            "title",
            &["a", "b", "x-y"],
            "(a | ascii_fold | digits('+')) ~ (b | dn_part('ou')) if b else attr['x-y'] | date",
        )
    };
    let phones = MappingRule {
        trim: true,
        ..expression(
            "phones",
            &["a", "b"],
            "all.a | map('regex_replace', '[^0-9]', '') | list",
        )
    };
    let nick = MappingRule {
        default: Some("none".into()),
        parser: Parser::ExtractUsernameFromEmail,
        ..rule("nick", &["mail"])
    };
    compile(&with_basics(vec![
        title,
        phones,
        nick,
        rule("displayName", &["a"]),
    ]))
}

proptest! {
    #[test]
    fn no_entry_makes_mapping_panic_and_the_result_is_the_same_twice(entry in any_entry()) {
        let rules = many_rules();
        let first = map_user(&entry, &rules, &Unmasked, 0);
        prop_assert_eq!(&first, &map_user(&entry, &rules, &Unmasked, 0));
        prop_assert_eq!(map_group(&entry, &rules), map_group(&entry, &rules));
        prop_assert_eq!(preview(&entry, &rules), preview(&entry, &rules));
        if let Mapped::Desired(desired) = first {
            let text = format!("{:?}", desired.resource);
            let has_nul = text.contains("\\u{0}");
            prop_assert!(!has_nul);
            prop_assert!(desired.resource.text("userName").is_some_and(|t| !t.trim().is_empty()));
            prop_assert!(desired.resource.text("workEmail").is_some_and(|t| t.contains('@')));
        }
    }

    #[test]
    fn no_text_as_an_expression_makes_compiling_or_mapping_panic(
        text in prop_oneof![
            "\\PC{0,60}",
            "[ab |~()'\"\\[\\]{}%.,=<>+*/0-9-]{0,40}",
            "(a|b|all|attr|lower|first|split|date|digits|if|else|is|not|in|\\||\\(|\\)| |'x'){0,20}",
        ],
        entry in any_entry(),
    ) {
        let mapping = with_basics(vec![expression("title", &["a", "b"], &text)]);
        if let Ok(rules) = try_compile(&mapping) {
            let once = map_user(&entry, &rules, &Unmasked, 0);
            prop_assert_eq!(once, map_user(&entry, &rules, &Unmasked, 0));
        }
    }
}
