//! What the service starts with.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::fault::FaultRule;
use super::knobs::Knobs;

/// Everything the service starts with. Every member has a default, unknown members are refused.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SandboxConfig {
    /// Port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Seed of ids and keys; the same seed and the same requests give the same ids. Without it they
    /// are random.
    pub seed: Option<u64>,
    /// The directories, each with its key; the first is the one meant when none is named. If there
    /// is none, one is made.
    pub directories: Vec<DirectoryConfig>,
    /// The organisation that the directories belong to.
    pub org: OrgConfig,
    /// Behaviour.
    pub knobs: Knobs,
    /// Faults that are planned from the start.
    pub faults: Vec<FaultRule>,
    /// File that holds the state. Read at the start if it exists; written about once a second while
    /// there are changes, and when the service stops, by writing a new file and renaming it. It
    /// holds directories, keys and the organisation, which then win over this configuration; knobs,
    /// faults and requests are not in it.
    pub state_file: Option<PathBuf>,
    /// File that gets one JSON line for each request, without keys.
    pub request_log_file: Option<PathBuf>,
    /// Requests kept in memory, newest last (10,000).
    pub log_capacity: usize,
    /// Largest request body in bytes (16 MiB); more is answered with 413.
    pub max_body_bytes: usize,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            port: 0,
            seed: None,
            directories: Vec::new(),
            org: OrgConfig::default(),
            knobs: Knobs::default(),
            faults: Vec::new(),
            state_file: None,
            request_log_file: None,
            log_capacity: 10_000,
            max_body_bytes: 16 * 1024 * 1024,
        }
    }
}

/// One SCIM directory.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DirectoryConfig {
    /// Its id, the last part of the base URL; made up if missing.
    pub id: Option<String>,
    /// Its API key; made up if missing.
    pub key: Option<String>,
}

/// The organisation: what is there before anybody provisions.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrgConfig {
    /// Its id.
    pub id: String,
    /// Key of the organisation's admin API (row 44); made up if missing. Not valid for SCIM.
    pub admin_key: Option<String>,
    /// Domains whose accounts the organisation manages, for example `example.com`.
    pub verified_domains: Vec<String>,
    /// Accounts that exist already.
    pub accounts: Vec<AccountConfig>,
    /// Groups that exist already.
    pub groups: Vec<OrgGroupConfig>,
}

impl Default for OrgConfig {
    fn default() -> Self {
        let built_in = [
            "administrators",
            "site-admins",
            "system-administrators",
            "trusted-users",
        ];
        let default = ["confluence-users-sandbox", "jira-software-users-sandbox"];
        let group = |kind: OrgGroupKind| {
            move |name: &&str| OrgGroupConfig {
                name: (*name).to_owned(),
                kind,
            }
        };
        Self {
            id: "sandbox-org".to_owned(),
            admin_key: None,
            verified_domains: vec!["example.com".to_owned()],
            accounts: Vec::new(),
            groups: built_in
                .iter()
                .map(group(OrgGroupKind::BuiltIn))
                .chain(default.iter().map(group(OrgGroupKind::Default)))
                .collect(),
        }
    }
}

/// How the organisation stands to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// Managed by the organisation; a new user with its email is linked to it (row 16).
    #[default]
    Managed,
    /// Somebody's own account; it is linked as an external user (row 17).
    External,
    /// It holds the email and cannot be linked: 409 (row 14).
    Foreign,
}

/// An account that exists before provisioning.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountConfig {
    /// Its email.
    pub email: String,
    /// How the organisation stands to it.
    pub kind: AccountKind,
    /// Its id; made up if missing.
    pub id: Option<String>,
}

/// What kind of group of the organisation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrgGroupKind {
    /// Made by an administrator (rows 28 and 29).
    #[default]
    Ordinary,
    /// Default access group (row 30).
    Default,
    /// Built in (row 30).
    BuiltIn,
}

/// A group of the organisation that exists before provisioning.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrgGroupConfig {
    /// Its name.
    pub name: String,
    /// What kind it is.
    pub kind: OrgGroupKind,
}
