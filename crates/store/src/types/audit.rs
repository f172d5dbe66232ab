//! The audit log, and how long things are kept.

use serde::{Deserialize, Serialize};
use usher_core::model::Millis;

/// Something that happened, for the audit log (time, cycle, channel, event, source, target,
/// success, cause; who and before/after for configuration).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// When.
    pub at: Millis,
    /// Who: an operator's name, or `engine`.
    pub actor: String,
    /// What, such as `CREATE`, `UPDATE`, `APPROVE`, `CONFIG`.
    pub event: String,
    /// The channel.
    pub channel: Option<String>,
    /// The cycle.
    pub cycle: Option<i64>,
    /// The source key.
    pub source_id: Option<String>,
    /// The target id.
    pub target_id: Option<String>,
    /// Whether it succeeded.
    pub success: bool,
    /// The cause of a failure, or further detail without secrets.
    pub detail: String,
    /// Of a change to the configuration or to an operator's account: what it changed, without secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

/// One value that a change replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Where, such as `sp_connections[acme].channels[staff].source.base_dn`.
    pub path: String,
    /// The value before, as JSON; `None` = not there. Dots stand for a secret.
    pub before: Option<String>,
    /// The value after, likewise.
    pub after: Option<String>,
}

/// How long things are kept, days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Retention {
    /// Exchanges.
    pub exchanges_days: u32,
    /// Cycles and final steps.
    pub cycles_days: u32,
    /// Audit events, and alerts that are over.
    pub audit_days: u32,
    /// Shadows of removed people; the tombstone (key, id) stays.
    pub removed_shadow_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            exchanges_days: 30,
            cycles_days: 90,
            audit_days: 400,
            removed_shadow_days: 90,
        }
    }
}
