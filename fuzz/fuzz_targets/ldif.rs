//! LDIF: any bytes are read to an end, and records that were read are written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use usher_directory::ldif::{LdifLimits, LdifReader, LdifRecord, LdifWriter};

fn without_line(mut record: LdifRecord) -> LdifRecord {
    match &mut record {
        LdifRecord::Content(entry) => entry.line = 0,
        LdifRecord::Change(change) => change.line = 0,
    }
    record
}

fuzz_target!(|bytes: &[u8]| {
    let limits = LdifLimits {
        line: 4096,
        record: 65536,
    };
    let records: Vec<LdifRecord> = LdifReader::with_limits(bytes, limits)
        .filter_map(Result::ok)
        .map(without_line)
        .collect();
    let mut writer = LdifWriter::new(Vec::new()).expect("a vector takes everything");
    for record in &records {
        writer
            .record(record)
            .expect("a record that was read can be written");
    }
    let again: Result<Vec<LdifRecord>, _> = LdifReader::new(writer.into_inner().as_slice())
        .map(|record| record.map(without_line))
        .collect();
    assert_eq!(again, Ok(records));
});
