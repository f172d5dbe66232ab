//! Search references: which of them mean that a part of the base was not seen.

use usher_directory::Dn;

/// Parts of an Active Directory domain that live elsewhere and hold nobody.
const EMPTY_PARTS: [&str; 4] = [
    "dc=domaindnszones",
    "dc=forestdnszones",
    "cn=configuration",
    "cn=schema",
];

/// Why this reference means that not all below `base` was seen; `None` when it does not.
pub(crate) fn hidden_part(urls: &[String], base: &Dn, ad: bool) -> Option<String> {
    let names: Vec<Option<Dn>> = urls.iter().map(|url| name_of(url)).collect();
    let harmless = !names.is_empty()
        && names
            .iter()
            .all(|name| is_harmless(name.as_ref(), base, ad));
    (!harmless).then(|| {
        format!(
            "the server refers to {} for a part of the subtree below the base DN, and referrals are not followed: use a server that holds all of it, or a base DN below that",
            urls.join(" or ")
        )
    })
}

fn is_harmless(name: Option<&Dn>, base: &Dn, ad: bool) -> bool {
    let Some(name) = name else { return false };
    let apart = !name.is_under(base) && !base.is_under(name);
    let first = name
        .rdn()
        .map(usher_directory::Rdn::canonical)
        .unwrap_or_default();
    apart || (ad && name.is_under(base) && EMPTY_PARTS.contains(&first.as_str()))
}

/// The DN in an LDAP URL (RFC 4516).
fn name_of(url: &str) -> Option<Dn> {
    let (_, rest) = url.split_once("://")?;
    let (_, rest) = rest.split_once('/')?;
    let dn = rest.split('?').next().unwrap_or(rest);
    let dn = Dn::parse(&decoded(dn)?).ok()?;
    (!dn.is_root()).then_some(dn)
}

fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digit = |b: Option<u8>| char::from(b?).to_digit(16);
        let value = digit(bytes.next())? * 16 + digit(bytes.next())?;
        out.push(u8::try_from(value).ok()?);
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(url: &str, ad: bool) -> bool {
        let base = Dn::parse("DC=corp,DC=example").expect("a DN");
        hidden_part(&[url.to_owned()], &base, ad).is_some()
    }

    #[test]
    fn only_references_away_from_people_are_harmless() {
        assert!(hidden("ldap://child/DC=child,DC=corp,DC=example", true));
        assert!(hidden("ldap://x/ou=people,dc=corp,dc=example??sub", false));
        assert!(hidden("ldap://x", false));
        assert!(hidden("ldap://x/", false));
        assert!(hidden("nonsense", true));
        assert!(hidden("ldap://x/%zz", true));
        let zones = "ldap://x/DC=ForestDnsZones,DC=corp,DC=example";
        assert!(!hidden(zones, true));
        assert!(hidden(zones, false));
        assert!(!hidden(
            "ldap://x/CN=Configuration,DC=corp,DC=example",
            true
        ));
        assert!(!hidden("ldap://x/dc=other%2Cdc=example", false));
        let base = Dn::parse("dc=x").expect("a DN");
        assert!(hidden_part(&[], &base, true).is_some());
    }
}
