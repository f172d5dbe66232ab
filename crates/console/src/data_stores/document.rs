//! A data store as the page edits it: the published document, and under `policy` what stands beside it.

use serde_json::{Map, Value, json};
use usher_admin_api::documents::Refused;
use usher_core::model::{Configuration, DataStore, DataStoreId, DataStoreKind};
use usher_pf::{LDIF_PLUGIN, published_data_store};

use super::fields::{FILE, LDAP, LDIF, Part, TEMPLATE, TYPES, defaults};
use super::rows;
use crate::form::{self, Form, Spec, at, set};

/// The two kinds of data store that can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Ldap,
    Ldif,
}

impl Kind {
    pub(super) fn of(document: &Value) -> Self {
        match document.get("type").and_then(Value::as_str) {
            Some("CUSTOM") => Self::Ldif,
            _ => Self::Ldap,
        }
    }

    pub(super) fn parts(self) -> &'static [Part] {
        match self {
            Self::Ldap => LDAP,
            Self::Ldif => LDIF,
        }
    }

    pub(super) fn specs(self) -> Vec<Spec> {
        let parts = self.parts().iter();
        parts.flat_map(|part| part.specs).copied().collect()
    }

    /// The document of a new one, with the usual defaults.
    pub(super) fn fresh(self) -> Value {
        match self {
            Self::Ldap => {
                let mut document = json!({
                    "type": "LDAP", "useSsl": true, "policy": {"template": "generic"},
                });
                apply_defaults(&mut document);
                document
            }
            Self::Ldif => json!({
                "type": "CUSTOM",
                "pluginDescriptorRef": {"id": LDIF_PLUGIN},
                "configuration": {"fields": [{"name": "path", "value": ""}]},
                "policy": {"template": "generic"},
            }),
        }
    }
}

pub(super) fn apply_defaults(document: &mut Value) {
    for (path, value) in defaults() {
        set(document, path, Some(value));
    }
}

/// A saved data store as it is edited.
pub(super) fn saved(configuration: &Configuration, id: &str) -> Option<Value> {
    let store = configuration.data_store(&DataStoreId::new(id))?;
    let mut document = published_data_store(store, false);
    set(&mut document, "policy", Some(policy(store)));
    Some(document)
}

fn policy(store: &DataStore) -> Value {
    let mut policy = Map::new();
    // Types of the model always serialise.
    let template = serde_json::to_value(store.directory).unwrap_or_default();
    policy.insert("template".to_owned(), template);
    if let DataStoreKind::Ldap(ldap) = &store.kind {
        let texts = [
            ("ca_file", &ldap.ca_file),
            ("certificate_sha256", &ldap.certificate_sha256),
        ];
        for (key, text) in texts {
            if let Some(text) = text {
                policy.insert(key.to_owned(), Value::from(text.as_str()));
            }
        }
        policy.insert("page_size".to_owned(), Value::from(ldap.page_size));
    }
    Value::Object(policy)
}

/// Puts a form into a document.
pub(super) fn take(document: &mut Value, form: &Form) {
    let kind = Kind::of(document);
    form::take(&kind.specs(), form, document);
    if kind == Kind::Ldif {
        return;
    }
    rows::take(document, form);
    let certificate = "clientTlsCertificateRef";
    if at(document, "clientTlsCertificateRef.id").is_none() {
        set(document, certificate, None);
    }
    let anonymous = at(document, "bindAnonymously").and_then(Value::as_bool) == Some(true);
    if anonymous && at(document, "userDN").is_none() {
        set(document, "encryptedPassword", None);
    }
}

/// The published document and the policies of one that was edited.
pub(super) fn split(edited: &Value) -> (Value, Vec<Value>) {
    let mut document = edited.clone();
    let mut policy = at(edited, "policy").cloned().unwrap_or_else(|| json!({}));
    set(&mut document, "policy", None);
    let template = at(edited, TEMPLATE).and_then(Value::as_str);
    let known = TYPES.iter().find(|(name, _, _)| Some(*name) == template);
    if let (Kind::Ldap, Some((_, published, _))) = (Kind::of(edited), known) {
        set(&mut document, "ldapType", Some(Value::from(*published)));
    }
    let id = at(edited, "id").cloned();
    set(&mut policy, "data_store", id);
    (document, vec![policy])
}

/// The mistakes of a refusal at the places that the page has.
pub(super) fn at_fields(mut refused: Refused) -> Refused {
    for (place, _) in &mut refused.mistakes {
        let new = match place.as_str() {
            "configuration.fields" => Some(FILE.to_owned()),
            "hostnamesTags" => Some("hostnames".to_owned()),
            "ldapType" => Some(TEMPLATE.to_owned()),
            other => other
                .strip_prefix("policies[0].")
                .map(|rest| format!("policy.{rest}")),
        };
        if let Some(new) = new {
            *place = new;
        }
    }
    refused
}
