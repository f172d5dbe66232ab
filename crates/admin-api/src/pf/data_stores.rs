//! `/dataStores`

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use usher_core::model::{Configuration, DataStoreId};
use usher_engine::admin::Permission;
use usher_pf::{INTERNAL_STORE, Resource, published_data_store};

use super::error::ApiError;
use super::request::{Conditions, Document, Id};
use super::resource::Kind;
use super::{Caller, answer, change};
use crate::documents;

const KIND: Kind = Kind {
    resource: Resource::DataStore,
    found,
    last: |configuration| {
        let last = configuration.data_stores.last();
        last.map(|store| published_data_store(store, true))
    },
};

/// The data store that stands for Usher's own state.
fn internal() -> Value {
    json!({
        "type": "JDBC",
        "id": INTERNAL_STORE,
        "name": "Usher's own state",
        "driverClass": "none",
        "connectionUrl": "the state folder",
        "maskAttributeValues": false,
    })
}

fn document(configuration: &Configuration, id: &str) -> Option<Value> {
    if id == INTERNAL_STORE {
        return Some(internal());
    }
    let store = configuration.data_store(&DataStoreId::new(id))?;
    Some(published_data_store(store, true))
}

fn found(configuration: &Configuration, id: &str) -> Result<Value, ApiError> {
    document(configuration, id).ok_or_else(|| ApiError::missing(&format!("/dataStores/{id}")))
}

fn not_internal(id: &str) -> Result<(), ApiError> {
    if id != INTERNAL_STORE {
        return Ok(());
    }
    Err(ApiError::unprocessable(format!(
        "`{INTERNAL_STORE}` stands for Usher's own state and cannot be changed or deleted; settings of the state are the program's."
    )))
}

pub(super) async fn list(Caller(admin): Caller) -> Result<Response, ApiError> {
    let configuration = admin.configuration_to_show().await?;
    let stores = configuration.data_stores.iter();
    let stores = stores.map(|store| published_data_store(store, true));
    let items: Vec<Value> = std::iter::once(internal()).chain(stores).collect();
    let document = json!({"items": items});
    Ok(answer::document(StatusCode::OK, document, &[]))
}

pub(super) async fn get(Caller(admin): Caller, Id(id): Id) -> Result<Response, ApiError> {
    KIND.get(&admin, &id).await
}

pub(super) async fn post(
    Caller(admin): Caller,
    conditions: Conditions,
    Document(document): Document,
) -> Result<Response, ApiError> {
    KIND.create(&admin, &conditions, &document).await
}

pub(super) async fn put(
    Caller(admin): Caller,
    Id(id): Id,
    conditions: Conditions,
    Document(document): Document,
) -> Result<Response, ApiError> {
    admin.require(Permission::Configure)?;
    not_internal(&id)?;
    KIND.replace(&admin, &id, &conditions, document).await
}

pub(super) async fn delete(
    Caller(admin): Caller,
    Id(id): Id,
    conditions: Conditions,
) -> Result<StatusCode, ApiError> {
    let remove = |configuration: &mut Configuration| {
        answer::check_tag(&conditions, &found(configuration, &id)?)?;
        not_internal(&id)?;
        documents::without_data_store(configuration, &id)
            .map_err(|refused| ApiError::unprocessable(refused.message))
    };
    change::remove(&admin, Permission::Configure, &conditions, remove).await?;
    Ok(StatusCode::NO_CONTENT)
}
