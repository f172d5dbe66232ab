//! The canonical form of names that need no parsing: nearly all of them, read by the hundred thousand.

use super::MAX_DN_BYTES;

/// Types whose comparison form is their lower case, without asking the table of aliases.
const TYPES: [&[u8]; 8] = [b"cn", b"uid", b"ou", b"dc", b"o", b"l", b"st", b"c"];

/// The canonical form, or `None` for a name that only the parser can judge: other types, escapes, several values in
/// one part, anything but ASCII, spaces beside separators or beside each other.
pub(super) fn canonical(text: &str) -> Option<String> {
    if text.is_empty() || text.len() > MAX_DN_BYTES {
        return None;
    }
    for part in text.as_bytes().split(|byte| *byte == b',') {
        let equals = part.iter().position(|byte| *byte == b'=')?;
        let (name, rest) = part.split_at(equals);
        let value = rest.get(1..)?;
        if !TYPES.iter().any(|known| known.eq_ignore_ascii_case(name)) || !is_plain(value) {
            return None;
        }
    }
    Some(text.to_ascii_lowercase())
}

/// Whether lower case is all that folding and printing do to a value.
fn is_plain(value: &[u8]) -> bool {
    let mut before = b' ';
    for byte in value {
        let is_word = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'-' | b'_' | b'.' | b'@' | b'\'' | b'(' | b')' | b'&' | b':'
            );
        let is_inner_space = *byte == b' ' && before != b' ';
        if !is_word && !is_inner_space {
            return false;
        }
        before = *byte;
    }
    before != b' '
}
