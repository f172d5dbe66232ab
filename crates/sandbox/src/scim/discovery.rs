//! `/Schemas`, `/ServiceProviderConfig` and `/ResourceTypes` (row 38, C.4, C.6).

use serde_json::{Value, json};

use super::attributes::{CORE_GROUP, CORE_USER, ENTERPRISE, NAME_PARTS};

const LIST_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const SCHEMA_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";
const TYPE_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const CONFIG_SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
/// Time stamp of everything that came with the service.
const BUILT: &str = "2018-05-03T19:31:29.723Z";

fn plain(name: &str) -> Value {
    json!({
        "name": name, "type": "string", "multiValued": false, "description": name,
        "required": false, "caseExact": false, "mutability": "readWrite",
        "returned": "default", "uniqueness": "none",
    })
}

fn with(mut attribute: Value, changes: Value) -> Value {
    if let (Some(attribute), Value::Object(changes)) = (attribute.as_object_mut(), changes) {
        attribute.extend(changes);
    }
    attribute
}

fn boolean(name: &str) -> Value {
    json!({
        "name": name, "type": "boolean", "multiValued": false, "description": name,
        "required": false, "mutability": "readWrite", "returned": "default",
    })
}

fn complex(name: &str, parts: Vec<Value>) -> Value {
    with(
        plain(name),
        json!({"type": "complex", "subAttributes": parts}),
    )
}

fn multi(name: &str, types: &[&str]) -> Value {
    let kind = with(plain("type"), json!({"canonicalValues": types}));
    let parts = vec![plain("value"), plain("display"), kind, boolean("primary")];
    with(complex(name, parts), json!({"multiValued": true}))
}

fn reference(types: &[&str], mutability: &str) -> Value {
    let changes = json!({
        "type": "reference", "referenceTypes": types, "mutability": mutability,
    });
    with(plain("$ref"), changes)
}

fn user_attributes() -> Vec<Value> {
    let read_only = json!({"mutability": "readOnly"});
    let group_parts = vec![
        with(plain("value"), read_only.clone()),
        reference(&["Group"], "readOnly"),
        with(plain("display"), read_only.clone()),
        with(
            plain("type"),
            json!({
                "mutability": "readOnly", "canonicalValues": ["direct", "indirect"],
            }),
        ),
    ];
    vec![
        with(
            plain("userName"),
            json!({"required": true, "uniqueness": "server"}),
        ),
        complex("name", NAME_PARTS.iter().map(|part| plain(part)).collect()),
        plain("displayName"),
        plain("nickName"),
        plain("title"),
        plain("preferredLanguage"),
        plain("timezone"),
        boolean("active"),
        with(
            multi("emails", &["work", "home", "other"]),
            json!({"required": true}),
        ),
        multi(
            "phoneNumbers",
            &["work", "home", "mobile", "fax", "pager", "other"],
        ),
        with(
            complex("groups", group_parts),
            json!({"multiValued": true, "mutability": "readOnly"}),
        ),
    ]
}

fn group_attributes() -> Vec<Value> {
    let immutable = json!({"mutability": "immutable"});
    let parts = vec![
        with(plain("value"), immutable.clone()),
        reference(&["User", "Group"], "immutable"),
    ];
    vec![
        with(
            plain("displayName"),
            json!({"required": true, "mutability": "immutable"}),
        ),
        with(complex("members", parts), json!({"multiValued": true})),
    ]
}

fn schema(base: &str, id: &str, name: &str, attributes: Vec<Value>) -> Value {
    json!({
        "schemas": [SCHEMA_SCHEMA], "id": id, "name": name, "description": name,
        "attributes": attributes,
        "meta": {
            "resourceType": "Schema", "location": format!("{base}/Schemas/{id}"),
            "lastModified": BUILT, "created": BUILT,
        },
    })
}

fn schemas(base: &str) -> Vec<Value> {
    vec![
        schema(base, CORE_USER, "User", user_attributes()),
        schema(base, CORE_GROUP, "Group", group_attributes()),
        schema(
            base,
            ENTERPRISE,
            "EnterpriseUser",
            vec![plain("organization"), plain("department")],
        ),
    ]
}

fn list(resources: &[Value]) -> Value {
    json!({
        "schemas": [LIST_SCHEMA], "totalResults": resources.len(), "startIndex": 1,
        "itemsPerPage": 10, "Resources": resources,
    })
}

fn resource_types(base: &str) -> Vec<Value> {
    let kind = |name: &str, endpoint: &str, schema: &str, extensions: Value| {
        json!({
            "schemas": [TYPE_SCHEMA], "id": name, "name": name, "description": name,
            "endpoint": endpoint, "schema": schema, "schemaExtensions": extensions,
            "meta": {
                "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{name}"),
            },
        })
    };
    vec![
        kind(
            "User",
            "/Users",
            CORE_USER,
            json!([{"schema": ENTERPRISE, "required": false}]),
        ),
        kind("Group", "/Groups", CORE_GROUP, json!([])),
    ]
}

fn provider_config(base: &str) -> Value {
    let no = json!({"supported": false});
    json!({
        "schemas": [CONFIG_SCHEMA],
        "patch": {"supported": true},
        "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": true, "maxResults": 10000},
        "changePassword": no, "sort": no, "etag": no,
        "authenticationSchemes": [{
            "type": "oauthbearertoken", "name": "OAuth Bearer Token",
            "description": "Authentication scheme using the OAuth Bearer Token Standard",
        }],
        "meta": {
            "location": format!("{base}/ServiceProviderConfig"),
            "resourceType": "ServiceProviderConfig", "lastModified": BUILT, "created": BUILT,
        },
    })
}

/// The document at this path below the base, or `None`.
pub(crate) fn document(base: &str, path: &[&str], with_types: bool) -> Option<Value> {
    let one = |all: Vec<Value>, id: &str| {
        all.into_iter()
            .find(|v| v.get("id").and_then(Value::as_str) == Some(id))
    };
    match path {
        ["ServiceProviderConfig"] => Some(provider_config(base)),
        ["Schemas"] => Some(list(&schemas(base))),
        ["Schemas", id] => one(schemas(base), id),
        ["ResourceTypes"] if with_types => Some(list(&resource_types(base))),
        ["ResourceTypes", id] if with_types => one(resource_types(base), id),
        _ => None,
    }
}
