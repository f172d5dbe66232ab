use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use usher_directory::Dn;
use usher_directory::ldif::{
    LdifChange, LdifControl, LdifEntry, LdifError, LdifLimits, LdifModification,
    LdifModificationKind, LdifOperation, LdifReader, LdifRecord, LdifValue, LdifWriter,
};

use crate::generate::{description, dn, rdn, value};

fn long_value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => value(), 1 => "[a-z]{60,200}".prop_map(String::into_bytes)]
}

/// In an entry or an added one, these names have a meaning of their own.
fn plain(attribute: &str) -> bool {
    !["dn", "changetype", "control"].contains(&attribute.to_ascii_lowercase().as_str())
}

fn values() -> impl Strategy<Value = Vec<LdifValue>> {
    let one = (
        description().prop_filter("reserved", |d| plain(d)),
        long_value(),
    )
        .prop_map(|(attribute, value)| LdifValue { attribute, value });
    vec(one, 0..5)
}

fn operation() -> impl Strategy<Value = LdifOperation> {
    let kind = prop_oneof![
        Just(LdifModificationKind::Add),
        Just(LdifModificationKind::Delete),
        Just(LdifModificationKind::Replace),
        Just(LdifModificationKind::Increment),
    ];
    let modification =
        (kind, description(), vec(long_value(), 0..3)).prop_map(|(kind, attribute, values)| {
            LdifModification {
                kind,
                attribute,
                values,
            }
        });
    prop_oneof![
        values().prop_map(LdifOperation::Add),
        Just(LdifOperation::Delete),
        vec(modification, 0..3).prop_map(LdifOperation::Modify),
        (rdn(), any::<bool>(), option::of(dn())).prop_map(
            |(new_rdn, delete_old_rdn, new_superior)| LdifOperation::ModifyDn {
                new_rdn,
                delete_old_rdn,
                new_superior
            }
        ),
    ]
}

fn record() -> impl Strategy<Value = LdifRecord> {
    let control = (
        "[12](\\.[1-9][0-9]{0,3}){1,3}",
        any::<bool>(),
        option::of(value()),
    )
        .prop_map(|(oid, critical, value)| LdifControl {
            oid,
            critical,
            value,
        });
    prop_oneof![
        (dn(), values()).prop_map(|(dn, attributes)| LdifRecord::Content(LdifEntry {
            line: 0,
            dn,
            attributes
        })),
        (dn(), vec(control, 0..2), operation()).prop_map(|(dn, controls, operation)| {
            LdifRecord::Change(LdifChange {
                line: 0,
                dn,
                controls,
                operation,
            })
        }),
    ]
}

fn written(records: &[LdifRecord]) -> Vec<u8> {
    let mut writer = LdifWriter::new(Vec::new()).expect("a vector takes everything");
    for record in records {
        writer.record(record).expect("valid descriptions");
    }
    writer.into_inner()
}

fn read(input: &[u8]) -> Result<Vec<LdifRecord>, LdifError> {
    LdifReader::new(input)
        .map(|record| {
            record.map(|mut record| {
                match &mut record {
                    LdifRecord::Content(entry) => entry.line = 0,
                    LdifRecord::Change(change) => change.line = 0,
                }
                record
            })
        })
        .collect()
}

proptest! {
    #[test]
    fn written_records_are_read_back(records in vec(record(), 0..4)) {
        prop_assert_eq!(read(&written(&records)), Ok(records));
    }

    #[test]
    fn lines_are_short_and_plain(records in vec(record(), 0..3)) {
        let text = written(&records);
        prop_assert!(text.is_ascii());
        for line in text.split(|b| *b == b'\n') {
            prop_assert!(line.len() <= 76);
        }
    }

    #[test]
    fn windows_line_breaks_change_nothing(records in vec(record(), 0..3)) {
        let text = String::from_utf8(written(&records)).expect("ASCII").replace('\n', "\r\n");
        prop_assert_eq!(read(text.as_bytes()), Ok(records));
    }

    #[test]
    fn a_broken_record_never_hides_the_next(
        before in record(), broken in "[a-z:< =-]{1,30}", after in record()
    ) {
        let mut text = written(std::slice::from_ref(&before));
        text.extend(b"\ndn: cn=x\ncn: x\nthis line has no end\n");
        text.extend(broken.trim_end().bytes());
        text.push(b'\n');
        let mut writer = LdifWriter::append(text);
        writer.record(&after).expect("written");
        let text = writer.into_inner();
        let found: Vec<_> = LdifReader::new(text.as_slice()).collect();
        let good = |at: usize| found[at].as_ref().map(|r| r.dn().clone()).ok();
        prop_assert_eq!(found.len(), 3);
        prop_assert_eq!(good(0), Some(before.dn().clone()));
        prop_assert!(found[1].is_err());
        prop_assert_eq!(good(2), Some(after.dn().clone()));
    }

    #[test]
    fn any_bytes_are_read_without_panic_and_to_an_end(
        bytes in prop_oneof![
            vec(any::<u8>(), 0..200),
            "(dn: cn=a\n|cn: a\n|[ #]x\n|\n|changetype: (add|modify|moddn)\n|-\n|add: cn\n|a:: [a-z=]{0,4}\n|[a-z:<]{0,5}\n){0,12}"
                .prop_map(String::into_bytes),
        ]
    ) {
        let limits = LdifLimits { line: 40, record: 500 };
        let lines = bytes.split(|b| *b == b'\n').count() as u64;
        let found: Vec<_> = LdifReader::with_limits(bytes.as_slice(), limits).collect();
        prop_assert!(found.len() as u64 <= lines);
        for error in found.iter().filter_map(|r| r.as_ref().err()) {
            prop_assert!(error.line >= 1 && error.line <= lines, "{error}");
        }
        for record in found.iter().flatten() {
            prop_assert_eq!(Dn::parse(&record.dn().to_string()), Ok(record.dn().clone()));
        }
    }
}
