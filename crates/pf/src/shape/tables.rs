//! The shapes of the documents, as published. Keys that are known and do nothing here stand in the
//! tables too, so that a complete foreign document gives no noise.

use super::{Shape, Ty, may, need};

const MILLIS: Ty = Ty::Int(-1, i32::MAX as i64);

pub(crate) static BULK: Shape = Shape {
    keys: &[
        need("metadata", Ty::Object(&METADATA)),
        need("operations", Ty::Objects(&OPERATION)),
    ],
};

static METADATA: Shape = Shape {
    keys: &[need("pfVersion", Ty::Text)],
};

static OPERATION: Shape = Shape {
    keys: &[
        need("resourceType", Ty::Text),
        may("subResource", Ty::Text),
        need("operationType", Ty::OneOf(&["SAVE", "DELETE"])),
        may("items", Ty::Anys),
        may("itemIds", Ty::Texts),
    ],
};

static LINK: Shape = Shape {
    keys: &[need("id", Ty::Text), may("location", Ty::Text)],
};

pub(crate) static OUTBOUND_SETTINGS: Shape = Shape {
    keys: &[
        need("dataStoreRef", Ty::Object(&LINK)),
        may("synchronizationFrequency", Ty::Int(1, 86_400)),
    ],
};

static FIELD: Shape = Shape {
    keys: &[
        need("name", Ty::Text),
        may("value", Ty::Text),
        may("encryptedValue", Ty::Text),
        may("inherited", Ty::Bool),
    ],
};

pub(crate) static CUSTOM: Shape = Shape {
    keys: &[
        need("type", Ty::OneOf(&["CUSTOM"])),
        may("id", Ty::Text),
        need("name", Ty::Text),
        may("maskAttributeValues", Ty::Bool),
        need("pluginDescriptorRef", Ty::Object(&LINK)),
        may("parentRef", Ty::Any),
        need("configuration", Ty::Object(&PLUGIN)),
        may("lastModified", Ty::Text),
    ],
};

static PLUGIN: Shape = Shape {
    keys: &[may("fields", Ty::Objects(&FIELD)), may("tables", Ty::Any)],
};

pub(crate) static LDAP: Shape = Shape {
    keys: &[
        need("type", Ty::OneOf(&["LDAP"])),
        may("id", Ty::Text),
        may("name", Ty::Text),
        may("maskAttributeValues", Ty::Bool),
        need(
            "ldapType",
            Ty::OneOf(&[
                "ACTIVE_DIRECTORY",
                "ORACLE_DIRECTORY_SERVER",
                "ORACLE_UNIFIED_DIRECTORY",
                "UNBOUNDID_DS",
                "PING_DIRECTORY",
                "PING_DS",
                "GENERIC",
            ]),
        ),
        may("hostnames", Ty::Texts),
        may("hostnamesTags", Ty::Objects(&TAGGED_HOSTS)),
        may("bindAnonymously", Ty::Bool),
        may("userDN", Ty::Text),
        may("password", Ty::Text),
        may("encryptedPassword", Ty::Text),
        may("clientTlsCertificateRef", Ty::Object(&LINK)),
        may("useSsl", Ty::Bool),
        may("useStartTLS", Ty::Bool),
        may("useDnsSrvRecords", Ty::Bool),
        may("followLDAPReferrals", Ty::Bool),
        may("verifyHost", Ty::Bool),
        may("readTimeout", MILLIS),
        may("connectionTimeout", MILLIS),
        may("binaryAttributes", Ty::Texts),
        // Pool options: this client has no pool that they could govern.
        may("retryFailedOperations", Ty::Bool),
        may("testOnBorrow", Ty::Bool),
        may("testOnReturn", Ty::Bool),
        may("createIfNecessary", Ty::Bool),
        may("minConnections", Ty::Any),
        may("maxConnections", Ty::Any),
        may("maxWait", Ty::Any),
        may("timeBetweenEvictions", Ty::Any),
        may("dnsTtl", Ty::Any),
        may("ldapDnsSrvPrefix", Ty::Text),
        may("ldapsDnsSrvPrefix", Ty::Text),
        may("lastModified", Ty::Text),
    ],
};

static TAGGED_HOSTS: Shape = Shape {
    keys: &[
        need("hostnames", Ty::Texts),
        may("tags", Ty::Text),
        may("defaultSource", Ty::Bool),
    ],
};

pub(crate) static SP_CONNECTION: Shape = Shape {
    keys: &[
        may("type", Ty::OneOf(&["SP"])),
        may("id", Ty::Text),
        need("entityId", Ty::Text),
        need("name", Ty::Text),
        may("active", Ty::Bool),
        may("baseUrl", Ty::Text),
        may("defaultVirtualEntityId", Ty::Text),
        may("virtualEntityIds", Ty::Texts),
        may("contactInfo", Ty::Object(&CONTACT)),
        may(
            "loggingMode",
            Ty::OneOf(&["NONE", "STANDARD", "ENHANCED", "FULL"]),
        ),
        may("applicationName", Ty::Text),
        may("applicationIconUrl", Ty::Text),
        may("outboundProvision", Ty::Object(&OUTBOUND)),
        // Known, and of no effect on provisioning.
        may("modificationDate", Ty::Any),
        may("creationDate", Ty::Any),
        may("metadataReloadSettings", Ty::Any),
        may("credentials", Ty::Any),
        may("licenseConnectionGroup", Ty::Any),
        may("additionalAllowedEntitiesConfiguration", Ty::Any),
        may("extendedProperties", Ty::Any),
        may("replicationStatus", Ty::Any),
        may("connectionTargetType", Ty::Any),
        may("spBrowserSso", Ty::Any),
        may("attributeQuery", Ty::Any),
        may("wsTrust", Ty::Any),
    ],
};

static CONTACT: Shape = Shape {
    keys: &[
        may("company", Ty::Text),
        may("email", Ty::Text),
        may("firstName", Ty::Text),
        may("lastName", Ty::Text),
        may("phone", Ty::Text),
    ],
};

static OUTBOUND: Shape = Shape {
    keys: &[
        need("type", Ty::Text),
        need("targetSettings", Ty::Objects(&FIELD)),
        may("customSchema", Ty::Any),
        need("channels", Ty::Objects(&CHANNEL)),
    ],
};

static CHANNEL: Shape = Shape {
    keys: &[
        need("name", Ty::Text),
        need("active", Ty::Bool),
        may("maxThreads", Ty::Int(1, 64)),
        may("timeout", Ty::Int(1, 3_600)),
        need("channelSource", Ty::Object(&SOURCE)),
        need("attributeMapping", Ty::Objects(&MAPPING)),
    ],
};

static SOURCE: Shape = Shape {
    keys: &[
        need("dataSource", Ty::Object(&LINK)),
        need("guidAttributeName", Ty::Text),
        need("guidBinary", Ty::Bool),
        need("baseDn", Ty::Text),
        need("changeDetectionSettings", Ty::Object(&CHANGES)),
        may("groupMembershipDetection", Ty::Object(&MEMBERS)),
        need("accountManagementSettings", Ty::Object(&STATUS)),
        need("userSourceLocation", Ty::Object(&LOCATION)),
        may("groupSourceLocation", Ty::Object(&LOCATION)),
    ],
};

static CHANGES: Shape = Shape {
    keys: &[
        need("userObjectClass", Ty::Text),
        need("groupObjectClass", Ty::Text),
        need(
            "changedUsersAlgorithm",
            Ty::OneOf(&["ACTIVE_DIRECTORY_USN", "TIMESTAMP", "TIMESTAMP_NO_NEGATION"]),
        ),
        may("usnAttributeName", Ty::Text),
        need("timeStampAttributeName", Ty::Text),
    ],
};

static MEMBERS: Shape = Shape {
    keys: &[
        may("memberOfGroupAttributeName", Ty::Text),
        may("groupMemberAttributeName", Ty::Text),
    ],
};

static STATUS: Shape = Shape {
    keys: &[
        need("accountStatusAttributeName", Ty::Text),
        need(
            "accountStatusAlgorithm",
            Ty::OneOf(&[
                "ACCOUNT_STATUS_ALGORITHM_AD",
                "ACCOUNT_STATUS_ALGORITHM_FLAG",
            ]),
        ),
        may("flagComparisonValue", Ty::Text),
        may("flagComparisonStatus", Ty::Bool),
        may("defaultStatus", Ty::Bool),
    ],
};

static LOCATION: Shape = Shape {
    keys: &[
        may("groupDN", Ty::Text),
        may("filter", Ty::Text),
        may("nestedSearch", Ty::Bool),
    ],
};

static MAPPING: Shape = Shape {
    keys: &[
        need("fieldName", Ty::Text),
        need("saasFieldInfo", Ty::Object(&FIELD_INFO)),
    ],
};

static FIELD_INFO: Shape = Shape {
    keys: &[
        may("attributeNames", Ty::Texts),
        may("defaultValue", Ty::Text),
        may("expression", Ty::Text),
        may("createOnly", Ty::Bool),
        may("trim", Ty::Bool),
        may("characterCase", Ty::OneOf(&["NONE", "UPPER", "LOWER"])),
        may(
            "parser",
            Ty::OneOf(&["NONE", "EXTRACT_CN_FROM_DN", "EXTRACT_USERNAME_FROM_EMAIL"]),
        ),
        may("masked", Ty::Bool),
    ],
};
