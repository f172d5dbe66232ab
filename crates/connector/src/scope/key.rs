//! From the values of the GUID attribute to the source key, and back to a filter.

use usher_core::model::SourceKey;
use usher_directory::Filter;
use usher_directory::attribute::canonical_type;
use usher_directory::compare::{guid_bytes, guid_text, normalise_uuid_text, nsuniqueid_text};

/// Longest value that is taken as a key, in bytes.
pub const MAX_KEY_BYTES: usize = 512;

/// Which attribute holds the immutable id, and in which form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRule {
    /// The attribute.
    pub attribute: String,
    /// Whether its values are bytes.
    pub binary: bool,
}

impl KeyRule {
    /// The source key of an entry with these values of the attribute.
    ///
    /// 16 bytes become the text that Microsoft's tools show, other bytes hexadecimal digits; a UUID in
    /// any usual spelling becomes lower-case dashed text; other text stays as it is.
    ///
    /// # Errors
    /// What is wrong with the values and what to do, in words.
    pub fn key(&self, values: &[Vec<u8>]) -> Result<SourceKey, String> {
        let name = &self.attribute;
        let value = match values {
            [] => {
                return Err(format!(
                    "it has no `{name}`, so nobody could tell it from another after a rename: check the Entry GUID Attribute, and that the bind account may read it"
                ));
            }
            [value] => value,
            several => {
                return Err(format!(
                    "expected one value of `{name}`, found {}: an immutable id has one value, choose another Entry GUID Attribute",
                    several.len()
                ));
            }
        };
        if value.is_empty() || value.len() > MAX_KEY_BYTES {
            return Err(format!(
                "expected 1 to {MAX_KEY_BYTES} bytes in `{name}`, found {}",
                value.len()
            ));
        }
        if self.binary {
            return Ok(SourceKey::new(binary_text(value)));
        }
        match std::str::from_utf8(value) {
            Ok(text) if !text.trim().is_empty() && !text.contains(char::is_control) => {
                let text = normalise_uuid_text(text).unwrap_or_else(|| text.to_owned());
                Ok(SourceKey::new(text))
            }
            _ => Err(format!(
                "the value of `{name}` is no text: set the GUID Type to binary if it is one"
            )),
        }
    }

    /// A filter that finds the entries of these keys; `Or` of nothing for none.
    pub fn filter(&self, keys: &[SourceKey]) -> Filter {
        let values = keys.iter().flat_map(|key| self.values(key));
        let filters: Vec<Filter> = values
            .map(|value| Filter::eq(self.attribute.as_str(), value))
            .collect();
        Filter::or(filters)
    }

    /// Every spelling in which the directory may hold this key: one that was forgotten would make a
    /// living entry look absent.
    fn values(&self, key: &SourceKey) -> Vec<Vec<u8>> {
        let text = key.as_str();
        if self.binary {
            let bytes = guid_bytes(text).map(|bytes| bytes.to_vec());
            return vec![bytes.or_else(|| unhex(text)).unwrap_or_else(|| text.into())];
        }
        if normalise_uuid_text(text).is_none() {
            return vec![text.into()];
        }
        let grouped = nsuniqueid_text(text).unwrap_or_else(|| text.to_owned());
        let spellings = match canonical_type(&self.attribute).as_str() {
            "entryuuid" => vec![text.to_owned()],
            "nsuniqueid" => vec![grouped, text.to_owned()],
            _ => {
                let compact = text.replace('-', "");
                let plain = [text.to_owned(), compact, grouped];
                let mut all: Vec<String> = plain
                    .iter()
                    .flat_map(|t| [t.clone(), format!("{{{t}}}"), format!("urn:uuid:{t}")])
                    .collect();
                all.extend(plain.iter().map(|t| t.to_ascii_uppercase()));
                all.push(format!("{{{}}}", text.to_ascii_uppercase()));
                all
            }
        };
        spellings.into_iter().map(String::into_bytes).collect()
    }
}

fn binary_text(value: &[u8]) -> String {
    match <&[u8; 16]>::try_from(value) {
        Ok(guid) => guid_text(guid),
        Err(_) => value.iter().fold(String::new(), |mut text, byte| {
            text.push_str(&format!("{byte:02x}"));
            text
        }),
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(attribute: &str, binary: bool) -> KeyRule {
        KeyRule {
            attribute: attribute.into(),
            binary,
        }
    }

    #[test]
    fn every_form_of_a_guid_becomes_one_key_and_finds_its_entry_again() {
        let bytes: Vec<u8> = vec![
            0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd,
            0xee, 0xff,
        ];
        let uuid = SourceKey::new("00112233-4455-6677-8899-aabbccddeeff");
        let ad = rule("objectGUID", true);
        assert_eq!(ad.key(std::slice::from_ref(&bytes)), Ok(uuid.clone()));
        assert_eq!(
            ad.filter(std::slice::from_ref(&uuid)),
            Filter::eq("objectGUID", bytes)
        );
        let short = ad.key(&[vec![0xab, 1]]).expect("a key");
        assert_eq!(short.as_str(), "ab01");
        assert_eq!(ad.filter(&[short]), Filter::eq("objectGUID", vec![0xab, 1]));
        let ds389 = rule("nsUniqueId", false);
        let stored = "00112233-44556677-8899AABB-CCDDEEFF";
        assert_eq!(ds389.key(&[stored.into()]), Ok(uuid.clone()));
        let filter = ds389.filter(std::slice::from_ref(&uuid)).to_string();
        assert!(
            filter.contains("00112233-44556677-8899aabb-ccddeeff"),
            "{filter}"
        );
        let plain = rule("employeeNumber", false);
        assert_eq!(plain.key(&["E 17".into()]), Ok(SourceKey::new("E 17")));
        let other = plain.filter(&[uuid]).to_string();
        for spelling in ["00112233445566778899aabbccddeeff", "{00112233", "urn:uuid:"] {
            assert!(other.contains(spelling), "{spelling}: {other}");
        }
    }

    #[test]
    fn an_entry_without_one_usable_value_has_no_key() {
        let text = rule("entryUUID", false);
        for values in [
            vec![],
            vec![b"a".to_vec(), b"b".to_vec()],
            vec![Vec::new()],
            vec![b"\xff\x00".to_vec()],
            vec![b"  ".to_vec()],
            vec![vec![b'a'; MAX_KEY_BYTES + 1]],
        ] {
            let problem = text.key(&values).expect_err("no key");
            assert!(problem.contains("entryUUID"), "{problem}");
        }
    }
}
