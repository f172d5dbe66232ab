//! Strategies for values of this crate.

use proptest::collection::vec;
use proptest::prelude::*;
use usher_directory::{Ava, Dn, Rdn};

/// Values: text of every kind, with many special characters, and plain bytes.
pub(crate) fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        "[a-zA-Z ]{0,12}".prop_map(String::into_bytes),
        r#"[ \\"+,;<>#=/*()&|!:a\x00\n\r\u{85}éß]{0,12}"#.prop_map(String::into_bytes),
        ".{0,8}".prop_map(String::into_bytes),
        vec(any::<u8>(), 0..10),
    ]
}

pub(crate) fn attribute() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("cn".to_owned()),
        Just("OU".to_owned()),
        Just("2.5.4.3".to_owned()),
        "[a-zA-Z][a-zA-Z0-9_-]{0,8}",
        "[1-9][0-9]?(\\.(0|[1-9][0-9]{0,3})){1,4}",
    ]
}

pub(crate) fn description() -> impl Strategy<Value = String> {
    (attribute(), vec("[a-z][a-z0-9-]{0,6}", 0..3)).prop_map(|(name, options)| {
        options.iter().fold(name, |description, option| {
            format!("{description};{option}")
        })
    })
}

pub(crate) fn rdn() -> impl Strategy<Value = Rdn> {
    let ber = (attribute(), vec(any::<u8>(), 1..8)).prop_map(|(name, bytes)| {
        let digits = bytes
            .iter()
            .fold(String::new(), |text, b| format!("{text}{b:02x}"));
        Rdn::parse(&format!("{name}=#{digits}"))
            .expect("hexadecimal value")
            .avas()[0]
            .clone()
    });
    let plain =
        (attribute(), value()).prop_map(|(name, value)| Ava::new(&name, value).expect("type"));
    vec(prop_oneof![4 => plain, 1 => ber], 1..3)
        .prop_map(|avas| Rdn::from_avas(avas).expect("not empty"))
}

pub(crate) fn dn() -> impl Strategy<Value = Dn> {
    vec(rdn(), 0..5).prop_map(Dn::from_rdns)
}

/// Text near the grammar, so that parsers get far before they refuse.
pub(crate) fn near(alphabet: &'static str) -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,40}".boxed(),
        proptest::string::string_regex(alphabet)
            .expect("regex")
            .boxed()
    ]
}
