//! Attributes that the data store calls binary.

use crate::descriptor::FieldDescriptor;
use crate::mapping::{BinaryAttributes, Mapped, Rules, RulesInput, Unmasked, map_user, preview};
use crate::model::{
    DataStore, DataStoreId, DataStoreKind, Dates, DirectoryKind, Entry, Kept, LdapStore,
    MappingRule,
};

use super::{enabled, entry, fields};

fn store(named: &[&str]) -> DataStore {
    DataStore {
        id: DataStoreId::new("corp"),
        name: "Corporate".to_owned(),
        kind: DataStoreKind::Ldap(LdapStore {
            binary_attributes: named.iter().map(|&name| name.to_owned()).collect(),
            ..LdapStore::default()
        }),
        directory: DirectoryKind::Generic,
        mask_values_in_log: false,
        dates: Dates::default(),
        kept: Kept::default(),
    }
}

fn rules(attribute: &str, named: &[&str], key: Option<&str>) -> Rules {
    let from = |field: &str, attribute: &str| MappingRule {
        field: field.to_owned(),
        attributes: vec![attribute.to_owned()],
        ..MappingRule::default()
    };
    let mapping = [
        from("userName", "uid"),
        from("workEmail", "mail"),
        from("title", attribute),
    ];
    let fields: Vec<FieldDescriptor> = fields();
    Rules::compile(&RulesInput {
        mapping: &mapping,
        fields: &fields,
        username_field: "userName",
        email_field: "workEmail",
        external_id_field: "externalId",
        group_name_field: "displayName",
        status: &enabled(),
        expiry: None,
        group_name: crate::model::GroupNameSource::CommonName,
        binary: BinaryAttributes::of(Some(&store(named)), key),
    })
    .unwrap()
}

fn person(name: &str, bytes: &[u8]) -> Entry {
    let mut ana = entry(&[("uid", "ana"), ("mail", "ana@example.com")]);
    ana.attributes.insert(name.to_owned(), vec![bytes.to_vec()]);
    ana
}

fn title(entry: &Entry, rules: &Rules) -> (Option<String>, Vec<String>) {
    match map_user(entry, rules, &Unmasked, 0) {
        Mapped::Desired(desired) => (
            desired.resource.text("title").map(str::to_owned),
            desired.notes,
        ),
        Mapped::Invalid { problems, .. } => panic!("{problems:?}"),
    }
}

#[test]
fn a_binary_attribute_reaches_mapping_as_base64_and_another_one_does_not() {
    let photo = person("jpegphoto", &[0xff, 0xd8, 0xff, 0xfb]);
    let named = rules("jpegPhoto", &["JPEGPhoto"], None);
    assert_eq!(title(&photo, &named).0.as_deref(), Some("/9j/+w=="));
    assert_eq!(
        preview(&photo, &named)[2].inputs,
        [("jpegPhoto".to_owned(), vec!["/9j/+w==".to_owned()])]
    );
    // Bytes that happen to be text are bytes all the same.
    let text = person("jpegphoto", b"abc");
    assert_eq!(title(&text, &named).0.as_deref(), Some("YWJj"));
    let other = rules("jpegPhoto", &["audio"], None);
    assert_eq!(title(&text, &other).0.as_deref(), Some("abc"));
    let (value, notes) = title(&photo, &other);
    assert_eq!(value, None);
    assert!(notes.concat().contains("not valid UTF-8"), "{notes:?}");
    assert!(notes.concat().contains("binary attributes"), "{notes:?}");
}

#[test]
fn the_option_binary_may_be_written_or_left_out_on_both_sides() {
    let certificate = person("usercertificate;binary", &[0x30, 0x80]);
    for mapped in ["userCertificate", "userCertificate;binary"] {
        for named in ["userCertificate", "usercertificate;binary"] {
            let rules = rules(mapped, &[named], None);
            assert_eq!(title(&certificate, &rules).0.as_deref(), Some("MIA="));
        }
    }
}

#[test]
fn the_attribute_of_the_key_is_the_key_in_its_canonical_form() {
    let bytes = person("objectguid", &[0xff; 16]);
    let rules = rules("objectGUID", &["objectGUID"], Some("objectGUID"));
    assert_eq!(title(&bytes, &rules).0.as_deref(), Some(bytes.key.as_str()));
}
