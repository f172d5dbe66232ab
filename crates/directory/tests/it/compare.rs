use proptest::prelude::*;
use usher_directory::attribute::canonical_description;
use usher_directory::compare::{
    filetime_to_unix_ms, fold, generalized_time_to_unix_ms, guid_bytes, guid_text,
    normalise_uuid_text, nsuniqueid_text, unix_ms_to_ad_time, unix_ms_to_filetime,
    unix_ms_to_generalized_time,
};

use crate::generate;

const FIRST: i64 = -62_167_219_200_000;
const LAST: i64 = 253_402_300_799_999;

proptest! {
    #[test]
    fn folding_twice_changes_nothing_more(text in any::<String>()) {
        let once = fold(&text);
        prop_assert_eq!(fold(&once), once);
    }

    #[test]
    fn folding_ignores_letter_case_of_ascii_and_outer_space(text in "[a-zA-Z é]{0,20}") {
        prop_assert_eq!(fold(&format!("  {}\t", text.to_uppercase())), fold(&text));
    }

    #[test]
    fn printed_times_are_read_back(ms in FIRST..=LAST) {
        let text = unix_ms_to_generalized_time(ms);
        prop_assert_eq!(generalized_time_to_unix_ms(&text), Ok(ms));
        let coarse = generalized_time_to_unix_ms(&unix_ms_to_ad_time(ms)).expect("time");
        prop_assert!(coarse <= ms && ms < coarse + 1000);
    }

    #[test]
    fn times_of_any_kind_never_panic(ms in any::<i64>(), text in generate::near("[0-9.,Z+-]{0,24}")) {
        prop_assert!(generalized_time_to_unix_ms(&unix_ms_to_generalized_time(ms)).is_ok());
        if let Some(ticks) = unix_ms_to_filetime(ms) {
            prop_assert_eq!(filetime_to_unix_ms(ticks), Some(ms));
        }
        let _ = filetime_to_unix_ms(ms);
        if let Err(error) = generalized_time_to_unix_ms(&text) {
            prop_assert!(error.position <= text.len());
        }
    }

    #[test]
    fn guids_are_read_back(bytes in any::<[u8; 16]>()) {
        let text = guid_text(&bytes);
        prop_assert_eq!(guid_bytes(&text.to_uppercase()), Some(bytes));
        prop_assert_eq!(normalise_uuid_text(&text), Some(text.clone()));
        let other = nsuniqueid_text(&text).expect("a UUID");
        prop_assert_eq!(normalise_uuid_text(&other), Some(text));
    }

    #[test]
    fn any_text_is_a_uuid_or_none(text in generate::near("[0-9a-fA-F{}-]{30,38}")) {
        if let Some(uuid) = normalise_uuid_text(&text) {
            prop_assert_eq!(normalise_uuid_text(&uuid), Some(uuid));
        }
    }

    #[test]
    fn canonical_descriptions_are_stable(description in generate::description()) {
        let once = canonical_description(&description);
        prop_assert_eq!(canonical_description(&once), once.clone());
        prop_assert_eq!(canonical_description(&description.to_uppercase()), once);
    }
}
