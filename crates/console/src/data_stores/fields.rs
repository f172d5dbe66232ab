//! What a data store has, as fields.

use crate::form::{Shape, Spec};

/// Fields that stand together.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) legend: &'static str,
    /// What is to be said of all of them.
    pub(super) note: &'static str,
    pub(super) specs: &'static [Spec],
    /// Whether they are shown only when asked for.
    pub(super) folded: bool,
}

const fn spec(path: &'static str, label: &'static str, shape: Shape, help: &'static str) -> Spec {
    Spec {
        path,
        label,
        shape,
        required: false,
        help,
        more: "",
    }
}

const fn must(mut spec: Spec) -> Spec {
    spec.required = true;
    spec
}

const fn more(mut spec: Spec, more: &'static str) -> Spec {
    spec.more = more;
    spec
}

/// The types of directory: the name of the template, the published type, and what it is called.
pub(super) const TYPES: &[(&str, &str, &str)] = &[
    ("active_directory", "ACTIVE_DIRECTORY", "Active Directory"),
    ("ping_directory", "PING_DIRECTORY", "PingDirectory"),
    (
        "oracle_unified_directory",
        "ORACLE_UNIFIED_DIRECTORY",
        "Oracle Unified Directory",
    ),
    (
        "oracle_directory_server",
        "ORACLE_DIRECTORY_SERVER",
        "Oracle Directory Server",
    ),
    ("open_ldap", "GENERIC", "OpenLDAP"),
    ("ds389", "GENERIC", "389 Directory Server"),
    ("generic", "GENERIC", "Generic"),
];

const TYPE: Shape = Shape::OneOf(&[
    ("active_directory", "Active Directory"),
    ("ping_directory", "PingDirectory"),
    ("oracle_unified_directory", "Oracle Unified Directory"),
    ("oracle_directory_server", "Oracle Directory Server"),
    ("open_ldap", "OpenLDAP"),
    ("ds389", "389 Directory Server"),
    ("generic", "Generic"),
]);

const MASK: Spec = spec(
    "maskAttributeValues",
    "Mask Values in Log",
    Shape::Flag,
    "Values of attributes are in no log here, ticked or not; what a mapping masks is hidden on pages, too.",
);

/// The path of an LDIF file in its document.
pub(super) const FILE: &str = "configuration.fields[0].value";
/// The type of a data store.
pub(super) const TEMPLATE: &str = "policy.template";

const LDIF_SPECS: &[Spec] = &[
    must(spec(
        "name",
        "Data Store Name",
        Shape::Text,
        "Unique; shown wherever a data store is chosen.",
    )),
    must(spec(
        FILE,
        "File",
        Shape::Text,
        "The path of the LDIF file on the machine of this service, which must be allowed to read it.",
    )),
    must(more(
        spec(
            TEMPLATE,
            "LDAP Type",
            TYPE,
            "The kind of directory that the file was exported from: it fills in Source Settings of new channels.",
        ),
        "Each read begins anew with the whole file: put a new export in its place in one step (write beside it, then rename), so that no half of one is read.",
    )),
    MASK,
];

const CONFIGURATION: &[Spec] = &[
    spec(
        "name",
        "Data Store Name",
        Shape::Text,
        "Unique; shown wherever a data store is chosen. Left empty, it is made of the hosts and the user DN.",
    ),
    must(more(
        spec(
            "hostnames",
            "Hostname(s)",
            Shape::Lines,
            "Name or address, with `:port` where it is not the usual one; several on lines of their own or separated by spaces are tried in this order.",
        ),
        "All of them must hold the same directory and accept the same user DN and password. The usual ports are 389, and 636 for LDAPS. With Active Directory as the source of changes by USN, name a single host: each domain controller counts its own. IPv6 addresses stand in brackets. Left empty, the hosts of the default row below are used.",
    )),
    spec(
        "useSsl",
        "Use LDAPS",
        Shape::Flag,
        "TLS from the first byte, usually on port 636.",
    ),
    spec(
        "useStartTLS",
        "Use StartTLS",
        Shape::Flag,
        "TLS on the usual port, before anything else is said. Only one of the two can be ticked; without either the password travels in the clear.",
    ),
    more(
        spec(
            "useDnsSrvRecords",
            "Use DNS SRV records",
            Shape::Flag,
            "Not looked up here: no channel that reads this data store can be turned on while it is ticked.",
        ),
        "Name the hosts above instead.",
    ),
    more(
        spec(
            "followLDAPReferrals",
            "Follow LDAP referrals",
            Shape::Flag,
            "Referrals are never followed; a read that meets one counts as incomplete, so that nobody is removed by it.",
        ),
        "Name a server that holds the whole tree, such as a global catalogue, or a base DN below which there is no referral.",
    ),
    must(more(
        spec(
            TEMPLATE,
            "LDAP Type",
            TYPE,
            "The kind of directory: it fills in Source Settings of new channels.",
        ),
        "What each type fills in stands at the end of this page. OpenLDAP and 389 Directory Server are exported as GENERIC with the template beside it.",
    )),
    spec(
        "bindAnonymously",
        "Bind Anonymously",
        Shape::Flag,
        "Without a user. Many directories show less then, or nothing.",
    ),
    more(
        spec(
            "userDN",
            "User DN",
            Shape::Text,
            "Whom to sign in as; with Active Directory also `user@example.com` or `DOMAIN\\user`.",
        ),
        "An account of its own that may only read. It must see everybody in scope, also disabled people and the attributes that say so.",
    ),
    more(
        spec(
            "password",
            "Password",
            Shape::Secret("encryptedPassword"),
            "Kept sealed, and never shown again. It goes along only to the hosts that it was entered for: for others it is typed anew.",
        ),
        "Without scripts, Test Connection shows this page again without the password: type it once more to save.",
    ),
    spec(
        "clientTlsCertificateRef.id",
        "Client TLS certificate",
        Shape::Text,
        "Usher does not sign in with certificates: while one is named, no channel that reads this data store can be turned on.",
    ),
    MASK,
];

const ADVANCED: &[Spec] = &[
    more(
        spec(
            "verifyHost",
            "Verify LDAPS hostname",
            Shape::Flag,
            "The certificate must be for the host that was named. Ticked for new data stores.",
        ),
        "Whoever clears it trusts every certificate of a known authority, for whatever host.",
    ),
    spec(
        "connectionTimeout",
        "Connection timeout",
        Shape::Number,
        "Milliseconds to connect; 0 or empty is the default, 5,000.",
    ),
    spec(
        "readTimeout",
        "Read timeout",
        Shape::Number,
        "Milliseconds to wait for each message; 0 or empty is the default, 60,000.",
    ),
    more(
        spec(
            "binaryAttributes",
            "LDAP binary attributes",
            Shape::Lines,
            "Attributes whose values are no text, one on each line.",
        ),
        "Those of the chosen type, such as objectGUID and objectSid, are known already.",
    ),
];

const OWN: &[Spec] = &[
    more(
        spec(
            "policy.ca_file",
            "File of a certificate authority",
            Shape::Text,
            "A PEM file on the machine of this service with the authority that signed the directory's certificate, where neither the system nor System > Certificates knows it.",
        ),
        "Must stay readable for the service. An authority that is imported on System > Certificates is trusted for every directory and needs no file.",
    ),
    more(
        spec(
            "policy.certificate_sha256",
            "Only certificate, SHA-256",
            Shape::Text,
            "64 hexadecimal digits: the only certificate that the directory may show.",
        ),
        "With it neither authorities nor the host's name nor dates are looked at; a renewed certificate needs the new value.",
    ),
    spec(
        "policy.page_size",
        "Page size",
        Shape::Number,
        "Entries that the directory is asked for at once, 1 to 100,000; empty is the default, 500.",
    ),
];

const POOL: &[Spec] = &[
    spec(
        "testOnBorrow",
        "Test connection on borrow",
        Shape::Flag,
        "Whether a connection is tried before it is taken from a pool.",
    ),
    spec(
        "testOnReturn",
        "Test connection on return",
        Shape::Flag,
        "Whether a connection is tried before it goes back to a pool.",
    ),
    spec(
        "createIfNecessary",
        "Create new connection if necessary",
        Shape::Flag,
        "Whether more connections than the most are made when all are busy.",
    ),
    spec(
        "retryFailedOperations",
        "Retry failed operations",
        Shape::Flag,
        "Whether an operation is tried again on another connection. A read of Usher that breaks off counts as incomplete, and the next one begins anew.",
    ),
    spec(
        "minConnections",
        "Minimum connections",
        Shape::Number,
        "Connections that stay open.",
    ),
    spec(
        "maxConnections",
        "Maximum connections",
        Shape::Number,
        "Most connections at once.",
    ),
    spec(
        "maxWait",
        "Maximum wait",
        Shape::Number,
        "Milliseconds to wait for a free connection; -1 is not to wait.",
    ),
    spec(
        "timeBetweenEvictions",
        "Time between evictions",
        Shape::Number,
        "Milliseconds between two looks for idle connections.",
    ),
    spec(
        "dnsTtl",
        "DNS TTL",
        Shape::Number,
        "Milliseconds for which an address is remembered. Usher asks for it at each connection.",
    ),
    spec(
        "ldapDnsSrvPrefix",
        "LDAP DNS SRV prefix",
        Shape::Text,
        "What stands before a domain in a look-up of SRV records.",
    ),
    spec(
        "ldapsDnsSrvPrefix",
        "LDAPS DNS SRV prefix",
        Shape::Text,
        "The same for LDAPS.",
    ),
];

/// The parts of the page of an LDAP server.
pub(super) const LDAP: &[Part] = &[
    Part {
        legend: "LDAP Configuration",
        note: "",
        specs: CONFIGURATION,
        folded: false,
    },
    Part {
        legend: "Certificates and pages",
        note: "What Usher has beyond the published shape; in an export it stands under `policies`.",
        specs: OWN,
        folded: true,
    },
    Part {
        legend: "Advanced LDAP Options",
        note: "",
        specs: ADVANCED,
        folded: true,
    },
    Part {
        legend: "Connection pools",
        note: "These are kept and given back in exports, and have no effect: Usher opens a connection for each read and closes it.",
        specs: POOL,
        folded: true,
    },
];

/// The page of an LDIF file.
pub(super) const LDIF: &[Part] = &[Part {
    legend: "LDIF file",
    note: "",
    specs: LDIF_SPECS,
    folded: false,
}];

/// The defaults of Advanced LDAP Options: what "Apply Defaults" puts there.
pub(super) fn defaults() -> [(&'static str, serde_json::Value); 13] {
    use serde_json::json;
    [
        ("verifyHost", json!(true)),
        ("connectionTimeout", json!(0)),
        ("readTimeout", json!(0)),
        ("binaryAttributes", json!([])),
        ("testOnBorrow", json!(false)),
        ("testOnReturn", json!(false)),
        ("createIfNecessary", json!(true)),
        ("retryFailedOperations", json!(false)),
        ("minConnections", json!(10)),
        ("maxConnections", json!(100)),
        ("maxWait", json!(-1)),
        ("timeBetweenEvictions", json!(0)),
        ("dnsTtl", json!(0)),
    ]
}
