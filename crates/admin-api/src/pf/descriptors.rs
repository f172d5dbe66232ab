//! `/idp/connectors`

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use usher_core::descriptor::{
    ConnectorDescriptor, FieldDescriptor, SettingDescriptor, SettingKind,
};
use usher_engine::admin::Permission;

use super::error::ApiError;
use super::request::Id;
use super::{Caller, answer};

pub(super) async fn list(Caller(admin): Caller) -> Result<Response, ApiError> {
    admin.require(Permission::Look)?;
    let all = admin.engine.connectors.descriptors();
    let items: Vec<Value> = all.into_iter().map(descriptor).collect();
    let document = json!({"items": items});
    Ok(answer::document(StatusCode::OK, document, &[]))
}

pub(super) async fn get(Caller(admin): Caller, Id(id): Id) -> Result<Response, ApiError> {
    admin.require(Permission::Look)?;
    let connector = admin.engine.connectors.connector(&id);
    let missing = || ApiError::missing(&format!("/idp/connectors/descriptors/{id}"));
    let document = descriptor(connector.ok_or_else(missing)?.descriptor());
    Ok(answer::document(StatusCode::OK, document, &[]))
}

fn descriptor(connector: &ConnectorDescriptor) -> Value {
    let settings: Vec<Value> = connector.settings.iter().map(setting).collect();
    let fields = connector.fields.iter().map(|known| field(connector, known));
    json!({
        "id": connector.id,
        "description": connector.name,
        "configDescriptor": {
            "description": connector.name,
            "fields": settings,
            "tables": [],
            "actionDescriptors": [],
        },
        "saasPluginFieldInfoDescriptors": fields.collect::<Vec<Value>>(),
    })
}

fn setting(setting: &SettingDescriptor) -> Value {
    let kind = match &setting.kind {
        SettingKind::Text => "TEXT",
        SettingKind::Secret => "HASHED_TEXT",
        SettingKind::Checkbox => "CHECK_BOX",
        SettingKind::Select(_) => "SELECT",
        SettingKind::TextArea => "TEXT_AREA",
    };
    let mut document = json!({
        "type": kind,
        "name": setting.name,
        "label": setting.label,
        "description": setting.help,
        "required": setting.required,
        "advanced": false,
    });
    if let Some(default) = &setting.default {
        document["defaultValue"] = Value::from(default.as_str());
    }
    if let SettingKind::Select(options) = &setting.kind {
        let options = options.iter();
        let options = options.map(|option| json!({"name": option, "value": option}));
        document["optionValues"] = options.collect();
    }
    document
}

fn field(connector: &ConnectorDescriptor, field: &FieldDescriptor) -> Value {
    let mut document = json!({
        "code": field.name,
        "label": field.label,
        "required": field.required,
        "unique": field.unique,
        "multiValue": field.multi_valued,
        "notes": field.notes,
        "dsLdapMap": false,
        // What another record may refer to when it holds a membership.
        "persistForMembership": field.name == connector.external_id_field,
        "attributeGroup": false,
    });
    if let Some(most) = field.max_length.and_then(|most| i32::try_from(most).ok()) {
        document["maxLength"] = Value::from(most);
    }
    document
}
