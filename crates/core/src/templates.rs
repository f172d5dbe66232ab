//! What each kind of directory calls its things: the defaults of a new channel's source settings.
//!
//! Sources: the schemas of RFC 4519, RFC 4530 (`entryUUID`) and RFC 2307bis-era group classes, and
//! the vendors' documentation of account status. Where a published template and a directory's real
//! behaviour differ, the real behaviour wins: `whenChanged` is the time stamp of Active Directory,
//! since its `modifyTimestamp` is constructed and cannot be searched.

use crate::model::{
    ChangeDetection, ChannelSource, DataStoreId, DirectoryKind, ExpiryFormat, ExpiryRule, Location,
    StatusRule,
};

/// The defaults of one kind of directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceTemplate {
    /// The attribute that holds the immutable id.
    pub guid_attribute: &'static str,
    /// Whether its values are binary.
    pub guid_binary: bool,
    /// The user-side list of group DNs.
    pub member_of_attribute: Option<&'static str>,
    /// The group-side list of members.
    pub group_member_attribute: &'static str,
    /// Restricts searches for people.
    pub user_object_class: &'static str,
    /// Restricts searches for groups.
    pub group_object_class: &'static str,
    /// How changes are found.
    pub change_detection: ChangeDetection,
    /// The update sequence number's attribute.
    pub usn_attribute: Option<&'static str>,
    /// The time stamp's attribute.
    pub timestamp_attribute: &'static str,
    /// How an account's status is read.
    pub status: StatusRule,
    /// How an account's expiry is read.
    pub expiry: Option<ExpiryRule>,
    /// Attributes that must be read as bytes.
    pub binary_attributes: &'static [&'static str],
}

impl SourceTemplate {
    /// Source settings with these defaults, for one base DN; nobody is in scope yet.
    pub fn source(&self, data_store: DataStoreId, base_dn: &str) -> ChannelSource {
        ChannelSource {
            data_store,
            guid_attribute: self.guid_attribute.to_owned(),
            guid_binary: self.guid_binary,
            base_dn: base_dn.to_owned(),
            member_of_attribute: self.member_of_attribute.map(str::to_owned),
            group_member_attribute: self.group_member_attribute.to_owned(),
            user_object_class: self.user_object_class.to_owned(),
            group_object_class: self.group_object_class.to_owned(),
            change_detection: self.change_detection,
            usn_attribute: self.usn_attribute.map(str::to_owned),
            timestamp_attribute: self.timestamp_attribute.to_owned(),
            status: self.status.clone(),
            expiry: self.expiry.clone(),
            users: Location::default(),
            groups: None,
        }
    }
}

/// The defaults of a kind of directory.
pub fn defaults_for(kind: DirectoryKind) -> SourceTemplate {
    match kind {
        DirectoryKind::ActiveDirectory => active_directory(),
        DirectoryKind::PingDirectory => SourceTemplate {
            member_of_attribute: Some("isMemberOf"),
            group_member_attribute: "uniqueMember",
            group_object_class: "groupOfUniqueNames",
            status: locked_when("ds-pwp-account-disabled", "true"),
            expiry: Some(expires("ds-pwp-account-expiration-time")),
            ..generic()
        },
        // As PingDirectory; where the probe finds no `ds-pwp-account-disabled`, it proposes
        // `nsaccountlock` instead.
        DirectoryKind::OracleUnifiedDirectory => SourceTemplate {
            guid_attribute: "nsUniqueId",
            user_object_class: "person",
            member_of_attribute: Some("isMemberOf"),
            group_member_attribute: "uniqueMember",
            group_object_class: "groupOfUniqueNames",
            status: locked_when("ds-pwp-account-disabled", "true"),
            expiry: Some(expires("ds-pwp-account-expiration-time")),
            ..generic()
        },
        DirectoryKind::OracleDirectoryServer => SourceTemplate {
            guid_attribute: "nsUniqueId",
            user_object_class: "person",
            member_of_attribute: Some("isMemberOf"),
            group_member_attribute: "uniqueMember",
            group_object_class: "groupOfUniqueNames",
            status: locked_when("nsAccountLock", "true"),
            ..generic()
        },
        DirectoryKind::OpenLdap => SourceTemplate {
            // Any other value is a passing lock after wrong passwords: no reason to disable.
            status: locked_when("pwdAccountLockedTime", "000001010000Z"),
            ..generic()
        },
        DirectoryKind::Ds389 => SourceTemplate {
            guid_attribute: "nsUniqueId",
            member_of_attribute: Some("memberOf"),
            status: locked_when("nsAccountLock", "true"),
            ..generic()
        },
        DirectoryKind::Generic => generic(),
    }
}

fn active_directory() -> SourceTemplate {
    SourceTemplate {
        guid_attribute: "objectGUID",
        guid_binary: true,
        member_of_attribute: Some("memberOf"),
        group_member_attribute: "member",
        user_object_class: "user",
        group_object_class: "group",
        change_detection: ChangeDetection::ActiveDirectoryUsn,
        usn_attribute: Some("uSNChanged"),
        timestamp_attribute: "whenChanged",
        status: StatusRule::AdBitmap {
            attribute: "userAccountControl".to_owned(),
            default: true,
        },
        expiry: Some(ExpiryRule {
            attribute: "accountExpires".to_owned(),
            format: ExpiryFormat::FileTime,
        }),
        binary_attributes: &["objectGUID", "objectSid"],
    }
}

fn generic() -> SourceTemplate {
    SourceTemplate {
        guid_attribute: "entryUUID",
        guid_binary: false,
        member_of_attribute: None,
        group_member_attribute: "member",
        user_object_class: "inetOrgPerson",
        group_object_class: "groupOfNames",
        change_detection: ChangeDetection::TimestampNoNegation,
        usn_attribute: None,
        timestamp_attribute: "modifyTimestamp",
        // No attribute: everybody has the default status. A default of "disabled" would disable
        // everybody the moment the channel is turned on.
        status: StatusRule::Flag {
            attribute: String::new(),
            value: String::new(),
            status_when_equal: false,
            default: true,
        },
        expiry: None,
        binary_attributes: &[],
    }
}

fn locked_when(attribute: &str, value: &str) -> StatusRule {
    StatusRule::Flag {
        attribute: attribute.to_owned(),
        value: value.to_owned(),
        status_when_equal: false,
        default: true,
    }
}

fn expires(attribute: &str) -> ExpiryRule {
    ExpiryRule {
        attribute: attribute.to_owned(),
        format: ExpiryFormat::GeneralizedTime,
    }
}

/// Every kind of directory, in the order of the list.
pub const DIRECTORY_KINDS: [DirectoryKind; 7] = [
    DirectoryKind::ActiveDirectory,
    DirectoryKind::PingDirectory,
    DirectoryKind::OracleUnifiedDirectory,
    DirectoryKind::OracleDirectoryServer,
    DirectoryKind::OpenLdap,
    DirectoryKind::Ds389,
    DirectoryKind::Generic,
];

/// Whether an attribute is known to change when somebody is renamed, moved or gets another address, so that it is no
/// immutable id: a person would be taken for another one after that.
pub fn is_no_stable_id(attribute: &str) -> bool {
    const CHANGE: [&str; 10] = [
        "entryDN",
        "dn",
        "distinguishedName",
        "uid",
        "cn",
        "sn",
        "name",
        "mail",
        "sAMAccountName",
        "userPrincipalName",
    ];
    CHANGE
        .iter()
        .any(|name| name.eq_ignore_ascii_case(attribute))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_template_disables_an_account_that_says_nothing() {
        for kind in DIRECTORY_KINDS {
            let default = match defaults_for(kind).status {
                StatusRule::AdBitmap { default, .. } | StatusRule::Flag { default, .. } => default,
            };
            assert!(default, "{kind:?}");
        }
    }

    #[test]
    fn a_lock_flag_never_means_active() {
        for kind in DIRECTORY_KINDS {
            if let StatusRule::Flag {
                attribute,
                status_when_equal,
                ..
            } = defaults_for(kind).status
            {
                assert!(!status_when_equal, "{kind:?}: {attribute}");
            }
        }
    }

    #[test]
    fn binary_keys_are_read_as_bytes() {
        for kind in DIRECTORY_KINDS {
            let template = defaults_for(kind);
            assert_eq!(
                template.guid_binary,
                template
                    .binary_attributes
                    .contains(&template.guid_attribute),
                "{kind:?}"
            );
        }
    }

    #[test]
    fn the_time_stamp_of_active_directory_is_one_that_can_be_searched() {
        let template = defaults_for(DirectoryKind::ActiveDirectory);
        assert_eq!(template.timestamp_attribute, "whenChanged");
    }
}
