//! Change records.

/// A DN with everything beyond ASCII as hexadecimal pairs (RFC 4514 §2.4), so that LDIF takes it as it is.
pub(crate) fn ascii(dn: &str) -> String {
    let mut out = String::new();
    for byte in dn.bytes() {
        if byte.is_ascii() {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("\\{byte:02X}"));
        }
    }
    out
}

/// Replaces an attribute's values by one.
pub(crate) fn set(dn: &str, attribute: &str, value: &str) -> String {
    let dn = ascii(dn);
    format!("dn: {dn}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n")
}

/// Deletes an entry.
pub(crate) fn delete(dn: &str) -> String {
    format!("dn: {}\nchangetype: delete\n", ascii(dn))
}

/// Adds a value, such as a member.
pub(crate) fn add(dn: &str, attribute: &str, value: &str) -> String {
    let (dn, value) = (ascii(dn), ascii(value));
    format!("dn: {dn}\nchangetype: modify\nadd: {attribute}\n{attribute}: {value}\n")
}
