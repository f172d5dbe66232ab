//! Small shared pieces of the parsers and printers: hexadecimal digits and words for error messages.

/// Value of one hexadecimal digit.
pub(crate) fn hex_digit(byte: u8) -> Option<u8> {
    (byte as char).to_digit(16).map(|digit| digit as u8)
}

/// Value of two hexadecimal digits.
pub(crate) fn hex_pair(high: Option<u8>, low: Option<u8>) -> Option<u8> {
    Some(hex_digit(high?)? * 16 + hex_digit(low?)?)
}

/// Appends `\xx` for each byte.
pub(crate) fn push_escaped_bytes(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        out.push('\\');
        push_hex(out, *byte);
    }
}

/// Appends two lower-case hexadecimal digits.
pub(crate) fn push_hex(out: &mut String, byte: u8) {
    for nibble in [byte >> 4, byte & 15] {
        out.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
    }
}

/// Appends a character as `\xx` for each of its UTF-8 bytes.
pub(crate) fn push_escaped_char(out: &mut String, c: char) {
    push_escaped_bytes(out, c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Says in words what stands at `position`: the character, or the end of the text.
pub(crate) fn found_at(text: &str, position: usize) -> String {
    match text.get(position..).and_then(|rest| rest.chars().next()) {
        None if position >= text.len() => "the end of the text".to_owned(),
        None => "the middle of a character".to_owned(),
        Some(' ') => "a space".to_owned(),
        Some(c) if c.is_control() => format!("control character U+{:04X}", u32::from(c)),
        Some(c) => format!("`{c}`"),
    }
}

/// Quotes at most 40 characters of a text, for error messages.
pub(crate) fn quote(text: &str) -> String {
    let mut short: String = text.chars().take(40).flat_map(char::escape_debug).collect();
    if text.chars().nth(40).is_some() {
        short.push('…');
    }
    format!("`{short}`")
}
