//! Configurations that are valid and probably not meant.

use usher_core::descriptor::ConnectorDescriptor;
use usher_core::model::{
    ChangeDetection, Channel, DataStore, DataStoreKind, DirectoryKind, LdapSecurity, LdapStore,
    SpConnection, StatusRule,
};
use usher_core::templates::{defaults_for, is_no_stable_id};

use super::{Import, normalised_url};
use crate::PLACEHOLDER;

type Found = Vec<(String, String)>;

impl Import<'_> {
    pub(super) fn lint_all(&mut self) {
        let mut found = Found::new();
        for store in &self.result.data_stores {
            if let Some(path) = self.store_paths.get(&store.id) {
                lint_store(store, path, &mut found);
            }
        }
        for sp in &self.result.sp_connections {
            let descriptor = self
                .context
                .connectors
                .iter()
                .find(|d| d.id == sp.connector);
            if let Some(path) = self.sp_paths.get(&sp.id) {
                lint_sp(sp, path, &mut found);
            }
            for channel in &sp.channels {
                let Some(path) = self.channel_paths.get(&channel.id) else {
                    continue;
                };
                if let Some(store) = self.result.data_store(&channel.source.data_store) {
                    lint_source(channel, store, path, &mut found);
                }
                lint_status(channel, path, &mut found);
                if let Some(descriptor) = descriptor {
                    lint_mapping(channel, descriptor, path, &mut found);
                    lint_groups(channel, descriptor, path, &mut found);
                }
            }
        }
        for (path, message) in found {
            self.report.warn(&path, message);
        }
    }
}

fn lint_store(store: &DataStore, path: &str, found: &mut Found) {
    let DataStoreKind::Ldap(LdapStore {
        security,
        verify_host,
        certificate_sha256,
        ..
    }) = &store.kind
    else {
        return;
    };
    let is_plain = *security == LdapSecurity::Plain;
    if is_plain {
        found.push((
            format!("{path}.useSsl"),
            "passwords and people's data travel in the clear; set useSsl or useStartTLS".to_owned(),
        ));
        if certificate_sha256.is_some() {
            found.push((
                format!("{path}.useSsl"),
                "`certificate_sha256` in its policy has no effect without useSsl or useStartTLS"
                    .to_owned(),
            ));
        }
    } else if !verify_host && certificate_sha256.is_none() {
        found.push((
            format!("{path}.verifyHost"),
            "the server's name is not checked, so anybody with a certificate can pose as it"
                .to_owned(),
        ));
    }
}

fn lint_sp(sp: &SpConnection, path: &str, found: &mut Found) {
    if sp.entity_id.contains(PLACEHOLDER) {
        found.push((
            format!("{path}.entityId"),
            format!("it still holds the placeholder {PLACEHOLDER}; give it a name of its own"),
        ));
    }
    let target_url = sp
        .settings
        .iter()
        .find(|(name, _)| name.contains("BASE_URL"));
    if let (Some(base), Some((name, target))) = (&sp.base_url, target_url)
        && normalised_url(base) != normalised_url(target)
    {
        found.push((
            format!("{path}.baseUrl"),
            format!("it differs from the target setting {name}; the target setting is used"),
        ));
    }
    let all_protect = |sp: &SpConnection| sp.channels.iter().all(|c| c.protects_somebody(sp));
    if sp.protected_accounts.is_empty() && (sp.channels.is_empty() || !all_protect(sp)) {
        found.push((
            format!("{path}.outboundProvision.targetSettings"),
            "PROTECTED_ACCOUNTS is empty: name the accounts that administer the target, so that none of them is ever disabled"
                .to_owned(),
        ));
    }
    if sp.channels.is_empty() {
        found.push((
            format!("{path}.outboundProvision.channels"),
            "it has no channel, so nothing is provisioned".to_owned(),
        ));
    }
}

fn lint_source(channel: &Channel, store: &DataStore, path: &str, found: &mut Found) {
    let path = format!("{path}.channelSource");
    let is_ad = store.directory == DirectoryKind::ActiveDirectory;
    let source = &channel.source;
    let usn = source.change_detection == ChangeDetection::ActiveDirectoryUsn;
    if is_ad {
        found.push((
            format!("{path}.dataSource"),
            "channels on Active Directory can be configured and planned, but not activated yet"
                .to_owned(),
        ));
    }
    let algorithm = format!("{path}.changeDetectionSettings.changedUsersAlgorithm");
    if usn && !is_ad {
        found.push((
            algorithm.clone(),
            "ACTIVE_DIRECTORY_USN on a directory of another type; TIMESTAMP_NO_NEGATION is usual"
                .to_owned(),
        ));
    }
    if let DataStoreKind::Ldap(ldap) = &store.kind {
        if usn && ldap.hosts.len() > 1 {
            found.push((
                algorithm,
                "update sequence numbers belong to one domain controller: with several hosts, a change of host means a full read"
                    .to_owned(),
            ));
        }
        let guid = &source.guid_attribute;
        if is_no_stable_id(guid) {
            let usual = defaults_for(store.directory).guid_attribute;
            found.push((
                format!("{path}.guidAttributeName"),
                format!("`{guid}` changes when somebody is renamed, moved or gets another address, and then is taken for somebody else: choose an attribute that never changes, usually `{usual}`"),
            ));
        }
        let is_listed = ldap
            .binary_attributes
            .iter()
            .any(|name| name.eq_ignore_ascii_case(guid));
        if source.guid_binary && !is_listed {
            found.push((
                format!("{path}.guidBinary"),
                format!("`{guid}` is not among the data store's binaryAttributes; it is read as binary all the same"),
            ));
        }
    }
    if is_ad
        && source
            .timestamp_attribute
            .eq_ignore_ascii_case("modifyTimestamp")
    {
        found.push((
            format!("{path}.changeDetectionSettings.timeStampAttributeName"),
            "modifyTimestamp is constructed in Active Directory and cannot be searched; use whenChanged"
                .to_owned(),
        ));
    }
}

fn lint_status(channel: &Channel, path: &str, found: &mut Found) {
    let path = format!("{path}.channelSource.accountManagementSettings");
    match &channel.source.status {
        StatusRule::Flag {
            attribute,
            value,
            status_when_equal,
            default,
        } => {
            let is_true = value.trim().eq_ignore_ascii_case("true");
            let lower = attribute.to_ascii_lowercase();
            let is_lock = lower.contains("lock") || lower.contains("disabled");
            if is_lock && *status_when_equal && (is_true || lower.contains("lockedtime")) {
                found.push((
                    format!("{path}.flagComparisonStatus"),
                    format!("as it is (true is also the default), people whose `{attribute}` is `{value}` count as active, and all others as disabled; set it to false"),
                ));
            }
            if !default {
                found.push((
                    format!("{path}.defaultStatus"),
                    "people without the status attribute count as disabled".to_owned(),
                ));
            }
        }
        StatusRule::AdBitmap { default, .. } => {
            if !default {
                found.push((
                    format!("{path}.defaultStatus"),
                    "people without the status attribute count as disabled".to_owned(),
                ));
            }
        }
    }
}

fn lint_mapping(
    channel: &Channel,
    descriptor: &ConnectorDescriptor,
    path: &str,
    found: &mut Found,
) {
    /// Attributes that often hold something that looks like an address and is none.
    const NOT_MAIL: [&str; 3] = ["userprincipalname", "uid", "samaccountname"];
    /// Attributes that change, or that several people share.
    const NOT_UNIQUE: [&str; 4] = ["cn", "displayname", "sn", "givenname"];
    for (index, rule) in channel.mapping.iter().enumerate() {
        let path = format!("{path}.attributeMapping[{index}]");
        let from = match rule.attributes.as_slice() {
            [only] => only.to_ascii_lowercase(),
            _ => continue,
        };
        if rule.field == descriptor.email_field && NOT_MAIL.contains(&from.as_str()) {
            found.push((
                path.clone(),
                format!(
                    "`{}` often is no mailbox; people could not receive mail there",
                    rule.attributes.join("")
                ),
            ));
        }
        if rule.field == descriptor.username_field
            && rule.expression.is_none()
            && NOT_UNIQUE.contains(&from.as_str())
        {
            found.push((
                path,
                format!(
                    "several people can have the same `{}`; they would be held",
                    rule.attributes.join("")
                ),
            ));
        }
    }
}

fn lint_groups(channel: &Channel, descriptor: &ConnectorDescriptor, path: &str, found: &mut Found) {
    if channel.source.groups.is_some() && !descriptor.capabilities.groups {
        found.push((
            format!("{path}.channelSource.groupSourceLocation"),
            "the target has no groups; it has no effect".to_owned(),
        ));
    }
}
