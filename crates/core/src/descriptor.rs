//! What a connector declares about its kind of target: settings, fields, capabilities, defaults.
//! The configuration form, the documentation and the template list come from here.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{DirectoryKind, Kind, MappingRule};

/// A kind of target.
#[derive(Clone, Debug, Serialize)]
pub struct ConnectorDescriptor {
    /// The plug-in id that an SP connection names.
    pub id: String,
    /// Its name in the template list.
    pub name: String,
    /// What the target's settings are.
    pub settings: Vec<SettingDescriptor>,
    /// The fields of an account that can be mapped, in the order they are shown.
    pub fields: Vec<FieldDescriptor>,
    /// The field that identifies an account to people and in correlation (`userName`).
    pub username_field: String,
    /// The field of the work e-mail (`workEmail`).
    pub email_field: String,
    /// The field that carries the source key (`externalId`).
    pub external_id_field: String,
    /// Group names that are never written, with `*`.
    pub protected_groups: Vec<String>,
    /// The metadata file that an SP connection of this template begins with.
    #[serde(skip)]
    pub metadata: Option<MetadataFile>,
    /// What the target can do.
    pub capabilities: Capabilities,
    /// Mapping rules that a new channel starts with, per kind of directory.
    pub default_mapping: BTreeMap<DirectoryKind, Vec<MappingRule>>,
}

impl ConnectorDescriptor {
    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&FieldDescriptor> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// A file that says who the target is, in the form of SAML 2.0 metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetadataFile {
    /// The file's name.
    pub name: &'static str,
    /// What is in it.
    pub text: &'static str,
}

/// One setting of the target.
#[derive(Clone, Debug, Serialize)]
pub struct SettingDescriptor {
    /// Its name in configuration.
    pub name: String,
    /// Its label.
    pub label: String,
    /// One sentence of explanation.
    pub help: String,
    /// Its type.
    pub kind: SettingKind,
    /// Whether it must be given.
    pub required: bool,
    /// Its default.
    pub default: Option<String>,
}

/// The type of a setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingKind {
    /// A text.
    Text,
    /// A secret: write-only.
    Secret,
    /// `true` or `false`.
    Checkbox,
    /// One of these.
    Select(Vec<String>),
    /// Several texts, separated by commas or line breaks.
    TextArea,
}

/// One field of an account.
#[derive(Clone, Debug, Serialize)]
pub struct FieldDescriptor {
    /// Its name in mappings.
    pub name: String,
    /// Its label.
    pub label: String,
    /// Whether an account needs it.
    pub required: bool,
    /// Whether it must be unique at the target.
    pub unique: bool,
    /// Whether the target compares it with regard to case.
    pub case_exact: bool,
    /// Whether it holds several values.
    pub multi_valued: bool,
    /// Whether it takes part in what people see of the account, or stays in the record only.
    pub reaches_account: bool,
    /// The most characters it may have.
    pub max_length: Option<usize>,
    /// The SCIM path it is written to.
    pub scim_path: String,
    /// Notes for administrators.
    pub notes: Vec<String>,
}

/// What a target can do.
#[derive(Clone, Debug, Serialize)]
pub struct Capabilities {
    /// Groups can be provisioned.
    pub groups: bool,
    /// Groups can contain groups.
    pub nested_groups: bool,
    /// A group's name can be changed.
    pub group_rename: bool,
    /// Most members in one request.
    pub member_batch: u16,
    /// Requests per second when the policy does not say; 0 = no limit.
    pub requests_per_second: f64,
    /// Requests in flight when the policy does not say.
    pub in_flight: u16,
    /// Correlation attributes that can be looked up singly, per kind, in the order they are tried.
    pub lookups: Vec<(Kind, String)>,
}
