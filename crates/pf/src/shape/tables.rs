//! The shapes of the documents, as published. Keys that are known and do nothing here stand in the
//! tables too, so that a complete foreign document gives no noise and is kept in the form it was published in.
//! `docs/published-api.md` lists them with what they do; a test compares the two.

use super::{Shape, Ty, keep, keep_needed, may, need, read_only, refused, warned};

const MILLIS: Ty = Ty::Int(-1, i32::MAX as i64);
const INT: Ty = Ty::Int(i32::MIN as i64, i32::MAX as i64);
const PORT: Ty = Ty::Int(1, 65_535);

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
    keys: &[need("id", Ty::Text), keep("location", Ty::Text)],
};

/// To the state, whose address nobody needs.
static STATE_LINK: Shape = Shape {
    keys: &[need("id", Ty::Text), read_only("location")],
};

pub(crate) static OUTBOUND_SETTINGS: Shape = Shape {
    keys: &[
        need("dataStoreRef", Ty::Object(&STATE_LINK)),
        may("synchronizationFrequency", Ty::Int(1, 86_400)),
    ],
};

static SETTING: Shape = Shape {
    keys: &[
        need("name", Ty::Text),
        may("value", Ty::Text),
        may("encryptedValue", Ty::Text),
        keep("inherited", Ty::Bool),
    ],
};

static FIELD: Shape = Shape {
    keys: &[
        need("name", Ty::Text),
        may("value", Ty::Text),
        // No field of a file's is secret.
        keep("encryptedValue", Ty::Text),
        keep("inherited", Ty::Bool),
    ],
};

pub(crate) static CUSTOM: Shape = Shape {
    keys: &[
        need("type", Ty::OneOf(&["CUSTOM"])),
        may("id", Ty::Text),
        need("name", Ty::Text),
        // Values of attributes are in no log; `masked` of a mapping hides them everywhere else.
        keep("maskAttributeValues", Ty::Bool),
        need("pluginDescriptorRef", Ty::Object(&LINK)),
        keep("parentRef", Ty::Object(&LINK)),
        need("configuration", Ty::Object(&PLUGIN)),
        read_only("lastModified"),
    ],
};

static PLUGIN: Shape = Shape {
    keys: &[
        may("fields", Ty::Objects(&FIELD)),
        keep("tables", Ty::Objects(&PLUGIN_TABLE)),
    ],
};

static PLUGIN_TABLE: Shape = Shape {
    keys: &[
        keep_needed("name", Ty::Text),
        keep("rows", Ty::Objects(&PLUGIN_ROW)),
    ],
};

static PLUGIN_ROW: Shape = Shape {
    keys: &[
        keep_needed("fields", Ty::Objects(&KEPT_FIELD)),
        keep("defaultRow", Ty::Bool),
    ],
};

static KEPT_FIELD: Shape = Shape {
    keys: &[
        keep_needed("name", Ty::Text),
        keep("value", Ty::Text),
        keep("encryptedValue", Ty::Text),
    ],
};

pub(crate) static LDAP: Shape = Shape {
    keys: &[
        need("type", Ty::OneOf(&["LDAP"])),
        may("id", Ty::Text),
        may("name", Ty::Text),
        // Values of attributes are in no log; `masked` of a mapping hides them everywhere else.
        keep("maskAttributeValues", Ty::Bool),
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
        warned("clientTlsCertificateRef", Ty::Object(&LINK)),
        may("useSsl", Ty::Bool),
        may("useStartTLS", Ty::Bool),
        warned("useDnsSrvRecords", Ty::Bool),
        warned("followLDAPReferrals", Ty::Bool),
        may("verifyHost", Ty::Bool),
        may("readTimeout", MILLIS),
        may("connectionTimeout", MILLIS),
        may("binaryAttributes", Ty::Texts),
        // Pool options: this client has no pool that they could govern.
        keep("retryFailedOperations", Ty::Bool),
        keep("testOnBorrow", Ty::Bool),
        keep("testOnReturn", Ty::Bool),
        keep("createIfNecessary", Ty::Bool),
        keep("minConnections", INT),
        keep("maxConnections", INT),
        keep("maxWait", INT),
        keep("timeBetweenEvictions", INT),
        keep("dnsTtl", INT),
        keep("ldapDnsSrvPrefix", Ty::Text),
        keep("ldapsDnsSrvPrefix", Ty::Text),
        read_only("lastModified"),
    ],
};

static TAGGED_HOSTS: Shape = Shape {
    keys: &[
        need("hostnames", Ty::Texts),
        warned("tags", Ty::Text),
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
        // The target setting is used; where this differs from it, that is told.
        warned("baseUrl", Ty::Text),
        keep("defaultVirtualEntityId", Ty::Text),
        keep("virtualEntityIds", Ty::Texts),
        keep("contactInfo", Ty::Object(&CONTACT)),
        keep(
            "loggingMode",
            Ty::OneOf(&["NONE", "STANDARD", "ENHANCED", "FULL"]),
        ),
        keep("applicationName", Ty::Text),
        keep("applicationIconUrl", Ty::Text),
        may("outboundProvision", Ty::Object(&OUTBOUND)),
        read_only("modificationDate"),
        read_only("creationDate"),
        read_only("replicationStatus"),
        keep("metadataReloadSettings", Ty::Object(&METADATA_RELOAD)),
        keep("credentials", Ty::Object(&CREDENTIALS)),
        keep("licenseConnectionGroup", Ty::Text),
        keep("additionalAllowedEntitiesConfiguration", Ty::Opaque),
        keep("extendedProperties", Ty::Map(&PARAMETER_VALUES)),
        keep(
            "connectionTargetType",
            Ty::OneOf(&[
                "STANDARD",
                "SALESFORCE",
                "SALESFORCE_CP",
                "SALESFORCE_PP",
                "PINGONE_SCIM11",
            ]),
        ),
        refused("spBrowserSso", Ty::Opaque),
        refused("attributeQuery", Ty::Opaque),
        refused("wsTrust", Ty::Opaque),
    ],
};

static METADATA_RELOAD: Shape = Shape {
    keys: &[
        keep_needed("metadataUrlRef", Ty::Object(&KEPT_LINK)),
        keep("enableAutoMetadataUpdate", Ty::Bool),
    ],
};

static KEPT_LINK: Shape = Shape {
    keys: &[keep_needed("id", Ty::Text), keep("location", Ty::Text)],
};

static PARAMETER_VALUES: Shape = Shape {
    keys: &[keep("values", Ty::Texts)],
};

static CREDENTIALS: Shape = Shape {
    keys: &[
        keep("verificationSubjectDN", Ty::Text),
        keep("verificationIssuerDN", Ty::Text),
        keep("certs", Ty::Objects(&CONNECTION_CERT)),
        keep("blockEncryptionAlgorithm", Ty::Text),
        keep("keyTransportAlgorithm", Ty::Text),
        keep("signingSettings", Ty::Object(&SIGNING)),
        keep("decryptionKeyPairRef", Ty::Object(&KEPT_LINK)),
        keep("secondaryDecryptionKeyPairRef", Ty::Object(&KEPT_LINK)),
        keep("outboundBackChannelAuth", Ty::Opaque),
        keep("inboundBackChannelAuth", Ty::Opaque),
    ],
};

static CONNECTION_CERT: Shape = Shape {
    keys: &[
        read_only("certView"),
        keep_needed("x509File", Ty::Object(&KEPT_X509)),
        keep("activeVerificationCert", Ty::Bool),
        keep("primaryVerificationCert", Ty::Bool),
        keep("secondaryVerificationCert", Ty::Bool),
        keep("encryptionCert", Ty::Bool),
    ],
};

static KEPT_X509: Shape = Shape {
    keys: &[
        keep("id", Ty::Text),
        keep_needed("fileData", Ty::Text),
        keep("cryptoProvider", CRYPTO_PROVIDER),
    ],
};

const CRYPTO_PROVIDER: Ty = Ty::OneOf(&["LOCAL", "HSM"]);

pub(crate) static X509_FILE: Shape = Shape {
    keys: &[
        may("id", Ty::Text),
        need("fileData", Ty::Text),
        may("cryptoProvider", CRYPTO_PROVIDER),
    ],
};

static SIGNING: Shape = Shape {
    keys: &[
        keep_needed("signingKeyPairRef", Ty::Object(&KEPT_LINK)),
        keep("alternativeSigningKeyPairRefs", Ty::Objects(&KEPT_LINK)),
        keep("algorithm", Ty::Text),
        keep("includeCertInSignature", Ty::Bool),
        keep("includeRawKeyInSignature", Ty::Bool),
    ],
};

static CONTACT: Shape = Shape {
    keys: &[
        keep("company", Ty::Text),
        keep("email", Ty::Text),
        keep("firstName", Ty::Text),
        keep("lastName", Ty::Text),
        keep("phone", Ty::Text),
    ],
};

static OUTBOUND: Shape = Shape {
    keys: &[
        need("type", Ty::Text),
        need("targetSettings", Ty::Objects(&SETTING)),
        keep("customSchema", Ty::Object(&CUSTOM_SCHEMA)),
        need("channels", Ty::Objects(&CHANNEL)),
    ],
};

static CUSTOM_SCHEMA: Shape = Shape {
    keys: &[
        keep("namespace", Ty::Text),
        keep("attributes", Ty::Objects(&SCHEMA_ATTRIBUTE)),
    ],
};

static SCHEMA_ATTRIBUTE: Shape = Shape {
    keys: &[
        keep("name", Ty::Text),
        keep("multiValued", Ty::Bool),
        keep("types", Ty::Texts),
        keep("subAttributes", Ty::Texts),
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
        // Memberships are read from the groups.
        keep("memberOfGroupAttributeName", Ty::Text),
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

pub(crate) static SERVER_SETTINGS: Shape = Shape {
    keys: &[
        keep("contactInfo", Ty::Object(&CONTACT)),
        keep("notifications", Ty::Object(&NOTIFICATIONS)),
        may("rolesAndProtocols", Ty::Object(&ROLES)),
        keep("federationInfo", Ty::Opaque),
        may("emailServer", Ty::Object(&EMAIL)),
        keep("captchaSettings", Ty::Opaque),
    ],
};

static ROLES: Shape = Shape {
    keys: &[
        keep("oauthRole", Ty::Opaque),
        may("idpRole", Ty::Object(&IDP_ROLE)),
        keep("spRole", Ty::Opaque),
        keep("enableIdpDiscovery", Ty::Bool),
    ],
};

static IDP_ROLE: Shape = Shape {
    keys: &[
        may("enable", Ty::Bool),
        may("enableOutboundProvisioning", Ty::Bool),
        keep("enableSaml11", Ty::Bool),
        keep("enableSaml10", Ty::Bool),
        keep("enableWsFed", Ty::Bool),
        keep("enableWsTrust", Ty::Bool),
        keep("saml20Profile", Ty::Opaque),
    ],
};

static EMAIL: Shape = Shape {
    // Messages that were not taken are tried again for a day, whatever is said of attempts here.
    keys: &[
        need("sourceAddr", Ty::Text),
        need("emailServer", Ty::Text),
        need("port", PORT),
        may("sslPort", PORT),
        may("timeout", Ty::Int(1, 3_600)),
        may("useSSL", Ty::Bool),
        may("useTLS", Ty::Bool),
        may("verifyHostname", Ty::Bool),
        may("username", Ty::Text),
        may("password", Ty::Text),
        may("encryptedPassword", Ty::Text),
        keep("retryAttempts", INT),
        keep("retryDelay", INT),
        keep("enableUtf8MessageHeaders", Ty::Bool),
        keep("useDebugging", Ty::Bool),
    ],
};

const NOTIFICATION_MODE: Ty = Ty::OneOf(&["NOTIFICATION_PUBLISHER", "LOGGING_ONLY"]);

static NOTIFICATIONS: Shape = Shape {
    keys: &[
        keep("licenseEvents", Ty::Object(&EVENTS)),
        keep("certificateExpirations", Ty::Object(&EXPIRATIONS)),
        keep("notifyAdminUserPasswordChanges", Ty::Bool),
        keep(
            "accountChangesNotificationPublisherRef",
            Ty::Object(&KEPT_LINK),
        ),
        keep("metadataNotificationSettings", Ty::Object(&EVENTS)),
        keep("expiringCertificateAdministrativeConsoleWarningDays", INT),
        keep("expiredCertificateAdministrativeConsoleWarningDays", INT),
        keep(
            "threadPoolExhaustionNotificationSettings",
            Ty::Object(&DUMPS),
        ),
        keep("bulkheadAlertNotificationSettings", Ty::Object(&DUMPS)),
    ],
};

static EVENTS: Shape = Shape {
    keys: &[
        keep_needed("emailAddress", Ty::Text),
        keep("notificationPublisherRef", Ty::Object(&KEPT_LINK)),
    ],
};

static EXPIRATIONS: Shape = Shape {
    keys: &[
        keep_needed("emailAddress", Ty::Text),
        keep("initialWarningPeriod", INT),
        keep_needed("finalWarningPeriod", INT),
        keep("notificationPublisherRef", Ty::Object(&KEPT_LINK)),
        keep("notificationMode", NOTIFICATION_MODE),
    ],
};

static DUMPS: Shape = Shape {
    keys: &[
        keep_needed("emailAddress", Ty::Text),
        keep("threadDumpEnabled", Ty::Bool),
        keep("notificationPublisherRef", Ty::Object(&KEPT_LINK)),
        keep("notificationMode", NOTIFICATION_MODE),
    ],
};
