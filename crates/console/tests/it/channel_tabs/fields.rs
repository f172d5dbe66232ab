//! Every field that the published product has on these tabs is on its tab, survives sending and reload, and reaches the
//! configuration when the draft is saved.

use serde_json::{Value, json};
use usher_core::model::DataStoreId;
use usher_pf::published_sp_connection;

use super::sent::{send, value};
use crate::rig::{Browser, Rig};

const STAFF: &str = "/sp-connections/cloud/channels/0";

/// A field: its name on the page, its label, what is typed, and what the document holds then.
type Row = (&'static str, &'static str, &'static str, fn() -> Value);

const INFO: &[Row] = &[
    ("name", "Channel Name", "people", || json!("people")),
    ("maxThreads", "Max Threads", "7", || json!(7)),
    ("timeout", "Timeout", "33", || json!(33)),
];
const SOURCE: &[Row] = &[(
    "channelSource.dataSource.id",
    "Active Data Store",
    "other",
    || json!("other"),
)];
const SETTINGS: &[Row] = &[
    (
        "channelSource.guidAttributeName",
        "Entry GUID Attribute",
        "employeeNumber",
        || json!("employeeNumber"),
    ),
    ("channelSource.guidBinary", "GUID Type", "true", || {
        json!(true)
    }),
    (
        "channelSource.groupMembershipDetection.memberOfGroupAttributeName",
        "Member of Group Attribute",
        "memberOf",
        || json!("memberOf"),
    ),
    (
        "channelSource.groupMembershipDetection.groupMemberAttributeName",
        "Group Member Attribute",
        "uniqueMember",
        || json!("uniqueMember"),
    ),
    (
        "channelSource.changeDetectionSettings.userObjectClass",
        "User objectClass",
        "person",
        || json!("person"),
    ),
    (
        "channelSource.changeDetectionSettings.groupObjectClass",
        "Group objectClass",
        "groupOfUniqueNames",
        || json!("groupOfUniqueNames"),
    ),
    (
        "channelSource.changeDetectionSettings.changedUsersAlgorithm",
        "Changed Users/Groups Algorithm",
        "ACTIVE_DIRECTORY_USN",
        || json!("ACTIVE_DIRECTORY_USN"),
    ),
    (
        "channelSource.changeDetectionSettings.usnAttributeName",
        "USN Attribute",
        "uSNChanged",
        || json!("uSNChanged"),
    ),
    (
        "channelSource.changeDetectionSettings.timeStampAttributeName",
        "Timestamp Attribute",
        "whenChanged",
        || json!("whenChanged"),
    ),
    (
        "channelSource.accountManagementSettings.accountStatusAttributeName",
        "Account Status Attribute",
        "nsAccountLock",
        || json!("nsAccountLock"),
    ),
    (
        "channelSource.accountManagementSettings.accountStatusAlgorithm",
        "Account Status Algorithm",
        "ACCOUNT_STATUS_ALGORITHM_FLAG",
        || json!("ACCOUNT_STATUS_ALGORITHM_FLAG"),
    ),
    (
        "channelSource.accountManagementSettings.defaultStatus",
        "Default Status",
        "false",
        || json!(false),
    ),
    (
        "channelSource.accountManagementSettings.flagComparisonValue",
        "Flag Comparison Value",
        "locked",
        || json!("locked"),
    ),
    (
        "channelSource.accountManagementSettings.flagComparisonStatus",
        "Flag Comparison Status",
        "true",
        || json!(true),
    ),
];
const LOCATION: &[Row] = &[
    (
        "channelSource.baseDn",
        "Base DN",
        "ou=people,dc=example,dc=com",
        || json!("ou=people,dc=example,dc=com"),
    ),
    (
        "channelSource.userSourceLocation.groupDN",
        "Users: Group DN",
        "cn=team,ou=people,dc=example,dc=com",
        || json!("cn=team,ou=people,dc=example,dc=com"),
    ),
    (
        "channelSource.userSourceLocation.nestedSearch",
        "Users: Nested Search",
        "true",
        || json!(true),
    ),
    (
        "channelSource.userSourceLocation.filter",
        "Users: Filter",
        "(title=E*)",
        || json!("(title=E*)"),
    ),
    (
        "channelSource.groupSourceLocation.groupDN",
        "Groups: Group DN",
        "cn=all,ou=people,dc=example,dc=com",
        || json!("cn=all,ou=people,dc=example,dc=com"),
    ),
    (
        "channelSource.groupSourceLocation.nestedSearch",
        "Groups: Nested Search",
        "true",
        || json!(true),
    ),
    (
        "channelSource.groupSourceLocation.filter",
        "Groups: Filter",
        "(cn=t*)",
        || json!("(cn=t*)"),
    ),
];
const RULE: &[Row] = &[
    ("attributeNames", "Attributes", "title\nsn", || {
        json!(["title", "sn"])
    }),
    ("defaultValue", "Default Value", "Nobody", || {
        json!("Nobody")
    }),
    ("expression", "Expression", "title ~ sn", || {
        json!("title ~ sn")
    }),
    ("createOnly", "Create Only", "true", || json!(true)),
    ("trim", "Trim", "true", || json!(true)),
    ("characterCase", "Case", "UPPER", || json!("UPPER")),
    ("parser", "Parsing", "EXTRACT_CN_FROM_DN", || {
        json!("EXTRACT_CN_FROM_DN")
    }),
    ("masked", "Mask Log Values", "true", || json!(true)),
];
const STATUS: &[Row] = &[("active", "Channel Status", "false", || json!(false))];

/// Sends a tab, and looks that it shows what was sent when it is opened anew.
async fn filled(rig: &Rig, browser: &mut Browser, (tab, go): (&str, &str), rows: &[Row]) {
    let path = format!("{STAFF}/{tab}");
    let mut changed: Vec<(&str, &str)> = rows.iter().map(|(n, _, typed, _)| (*n, *typed)).collect();
    changed.push(("go", go));
    if tab == "source" {
        changed.push(("template", "keep"));
    }
    let page = send(rig, browser, &path, &changed).await;
    assert_eq!(page.status, 303, "{tab}: {}", page.text);
    let page = rig.get(browser, &path).await.ok();
    for (name, label, typed, _) in rows {
        assert!(page.says(label), "{tab} has no {label}");
        assert_eq!(
            value(&page, &path, name).as_deref(),
            Some(*typed),
            "{tab}: {name}"
        );
    }
}

/// A second data store, to choose it.
async fn other_store(rig: &Rig) {
    let admin = &rig.company.world.admin;
    let mut configuration = admin.engine.configuration().await.expect("one");
    let mut other = configuration.data_stores[0].clone();
    other.id = DataStoreId::new("other");
    "Other".clone_into(&mut other.name);
    configuration.data_stores.push(other);
    let revision = configuration.revision;
    let saved = admin.save(configuration, revision, "another").await;
    saved.expect("saved");
}

#[tokio::test]
async fn every_field_is_on_its_tab_survives_reload_and_reaches_the_configuration() {
    let rig = Rig::of(2).await;
    let mut browser = rig.first_operator().await;
    other_store(&rig).await;
    for (tab, rows) in [
        (("channel-info", "stay"), INFO),
        (("source", "stay"), SOURCE),
        (("source-settings", "stay"), SETTINGS),
        (("source-location", "stay"), LOCATION),
        (("attribute-mapping/title", "done"), RULE),
        (("activation-summary", "stay"), STATUS),
    ] {
        filled(&rig, &mut browser, tab, rows).await;
    }
    let summary = format!("{STAFF}/activation-summary");
    let page = rig.get(&mut browser, &summary).await.ok();
    assert!(
        page.says("title, sn; expression title ~ sn; default Nobody"),
        "{}",
        page.text
    );
    assert!(!page.says("from being saved"), "{}", page.text);
    let page = send(
        &rig,
        &mut browser,
        "/sp-connections/cloud/activation-summary",
        &[("go", "save")],
    )
    .await;
    assert!([200, 303].contains(&page.status.as_u16()), "{}", page.text);
    let engine = &rig.company.world.admin.engine;
    let configuration = engine.configuration().await.expect("one");
    let document = published_sp_connection(&configuration.sp_connections[0], false);
    let channel = &document["outboundProvision"]["channels"][0];
    let plain = [INFO, SOURCE, SETTINGS, LOCATION, STATUS].concat();
    for (name, _, _, holds) in plain {
        let pointer = format!("/{}", name.replace('.', "/"));
        assert_eq!(channel.pointer(&pointer), Some(&holds()), "{name}");
    }
    let mut rules = channel["attributeMapping"]
        .as_array()
        .expect("rules")
        .iter();
    let rule = rules
        .find(|rule| rule["fieldName"] == "title")
        .expect("the rule");
    for (name, _, _, holds) in RULE {
        assert_eq!(rule["saasFieldInfo"][name], holds(), "{name}");
    }
}
