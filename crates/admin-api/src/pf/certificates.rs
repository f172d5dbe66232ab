//! `/certificates/ca`

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};
use usher_core::model::{CaCertificate, Configuration};
use usher_engine::admin::Permission;
use usher_pf::{Mode, Resource, ca_view};

use super::error::ApiError;
use super::request::{Conditions, Document, Id};
use super::{Caller, answer, change};

fn found<'a>(configuration: &'a Configuration, id: &str) -> Result<&'a CaCertificate, ApiError> {
    let mut all = configuration.ca_certificates.iter();
    all.find(|certificate| certificate.id == id)
        .ok_or_else(|| ApiError::missing(&format!("/certificates/ca/{id}")))
}

pub(super) async fn list(Caller(admin): Caller) -> Result<Response, ApiError> {
    admin.require(Permission::Look)?;
    let configuration = admin.engine.configuration().await?;
    let now = admin.engine.clock.now();
    let all = configuration.ca_certificates.iter();
    let items: Vec<Value> = all.map(|certificate| ca_view(certificate, now)).collect();
    let document = json!({"items": items});
    Ok(answer::document(StatusCode::OK, document, &[]))
}

pub(super) async fn get(Caller(admin): Caller, Id(id): Id) -> Result<Response, ApiError> {
    admin.require(Permission::Look)?;
    let configuration = admin.engine.configuration().await?;
    let document = ca_view(found(&configuration, &id)?, admin.engine.clock.now());
    Ok(answer::document(StatusCode::OK, document, &[]))
}

/// The certificate itself, as a JSON text.
pub(super) async fn file(Caller(admin): Caller, Id(id): Id) -> Result<Response, ApiError> {
    admin.require(Permission::Look)?;
    let configuration = admin.engine.configuration().await?;
    let document = Value::from(found(&configuration, &id)?.pem.as_str());
    Ok(answer::document(StatusCode::OK, document, &[]))
}

pub(super) async fn import(
    Caller(admin): Caller,
    conditions: Conditions,
    Document(document): Document,
) -> Result<Response, ApiError> {
    let what = (Resource::CaCertificate, Mode::Create);
    let changed = change::save(&admin, what, &document, &conditions, |_| Ok(())).await?;
    let now = admin.engine.clock.now();
    let made = changed.configuration.ca_certificates.last();
    let document = made.map(|certificate| ca_view(certificate, now));
    Ok(answer::document(
        StatusCode::CREATED,
        document.unwrap_or_default(),
        &changed.warnings,
    ))
}

pub(super) async fn delete(
    Caller(admin): Caller,
    Id(id): Id,
    conditions: Conditions,
) -> Result<StatusCode, ApiError> {
    let now = admin.engine.clock.now();
    let remove = |configuration: &mut Configuration| {
        let known = ca_view(found(configuration, &id)?, now);
        answer::check_tag(&conditions, &known)?;
        configuration.ca_certificates.retain(|known| known.id != id);
        Ok(())
    };
    let permission = Permission::ManageCertificates;
    change::remove(&admin, permission, &conditions, remove).await?;
    Ok(StatusCode::NO_CONTENT)
}
