//! What data stores and SP connections have in common: a document for each id, made and replaced as a whole.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;
use usher_core::model::Configuration;
use usher_engine::admin::{Admin, Permission};
use usher_pf::{Mode, Resource};

use super::error::{ApiError, ValidationError};
use super::request::Conditions;
use super::{answer, change};

/// A kind of resource.
pub(super) struct Kind {
    pub(super) resource: Resource,
    /// The document of that id, or that there is none.
    pub(super) found: fn(&Configuration, &str) -> Result<Value, ApiError>,
    /// The document that was added last.
    pub(super) last: fn(&Configuration) -> Option<Value>,
}

impl Kind {
    pub(super) async fn get(&self, admin: &Admin, id: &str) -> Result<Response, ApiError> {
        let configuration = admin.configuration_to_show().await?;
        let document = (self.found)(&configuration, id)?;
        Ok(answer::document(StatusCode::OK, document, &[]))
    }

    pub(super) async fn create(
        &self,
        admin: &Admin,
        conditions: &Conditions,
        document: &Value,
    ) -> Result<Response, ApiError> {
        let what = (self.resource, Mode::Create);
        let changed = change::save(admin, what, document, conditions, |_| Ok(())).await?;
        let made = (self.last)(&changed.configuration).unwrap_or_default();
        Ok(answer::document(
            StatusCode::CREATED,
            made,
            &changed.warnings,
        ))
    }

    pub(super) async fn replace(
        &self,
        admin: &Admin,
        id: &str,
        conditions: &Conditions,
        mut document: Value,
    ) -> Result<Response, ApiError> {
        admin.require(Permission::Configure)?;
        take_id(&mut document, id)?;
        let what = (self.resource, Mode::Update);
        let changed = change::save(admin, what, &document, conditions, |before| {
            answer::check_tag(conditions, &(self.found)(before, id)?)
        });
        let changed = changed.await?;
        let document = (self.found)(&changed.configuration, id)?;
        Ok(answer::document(
            StatusCode::OK,
            document,
            &changed.warnings,
        ))
    }
}

/// Gives a document the id of its address; another one in it is refused, since ids do not change.
fn take_id(document: &mut Value, id: &str) -> Result<(), ApiError> {
    let Value::Object(map) = document else {
        return Ok(());
    };
    match map.get("id") {
        Some(Value::String(given)) if given != id => {
            Err(ApiError::invalid(vec![ValidationError {
                error_id: "invalid_value".to_owned(),
                message: format!(
                    "expected `{id}`, the id in the address, found another one; ids do not change"
                ),
                field_path: "id".to_owned(),
            }]))
        }
        Some(Value::Null) | None => {
            map.insert("id".to_owned(), Value::from(id));
            Ok(())
        }
        Some(_) => Ok(()),
    }
}
