//! Connections of a file that do not provision: nothing is saved of them, and each becomes a draft that can be given
//! provisioning.

use serde_json::{Value, json};

use super::draft::{Body, Draft, NotKept};
use crate::frame::{Fault, SignedIn};

/// What is taken over of such a connection: what General Info shows.
const TAKEN: &[&str] = &[
    "entityId",
    "name",
    "virtualEntityIds",
    "defaultVirtualEntityId",
    "baseUrl",
    "contactInfo",
    "applicationName",
    "applicationIconUrl",
    "loggingMode",
];

/// Most drafts that one file makes.
const MOST: usize = 100;

/// The connections of a configuration file that have no provisioning.
pub(super) fn found(text: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(text).unwrap_or_default();
    let operations = file.pointer("/pf/operations").and_then(Value::as_array);
    let of_connections = operations.into_iter().flatten().filter(|operation| {
        operation.get("resourceType").and_then(Value::as_str) == Some("/idp/spConnections")
            && operation.get("operationType").and_then(Value::as_str) != Some("DELETE")
    });
    let items = of_connections.filter_map(|operation| operation.get("items")?.as_array());
    let items = items.flatten().filter(|item| {
        item.is_object() && item.get("outboundProvision").is_none_or(Value::is_null)
    });
    items.take(MOST).cloned().collect()
}

/// Keeps one as a draft; its name.
pub(super) async fn keep(who: &SignedIn, item: &Value) -> Result<String, Fault> {
    let mut draft = draft(item, uuid::Uuid::now_v7().to_string());
    match draft.keep(who).await {
        Ok(()) => Ok(draft.body.name().to_owned()),
        Err(NotKept::Fault(fault)) => Err(fault),
        // Nobody has an id that was drawn just now.
        Err(NotKept::Meanwhile(_)) => Err(Fault::defect()),
    }
}

fn draft(item: &Value, id: String) -> Draft {
    let mut document = json!({"type": "SP", "id": id, "active": false});
    if let Some(members) = document.as_object_mut() {
        let taken = TAKEN.iter().filter_map(|key| Some((*key, item.get(*key)?)));
        members.extend(taken.map(|(key, value)| (key.to_owned(), value.clone())));
    }
    let new = Draft::new(id);
    Draft {
        body: Body {
            document,
            template: Some(false),
            ..Body::default()
        },
        ..new
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{draft, found};

    #[test]
    fn a_connection_without_provisioning_becomes_a_draft_that_can_be_given_it() {
        let file = json!({"usher": 1, "pf": {"operations": [
            {"resourceType": "/dataStores", "operationType": "SAVE", "items": [{"name": "d"}]},
            {"resourceType": "/idp/spConnections", "operationType": "SAVE", "items": [
                {"name": "SSO", "entityId": "sso", "active": true, "spBrowserSso": {"x": 1}},
                {"name": "Cloud", "outboundProvision": {"type": "T"}},
            ]},
        ]}});
        let items = found(&file.to_string());
        assert_eq!(items.len(), 1);
        let draft = draft(&items[0], "new".to_owned());
        assert_eq!(
            draft.body.document,
            json!({"type": "SP", "id": "new", "active": false, "name": "SSO", "entityId": "sso"})
        );
        assert!(!draft.body.provisions);
        assert!(found("no json").is_empty());
    }
}
