//! What differs between two configurations, without secrets.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use usher_core::model::{Bind, Configuration, DataStoreKind, Sealed};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Where, such as `sp_connections[acme].channels[staff].source.base_dn`.
    pub path: String,
    /// The value before, as JSON; `None` = not there.
    pub before: Option<String>,
    /// The value after, as JSON; `None` = not there.
    pub after: Option<String>,
}

/// Everything that differs, ordered by path. Data stores and SP connections are compared by id,
/// channels and mapping rules by name. Secrets are shown as dots; one that changed is listed.
pub fn diff(before: &Configuration, after: &Configuration) -> Vec<Difference> {
    let before = flat(before);
    let after = flat(after);
    let paths: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    paths
        .into_iter()
        .filter(|path| before.get(*path) != after.get(*path))
        .map(|path| Difference {
            path: path.clone(),
            before: before.get(path).map(shown),
            after: after.get(path).map(shown),
        })
        .collect()
}

/// A value of the configuration, or a secret that is compared and never shown.
#[derive(PartialEq, Eq)]
enum Leaf {
    Plain(String),
    Secret(Sealed),
}

fn shown(leaf: &Leaf) -> String {
    match leaf {
        Leaf::Plain(text) => text.clone(),
        Leaf::Secret(_) => "\"********\"".to_owned(),
    }
}

fn flat(configuration: &Configuration) -> BTreeMap<String, Leaf> {
    let mut leaves = BTreeMap::new();
    let mut bare = configuration.clone();
    bare.revision = 0;
    bare.forget_dates();
    for store in &mut bare.data_stores {
        if let DataStoreKind::Ldap(ldap) = &mut store.kind
            && let Bind::Simple { password, .. } = &mut ldap.bind
        {
            let path = format!("data_stores[{}].kind.bind.password", store.id);
            let secret = std::mem::replace(password, Sealed(String::new()));
            leaves.insert(path, Leaf::Secret(secret));
        }
    }
    let mail = bare.server.mail.as_mut();
    if let Some(secret) = mail.and_then(|mail| mail.password.take()) {
        leaves.insert("server.mail.password".to_owned(), Leaf::Secret(secret));
    }
    for sp in &mut bare.sp_connections {
        for (name, secret) in std::mem::take(&mut sp.secrets) {
            let path = format!("sp_connections[{}].secrets.{name}", sp.id);
            leaves.insert(path, Leaf::Secret(secret));
        }
        sp.secret_entered_at.clear();
    }
    for (index, webhook) in bare.alerts.webhooks.iter_mut().enumerate() {
        let path = format!("alerts.webhooks[{index}].secret");
        let secret = std::mem::replace(&mut webhook.secret, Sealed(String::new()));
        leaves.insert(path, Leaf::Secret(secret));
    }
    // Types of the model always serialise.
    let value = serde_json::to_value(&bare).unwrap_or_default();
    walk(&value, "", &mut leaves);
    leaves
}

fn walk(value: &Value, path: &str, leaves: &mut BTreeMap<String, Leaf>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let dot = if path.is_empty() { "" } else { "." };
                walk(value, &format!("{path}{dot}{key}"), leaves);
            }
        }
        // An empty list is as good as none.
        Value::Array(list) if list.iter().all(Value::is_object) => {
            for (index, value) in list.iter().enumerate() {
                walk(value, &format!("{path}[{}]", label(value, index)), leaves);
            }
        }
        Value::Null => {}
        value => {
            // A secret's place is taken already; what is left of it in the tree is empty.
            leaves
                .entry(path.to_owned())
                .or_insert_with(|| Leaf::Plain(value.to_string()));
        }
    }
}

/// What an element of a list is known by: channels have generated ids, so their name counts.
fn label(value: &Value, index: usize) -> String {
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let is_channel = value.get("max_threads").is_some();
    let id = if is_channel { None } else { text("id") };
    id.or_else(|| text("name"))
        .or_else(|| text("field"))
        .unwrap_or_else(|| index.to_string())
}
