//! A sandbox and a target opened on it.

use std::collections::BTreeMap;

use serde_json::Value;
use usher_connector::{Connector, Opener, Plain, Target, TargetSettings};
use usher_connector_atlassian::{API_KEY, DIRECTORY_BASE_URL, connector};
use usher_core::model::{
    ConnectionId, FieldChange, FieldValue, Load, Member, Operation, Resource, SubjectId, TargetId,
};
use usher_sandbox::scim::{Knobs, RunningSandbox, Sandbox, SandboxConfig};

pub(crate) struct Rig {
    pub(crate) sandbox: RunningSandbox,
    pub(crate) target: Box<dyn Target>,
}

impl Rig {
    pub(crate) async fn start(knobs: Knobs) -> Self {
        let config = SandboxConfig {
            knobs,
            seed: Some(7),
            ..SandboxConfig::default()
        };
        let sandbox = Sandbox::start(config).await.unwrap();
        let target = open(&sandbox.base_url(), &sandbox.key());
        Self { sandbox, target }
    }

    /// The sandbox's record of a user, whatever its replies show.
    pub(crate) fn user(&self, id: &TargetId) -> Option<Value> {
        find(&self.sandbox.snapshot().users, id)
    }

    pub(crate) fn group(&self, id: &TargetId) -> Option<Value> {
        find(&self.sandbox.snapshot().groups, id)
    }

    pub(crate) fn members(&self, group: &TargetId) -> Vec<String> {
        let group = self.group(group).unwrap();
        let members = group["members"].as_array().cloned().unwrap_or_default();
        let mut ids: Vec<String> = members
            .iter()
            .map(|m| m["value"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    }

    /// Methods and paths of the requests so far, without the query.
    pub(crate) fn asked(&self) -> Vec<String> {
        let short = |path: &str| path.rsplit("/directory/").next().unwrap().to_owned();
        let requests = self.sandbox.requests();
        requests
            .iter()
            .map(|r| format!("{} {}", r.method, short(&r.path)))
            .collect()
    }
}

fn find(list: &[Value], id: &TargetId) -> Option<Value> {
    list.iter().find(|item| item["id"] == id.as_str()).cloned()
}

pub(crate) fn settings(base_url: &str, key: &str) -> TargetSettings {
    TargetSettings {
        connection: ConnectionId::new("cloud"),
        settings: BTreeMap::from([(DIRECTORY_BASE_URL.to_owned(), base_url.to_owned())]),
        secrets: BTreeMap::from([(API_KEY.to_owned(), Plain::new(key))]),
        timeout_seconds: 20,
        load: Load::default(),
        authorities: Vec::new(),
    }
}

pub(crate) fn open(base_url: &str, key: &str) -> Box<dyn Target> {
    connector().open(settings(base_url, key)).unwrap()
}

/// Opens `sealed:TEXT` as `TEXT`.
pub(crate) struct TestOpener;

impl Opener for TestOpener {
    fn open(&self, token: &str) -> Result<Plain, String> {
        token
            .strip_prefix("sealed:")
            .map(Plain::new)
            .ok_or_else(|| "not sealed".to_owned())
    }
}

pub(crate) fn sealed(text: &str) -> FieldValue {
    FieldValue::Sealed {
        token: format!("sealed:{text}"),
        digest: text.to_owned(),
    }
}

pub(crate) fn person(name: &str) -> Resource {
    Resource::default()
        .with("userName", name)
        .with("workEmail", &format!("{name}@example.com"))
        .with("externalId", &format!("key-{name}"))
        .with("givenName", "Ana")
        .with("familyName", "Díaz")
}

pub(crate) fn create(resource: Resource) -> Operation {
    Operation::Create {
        resource,
        active: true,
    }
}

pub(crate) fn change(field: &str, from: Option<&str>, to: Option<&str>) -> FieldChange {
    let text = |text: &str| FieldValue::Text(text.to_owned());
    FieldChange {
        field: field.to_owned(),
        from: from.map(text),
        to: to.map(text),
    }
}

pub(crate) fn update(target_id: &TargetId, changes: Vec<FieldChange>) -> Operation {
    Operation::Update {
        target_id: target_id.clone(),
        changes,
    }
}

pub(crate) fn members(ids: &[&TargetId]) -> Vec<Member> {
    let member = |(i, id): (usize, &&TargetId)| Member {
        subject: SubjectId(i as i64),
        target_id: (*id).clone(),
    };
    ids.iter().enumerate().map(member).collect()
}
