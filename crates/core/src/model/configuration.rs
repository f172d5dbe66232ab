//! Configuration: data stores, SP connections, channels.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    AlertSettings, CaCertificate, ChannelId, ConnectionId, DataStore, DataStoreId, Dates, Kept,
    Policy, ServerSettings,
};

/// A sealed secret. Its text is ciphertext; the key lies outside the store.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(pub String);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(..)")
    }
}

/// The whole configuration at one revision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Configuration {
    /// Grows with every change.
    pub revision: u64,
    /// The directories.
    pub data_stores: Vec<DataStore>,
    /// The targets with their channels.
    pub sp_connections: Vec<SpConnection>,
    /// Settings of the whole installation.
    #[serde(default)]
    pub server: ServerSettings,
    /// Authorities that are trusted beside those of the system.
    #[serde(default)]
    pub ca_certificates: Vec<CaCertificate>,
    /// Who is told when something needs a person.
    #[serde(default)]
    pub alerts: AlertSettings,
}

impl Configuration {
    /// The data store of that id.
    pub fn data_store(&self, id: &DataStoreId) -> Option<&DataStore> {
        self.data_stores.iter().find(|store| &store.id == id)
    }

    /// Every channel with its SP connection.
    pub fn channels(&self) -> impl Iterator<Item = (&SpConnection, &Channel)> {
        self.sp_connections
            .iter()
            .flat_map(|sp| sp.channels.iter().map(move |c| (sp, c)))
    }

    /// Leaves out when things were made and changed, which says nothing about how they work.
    pub fn forget_dates(&mut self) {
        for store in &mut self.data_stores {
            store.dates = Dates::default();
        }
        for sp in &mut self.sp_connections {
            sp.dates = Dates::default();
        }
    }

    /// The authorities that are trusted beside those of the system, each PEM.
    pub fn authorities(&self) -> Vec<String> {
        self.ca_certificates
            .iter()
            .map(|certificate| certificate.pem.clone())
            .collect()
    }

    /// The channel of that id, with its SP connection.
    pub fn channel(&self, id: &ChannelId) -> Option<(&SpConnection, &Channel)> {
        self.channels().find(|(_, channel)| &channel.id == id)
    }
}

/// Remove User Action.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemoveAction {
    /// Disable the account.
    #[default]
    Disable,
    /// Delete the account (behaviour §11).
    Delete,
}

/// Where a group's name comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupNameSource {
    /// The `cn` attribute.
    #[default]
    CommonName,
    /// The whole DN.
    Dn,
    /// The `sAMAccountName` attribute.
    SamAccountName,
}

/// Provisioning options (behaviour §11).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvisioningOptions {
    /// User Create.
    pub user_create: bool,
    /// User Update.
    pub user_update: bool,
    /// User Disable / Delete.
    pub user_disable: bool,
    /// Remove User Action.
    pub remove_action: RemoveAction,
    /// Provision Disabled Users.
    pub provision_disabled: bool,
    /// Group Name Source.
    pub group_name_source: GroupNameSource,
}

impl Default for ProvisioningOptions {
    fn default() -> Self {
        Self {
            user_create: true,
            user_update: true,
            user_disable: true,
            remove_action: RemoveAction::Disable,
            provision_disabled: false,
            group_name_source: GroupNameSource::CommonName,
        }
    }
}

/// General info of an SP connection that has no effect on provisioning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GeneralInfo {
    /// Company.
    pub company: Option<String>,
    /// Contact's first name.
    pub first_name: Option<String>,
    /// Contact's last name.
    pub last_name: Option<String>,
    /// Contact's phone.
    pub phone: Option<String>,
    /// Contact's e-mail.
    pub email: Option<String>,
    /// Application name.
    pub application_name: Option<String>,
    /// Application icon.
    pub application_icon_url: Option<String>,
    /// Virtual server ids.
    pub virtual_entity_ids: Vec<String>,
    /// The default one among them.
    pub default_virtual_entity_id: Option<String>,
    /// Logging mode (`STANDARD`).
    pub logging_mode: Option<String>,
}

/// One target with its channels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpConnection {
    /// Its id.
    pub id: ConnectionId,
    /// Its name; unique.
    pub name: String,
    /// The partner's entity id; unique.
    pub entity_id: String,
    /// Whether it is turned on.
    pub active: bool,
    /// Base URL from General Info; the target's own setting wins.
    pub base_url: Option<String>,
    /// The connector's plug-in id, such as the one of a descriptor.
    pub connector: String,
    /// The target's settings that are no secret, by name.
    pub settings: BTreeMap<String, String>,
    /// The target's secrets, sealed, by name.
    pub secrets: BTreeMap<String, Sealed>,
    /// When each secret was entered, UTC milliseconds.
    #[serde(default)]
    pub secret_entered_at: BTreeMap<String, i64>,
    /// Provisioning options.
    pub options: ProvisioningOptions,
    /// Accounts that administer the target; never written to.
    pub protected_accounts: Vec<String>,
    /// The rest of General Info.
    pub general: GeneralInfo,
    /// Its channels.
    pub channels: Vec<Channel>,
    /// When it was made and changed, channels included.
    #[serde(default)]
    pub dates: Dates,
    /// What has no effect, of its channels too.
    #[serde(default, skip_serializing_if = "Kept::is_empty")]
    pub kept: Kept,
}

/// One source to that target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Channel {
    /// Its id.
    pub id: ChannelId,
    /// Its name; unique within the SP connection.
    pub name: String,
    /// Whether it is meant to run. Intent only: it never releases Observe, Paused or Quarantined.
    pub active: bool,
    /// Steps in flight at once (Max Threads).
    pub max_threads: u16,
    /// Seconds for one operation at the target.
    pub timeout_seconds: u32,
    /// Where people and groups come from.
    pub source: ChannelSource,
    /// How attributes become fields.
    pub mapping: Vec<MappingRule>,
    /// Everything that the published shape lacks.
    pub policy: Policy,
}

impl Channel {
    /// Whether the channel, or its SP connection for it, names accounts that are never written to (behaviour §3).
    pub fn protects_somebody(&self, sp: &SpConnection) -> bool {
        let mut listed = sp.protected_accounts.iter();
        !self.policy.protected.is_empty() || listed.any(|name| !name.trim().is_empty())
    }
}

/// Source settings and source location.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelSource {
    /// The directory.
    pub data_store: DataStoreId,
    /// The attribute that holds the immutable id.
    pub guid_attribute: String,
    /// Whether that attribute is binary.
    pub guid_binary: bool,
    /// Only this node and below is searched.
    pub base_dn: String,
    /// The user-side list of group DNs, if the directory has one.
    pub member_of_attribute: Option<String>,
    /// The group-side list of members.
    pub group_member_attribute: String,
    /// Restricts searches for people.
    pub user_object_class: String,
    /// Restricts searches for groups.
    pub group_object_class: String,
    /// How changes are found.
    pub change_detection: ChangeDetection,
    /// The update sequence number's attribute.
    pub usn_attribute: Option<String>,
    /// The time stamp's attribute.
    pub timestamp_attribute: String,
    /// How an account's status is read.
    pub status: StatusRule,
    /// How an account's expiry is read.
    pub expiry: Option<ExpiryRule>,
    /// Who is provisioned.
    pub users: Location,
    /// Which groups are provisioned; `None` = none.
    pub groups: Option<Location>,
}

/// How changes are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeDetection {
    /// Active Directory's update sequence number.
    ActiveDirectoryUsn,
    /// Entries not older than the last look.
    Timestamp,
    /// Entries newer than the last look.
    TimestampNoNegation,
}

/// How an account's status is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "algorithm", rename_all = "snake_case")]
pub enum StatusRule {
    /// Bit 2 of `userAccountControl` set = disabled.
    AdBitmap {
        /// The attribute.
        attribute: String,
        /// The status when the attribute is absent or unreadable (true = enabled).
        default: bool,
    },
    /// A value that is equal (case-insensitively) means `status_when_equal`; present but different
    /// means the opposite; absent means `default` (true = enabled).
    Flag {
        /// The attribute.
        attribute: String,
        /// The comparison value.
        value: String,
        /// The status that a matching value means (true = enabled).
        status_when_equal: bool,
        /// The status when the attribute is absent (true = enabled).
        default: bool,
    },
}

/// How an account's expiry is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpiryRule {
    /// The attribute.
    pub attribute: String,
    /// Its form.
    pub format: ExpiryFormat,
}

/// The form of an expiry attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiryFormat {
    /// 100 ns since 1601; 0 and 9223372036854775807 mean never (`accountExpires`).
    FileTime,
    /// RFC 4517 generalized time.
    GeneralizedTime,
}

/// Who or what is in scope. If groups and a filter are both given, both must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Location {
    /// For people: a group whose members are provisioned. For groups: a container group whose
    /// member groups are provisioned.
    pub group_dn: Option<String>,
    /// Members of nested groups too.
    pub nested: bool,
    /// An LDAP filter.
    pub filter: Option<String>,
}

/// How one field is made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MappingRule {
    /// The target field.
    pub field: String,
    /// Source attributes; more than one needs an expression.
    pub attributes: Vec<String>,
    /// Used when the value is empty, and when the expression fails.
    pub default: Option<String>,
    /// A mapping expression over the attributes.
    pub expression: Option<String>,
    /// Sent on create, never on update.
    pub create_only: bool,
    /// Strip white space.
    pub trim: bool,
    /// Upper or lower case.
    pub case: CharacterCase,
    /// Parse the value.
    pub parser: Parser,
    /// Hide the value in logs, plans and pages.
    pub masked: bool,
}

/// Character case of a mapped value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CharacterCase {
    /// As it is.
    #[default]
    None,
    /// Upper case.
    Upper,
    /// Lower case.
    Lower,
}

/// Parser of a mapped value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Parser {
    /// None.
    #[default]
    None,
    /// The value of the first RDN of a DN.
    ExtractCnFromDn,
    /// The part of an e-mail address before the `@`.
    ExtractUsernameFromEmail,
}
