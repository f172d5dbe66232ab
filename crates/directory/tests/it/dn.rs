use proptest::prelude::*;
use usher_directory::{Ava, AvaValue, Dn, Rdn};

use crate::generate;

/// The same name in other words: every byte of a plain value as `\xx`, case turned, spaces and old
/// separators added, the values of a part in reverse order.
fn respelled(dn: &Dn) -> String {
    let ava = |ava: &Ava| match ava.value() {
        AvaValue::Plain(bytes) => {
            let value = bytes
                .iter()
                .fold(String::new(), |text, b| format!("{text}\\{b:02X}"));
            format!(" {} = {value} ", ava.attribute().to_uppercase())
        }
        AvaValue::Ber(_) => format!(" {ava} "),
    };
    let part = |rdn: &Rdn| {
        rdn.avas()
            .iter()
            .rev()
            .map(ava)
            .collect::<Vec<_>>()
            .join("+")
    };
    dn.rdns().iter().map(part).collect::<Vec<_>>().join(";")
}

proptest! {
    #[test]
    fn printed_names_are_read_back(dn in generate::dn()) {
        prop_assert_eq!(Dn::parse(&dn.to_string()), Ok(dn));
    }

    #[test]
    fn the_short_way_to_the_canonical_form_ends_where_the_long_one_does(
        dn in generate::dn(),
        near in generate::near("((cn|UID|oU|dc|sn|2.5.4.3)=[a-zA-Z0-9 .@'()&:_#=;+\\\\é-]{0,8},?){0,4}"),
    ) {
        for text in [dn.to_string(), near] {
            let long = Dn::parse(&text).map(|dn| dn.canonical());
            prop_assert_eq!(Dn::canonical_of(&text), long, "{}", text);
        }
    }

    #[test]
    fn the_canonical_form_ignores_spelling(dn in generate::dn()) {
        let other = Dn::parse(&respelled(&dn)).expect("respelled");
        prop_assert_eq!(other.canonical(), dn.canonical());
        prop_assert!(other.is_equal(&dn));
    }

    #[test]
    fn the_canonical_form_is_a_stable_printable_name(dn in generate::dn()) {
        let key = dn.canonical();
        prop_assert!(!key.chars().any(char::is_control), "{key:?}");
        let again = Dn::parse(&key).expect("canonical");
        prop_assert_eq!(again.canonical(), key);
        prop_assert!(again.is_equal(&dn));
    }

    #[test]
    fn letter_case_and_inner_spacing_do_not_matter(words in proptest::collection::vec("[a-zé]{1,5}", 1..4)) {
        let one = Dn::from_rdns(vec![Rdn::new("cn", words.join(" ")).expect("type")]);
        let two = Dn::from_rdns(vec![Rdn::new("CN", words.join("  ").to_uppercase()).expect("type")]);
        prop_assert_eq!(one.canonical(), two.canonical());
    }

    #[test]
    fn a_name_is_under_each_of_its_parents(dn in generate::dn(), child in generate::rdn()) {
        let below = dn.child(child);
        prop_assert!(!dn.is_under(&below));
        let mut above = Some(below.clone());
        while let Some(base) = above {
            prop_assert!(below.is_under(&base));
            above = base.parent();
        }
    }

    #[test]
    fn any_text_is_a_name_or_an_error_inside_it(
        text in generate::near(r#"([a-z0-9.=+,;"\\# <é]|cn=|\\2c){0,24}"#)
    ) {
        match Dn::parse(&text) {
            Ok(dn) => prop_assert_eq!(Dn::parse(&dn.to_string()), Ok(dn)),
            Err(error) => prop_assert!(error.position <= text.len()),
        }
    }
}
