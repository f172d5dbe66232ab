//! Bulk configuration: the documents of several resources in one.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Extra;

/// A bulk configuration, as `/bulk/export` gives it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BulkConfig {
    /// Where it is from.
    pub metadata: BulkMetadata,
    /// What to do with which resources, in order.
    pub operations: Vec<ConfigOperation>,
    /// Unknown keys.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Where a bulk configuration is from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BulkMetadata {
    /// The version of the product whose shape it has.
    pub pf_version: String,
    /// Unknown keys.
    #[serde(flatten)]
    pub extra: Extra,
}

/// One operation on resources of one type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigOperation {
    /// The type, such as `/dataStores`.
    pub resource_type: String,
    /// A part of a resource; not used here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_resource: Option<String>,
    /// Save or delete.
    pub operation_type: OperationType,
    /// The documents to save.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Value>,
    /// The ids to delete.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub item_ids: Vec<String>,
    /// Unknown keys.
    #[serde(flatten)]
    pub extra: Extra,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OperationType {
    /// Creates or replaces.
    Save,
    /// Deletes.
    Delete,
}
