//! `/administrativeAccounts` of the published face.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::World;

const PATH: &str = "/pf-admin-api/v1/administrativeAccounts";
const PASSWORD: &str = "seven green boats";

fn ana() -> Value {
    json!({
        "username": "ana", "password": PASSWORD, "active": true, "auditor": false,
        "description": "Ana's account", "phoneNumber": "+49 1", "emailAddress": "ana@example.com",
        "department": "IT", "roles": ["ADMINISTRATOR", "USER_ADMINISTRATOR"],
    })
}

fn without_password(mut account: Value) -> Value {
    account
        .as_object_mut()
        .expect("an object")
        .remove("password");
    account
}

async fn post(world: &World, path: &str, body: Value) -> (StatusCode, Value) {
    let answer = world
        .call(Method::POST, &format!("{PATH}{path}"), Some(body))
        .await;
    (answer.status, answer.body)
}

fn fields(body: &Value) -> Vec<&str> {
    let errors = body["validationErrors"].as_array().expect("errors");
    errors
        .iter()
        .map(|error| error["fieldPath"].as_str().expect("a place"))
        .collect()
}

#[tokio::test]
async fn an_account_is_made_read_changed_and_removed() {
    let world = World::start().await;
    let none = world.get(PATH).await;
    assert_eq!(
        (none.status, none.body),
        (StatusCode::OK, json!({"items": []}))
    );
    let (status, made) = post(&world, "", ana()).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    assert_eq!(made, without_password(ana()));
    let one = format!("{PATH}/ana");
    assert_eq!(world.get(&one).await.body, made);
    assert_eq!(world.get(PATH).await.body, json!({"items": [made]}));
    let second = json!({"username": "ben", "password": PASSWORD, "active": true, "roles": ["USER_ADMINISTRATOR"]});
    post(&world, "", second).await;
    let changed = json!({"username": "ANA", "password": "is not looked at", "auditor": true});
    let answer = world.call(Method::PUT, &one, Some(changed)).await;
    let expected = json!({"username": "ana", "active": false, "auditor": true, "roles": []});
    assert_eq!(
        (answer.status, answer.body),
        (StatusCode::OK, expected.clone())
    );
    assert_eq!(world.get(&one).await.body, expected);
    let gone = world.call(Method::DELETE, &one, None).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT, "{gone:?}");
    for method in [Method::GET, Method::DELETE] {
        let missing = world.call(method, &one, None).await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND, "{missing:?}");
        assert_eq!(missing.body["resultId"], "resource_not_found");
    }
    let missing = world
        .call(Method::PUT, &one, Some(without_password(ana())))
        .await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND, "{missing:?}");
    let reset = json!({"newPassword": PASSWORD});
    assert_eq!(
        post(&world, "/ana/resetPassword", reset).await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn everything_that_is_wrong_with_an_account_is_said_with_its_place() {
    let world = World::start().await;
    let wrong = json!({
        "username": 7, "active": "yes", "roles": ["ADMINISTRATOR", "KING"], "encryptedPassword": "x", "sort": 1,
    });
    let (status, body) = post(&world, "", wrong).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    assert_eq!(body["resultId"], "validation_error");
    let expected = [
        "sort",
        "username",
        "encryptedPassword",
        "roles[1]",
        "active",
        "password",
    ];
    assert_eq!(fields(&body), expected);
    let weak = json!({"username": "a na", "password": "a na", "auditor": true, "roles": ["ADMINISTRATOR"]});
    let (status, body) = post(&world, "", weak).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    assert_eq!(fields(&body), ["username", "password", "password", "roles"]);
    assert!(
        !body.to_string().contains("a na\""),
        "no password is repeated: {body}"
    );
    post(&world, "", ana()).await;
    let (status, body) = post(&world, "", ana()).await;
    assert_eq!(
        (status, fields(&body)),
        (StatusCode::UNPROCESSABLE_ENTITY, vec!["username"])
    );
    let other = json!({"username": "ben", "active": true});
    let answer = world
        .call(Method::PUT, &format!("{PATH}/ana"), Some(other))
        .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(fields(&answer.body), ["username"]);
    let last = json!({"username": "ana", "active": true});
    let answer = world
        .call(Method::PUT, &format!("{PATH}/ana"), Some(last))
        .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let text = answer.body["message"].as_str().expect("a message");
    assert!(text.contains("last active operator"), "{text}");
}

#[tokio::test]
async fn passwords_are_changed_by_their_owner_and_reset_by_others() {
    let world = World::start().await;
    post(&world, "", ana()).await;
    let change = json!({"currentPassword": PASSWORD, "newPassword": "eight brown boats"});
    let (status, body) = post(&world, "/changePassword", change.clone()).await;
    assert_eq!(
        status,
        StatusCode::NOT_FOUND,
        "who sits at the machine has no account: {body}"
    );
    let own = async |password: &str, body: &Value| {
        let path = format!("{PATH}/changePassword");
        world
            .as_basic("ana", password, Method::POST, &path, Some(body.clone()))
            .await
    };
    let answer = own(
        PASSWORD,
        &json!({"currentPassword": "wrong", "newPassword": "eight brown boats"}),
    )
    .await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(fields(&answer.body), ["currentPassword"]);
    let answer = own(PASSWORD, &json!({})).await;
    assert_eq!(fields(&answer.body), ["currentPassword", "newPassword"]);
    let answer = own(PASSWORD, &change).await;
    assert_eq!((answer.status, answer.body), (StatusCode::OK, json!({})));
    assert_eq!(
        own(PASSWORD, &change).await.status,
        StatusCode::UNAUTHORIZED
    );
    let (status, body) = post(&world, "/ana/resetPassword", json!({"newPassword": "ana"})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(fields(&body), ["newPassword", "newPassword"]);
    let (status, body) = post(
        &world,
        "/ana/resetPassword",
        json!({"newPassword": PASSWORD}),
    )
    .await;
    assert_eq!((status, body), (StatusCode::OK, json!({})));
    let back = json!({"currentPassword": PASSWORD, "newPassword": "eight brown boats"});
    assert_eq!(own(PASSWORD, &back).await.status, StatusCode::OK);
}

#[tokio::test]
async fn bodies_that_are_none_are_refused() {
    let world = World::start().await;
    for (kind, body, expected) in [
        ("text/plain", "{}", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ("application/json", "{", StatusCode::BAD_REQUEST),
        ("application/json", "[]", StatusCode::BAD_REQUEST),
        (
            "application/json",
            &"[".repeat(100_000),
            StatusCode::BAD_REQUEST,
        ),
        (
            "application/json; charset=utf-8",
            "{}",
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
    ] {
        let answer = world.raw(Method::POST, PATH, kind, body).await;
        assert_eq!(answer.status, expected, "{kind}: {answer:?}");
        assert!(answer.body["resultId"].is_string(), "{answer:?}");
    }
}
