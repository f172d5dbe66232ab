//! `usher serve`: channels run by themselves, and other commands work beside it.

use serde_json::{Value, json};
use usher_sandbox::directory::DemoEntry;

use crate::rig::{BASE, Rig, person, until, until_seen};
use crate::served::{Served, client};

async fn quick() -> Rig {
    let mut rig = Rig::new().await;
    rig.every = 1;
    rig.import().await.code(0);
    rig
}

fn user(rig: &Rig, name: &str) -> Value {
    let users = rig.sandbox.snapshot().users;
    let found = users.into_iter().find(|user| user["userName"] == name);
    found.map_or(Value::Null, |user| serde_json::to_value(user).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn people_arrive_by_themselves_and_so_does_a_change() {
    let rig = quick().await;
    let served = Served::start(&rig).await;
    until("three people are there", || rig.users() == 3).await;
    rig.directory.add(person(9, "new", "Nora", "New")).unwrap();
    until("the new one is there", || rig.users() == 4).await;
    rig.directory
        .modify(&format!("uid=ana,ou=people,{BASE}"), |entry| {
            *entry = entry.clone().with("employeeType", "left");
        })
        .unwrap();
    until("the leaver is disabled", || {
        user(&rig, "ana")["active"] == false
    })
    .await;
    assert_eq!(served.get("/readyz").await.0, 200);
    let (_, metrics) = served.get("/metrics").await;
    assert!(
        metrics.contains("operation=\"create\",outcome=\"succeeded\"} 6"),
        "{metrics}"
    );
    assert!(
        metrics.contains("operation=\"disable\",outcome=\"succeeded\"} 1"),
        "{metrics}"
    );
    let (code, log) = served.end().await;
    assert_eq!(code, 0, "{log}");
    assert!(!rig.state().join("usher.sock").exists());
    for line in log.lines() {
        let line: Value = serde_json::from_str(line).expect("every line is JSON");
        assert_ne!(line["level"], "ERROR", "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_work_beside_it() {
    let mut rig = quick().await;
    let served = Served::start(&rig).await;
    until("three people are there", || rig.users() == 3).await;
    rig.usher(&["channels", "pause"]).await.code(0);
    rig.directory.add(person(9, "new", "Nora", "New")).unwrap();
    let paused = rig.usher(&["sync"]).await.code(3);
    assert!(paused.err.contains("is paused"), "{}", paused.err);
    rig.usher(&["channels", "activate"]).await.code(0);
    until("the new one is there", || rig.users() == 4).await;
    let sync = rig
        .usher(&["--json", "sync", "--full"])
        .await
        .code(0)
        .json();
    assert_eq!(sync["cycle"]["mode"], "full", "{sync}");
    assert_eq!(sync["mode"], "active", "{sync}");
    let none = rig.usher(&["approve", "--all"]).await.code(1);
    assert!(none.out.contains("0 steps were released"), "{}", none.out);
    let nothing = rig.usher(&["reject"]).await.code(3);
    assert!(
        nothing.err.contains("say which held steps"),
        "{}",
        nothing.err
    );
    rig.usher(&["retry"]).await.code(1);
    rig.usher(&["status"]).await.code(0);
    rig.usher(&["plan"]).await.code(0);
    let backup = rig.path("copy").display().to_string();
    rig.usher(&["backup", &backup]).await.code(0);

    "(&(objectClass=inetOrgPerson)(!(uid=new)))".clone_into(&mut rig.filter);
    let imported = rig.import().await.code(0);
    assert!(imported.out.contains("revision 2"), "{}", imported.out);
    // A removal that a change of the configuration causes is held: a person decides.
    until_seen("the removal is held", async || {
        let held = rig.usher(&["--json", "status", "--held"]).await.json();
        held.to_string().contains("\"verb\":\"disable\"")
    })
    .await;
    let approved = rig.usher(&["approve", "--all"]).await.code(0);
    assert!(
        approved.out.contains("1 step was released"),
        "{}",
        approved.out
    );
    until("whoever left the scope is disabled", || {
        user(&rig, "new")["active"] == false
    })
    .await;
    let (code, log) = served.end().await;
    assert_eq!(code, 0, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_to_be_told_of_alerts_gets_a_signed_request() {
    let secret = "a secret of the receiver";
    let receiver = usher_testkit::receivers::web(secret).await.unwrap();
    let rig = Rig::with(Vec::<DemoEntry>::new()).await;
    let served = Served::start(&rig).await;
    let root = served.first_operator().await;
    let ask = |method, path| {
        client()
            .request(method, served.url(path))
            .header("Cookie", &root.cookie)
            .header("X-CSRF-Token", &root.csrf)
    };
    let hook = format!("http://{}/", receiver.address());
    let settings = json!({"webhooks": [{"url": hook, "secret": secret}]});
    let set = ask(reqwest::Method::PUT, "/api/v1/alerts/settings")
        .header("If-Match", "*")
        .json(&settings);
    assert_eq!(set.send().await.unwrap().status(), 200);
    let tried = ask(reqwest::Method::POST, "/api/v1/alerts/test");
    let tried: Value = tried.send().await.unwrap().json().await.unwrap();
    assert_eq!(tried["items"], json!([{"recipient": hook, "error": null}]));
    let taken = receiver.taken();
    assert!(taken.len() == 1 && taken[0].signed, "{taken:?}");
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_link_makes_the_first_operator_who_may_then_ask() {
    let rig = Rig::with(Vec::<DemoEntry>::new()).await;
    let served = Served::start(&rig).await;
    let link = served.told["first_link"].as_str().unwrap().to_owned();
    let token = link.split_once('#').unwrap().1;
    assert_eq!(served.get("/api/v1/channels").await.0, 401);
    let made = client()
        .post(served.url("/api/v1/first-run"))
        .json(&json!({"link": token, "name": "root", "password": "a long pass phrase for tests"}))
        .send()
        .await
        .unwrap();
    assert!(made.status().is_success(), "{:?}", made.text().await);
    let asked = client()
        .get(served.url("/pf-admin-api/v1/version"))
        .basic_auth("root", Some("a long pass phrase for tests"))
        .header("X-XSRF-Header", "test")
        .send()
        .await
        .unwrap();
    assert_eq!(asked.status(), 200);
    let secret = client()
        .get(served.url("/api/v1/channels?token=usher_secret-of-a-query"))
        .send()
        .await
        .unwrap();
    assert_eq!(secret.status(), 401);
    let (code, log) = served.end().await;
    assert_eq!(code, 0, "{log}");
    for secret in ["pass phrase", "secret-of-a-query", token] {
        assert!(!log.contains(secret), "{log}");
    }
    let line = log.lines().find(|line| line.contains("/api/v1/first-run"));
    let line: Value = serde_json::from_str(line.expect("a line per request")).unwrap();
    assert_eq!(line["fields"]["http.status"], made_status());
    let line = log
        .lines()
        .find(|line| line.contains("/pf-admin-api/v1/version"));
    let line: Value = serde_json::from_str(line.expect("a line per request")).unwrap();
    assert_eq!(line["fields"]["operator.name"], "root", "{line}");
    let served = Served::start(&rig).await;
    assert_eq!(
        served.told.get("first_link"),
        None,
        "only while there is nobody"
    );
    served.end().await;
}

fn made_status() -> Value {
    json!(201)
}

/// The configuration with another key for the target.
fn with_key(rig: &Rig, key: &str) -> Value {
    let mut file = rig.configuration();
    let text = file.to_string().replace("env:USHER_TEST_KEY", key);
    file = serde_json::from_str(&text).unwrap();
    file
}

async fn is_on(rig: &Rig) -> bool {
    let export = rig.usher(&["config", "export"]).await.code(0).json();
    let operations = export["pf"]["operations"].as_array().unwrap().clone();
    let of_sp = |operation: &&Value| operation["resourceType"] == "/idp/spConnections";
    let found = operations.iter().find(of_sp).unwrap();
    found["items"][0]["active"] == true
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_asks_the_target_first_whether_a_service_runs_or_not() {
    let rig = Rig::new().await;
    let import = ["config", "import", "usher.json"];
    rig.write("usher.json", &with_key(&rig, "no-such-key").to_string());
    let off = rig.usher(&import).await.code(0);
    assert!(off.out.contains("stays off"), "{}", off.out);
    assert!(!is_on(&rig).await);
    let unasked = [&import[..], &["--bypass-external-validation"]].concat();
    rig.usher(&unasked).await.code(0);
    assert!(is_on(&rig).await);
    rig.import().await.code(0);

    let served = Served::start(&rig).await;
    rig.write("usher.json", &with_key(&rig, "no-such-key").to_string());
    let refused = rig.usher(&import).await.code(3);
    assert!(
        refused.err.contains("while it is in use"),
        "{}",
        refused.err
    );
    assert!(refused.err.contains("--bypass"), "{}", refused.err);
    let mut moved = rig.configuration().to_string();
    moved = moved.replace(&rig.directory.address().to_string(), "127.0.0.1:1");
    rig.write("usher.json", &moved);
    let refused = rig.usher(&import).await.code(3);
    assert!(refused.err.contains("127.0.0.1:1"), "{}", refused.err);
    let revision = rig.usher(&["--json", "config", "diff", "usher.json"]).await;
    assert!(revision.out.contains("127.0.0.1:1"), "{}", revision.out);
    served.end().await;
}
