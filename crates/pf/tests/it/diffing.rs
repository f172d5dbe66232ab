use serde_json::json;
use usher_pf::{Difference, diff};

use crate::fixture::*;

#[test]
fn equal_configurations_have_no_difference() {
    let one = good(&usual()).configuration;
    let mut other = one.clone();
    other.revision = 9;
    assert_eq!(diff(&one, &other), []);
}

#[test]
fn differences_name_their_place_and_hide_secrets() {
    let before = good(&usual()).configuration;
    let file = with(
        usual(),
        &format!("{CHANNEL}/channelSource/baseDn"),
        json!("dc=example,dc=com"),
    );
    let file = with(file, &format!("{STORE}/password"), json!("changed-hunter2"));
    let file = with(
        file,
        &format!("{CHANNEL}/attributeMapping/0/saasFieldInfo/trim"),
        json!(true),
    );
    let after = good(&file).configuration;
    let found = diff(&before, &after);
    let difference = |path: &str, before: &str, after: &str| Difference {
        path: path.into(),
        before: Some(before.into()),
        after: Some(after.into()),
    };
    assert_eq!(
        found,
        [
            difference(
                "data_stores[corp].kind.bind.password",
                "\"********\"",
                "\"********\""
            ),
            difference(
                "sp_connections[sample].channels[staff].mapping[userName].trim",
                "false",
                "true"
            ),
            difference(
                "sp_connections[sample].channels[staff].source.base_dn",
                "\"dc=example,dc=org\"",
                "\"dc=example,dc=com\""
            ),
        ]
    );
    assert!(!format!("{found:?}").contains("2retnuh"));
}

#[test]
fn what_is_new_or_gone_has_one_side() {
    let full = good(&usual()).configuration;
    let found = diff(&Default::default(), &full);
    assert!(
        found
            .iter()
            .all(|one| one.before.is_none() && one.after.is_some())
    );
    let reverse = diff(&full, &Default::default());
    assert_eq!(found.len(), reverse.len());
}
