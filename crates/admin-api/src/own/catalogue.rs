//! What is configured and what can be: data stores, SP connections, templates.

use axum::Json;
use serde_json::{Value, json};
use usher_core::descriptor::{ConnectorDescriptor, SettingKind};
use usher_core::model::{Bind, Configuration, DataStore, DataStoreKind, SpConnection};
use usher_core::templates::{DIRECTORY_KINDS, defaults_for};

use super::Caller;
use super::openapi::{Group, get};
use super::params::Params;
use super::place::Place;
use super::problem::Problem;

const DIRECTORY: &str = "active_directory|ping_directory|oracle_unified_directory|oracle_directory_server|open_ldap|ds389|generic";

pub(super) fn group() -> Group {
    Group::new("Catalogue", "What is configured and what can be; secrets are never shown")
        .add(
            get("/data-stores", "listDataStores", "Every data store")
                .answers_as(200, "The data stores", json!({"revision": "integer", "items": ["DataStore"]})),
            data_stores,
        )
        .add(
            get("/data-stores/{data_store}", "getDataStore", "One data store")
                .answers(200, "The data store", "DataStore"),
            data_store,
        )
        .add(
            get("/sp-connections", "listSpConnections", "Every SP connection")
                .answers_as(200, "The SP connections", json!({"revision": "integer", "items": ["SpConnection"]})),
            sp_connections,
        )
        .add(
            get("/sp-connections/{sp_connection}", "getSpConnection", "One SP connection")
                .answers(200, "The SP connection", "SpConnection"),
            sp_connection,
        )
        .add(
            get("/templates", "listTemplates", "Kinds of targets: their settings, fields and default mappings")
                .answers_as(200, "The templates", json!({"items": ["Template"]})),
            templates,
        )
        .add(
            get("/directory-templates", "listDirectoryTemplates", "Kinds of directories: the source settings of a new channel")
                .answers_as(200, "The templates", json!({"items": [{"directory": DIRECTORY, "binary_attributes": ["string"], "source": "Source"}]})),
            directory_templates,
        )
        .shape("DataStore", json!({
            "id": "string", "name": "string", "type": "ldap|ldif", "directory": DIRECTORY,
            "mask_values_in_log": "boolean", "path": "string?", "hosts": ["string"],
            "security": "plain|start_tls|ldaps?", "bind_dn": "string?", "has_password": "boolean",
            "channels": ["string"],
        }))
        .shape("SpConnection", json!({
            "id": "string", "name": "string", "entity_id": "string", "active": "boolean",
            "connector": "string", "settings": {"*": "string"},
            "secrets": [{"name": "string", "entered_at": "time?"}],
            "options": {
                "user_create": "boolean", "user_update": "boolean", "user_disable": "boolean",
                "remove_action": "disable|delete", "provision_disabled": "boolean",
                "group_name_source": "common_name|dn|sam_account_name",
            },
            "protected_accounts": ["string"],
            "channels": [{"id": "string", "name": "string", "active": "boolean"}],
        }))
        .shape("Template", json!({
            "id": "string", "name": "string", "settings": ["Setting"], "fields": ["Field"],
            "username_field": "string", "email_field": "string", "external_id_field": "string",
            "protected_groups": ["string"], "capabilities": "Capabilities",
            "default_mapping": {"*": ["MappingRule"]},
        }))
        .shape("Setting", json!({
            "name": "string", "label": "string", "help": "string",
            "type": "text|secret|checkbox|select|text_area", "choices": ["string"],
            "required": "boolean", "default": "string?",
        }))
        .shape("Field", json!({
            "name": "string", "label": "string", "required": "boolean", "unique": "boolean",
            "case_exact": "boolean", "multi_valued": "boolean", "reaches_account": "boolean",
            "max_length": "integer?", "scim_path": "string", "notes": ["string"],
        }))
        .shape("Capabilities", json!({
            "groups": "boolean", "nested_groups": "boolean", "group_rename": "boolean",
            "member_batch": "integer", "requests_per_second": "number", "in_flight": "integer",
            "lookups": [{"kind": "user|group", "field": "string"}],
        }))
}

async fn data_stores(Caller(admin): Caller, params: Params) -> Result<Json<Value>, Problem> {
    params.finish()?;
    let configuration = admin.look_at_configuration().await?;
    let stores = configuration.data_stores.iter();
    let items: Vec<Value> = stores
        .map(|store| store_view(store, &configuration))
        .collect();
    Ok(Json(
        json!({"revision": configuration.revision, "items": items}),
    ))
}

async fn data_store(Caller(admin): Caller, place: Place) -> Result<Json<Value>, Problem> {
    let (configuration, id) = place.data_store(&admin).await?;
    let store = configuration.data_store(&id);
    let store = store.ok_or_else(|| Problem::not_found("the data store is gone"))?;
    Ok(Json(store_view(store, &configuration)))
}

/// A data store without its password.
pub(super) fn store_view(store: &DataStore, configuration: &Configuration) -> Value {
    let channels: Vec<&str> = configuration
        .channels()
        .filter(|(_, channel)| channel.source.data_store == store.id)
        .map(|(_, channel)| channel.id.as_str())
        .collect();
    let (kind, path, hosts, security, bind) = match &store.kind {
        DataStoreKind::Ldif { path } => ("ldif", Some(path.clone()), Vec::new(), None, None),
        DataStoreKind::Ldap(ldap) => (
            "ldap",
            None,
            ldap.hosts.clone(),
            Some(ldap.security),
            Some(&ldap.bind),
        ),
    };
    let bind_dn = match bind {
        Some(Bind::Simple { dn, .. }) => Some(dn.clone()),
        Some(Bind::Anonymous) | None => None,
    };
    json!({
        "id": store.id, "name": store.name, "type": kind, "directory": store.directory,
        "mask_values_in_log": store.mask_values_in_log, "path": path, "hosts": hosts,
        "security": security, "has_password": bind_dn.is_some(), "bind_dn": bind_dn,
        "channels": channels,
    })
}

async fn sp_connections(Caller(admin): Caller, params: Params) -> Result<Json<Value>, Problem> {
    params.finish()?;
    let configuration = admin.look_at_configuration().await?;
    let items: Vec<Value> = configuration.sp_connections.iter().map(sp_view).collect();
    Ok(Json(
        json!({"revision": configuration.revision, "items": items}),
    ))
}

async fn sp_connection(Caller(admin): Caller, place: Place) -> Result<Json<Value>, Problem> {
    let (configuration, id) = place.sp_connection(&admin).await?;
    let found = configuration.sp_connections.iter().find(|sp| sp.id == id);
    let found = found.ok_or_else(|| Problem::not_found("the SP connection is gone"))?;
    Ok(Json(sp_view(found)))
}

/// An SP connection without its secrets.
pub(super) fn sp_view(sp: &SpConnection) -> Value {
    let secrets: Vec<Value> = sp
        .secrets
        .keys()
        .map(|name| json!({"name": name, "entered_at": sp.secret_entered_at.get(name)}))
        .collect();
    let channels: Vec<Value> = sp
        .channels
        .iter()
        .map(|channel| json!({"id": channel.id, "name": channel.name, "active": channel.active}))
        .collect();
    json!({
        "id": sp.id, "name": sp.name, "entity_id": sp.entity_id, "active": sp.active,
        "connector": sp.connector, "settings": sp.settings, "secrets": secrets,
        "options": sp.options, "protected_accounts": sp.protected_accounts, "channels": channels,
    })
}

async fn templates(Caller(admin): Caller, params: Params) -> Result<Json<Value>, Problem> {
    params.finish()?;
    admin.look_at_configuration().await?;
    let descriptors = admin.engine.connectors.descriptors();
    let items: Vec<Value> = descriptors.into_iter().map(template_view).collect();
    Ok(Json(json!({"items": items})))
}

fn template_view(descriptor: &ConnectorDescriptor) -> Value {
    let settings = descriptor.settings.iter().map(|setting| {
        let (kind, choices) = match &setting.kind {
            SettingKind::Text => ("text", Vec::new()),
            SettingKind::Secret => ("secret", Vec::new()),
            SettingKind::Checkbox => ("checkbox", Vec::new()),
            SettingKind::Select(choices) => ("select", choices.clone()),
            SettingKind::TextArea => ("text_area", Vec::new()),
        };
        json!({
            "name": setting.name, "label": setting.label, "help": setting.help, "type": kind,
            "choices": choices, "required": setting.required, "default": setting.default,
        })
    });
    let settings: Vec<Value> = settings.collect();
    let lookups: Vec<Value> = descriptor
        .capabilities
        .lookups
        .iter()
        .map(|(kind, field)| json!({"kind": kind, "field": field}))
        .collect();
    let mut view = serde_json::to_value(descriptor).unwrap_or_default();
    view["settings"] = json!(settings);
    view["capabilities"]["lookups"] = json!(lookups);
    view
}

async fn directory_templates(
    Caller(admin): Caller,
    params: Params,
) -> Result<Json<Value>, Problem> {
    params.finish()?;
    admin.look_at_configuration().await?;
    let items: Vec<Value> = DIRECTORY_KINDS
        .into_iter()
        .map(|kind| {
            let defaults = defaults_for(kind);
            let source = defaults.source(usher_core::model::DataStoreId::new(""), "");
            json!({
                "directory": kind, "binary_attributes": defaults.binary_attributes, "source": source,
            })
        })
        .collect();
    Ok(Json(json!({"items": items})))
}
