//! Policy entries: only what differs from the defaults.

use serde_json::{Map, Value};
use usher_core::model::{
    Channel, Configuration, DataStore, DataStoreKind, DirectoryKind, LdapStore, Policy,
    SpConnection,
};
use usher_core::templates::defaults_for;

use super::ldap_type;

/// The directory kind that a data store has without a template.
fn implied(store: &DataStore) -> DirectoryKind {
    match &store.kind {
        DataStoreKind::Ldif { .. } => DirectoryKind::Generic,
        DataStoreKind::Ldap(_) if ldap_type(store.directory) == "GENERIC" => DirectoryKind::Generic,
        DataStoreKind::Ldap(_) => store.directory,
    }
}

pub(super) fn policies(configuration: &Configuration) -> Vec<Value> {
    let stores = configuration.data_stores.iter().filter_map(store_entry);
    let mut default = Policy::default();
    default.schedule.incremental_seconds = configuration.server.synchronization_seconds;
    let channels = configuration.channels().filter_map(|(sp, channel)| {
        let store = configuration.data_store(&channel.source.data_store);
        entry(
            sp,
            channel,
            store.map(|store| store.directory).unwrap_or_default(),
            &default,
        )
    });
    stores.chain(channels).collect()
}

fn store_entry(store: &DataStore) -> Option<Value> {
    let mut map = Map::new();
    if store.directory != implied(store) {
        map.insert("template".to_owned(), value(&store.directory));
    }
    if let DataStoreKind::Ldap(ldap) = &store.kind {
        if let Some(file) = &ldap.ca_file {
            map.insert("ca_file".to_owned(), Value::from(file.as_str()));
        }
        if let Some(pin) = &ldap.certificate_sha256 {
            map.insert("certificate_sha256".to_owned(), Value::from(pin.as_str()));
        }
        if ldap.page_size != LdapStore::default().page_size {
            map.insert("page_size".to_owned(), Value::from(ldap.page_size));
        }
    }
    if map.is_empty() {
        return None;
    }
    map.insert("data_store".to_owned(), Value::from(store.id.as_str()));
    Some(Value::Object(map))
}

/// The policy entry of a channel; `None` when everything has its default.
pub fn policy_entry(
    sp: &SpConnection,
    channel: &Channel,
    directory: DirectoryKind,
) -> Option<Value> {
    entry(sp, channel, directory, &Policy::default())
}

fn entry(
    sp: &SpConnection,
    channel: &Channel,
    directory: DirectoryKind,
    default: &Policy,
) -> Option<Value> {
    let mut map = changed(&value(&channel.policy), &value(default));
    if channel.source.expiry != defaults_for(directory).expiry {
        map.insert("expiry".to_owned(), value(&channel.source.expiry));
    }
    if map.is_empty() {
        return None;
    }
    map.insert("connection".to_owned(), Value::from(sp.id.as_str()));
    map.insert("channel".to_owned(), Value::from(channel.name.as_str()));
    Some(Value::Object(map))
}

fn value<T: serde::Serialize>(of: &T) -> Value {
    // Types of the model always serialise.
    serde_json::to_value(of).unwrap_or_default()
}

/// The keys that differ.
fn changed(value: &Value, default: &Value) -> Map<String, Value> {
    let mut map = Map::new();
    if let (Value::Object(value), Value::Object(default)) = (value, default) {
        for (key, this) in value {
            if default.get(key) != Some(this) {
                map.insert(key.clone(), this.clone());
            }
        }
    }
    map
}
