//! GUIDs and UUIDs as bytes and as text.

use crate::escape::{hex_pair, push_hex};

/// Canonical text of the 16 bytes of Active Directory's `objectGUID`.
///
/// The first three groups are stored with the least significant byte first (MS-DTYP §2.3.4.2); the text is
/// the one that Microsoft's tools show, in lower case and without braces.
pub fn guid_text(bytes: &[u8; 16]) -> String {
    dashed(&swap(bytes))
}

/// The 16 bytes of Active Directory's `objectGUID` from its text, the reverse of [`guid_text`]. Accepts
/// what [`normalise_uuid_text`] accepts; `None` for anything else.
pub fn guid_bytes(text: &str) -> Option<[u8; 16]> {
    parse(text).map(|bytes| swap(&bytes))
}

/// A UUID in canonical text: lower case, groups of 8-4-4-4-12 digits.
///
/// Accepts any letter case, braces, the `urn:uuid:` prefix, no dashes, and the 8-8-8-8 groups of 389
/// Directory Server's `nsUniqueId` (give the result to [`nsuniqueid_text`] before asking that server for
/// it). `None` if there are not exactly 32 hexadecimal digits.
pub fn normalise_uuid_text(text: &str) -> Option<String> {
    parse(text).map(|bytes| dashed(&bytes))
}

/// A UUID in the form of 389 Directory Server's `nsUniqueId`: lower case, groups of 8-8-8-8 digits.
pub fn nsuniqueid_text(text: &str) -> Option<String> {
    parse(text).map(|bytes| grouped(&bytes, &[4, 8, 12]))
}

fn swap(b: &[u8; 16]) -> [u8; 16] {
    let [b0, b1, b2, b3, b4, b5, b6, b7, rest @ ..] = *b;
    let [r0, r1, r2, r3, r4, r5, r6, r7] = rest;
    [
        b3, b2, b1, b0, b5, b4, b7, b6, r0, r1, r2, r3, r4, r5, r6, r7,
    ]
}

fn dashed(bytes: &[u8; 16]) -> String {
    grouped(bytes, &[4, 6, 8, 10])
}

fn grouped(bytes: &[u8; 16], dash_before: &[usize]) -> String {
    let mut out = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if dash_before.contains(&index) {
            out.push('-');
        }
        push_hex(&mut out, *byte);
    }
    out
}

fn parse(text: &str) -> Option<[u8; 16]> {
    let text = text.trim();
    let bare = match text.get(..9) {
        Some(prefix) if prefix.eq_ignore_ascii_case("urn:uuid:") => text.get(9..)?,
        _ => text,
    };
    let bare = match bare.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}')?,
        None => bare,
    };
    // The dashes stand at one of three places; anywhere else the text is something other than a UUID.
    let dashes: Vec<usize> = bare
        .bytes()
        .enumerate()
        .filter(|(_, b)| *b == b'-')
        .map(|(i, _)| i)
        .collect();
    if !matches!(dashes.as_slice(), [] | [8, 13, 18, 23] | [8, 17, 26]) {
        return None;
    }
    let mut digits = bare.bytes().filter(|b| *b != b'-');
    let mut out = [0; 16];
    for slot in &mut out {
        *slot = hex_pair(digits.next(), digits.next())?;
    }
    digits.next().is_none().then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: [u8; 16] = [
        0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee,
        0xff,
    ];

    #[test]
    fn object_guid_bytes_are_mixed_endian() {
        assert_eq!(guid_text(&BYTES), "00112233-4455-6677-8899-aabbccddeeff");
        assert_eq!(
            guid_bytes("{00112233-4455-6677-8899-AABBCCDDEEFF}"),
            Some(BYTES)
        );
    }

    #[test]
    fn every_usual_spelling_gives_one_text() {
        let canonical = Some("00112233-4455-6677-8899-aabbccddeeff".to_owned());
        for text in [
            "00112233-4455-6677-8899-AABBCCDDEEFF",
            "urn:uuid:00112233-4455-6677-8899-aabbccddeeff",
            "00112233445566778899aabbccddeeff",
            " 00112233-44556677-8899aabb-ccddeeff ",
        ] {
            assert_eq!(normalise_uuid_text(text), canonical, "{text}");
        }
        assert_eq!(
            nsuniqueid_text("00112233-4455-6677-8899-aabbccddeeff").as_deref(),
            Some("00112233-44556677-8899aabb-ccddeeff")
        );
    }

    #[test]
    fn anything_else_is_no_uuid() {
        for text in [
            "",
            "{",
            "{}",
            "00112233-4455-6677-8899-aabbccddeef",
            "00112233-4455-6677-8899-aabbccddeeff0",
            "0011223344-55-6677-8899-aabbccddeeff",
            "{00112233-4455-6677-8899-aabbccddeeff",
            "g0112233-4455-6677-8899-aabbccddeeff",
            "éééééééééééééééé",
        ] {
            assert_eq!(normalise_uuid_text(text), None, "{text}");
        }
    }
}
