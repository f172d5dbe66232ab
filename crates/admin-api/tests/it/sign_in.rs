//! Signing in over HTTP, and what an attacker tries.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use usher_engine::access::{AccountDetails, NewAccount};
use usher_engine::admin::{Operator, Role};

use crate::company::Company;
use crate::world::{Answer, World};

const PASSWORD: &str = "seven green boats";
const ACCOUNTS: &str = "/pf-admin-api/v1/administrativeAccounts";

async fn add(world: &World, name: &str, roles: &[Role], auditor: bool) {
    let new = NewAccount {
        name: name.to_owned(),
        password: PASSWORD.to_owned(),
        details: AccountDetails {
            roles: roles.iter().copied().collect(),
            auditor,
            active: true,
            ..AccountDetails::default()
        },
    };
    let root = Operator::local("root");
    let added = world.api.access.add_account(&root, new).await;
    added.expect("an account");
}

async fn office() -> World {
    let world = World::start().await;
    add(&world, "boss", &Role::ALL, false).await;
    add(&world, "ana", &[Role::Administrator], false).await;
    world
}

/// A request with these headers and nobody at a socket.
async fn send(
    world: &World,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<Value>,
) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("X-XSRF-Header", "test")
        .header("Content-Type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    world.send(request.body(body).expect("a request")).await
}

async fn sign_in(world: &World, name: &str, password: &str) -> Answer {
    let given = json!({"name": name, "password": password});
    send(world, Method::POST, "/api/v1/session", &[], Some(given)).await
}

/// The cookie and the CSRF token of a new session.
async fn signed_in(world: &World, name: &str) -> (String, String) {
    let answer = sign_in(world, name, PASSWORD).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    (cookie(&answer), text(&answer.body["csrf_token"]))
}

fn cookie(answer: &Answer) -> String {
    let set = answer.headers["set-cookie"].to_str().expect("text");
    set.split(';').next().expect("a cookie").to_owned()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[tokio::test]
async fn a_session_has_a_cookie_that_scripts_and_other_sites_do_not_have() {
    let mut world = office().await;
    let answer = sign_in(&world, "ana", PASSWORD).await;
    let set = answer.headers["set-cookie"].to_str().unwrap();
    let flags: Vec<&str> = set.split("; ").skip(1).collect();
    assert_eq!(flags, ["Path=/", "HttpOnly", "SameSite=Strict"]);
    assert_eq!(answer.body["name"], "ana");
    assert_eq!(answer.body["roles"], json!(["ADMINISTRATOR"]));
    let token = cookie(&answer).split_off("usher_session=".len());
    assert!(!answer.body.to_string().contains(&token));
    let old = cookie(&answer);
    let given = json!({"name": "ana", "password": PASSWORD});
    let from = [("Cookie", old.as_str())];
    let again = send(&world, Method::POST, "/api/v1/session", &from, Some(given)).await;
    assert_ne!(cookie(&again), old, "a new session, whatever was sent");
    let who = send(&world, Method::GET, "/api/v1/session", &from, None).await;
    assert_eq!(who.status, StatusCode::UNAUTHORIZED, "the one before ended");
    world.api.tls = true;
    let answer = sign_in(&world, "ana", PASSWORD).await;
    let set = answer.headers["set-cookie"].to_str().unwrap();
    assert!(set.contains("; Secure"), "{set}");
}

#[tokio::test]
async fn a_change_within_a_session_needs_its_token_and_our_own_page() {
    let world = office().await;
    let (cookie, csrf) = signed_in(&world, "boss").await;
    let (_, other) = signed_in(&world, "ana").await;
    let cookie = ("Cookie", cookie.as_str());
    let right = ("X-CSRF-Token", csrf.as_str());
    let wrong = ("X-CSRF-Token", other.as_str());
    let ours = ("Sec-Fetch-Site", "same-origin");
    let token = json!({"name": "script", "read_only": true});
    let account = json!({"username": "mallory", "password": PASSWORD});
    for (path, body, made) in [
        ("/api/v1/tokens", token, StatusCode::CREATED),
        (ACCOUNTS, account, StatusCode::OK),
    ] {
        let ask = async |headers: &[_]| {
            let body = Some(body.clone());
            send(&world, Method::POST, path, headers, body).await.status
        };
        assert_eq!(ask(&[cookie]).await, StatusCode::FORBIDDEN);
        assert_eq!(ask(&[cookie, wrong]).await, StatusCode::FORBIDDEN);
        for site in ["cross-site", "same-site", "none"] {
            let foreign = ("Sec-Fetch-Site", site);
            let status = ask(&[cookie, right, foreign]).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{site}");
        }
        assert_eq!(ask(&[cookie, right, ours]).await, made, "{path}");
    }
    let look = send(&world, Method::GET, "/api/v1/session", &[cookie], None).await;
    assert_eq!(look.body["csrf_token"], csrf);
    let foreign = [("Sec-Fetch-Site", "cross-site")];
    let given = json!({"name": "ana", "password": PASSWORD});
    let forged = send(
        &world,
        Method::POST,
        "/api/v1/session",
        &foreign,
        Some(given),
    )
    .await;
    assert_eq!(
        forged.status,
        StatusCode::FORBIDDEN,
        "signing in as another"
    );
    let out = send(
        &world,
        Method::DELETE,
        "/api/v1/session",
        &[cookie, right],
        None,
    )
    .await;
    assert_eq!(out.status, StatusCode::OK, "{out:?}");
    let ended = send(&world, Method::GET, "/api/v1/session", &[cookie], None).await;
    assert_eq!(ended.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn guessing_is_answered_in_the_same_words_and_then_not_at_all() {
    let world = office().await;
    let mut answers = Vec::new();
    for name in ["ana", "nobody"] {
        let before = world.api.access.computations();
        for _ in 0..10 {
            let answer = sign_in(&world, name, "wrong").await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer:?}");
            answers.push((answer.body["code"].clone(), answer.body["detail"].clone()));
        }
        assert_eq!(world.api.access.computations() - before, 10, "{name}");
        let wait = sign_in(&world, name, PASSWORD).await;
        assert_eq!(wait.status, StatusCode::TOO_MANY_REQUESTS, "{wait:?}");
        assert_eq!(wait.headers["retry-after"], "60");
        let path = "/pf-admin-api/v1/version";
        let wait = world
            .as_basic(name, PASSWORD, Method::GET, path, None)
            .await;
        assert_eq!(wait.status, StatusCode::TOO_MANY_REQUESTS, "{wait:?}");
        assert_eq!(wait.headers["retry-after"], "60");
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test]
async fn tokens_work_until_they_are_revoked_or_expire_and_make_no_others() {
    let world = office().await;
    let (cookie, csrf) = signed_in(&world, "ana").await;
    let own = [("Cookie", cookie.as_str()), ("X-CSRF-Token", csrf.as_str())];
    let mut bearers = Vec::new();
    for days in [1, 30] {
        let wanted = json!({"name": "script", "roles": ["ADMINISTRATOR"], "days": days});
        let made = send(&world, Method::POST, "/api/v1/tokens", &own, Some(wanted)).await;
        assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
        bearers.push((
            made.body["about"]["id"].clone(),
            format!("Bearer {}", text(&made.body["token"])),
        ));
    }
    let who = async |bearer: &str| {
        send(
            &world,
            Method::GET,
            "/api/v1/session",
            &[("Authorization", bearer)],
            None,
        )
        .await
    };
    let listed = send(&world, Method::GET, "/api/v1/tokens", &own, None).await;
    for (_, bearer) in &bearers {
        assert_eq!(who(bearer).await.body["name"], "ana");
        assert!(
            !listed
                .body
                .to_string()
                .contains(bearer.trim_start_matches("Bearer "))
        );
        let more = json!({"name": "more", "read_only": true});
        let with = [("Authorization", bearer.as_str())];
        let more = send(&world, Method::POST, "/api/v1/tokens", &with, Some(more)).await;
        assert_eq!(more.status, StatusCode::FORBIDDEN, "{more:?}");
        // Nor does anybody guess the password of its owner with it.
        let guess = json!({"currentPassword": PASSWORD, "newPassword": "eight brown boats"});
        let place = "/pf-admin-api/v1/administrativeAccounts/changePassword";
        let guess = send(&world, Method::POST, place, &with, Some(guess)).await;
        assert_eq!(guess.status, StatusCode::FORBIDDEN, "{guess:?}");
    }
    let too_much = json!({"name": "x", "roles": ["USER_ADMINISTRATOR"]});
    let refused = send(&world, Method::POST, "/api/v1/tokens", &own, Some(too_much)).await;
    assert_eq!(
        refused.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "{refused:?}"
    );
    world.clock.advance(24 * 3_600_000);
    assert_eq!(who(&bearers[0].1).await.status, StatusCode::UNAUTHORIZED);
    let basic = async |name: &str, id: &Value| {
        let path = format!("/api/v1/tokens/{id}");
        world
            .as_basic(name, PASSWORD, Method::DELETE, &path, None)
            .await
            .status
    };
    add(&world, "ben", &[Role::Administrator], false).await;
    assert_eq!(
        basic("ben", &bearers[1].0).await,
        StatusCode::NOT_FOUND,
        "another's"
    );
    assert_eq!(who(&bearers[1].1).await.status, StatusCode::OK);
    assert_eq!(basic("boss", &bearers[1].0).await, StatusCode::OK);
    assert_eq!(who(&bearers[1].1).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_first_operator_is_made_with_the_link() {
    let world = World::start().await;
    let root = Operator::local("root");
    let link = world.api.access.first_link(&root).await.expect("a link");
    let place = "/api/v1/first-run";
    let needed = send(&world, Method::GET, place, &[], None).await;
    assert_eq!(needed.body, json!({"needed": true}));
    let ask = async |link: &str, password: &str| {
        let given = json!({"link": link, "name": "ana", "password": password});
        send(&world, Method::POST, place, &[], Some(given)).await
    };
    assert_eq!(ask("x", PASSWORD).await.status, StatusCode::FORBIDDEN);
    let weak = ask(link.reveal(), "ana").await;
    assert_eq!(weak.status, StatusCode::UNPROCESSABLE_ENTITY, "{weak:?}");
    assert_eq!(weak.body["errors"].as_array().unwrap().len(), 2);
    let made = ask(link.reveal(), PASSWORD).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    assert_eq!(made.body["roles"].as_array().unwrap().len(), 4);
    let cookie = cookie(&made);
    let from = [("Cookie", cookie.as_str())];
    let who = send(&world, Method::GET, "/api/v1/session", &from, None).await;
    assert_eq!(who.body["name"], "ana");
    assert_eq!(
        ask(link.reveal(), PASSWORD).await.status,
        StatusCode::FORBIDDEN
    );
    let needed = send(&world, Method::GET, place, &[], None).await;
    assert_eq!(needed.body, json!({"needed": false}));
}

#[tokio::test]
async fn each_role_reaches_what_it_is_for() {
    let world = office().await;
    add(&world, "users", &[Role::UserAdministrator], false).await;
    add(&world, "crypto", &[Role::CryptoAdministrator], false).await;
    add(&world, "audi", &[], true).await;
    add(&world, "none", &[], false).await;
    let new = json!({"username": "new", "password": PASSWORD});
    let change = json!({"username": "new", "active": true});
    let reset = json!({"newPassword": PASSWORD});
    let one = format!("{ACCOUNTS}/new");
    let manage = [
        (Method::POST, ACCOUNTS.to_owned(), Some(new), 200),
        (Method::PUT, one.clone(), Some(change), 200),
        (
            Method::POST,
            format!("{one}/resetPassword"),
            Some(reset),
            200,
        ),
        (Method::DELETE, one, None, 204),
    ];
    for (name, looks, manages) in [
        ("boss", true, true),
        ("users", true, true),
        ("ana", true, false),
        ("crypto", true, false),
        ("audi", true, false),
        ("none", false, false),
    ] {
        let ask = async |method, path: &str, body| {
            let answer = world.as_basic(name, PASSWORD, method, path, body).await;
            assert!(!answer.body.to_string().contains(PASSWORD), "{answer:?}");
            assert!(!answer.body.to_string().contains("argon2"), "{answer:?}");
            answer.status.as_u16()
        };
        let seen = if looks { 200 } else { 403 };
        assert_eq!(ask(Method::GET, ACCOUNTS, None).await, seen, "{name}");
        for (method, path, body, done) in manage.clone() {
            let expected = if manages { done } else { 403 };
            let found = ask(method.clone(), &path, body).await;
            assert_eq!(found, expected, "{name}: {method} {path}");
        }
        let stop = ask(Method::POST, "/api/v1/stop", None).await;
        let may = ["boss", "ana"].contains(&name);
        assert_eq!(stop, if may { 200 } else { 403 }, "{name} stops");
    }
}

/// Calls every operation once.
pub(crate) async fn walk(company: &Company) {
    let world = &company.world;
    let root = Operator::local("root");
    let link = world.api.access.first_link(&root).await.expect("a link");
    let given = json!({"link": link.reveal(), "name": "first", "password": PASSWORD});
    send(world, Method::GET, "/api/v1/first-run", &[], None).await;
    send(world, Method::POST, "/api/v1/first-run", &[], Some(given)).await;
    let (cookie, csrf) = signed_in(world, "first").await;
    let own = [("Cookie", cookie.as_str()), ("X-CSRF-Token", csrf.as_str())];
    let wanted = json!({"name": "script", "read_only": true});
    let made = send(world, Method::POST, "/api/v1/tokens", &own, Some(wanted)).await;
    let token = format!("/api/v1/tokens/{}", made.body["about"]["id"]);
    send(world, Method::GET, "/api/v1/tokens", &own, None).await;
    send(world, Method::DELETE, &token, &own, None).await;
    send(world, Method::GET, "/api/v1/session", &own, None).await;
    send(world, Method::DELETE, "/api/v1/session", &own, None).await;
}
