//! `/idp/spConnections`

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::{Value, json};
use usher_core::model::{Configuration, ConnectionId, SpConnection};
use usher_engine::admin::Permission;
use usher_pf::{Resource, published_sp_connection};

use super::error::{ApiError, ValidationError};
use super::request::{Conditions, Document, Id};
use super::resource::Kind;
use super::{Caller, answer, change};
use crate::Api;

const KIND: Kind = Kind {
    resource: Resource::SpConnection,
    found,
    last: |configuration| {
        let last = configuration.sp_connections.last();
        last.map(|sp| published_sp_connection(sp, true))
    },
};

/// SP connections on a page when only the page is given.
const PER_PAGE: usize = 20;

/// Which SP connections are listed.
pub(super) struct Wanted {
    entity_id: Option<String>,
    filter: Option<String>,
    /// The page, from 1, and how many are on one; `None` = all.
    page: Option<(usize, usize)>,
}

impl FromRequestParts<Api> for Wanted {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let query = Query::<BTreeMap<String, String>>::from_request_parts(parts, api).await;
        let Query(mut query) = query.map_err(|error| {
            ApiError::unprocessable(format!(
                "The query of the address cannot be read: {}.",
                error.body_text()
            ))
        })?;
        let mut errors = Vec::new();
        let mut number = |name: &str| {
            let text = query.get(name)?;
            let number = text.parse::<i32>().ok().filter(|number| *number > 0);
            if number.is_none() {
                errors.push(ValidationError {
                    error_id: "invalid_value".to_owned(),
                    message: "expected a whole number from 1, found something else".to_owned(),
                    field_path: name.to_owned(),
                });
            }
            number.and_then(|number| usize::try_from(number).ok())
        };
        let (page, per_page) = (number("page"), number("numberPerPage"));
        if !errors.is_empty() {
            return Err(ApiError::wrong_query(errors));
        }
        Ok(Self {
            entity_id: query.remove("entityId"),
            filter: query.remove("filter").map(|text| text.to_lowercase()),
            page: match (page, per_page) {
                (None, None) => None,
                (page, per_page) => Some((page.unwrap_or(1), per_page.unwrap_or(PER_PAGE))),
            },
        })
    }
}

impl Wanted {
    fn is(&self, sp: &SpConnection) -> bool {
        let entity = self.entity_id.as_ref();
        let has = |text: &str, part: &String| text.to_lowercase().contains(part.as_str());
        entity.is_none_or(|entity| *entity == sp.entity_id)
            && self
                .filter
                .as_ref()
                .is_none_or(|part| has(&sp.name, part) || has(&sp.entity_id, part))
    }
}

fn found(configuration: &Configuration, id: &str) -> Result<Value, ApiError> {
    let id = ConnectionId::new(id);
    let sp = configuration.sp_connections.iter().find(|sp| sp.id == id);
    sp.map(|sp| published_sp_connection(sp, true))
        .ok_or_else(|| ApiError::missing(&format!("/idp/spConnections/{id}")))
}

pub(super) async fn list(Caller(admin): Caller, wanted: Wanted) -> Result<Response, ApiError> {
    let configuration = admin.configuration_to_show().await?;
    let all = configuration.sp_connections.iter();
    let all = all.filter(|sp| wanted.is(sp));
    let (skip, take) = wanted.page.map_or((0, usize::MAX), |(page, per_page)| {
        ((page - 1).saturating_mul(per_page), per_page)
    });
    let items: Vec<Value> = all
        .skip(skip)
        .take(take)
        .map(|sp| published_sp_connection(sp, true))
        .collect();
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
    KIND.replace(&admin, &id, &conditions, document).await
}

pub(super) async fn delete(
    Caller(admin): Caller,
    Id(id): Id,
    conditions: Conditions,
) -> Result<StatusCode, ApiError> {
    let remove = |configuration: &mut Configuration| {
        answer::check_tag(&conditions, &found(configuration, &id)?)?;
        let id = ConnectionId::new(&id);
        configuration.sp_connections.retain(|sp| sp.id != id);
        Ok(())
    };
    change::remove(&admin, Permission::Configure, &conditions, remove).await?;
    Ok(StatusCode::NO_CONTENT)
}
