//! `usher serve`: channels run by themselves, and other commands work beside it.

use serde_json::{Value, json};
use usher_sandbox::directory::DemoEntry;

use crate::rig::{BASE, Rig, crowd, person, until, until_seen};
use crate::served::{Served, client};

const PEOPLE: usize = 120;

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

fn names(rig: &Rig) -> Vec<String> {
    let users = rig.sandbox.snapshot().users;
    let mut names: Vec<String> = users
        .iter()
        .map(|user| user["userName"].as_str().unwrap_or_default().to_owned())
        .collect();
    names.sort();
    names
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
async fn a_stop_in_the_middle_leaves_nothing_double_and_nothing_unknown() {
    let rig = slow().await;
    let served = Served::start(&rig).await;
    until("ten people are there", || rig.users() >= 10).await;
    let (code, log) = served.end().await;
    assert_eq!(code, 0, "{log}");
    assert!(rig.users() < PEOPLE, "in the middle");
    let status = rig.usher(&["--json", "status"]).await.json();
    assert!(
        !status.to_string().contains("\"state\":\"claimed\""),
        "{status}"
    );
    converges(&rig).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_service_converges_after_its_restart() {
    let rig = slow().await;
    let served = Served::start(&rig).await;
    until("ten people are there", || rig.users() >= 10).await;
    served.signal("-KILL");
    served.ended().await;
    assert!(rig.users() < PEOPLE, "in the middle");
    converges(&rig).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_listens_keeps_it_from_nothing() {
    let rig = quick().await;
    let served = Served::start(&rig).await;
    served.first_operator().await;
    let asked = served.ask(reqwest::Method::GET, "/api/v1/events");
    let mut events = asked.send().await.unwrap();
    assert_eq!(events.status(), 200);
    rig.directory.add(person(9, "new", "Nora", "New")).unwrap();
    let mut heard = String::new();
    while !heard.contains("cycle_ended") {
        let piece = events.chunk().await.unwrap().expect("more");
        heard.push_str(&String::from_utf8_lossy(&piece));
    }
    let (code, log) = served.end().await;
    assert_eq!(code, 0, "{log}");
    assert!(!log.contains("cut"), "{log}");
    while events.chunk().await.unwrap().is_some() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn told_twice_it_ends_at_once() {
    let rig = slow().await;
    let served = Served::with(&rig, &[("USHER__SERVE__PATIENCE_SECONDS", "3600")]).await;
    until("ten people are there", || rig.users() >= 10).await;
    rig.sandbox
        .change_knobs(|knobs| knobs.service_time_ms = 600_000);
    until_seen("requests are under way", async || {
        is_sending(&served.get("/metrics").await.1)
    })
    .await;
    served.signal("-TERM");
    let pid = served.pid();
    // Signals that come before the first was seen are one with it.
    let again = until("it ends when it is told again", || {
        let told = std::process::Command::new("kill")
            .args(["-INT", &pid])
            .stderr(std::process::Stdio::null())
            .status();
        !told.is_ok_and(|told| told.success())
    });
    tokio::select! {
        (code, log) = served.ended() => assert_eq!(code, 0, "{log}"),
        () = again => {}
    }
}

fn is_sending(metrics: &str) -> bool {
    let line = metrics
        .lines()
        .find(|line| line.contains("state=\"claimed\""));
    line.is_some_and(|line| !line.ends_with(" 0"))
}

async fn slow() -> Rig {
    let rig = Rig::with(crowd(PEOPLE as u32)).await;
    rig.sandbox
        .change_knobs(|knobs| knobs.service_time_ms = 100);
    rig.import().await.code(0);
    rig
}

async fn converges(rig: &Rig) {
    rig.sandbox.change_knobs(|knobs| knobs.service_time_ms = 0);
    let served = Served::start(rig).await;
    until("everybody is there", || rig.users() == PEOPLE).await;
    let (code, log) = served.end().await;
    assert_eq!(code, 0, "{log}");
    let names = names(rig);
    let mut once = names.clone();
    once.dedup();
    assert_eq!(names, once, "nobody twice");
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
