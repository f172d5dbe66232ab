//! SP connections with their outbound provisioning.

use serde::{Deserialize, Serialize};

use super::Extra;

/// A reference to another resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceLink {
    /// Its id.
    pub id: String,
    /// Other keys (`location`).
    #[serde(flatten)]
    pub extra: Extra,
}

impl ResourceLink {
    /// A link to that id.
    pub fn to(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            extra: Extra::new(),
        }
    }
}

/// A setting: a name with a value, or with a sealed one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConfigField {
    /// Its name.
    pub name: String,
    /// Its value. Never written for a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Its sealed value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encrypted_value: Option<String>,
    /// Other keys.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An SP connection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SpConnectionDocument {
    /// `SP`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub connection_type: Option<String>,
    /// Id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The partner's entity id.
    pub entity_id: String,
    /// Name.
    pub name: String,
    /// Whether it is turned on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Base URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The default virtual server id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_virtual_entity_id: Option<String>,
    /// Virtual server ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub virtual_entity_ids: Vec<String>,
    /// Contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_info: Option<ContactInfo>,
    /// Logging mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logging_mode: Option<String>,
    /// Application name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_name: Option<String>,
    /// Application icon.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_icon_url: Option<String>,
    /// Outbound provisioning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outbound_provision: Option<OutboundProvision>,
    /// Other keys.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Contact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContactInfo {
    /// Company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// E-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// First name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Phone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Other keys.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Outbound provisioning of an SP connection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OutboundProvision {
    /// The connector's plug-in id.
    #[serde(rename = "type")]
    pub plugin: String,
    /// The target's settings.
    pub target_settings: Vec<ConfigField>,
    /// Channels.
    pub channels: Vec<ChannelDocument>,
    /// Other keys (`customSchema`).
    #[serde(flatten)]
    pub extra: Extra,
}

/// A channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChannelDocument {
    /// Name.
    pub name: String,
    /// Whether it is turned on.
    pub active: bool,
    /// Steps at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_threads: Option<i64>,
    /// Seconds for one operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<i64>,
    /// Where people and groups come from.
    pub channel_source: ChannelSourceDocument,
    /// How attributes become fields.
    pub attribute_mapping: Vec<SaasAttributeMapping>,
    /// Other keys.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The source of a channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChannelSourceDocument {
    /// The data store.
    pub data_source: ResourceLink,
    /// The attribute that holds the immutable id.
    pub guid_attribute_name: String,
    /// Whether it is binary.
    pub guid_binary: bool,
    /// Only this node and below is searched.
    pub base_dn: String,
    /// How changes are found.
    pub change_detection_settings: ChangeDetectionSettings,
    /// How members are found.
    pub group_membership_detection: GroupMembershipDetection,
    /// How the status is read.
    pub account_management_settings: AccountManagement,
    /// Who is provisioned.
    pub user_source_location: SourceLocation,
    /// Which groups are provisioned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_source_location: Option<SourceLocation>,
    /// Other keys.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How changes are found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ChangeDetectionSettings {
    /// Restricts searches for people.
    pub user_object_class: String,
    /// Restricts searches for groups.
    pub group_object_class: String,
    /// `ACTIVE_DIRECTORY_USN`, `TIMESTAMP` or `TIMESTAMP_NO_NEGATION`.
    pub changed_users_algorithm: String,
    /// The update sequence number's attribute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usn_attribute_name: Option<String>,
    /// The time stamp's attribute.
    pub time_stamp_attribute_name: String,
    /// Other keys.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How members are found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GroupMembershipDetection {
    /// The user-side list of groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member_of_group_attribute_name: Option<String>,
    /// The group-side list of members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_member_attribute_name: Option<String>,
    /// Other keys.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How an account's status is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AccountManagement {
    /// The attribute.
    pub account_status_attribute_name: String,
    /// `ACCOUNT_STATUS_ALGORITHM_AD` or `ACCOUNT_STATUS_ALGORITHM_FLAG`.
    pub account_status_algorithm: String,
    /// The value to compare with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flag_comparison_value: Option<String>,
    /// What an equal value means (true = active); true when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flag_comparison_status: Option<bool>,
    /// The status when the attribute is absent; true when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_status: Option<bool>,
    /// Other keys.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Who or what is provisioned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SourceLocation {
    /// A group whose members are provisioned, or that contains the groups.
    #[serde(rename = "groupDN", skip_serializing_if = "Option::is_none")]
    pub group_dn: Option<String>,
    /// An LDAP filter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// Members of nested groups too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nested_search: Option<bool>,
    /// Other keys.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How one field is made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SaasAttributeMapping {
    /// The target field.
    pub field_name: String,
    /// How it is made.
    pub saas_field_info: SaasFieldConfiguration,
    /// Other keys.
    #[serde(flatten)]
    pub extra: Extra,
}

/// How one field is made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SaasFieldConfiguration {
    /// Source attributes.
    pub attribute_names: Vec<String>,
    /// Used when the value is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_value: Option<String>,
    /// A mapping expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
    /// Sent on create only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_only: Option<bool>,
    /// Strip white space.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trim: Option<bool>,
    /// `NONE`, `UPPER` or `LOWER`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub character_case: Option<String>,
    /// `NONE`, `EXTRACT_CN_FROM_DN` or `EXTRACT_USERNAME_FROM_EMAIL`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parser: Option<String>,
    /// Hide the value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub masked: Option<bool>,
    /// Other keys.
    #[serde(flatten)]
    pub extra: Extra,
}
