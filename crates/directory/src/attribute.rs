//! Attribute descriptions (RFC 4512 §2.5): a type, by name or OID, and options.
//!
//! There is no schema here: the few aliases and syntaxes that matter for comparing names and evaluating
//! filters are known by name (RFC 4519, RFC 4524, Active Directory, 389 Directory Server, eDirectory).

/// How values of an attribute compare, as far as it is known by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// Text: letter case and runs of white space do not matter. The default.
    Text,
    /// A distinguished name.
    Dn,
    /// Bytes that compare exactly, even where they happen to be text.
    Octets,
    /// A telephone number: spaces and hyphens do not matter.
    Telephone,
}

const ALIASES: &[(&str, &str)] = &[
    ("2.5.4.3", "cn"),
    ("commonname", "cn"),
    ("2.5.4.4", "sn"),
    ("surname", "sn"),
    ("2.5.4.5", "serialnumber"),
    ("2.5.4.6", "c"),
    ("countryname", "c"),
    ("2.5.4.7", "l"),
    ("localityname", "l"),
    ("2.5.4.8", "st"),
    ("stateorprovincename", "st"),
    ("2.5.4.9", "street"),
    ("2.5.4.10", "o"),
    ("organizationname", "o"),
    ("2.5.4.11", "ou"),
    ("organizationalunitname", "ou"),
    ("2.5.4.0", "objectclass"),
    ("2.5.4.12", "title"),
    ("2.5.4.13", "description"),
    ("2.5.4.20", "telephonenumber"),
    ("2.5.4.31", "member"),
    ("2.5.4.32", "owner"),
    ("2.5.4.42", "givenname"),
    ("gn", "givenname"),
    ("2.5.4.46", "dnqualifier"),
    ("2.5.4.49", "distinguishedname"),
    ("2.5.4.50", "uniquemember"),
    ("0.9.2342.19200300.100.1.1", "uid"),
    ("userid", "uid"),
    ("0.9.2342.19200300.100.1.3", "mail"),
    ("rfc822mailbox", "mail"),
    ("0.9.2342.19200300.100.1.10", "manager"),
    ("0.9.2342.19200300.100.1.25", "dc"),
    ("domaincomponent", "dc"),
    ("0.9.2342.19200300.100.1.41", "mobile"),
    ("mobiletelephonenumber", "mobile"),
    ("1.2.840.113549.1.9.1", "emailaddress"),
    ("2.16.840.1.113730.3.1.3", "employeenumber"),
    ("2.16.840.1.113730.3.1.241", "displayname"),
    ("1.2.840.113556.1.2.102", "memberof"),
    ("1.2.840.113556.1.4.2", "objectguid"),
    ("1.2.840.113556.1.4.8", "useraccountcontrol"),
    ("1.3.6.1.1.16.4", "entryuuid"),
    ("1.3.6.1.1.20", "entrydn"),
];

const DN_ATTRIBUTES: &[&str] = &[
    "aliasedentryname",
    "aliasedobjectname",
    "creatorsname",
    "directreports",
    "distinguishedname",
    "entrydn",
    "groupmembership",
    "ismemberof",
    "managedby",
    "managedobjects",
    "manager",
    "member",
    "memberof",
    "modifiersname",
    "nsrole",
    "nsroledn",
    "objectcategory",
    "owner",
    "roleoccupant",
    "secretary",
    "securityequals",
    "seealso",
    "subschemasubentry",
    "uniquemember",
];

const OCTET_ATTRIBUTES: &[&str] = &[
    "jpegphoto",
    "msds-consistencyguid",
    "ms-ds-consistencyguid",
    "objectguid",
    "objectsid",
    "parentguid",
    "photo",
    "sidhistory",
    "thumbnailphoto",
    "unicodepwd",
    "usercertificate",
    "userpassword",
    "usersmimecertificate",
];

const TELEPHONE_ATTRIBUTES: &[&str] = &[
    "facsimiletelephonenumber",
    "homephone",
    "mobile",
    "pager",
    "telephonenumber",
];

/// The type of a description without its options: `cn` of `cn;lang-en`. As written, not folded.
pub fn base(description: &str) -> &str {
    description.split(';').next().unwrap_or(description)
}

/// The type in its comparison form: lower case, without options, well-known OIDs and long names replaced
/// by the short name (`2.5.4.3` and `commonName` become `cn`).
pub fn canonical_type(description: &str) -> String {
    let lower = base(description).trim().to_ascii_lowercase();
    let plain = lower.strip_prefix("oid.").unwrap_or(&lower);
    match ALIASES.iter().find(|(alias, _)| *alias == plain) {
        Some((_, name)) => (*name).to_owned(),
        None => plain.to_owned(),
    }
}

/// The whole description in its comparison form: [`canonical_type`] and the options, lower-cased, sorted
/// and without repeats.
pub fn canonical_description(description: &str) -> String {
    let mut out = canonical_type(description);
    for option in sorted_options(description) {
        out.push(';');
        out.push_str(&option);
    }
    out
}

/// Whether asking for `wanted` finds an attribute described as `present`: same type, and `present` has
/// every option of `wanted` (RFC 4512 §2.5.2.1: `cn` finds `cn;lang-en`, not the other way round).
pub fn covers(wanted: &str, present: &str) -> bool {
    if canonical_type(wanted) != canonical_type(present) {
        return false;
    }
    let there = sorted_options(present);
    sorted_options(wanted)
        .iter()
        .all(|option| there.contains(option))
}

/// Whether values of this attribute are distinguished names, as far as known by name.
pub fn is_dn(description: &str) -> bool {
    syntax(description) == Syntax::Dn
}

/// How values of this attribute compare; [`Syntax::Text`] for every name not known.
pub fn syntax(description: &str) -> Syntax {
    let name = canonical_type(description);
    let known = |list: &[&str]| list.contains(&name.as_str());
    if known(DN_ATTRIBUTES) {
        Syntax::Dn
    } else if known(OCTET_ATTRIBUTES) {
        Syntax::Octets
    } else if known(TELEPHONE_ATTRIBUTES) {
        Syntax::Telephone
    } else {
        Syntax::Text
    }
}

/// Whether `name` may be an attribute type: letters, digits and hyphens beginning with a letter, or a
/// numeric OID (RFC 4512 §1.4). An underscore is accepted because directories in the field use it.
pub fn is_type(name: &str) -> bool {
    match name.bytes().next() {
        Some(b) if b.is_ascii_alphabetic() => name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'),
        Some(b) if b.is_ascii_digit() => is_oid(name),
        _ => false,
    }
}

/// Whether `description` is a type followed by any number of `;option`.
pub fn is_description(description: &str) -> bool {
    let mut parts = description.split(';');
    parts.next().is_some_and(is_type) && parts.all(is_option)
}

fn is_option(option: &str) -> bool {
    // `=` and `*` occur in ranges that servers return: `member;range=0-1499`, `member;range=1500-*`.
    !option.is_empty()
        && option
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'=' | b'*'))
}

fn is_oid(name: &str) -> bool {
    name.split('.').all(|arc| {
        !arc.is_empty()
            && arc.bytes().all(|b| b.is_ascii_digit())
            && (arc.len() == 1 || !arc.starts_with('0'))
    })
}

fn sorted_options(description: &str) -> Vec<String> {
    let mut options: Vec<String> = description
        .split(';')
        .skip(1)
        .map(|o| o.trim().to_ascii_lowercase())
        .collect();
    options.sort();
    options.dedup();
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oids_long_names_and_case_give_one_type() {
        for name in [
            "cn",
            "CN",
            "commonName",
            "2.5.4.3",
            "OID.2.5.4.3",
            "cn;lang-en",
        ] {
            assert_eq!(canonical_type(name), "cn", "{name}");
        }
    }

    #[test]
    fn options_are_sorted_and_folded() {
        assert_eq!(
            canonical_description("CN;lang-en;Binary;binary"),
            "cn;binary;lang-en"
        );
    }

    #[test]
    fn a_type_covers_its_subtypes_and_not_the_other_way_round() {
        assert!(covers("cn", "CN;lang-en"));
        assert!(!covers("cn;lang-en", "cn"));
        assert!(!covers("cn", "sn"));
    }

    #[test]
    fn types_are_names_or_oids() {
        for good in ["cn", "x-y_z1", "2.5.4.3", "1"] {
            assert!(is_type(good), "{good}");
        }
        for bad in ["", "-a", "1.", "1..2", "01.2", "a.b", "ä", "a b"] {
            assert!(!is_type(bad), "{bad}");
        }
        assert!(is_description("member;range=0-1499"));
        assert!(!is_description("cn;"));
    }
}
