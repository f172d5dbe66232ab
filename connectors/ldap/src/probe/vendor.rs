//! Who made the server, as far as its root DSE tells.

use usher_core::model::DirectoryKind;
use usher_ldap::RootDse;

/// Capability of Active Directory and of AD LDS (MS-ADTS §3.1.1.3.4.3).
const AD_CAPABILITIES: [&str; 2] = ["1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1851"];

/// The kind of directory.
pub(super) fn looks_like(root: &RootDse) -> DirectoryKind {
    let capable = |oid: &str| root.supported_capabilities.iter().any(|known| known == oid);
    if AD_CAPABILITIES.into_iter().any(capable) {
        return DirectoryKind::ActiveDirectory;
    }
    if root
        .object_classes
        .iter()
        .any(|class| class.eq_ignore_ascii_case("OpenLDAProotDSE"))
    {
        return DirectoryKind::OpenLdap;
    }
    let name = root.vendor_name.as_deref().unwrap_or_default();
    let version = root.vendor_version.as_deref().unwrap_or_default();
    let words = format!("{name} {version}").to_ascii_lowercase();
    let says = |word: &str| words.contains(word);
    if says("389 project") || says("389-directory") {
        DirectoryKind::Ds389
    } else if says("ping identity") || says("unboundid") || says("pingdirectory") {
        DirectoryKind::PingDirectory
    } else if says("unified directory") {
        DirectoryKind::OracleUnifiedDirectory
    } else if says("sun-directory") || says("oracle directory server") || says("sun microsystems") {
        DirectoryKind::OracleDirectoryServer
    } else {
        DirectoryKind::Generic
    }
}

/// Vendor and version in words.
pub(super) fn words(root: &RootDse, kind: DirectoryKind) -> String {
    let told = [&root.vendor_name, &root.vendor_version]
        .into_iter()
        .flatten();
    let told: Vec<&str> = told
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
        .collect();
    if !told.is_empty() {
        return told.join(" ");
    }
    match kind {
        DirectoryKind::ActiveDirectory => "Active Directory",
        DirectoryKind::OpenLdap => "OpenLDAP",
        DirectoryKind::PingDirectory
        | DirectoryKind::OracleUnifiedDirectory
        | DirectoryKind::OracleDirectoryServer
        | DirectoryKind::Ds389
        | DirectoryKind::Generic => "a server that does not tell its vendor",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_known_by_what_they_say() {
        let vendor = |name: &str, version: &str| RootDse {
            vendor_name: Some(name.into()),
            vendor_version: Some(version.into()),
            ..RootDse::default()
        };
        let cases = [
            (
                vendor("389 Project", "389-Directory/2.3.1 B2023"),
                DirectoryKind::Ds389,
            ),
            (
                vendor("Ping Identity Corporation", "PingDirectory 9.3.0.0"),
                DirectoryKind::PingDirectory,
            ),
            (
                vendor("Oracle Corporation", "Oracle Unified Directory 12.2"),
                DirectoryKind::OracleUnifiedDirectory,
            ),
            (
                vendor("Sun Microsystems, Inc.", "Sun-Directory-Server/11.1"),
                DirectoryKind::OracleDirectoryServer,
            ),
            (
                vendor("Apache Software Foundation", "2.0"),
                DirectoryKind::Generic,
            ),
            (RootDse::default(), DirectoryKind::Generic),
        ];
        for (root, kind) in cases {
            assert_eq!(looks_like(&root), kind, "{root:?}");
        }
        let ad = RootDse {
            supported_capabilities: vec!["1.2.840.113556.1.4.800".into()],
            ..RootDse::default()
        };
        assert_eq!(looks_like(&ad), DirectoryKind::ActiveDirectory);
        assert_eq!(
            words(&ad, DirectoryKind::ActiveDirectory),
            "Active Directory"
        );
    }
}
