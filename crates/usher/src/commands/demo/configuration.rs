//! The demonstration's configuration: a file like anybody's, imported like anybody's.

use serde_json::{Value, json};
use usher_sandbox::sample;

/// The password of the account that reads the directory. It guards invented data on loopback.
pub(super) const BIND_PASSWORD: &str = "demo";
/// Entries per page: few, so that a read has several pages.
const PAGE: u32 = 50;

/// What differs from one use to the next.
#[derive(Clone, Debug)]
pub(super) struct Ends {
    /// Host and port of the directory.
    pub(super) directory: String,
    /// Base URL of the target.
    pub(super) target: String,
    /// Its key.
    pub(super) key: String,
    /// The filter of those who are provisioned.
    pub(super) filter: String,
    /// Steps in flight.
    pub(super) in_flight: u16,
    /// Seconds between two looks while a long sync sends.
    pub(super) look_every_seconds: u32,
}

/// The file, as somebody would write it by hand.
///
/// `connector` is the id of the target's plug-in.
pub(super) fn file(ends: &Ends, connector: &str) -> Value {
    json!({
        "usher": 1,
        "pf": {
            "metadata": {"pfVersion": usher_pf::PF_VERSION},
            "operations": [
                {"resourceType": "/dataStores", "operationType": "SAVE", "items": [data_store(ends)]},
                {"resourceType": "/idp/spConnections", "operationType": "SAVE", "items": [connection(ends, connector)]},
            ],
        },
        "policies": [
            {"data_store": "directory", "template": "open_ldap", "page_size": PAGE},
            {
                "connection": "cloud",
                "channel": "people",
                // Somebody looked at the number of people before turning the channel on.
                "scope_count_seen": true,
                "email_domains": [sample::DOMAIN],
                "schedule": {"incremental_seconds": ends.look_every_seconds},
                // The sandbox's profile: no rate limit.
                "load": {"requests_per_second": 0.0, "in_flight": ends.in_flight},
            },
        ],
    })
}

fn data_store(ends: &Ends) -> Value {
    json!({
        "type": "LDAP",
        "id": "directory",
        "name": "Sample directory",
        "ldapType": "GENERIC",
        "hostnames": [ends.directory],
        "userDN": sample::BIND_DN,
        "password": BIND_PASSWORD,
    })
}

fn connection(ends: &Ends, connector: &str) -> Value {
    json!({
        "type": "SP",
        "id": "cloud",
        "name": "Cloud",
        "entityId": "https://cloud.example.com/usher-demo",
        "active": true,
        "outboundProvision": {
            "type": connector,
            "targetSettings": [
                {"name": "DIRECTORY_BASE_URL", "value": ends.target},
                {"name": "API_KEY", "value": ends.key},
                {"name": "PROTECTED_ACCOUNTS", "value": sample::ADMINISTRATOR_MAIL},
            ],
            "channels": [channel(ends)],
        },
    })
}

fn channel(ends: &Ends) -> Value {
    json!({
        "name": "people",
        "active": true,
        "maxThreads": ends.in_flight,
        "channelSource": {
            "dataSource": {"id": "directory"},
            "guidAttributeName": "entryUUID",
            "guidBinary": false,
            "baseDn": sample::BASE_DN,
            "changeDetectionSettings": {
                "userObjectClass": "inetOrgPerson",
                "groupObjectClass": "groupOfNames",
                "changedUsersAlgorithm": "TIMESTAMP_NO_NEGATION",
                "timeStampAttributeName": "modifyTimestamp",
            },
            "groupMembershipDetection": {"groupMemberAttributeName": "member"},
            "accountManagementSettings": {
                "accountStatusAttributeName": sample::LOCK_ATTRIBUTE,
                "accountStatusAlgorithm": "ACCOUNT_STATUS_ALGORITHM_FLAG",
                "flagComparisonValue": sample::LOCKED,
                "flagComparisonStatus": false,
            },
            "userSourceLocation": {"filter": ends.filter},
            "groupSourceLocation": {"filter": sample::GROUPS_FILTER},
        },
        "attributeMapping": [
            from("userName", "uid"),
            from("workEmail", "mail"),
            from("displayName", "cn"),
            from("givenName", "givenName"),
            from("familyName", "sn"),
            from("title", "title"),
            from("organization", "o"),
            from("department", "ou"),
            from("preferredLanguage", "preferredLanguage"),
            from("workPhone", "telephoneNumber"),
        ],
    })
}

fn from(field: &str, attribute: &str) -> Value {
    json!({"fieldName": field, "saasFieldInfo": {"attributeNames": [attribute], "trim": true}})
}
