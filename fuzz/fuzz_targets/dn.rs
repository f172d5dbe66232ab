//! Names: what is read can be printed and read again, and its comparison key is stable.
#![no_main]

use libfuzzer_sys::fuzz_target;
use usher_directory::{Dn, MAX_DN_BYTES};

fuzz_target!(|text: &str| {
    match Dn::parse(text) {
        Ok(dn) => {
            // Escapes make a name longer; what then exceeds the bound is refused, rightly.
            let printed = dn.to_string();
            if printed.len() <= MAX_DN_BYTES {
                assert_eq!(Dn::parse(&printed).as_ref(), Ok(&dn));
            }
            let key = dn.canonical();
            if key.len() <= MAX_DN_BYTES {
                assert_eq!(Dn::parse(&key).expect("a key is a name").canonical(), key);
            }
        }
        Err(error) => assert!(error.position <= text.len()),
    }
});
