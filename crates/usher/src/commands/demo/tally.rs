//! The counts at the end. They are taken from the target's own log and records, not from what Usher
//! says of itself.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;
use usher_sandbox::scim::{LoggedRequest, Snapshot};

use super::stage::{Stage, is_write};
use super::story::{Story, short_path};
use crate::ui::{Table, count, number};

/// What happened at the targets of the demonstration.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Tally {
    /// Requests by method and kind of path.
    requests: BTreeMap<String, u64>,
    /// Requests that read.
    reads: u64,
    /// Requests that may change something.
    writes: u64,
    /// Accounts and groups that are there more than once.
    pub(super) duplicates: u64,
    /// Accounts that were disabled, deleted or taken out of a group.
    removals: u64,
    /// Of those, the ones whose entry was neither disabled nor deleted in the directory.
    pub(super) unproven: u64,
}

impl Tally {
    /// Adds what happened on a stage.
    pub(super) fn add(&mut self, stage: &Stage) {
        for (operation, count) in stage.sandbox.counts().by_operation {
            *self.requests.entry(operation).or_default() += count;
        }
        let snapshot = stage.sandbox.snapshot();
        let keys = keys(&snapshot);
        for request in stage.sandbox.requests() {
            if !is_write(&request) {
                self.reads += 1;
                continue;
            }
            self.writes += 1;
            for id in removed(&request) {
                self.removals += 1;
                let key = keys.get(id.as_str());
                let left = key.is_some_and(|key| stage.left.contains(*key));
                self.unproven += u64::from(!left);
            }
        }
        self.duplicates += duplicates(&snapshot);
    }

    /// Shows the counts, and whether they are as they must be.
    pub(super) fn tell(&self, story: &mut Story<'_>) {
        story.ui.line("");
        let mut table = Table::new(&["requests that the target counted", "#number"]);
        for (operation, count) in &self.requests {
            table.row([operation.clone(), number(*count)]);
        }
        table.row(["all".to_owned(), number(self.reads + self.writes)]);
        table.show(story.ui);
        story.ui.line("");
        let per_write = if self.writes == 0 {
            0.0
        } else {
            self.reads as f64 / self.writes as f64
        };
        story.show(format!(
            "{} writes, {} reads: {per_write:.2} reads per write",
            number(self.writes),
            number(self.reads)
        ));
        story.show(count(self.removals, "removal", "removals"));
        story.ui.line("");
        story.expect(
            self.duplicates == 0,
            format!("duplicates: {}", self.duplicates),
        );
        story.expect(
            self.unproven == 0,
            format!("removals without proof: {}", self.unproven),
        );
    }
}

/// The source key of each record, by the record's id.
fn keys(snapshot: &Snapshot) -> BTreeMap<&str, &str> {
    let users = snapshot.users.iter();
    users
        .filter_map(|user| Some((user.get("id")?.as_str()?, user.get("externalId")?.as_str()?)))
        .collect()
}

/// Records with a user name, an address, a source key or a group name that another has too.
fn duplicates(snapshot: &Snapshot) -> u64 {
    let text = |value: &Value, pointer: &str| {
        let text = value.pointer(pointer).and_then(Value::as_str);
        text.map(str::to_lowercase)
    };
    let repeated = |records: &[Value], pointer: &str| {
        let values = || records.iter().filter_map(|record| text(record, pointer));
        (values().count() - values().collect::<BTreeSet<_>>().len()) as u64
    };
    let of_users = ["/userName", "/emails/0/value", "/externalId"];
    let users = of_users.map(|pointer| repeated(&snapshot.users, pointer));
    users.iter().sum::<u64>() + repeated(&snapshot.groups, "/displayName")
}

/// The ids of users from whom a request takes something away, and of groups that it deletes.
pub(super) fn removed(request: &LoggedRequest) -> Vec<String> {
    let path = short_path(&request.path);
    let id = path.rsplit('/').next().unwrap_or_default().to_owned();
    match request.method.as_str() {
        "DELETE" => vec![id],
        "PATCH" | "PUT" => {
            let body: Value = serde_json::from_str(&request.request_body).unwrap_or_default();
            if path.starts_with("/Users/") {
                if deactivates(&body) {
                    vec![id]
                } else {
                    Vec::new()
                }
            } else {
                members_removed(&body)
            }
        }
        _ => Vec::new(),
    }
}

fn operations(body: &Value) -> impl Iterator<Item = &Value> {
    let list = body.get("Operations").and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default().iter()
}

fn deactivates(body: &Value) -> bool {
    let off = |value: Option<&Value>| value.and_then(Value::as_bool) == Some(false);
    off(body.get("active"))
        || operations(body).any(|operation| {
            let value = operation.get("value");
            let path = operation.get("path").and_then(Value::as_str);
            path == Some("active") && off(value)
                || path.is_none() && off(value.and_then(|value| value.get("active")))
        })
}

fn members_removed(body: &Value) -> Vec<String> {
    let mut ids = Vec::new();
    for operation in operations(body) {
        let verb = operation
            .get("op")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !verb.eq_ignore_ascii_case("remove") {
            continue;
        }
        let path = operation
            .get("path")
            .and_then(Value::as_str)
            .unwrap_or_default();
        match path.split_once("value eq \"") {
            Some((_, rest)) => {
                ids.extend(rest.split('"').next().map(str::to_owned));
            }
            None => {
                let values = operation.get("value").and_then(Value::as_array);
                let values = values.map(Vec::as_slice).unwrap_or_default();
                ids.extend(
                    values
                        .iter()
                        .filter_map(|value| Some(value.get("value")?.as_str()?.to_owned())),
                );
            }
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, path: &str, body: &Value) -> LoggedRequest {
        LoggedRequest {
            number: 1,
            at: jiff::Timestamp::UNIX_EPOCH,
            method: method.to_owned(),
            path: format!("/scim/directory/d{path}"),
            authorization: None,
            content_type: None,
            request_body: body.to_string(),
            request_bytes: 0,
            status: Some(200),
            response_body: String::new(),
            response_bytes: 0,
            fault: None,
        }
    }

    fn patch(path: &str, operation: Value) -> Vec<String> {
        let body = serde_json::json!({"Operations": [operation]});
        removed(&request("PATCH", path, &body))
    }

    #[test]
    fn every_form_of_a_removal_is_recognised() {
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let off = r#"{"op": "replace", "path": "active", "value": false}"#;
        assert_eq!(patch("/Users/7", json(off)), ["7"]);
        let off = r#"{"op": "replace", "value": {"active": false}}"#;
        assert_eq!(patch("/Users/7", json(off)), ["7"]);
        let member = r#"{"op": "Remove", "path": "members[value eq \"8\"]"}"#;
        assert_eq!(patch("/Groups/7", json(member)), ["8"]);
        let members =
            r#"{"op": "remove", "path": "members", "value": [{"value": "8"}, {"value": "9"}]}"#;
        assert_eq!(patch("/Groups/7", json(members)), ["8", "9"]);
        assert_eq!(removed(&request("DELETE", "/Users/7", &Value::Null)), ["7"]);
    }

    #[test]
    fn what_gives_or_changes_is_no_removal() {
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let on = r#"{"op": "replace", "path": "active", "value": true}"#;
        assert!(patch("/Users/7", json(on)).is_empty());
        let member = r#"{"op": "add", "path": "members", "value": [{"value": "8"}]}"#;
        assert!(patch("/Groups/7", json(member)).is_empty());
        assert!(removed(&request("POST", "/Users", &json(r#"{"active": true}"#))).is_empty());
    }

    #[test]
    fn values_that_two_records_share_are_duplicates_whatever_their_case() {
        let user = |name: &str, key: &str| serde_json::json!({"userName": name, "externalId": key});
        let snapshot = Snapshot {
            users: vec![user("ana", "1"), user("Ana", "2"), user("bo", "2")],
            groups: Vec::new(),
        };
        assert_eq!(duplicates(&snapshot), 2);
    }
}
