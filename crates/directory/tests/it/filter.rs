use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use usher_directory::{Filter, Tri};

use crate::generate::{self, attribute, description, value};

fn substrings() -> impl Strategy<Value = Filter> {
    let piece = || value().prop_filter("an empty piece cannot be written", |v| !v.is_empty());
    let pieces = (option::of(piece()), vec(piece(), 0..3), option::of(piece()));
    let pieces = pieces.prop_filter("none would be a presence filter", |(initial, any, last)| {
        initial.is_some() || last.is_some() || !any.is_empty()
    });
    (description(), pieces).prop_map(|(attribute, (initial, any, last))| Filter::Substrings {
        attribute,
        initial,
        any,
        last,
    })
}

fn extensible() -> impl Strategy<Value = Filter> {
    let rule = prop_oneof![
        Just("1.2.840.113556.1.4.803".to_owned()),
        Just("caseExactMatch".to_owned()),
        attribute().prop_filter("`dn` is a flag", |r| !r.eq_ignore_ascii_case("dn")),
    ];
    (
        option::of(description()),
        option::of(rule),
        any::<bool>(),
        value(),
    )
        .prop_filter("one of them", |(a, r, ..)| a.is_some() || r.is_some())
        .prop_map(|(attribute, rule, dn, value)| Filter::Extensible {
            attribute,
            rule,
            dn,
            value,
        })
}

fn filter() -> impl Strategy<Value = Filter> {
    let item = prop_oneof![
        (description(), value())
            .prop_map(|(attribute, value)| Filter::Equality { attribute, value }),
        (description(), value())
            .prop_map(|(attribute, value)| Filter::GreaterOrEqual { attribute, value }),
        (description(), value())
            .prop_map(|(attribute, value)| Filter::LessOrEqual { attribute, value }),
        (description(), value()).prop_map(|(attribute, value)| Filter::Approx { attribute, value }),
        description().prop_map(Filter::Present),
        substrings(),
        extensible(),
    ];
    item.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Filter::And),
            vec(inner.clone(), 0..4).prop_map(Filter::Or),
            inner.prop_map(Filter::not),
        ]
    })
}

type Entry = BTreeMap<String, Vec<Vec<u8>>>;

fn entry() -> impl Strategy<Value = Entry> {
    proptest::collection::btree_map(description(), vec(value(), 1..3), 0..4)
}

proptest! {
    #[test]
    fn printed_filters_are_read_back(filter in filter()) {
        prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
    }

    #[test]
    fn evaluation_is_three_valued_logic(a in filter(), b in filter(), entry in entry()) {
        let result = |filter: &Filter| filter.evaluate(&entry);
        prop_assert_eq!(result(&Filter::not(a.clone())), result(&a).not());
        let both = Filter::And(vec![a.clone(), b.clone()]);
        let by_de_morgan = Filter::not(Filter::Or(vec![Filter::not(a.clone()), Filter::not(b.clone())]));
        prop_assert_eq!(result(&both), result(&by_de_morgan));
        prop_assert_eq!(result(&both), Tri::all([result(&a), result(&b)]));
    }

    #[test]
    fn an_entry_matches_its_own_values(name in "x[a-z]{0,4}", text in "[a-zA-Z é]{0,12}") {
        let entry = Entry::from([(name.clone(), vec![text.clone().into_bytes()])]);
        for own in [
            Filter::eq(name.clone(), text.to_uppercase()),
            Filter::at_least(name.clone(), text.clone()),
            Filter::Approx { attribute: name.clone(), value: text.clone().into_bytes() },
            Filter::present(name.clone()),
        ] {
            prop_assert_eq!(own.evaluate(&entry), Tri::True, "{}", own);
        }
    }

    #[test]
    fn a_value_begins_contains_and_ends_with_its_pieces(
        a in "[a-z]{1,4}", b in "[a-z ]{1,4}", c in "[a-z]{1,4}"
    ) {
        let entry = Entry::from([("sn".to_owned(), vec![format!("{a}x{b}x{c}").into_bytes()])]);
        let own = Filter::parse(&format!("(SN={}*{b}*{})", a.to_uppercase(), c.to_uppercase()));
        prop_assert_eq!(own.map(|f| f.evaluate(&entry)), Ok(Tri::True));
    }

    #[test]
    fn any_text_is_a_filter_or_an_error_inside_it(
        text in generate::near(r"([a-z0-9.=*:<>~&|!()\\ é]|\(cn=|\)|:dn:){0,24}")
    ) {
        match Filter::parse(&text) {
            Ok(filter) => prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter)),
            Err(error) => prop_assert!(error.position <= text.len()),
        }
    }
}
