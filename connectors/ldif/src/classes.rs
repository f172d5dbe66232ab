//! Superior object classes that an export may leave out; a server knows them all the same.

/// Classes with their superiors (RFC 4519 §3, RFC 2798, RFC 4524; Active Directory's schema).
const SUPERIORS: [(&str, &[&str]); 8] = [
    ("inetorgperson", &["organizationalPerson", "person"]),
    ("organizationalperson", &["person"]),
    ("residentialperson", &["person"]),
    ("pilotperson", &["person"]),
    ("newpilotperson", &["person"]),
    ("user", &["organizationalPerson", "person"]),
    ("computer", &["user", "organizationalPerson", "person"]),
    ("contact", &["organizationalPerson", "person"]),
];

/// Adds the superiors of these classes.
pub(crate) fn complete(classes: &mut Vec<Vec<u8>>) {
    let has = |classes: &[Vec<u8>], name: &str| {
        classes
            .iter()
            .any(|class| class.eq_ignore_ascii_case(name.as_bytes()))
    };
    for (class, superiors) in SUPERIORS {
        if !has(classes, class) {
            continue;
        }
        for superior in superiors {
            if !has(classes, superior) {
                classes.push(superior.as_bytes().to_vec());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn superiors_are_added_once() {
        let mut classes = vec![b"InetOrgPerson".to_vec(), b"PERSON".to_vec()];
        complete(&mut classes);
        let expected: [&[u8]; 3] = [b"InetOrgPerson", b"PERSON", b"organizationalPerson"];
        assert_eq!(classes, expected);
        let mut other = vec![b"device".to_vec()];
        complete(&mut other);
        assert_eq!(other.len(), 1);
    }
}
