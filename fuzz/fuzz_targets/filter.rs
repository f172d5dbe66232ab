//! Filters: what is read can be printed and read again, and evaluated on any entry.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use usher_directory::{Filter, MAX_FILTER_BYTES};

fuzz_target!(|input: (&str, &[u8])| {
    let (text, value) = input;
    match Filter::parse(text) {
        Ok(filter) => {
            let printed = filter.to_string();
            if printed.len() <= MAX_FILTER_BYTES {
                assert_eq!(Filter::parse(&printed).as_ref(), Ok(&filter));
            }
            // The entry has the value in every attribute that the filter looks at.
            let entry: BTreeMap<String, Vec<Vec<u8>>> = filter
                .attributes()
                .into_iter()
                .map(|name| (name, vec![value.to_vec()]))
                .collect();
            let _ = filter.evaluate(&entry);
        }
        Err(error) => assert!(error.position <= text.len()),
    }
});
