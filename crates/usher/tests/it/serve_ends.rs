//! How `usher serve` ends: told to, told twice, or killed; and that nothing is lost or double afterwards.

use crate::rig::{Rig, crowd, person, until, until_seen};
use crate::served::Served;

const PEOPLE: usize = 120;

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

/// Runs it until everybody is there, each created by one request.
async fn converges(rig: &Rig) {
    rig.sandbox.change_knobs(|knobs| knobs.service_time_ms = 0);
    let served = Served::start(rig).await;
    until("everybody is there", || rig.users() == PEOPLE).await;
    let (code, log) = served.end().await;
    assert_eq!(code, 0, "{log}");
    assert_eq!(created(rig), PEOPLE, "nobody twice");
    let users = rig.sandbox.snapshot().users;
    assert!(users.iter().all(|user| user["active"] == true));
    let status = rig.usher(&["--json", "status"]).await.json();
    let steps = status["channels"][0]["steps"].to_string();
    for state in ["claimed", "unknown", "pending", "waiting", "parked"] {
        assert!(
            !steps.contains(&format!("\"state\":\"{state}\"")),
            "{steps}"
        );
    }
}

/// Requests that made somebody, also of those whose answer nobody heard.
fn created(rig: &Rig) -> usize {
    let requests = rig.sandbox.requests();
    let made = requests.iter().filter(|request| {
        request.method == "POST" && request.path.contains("/Users") && request.status == Some(201)
    });
    made.count()
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
    let mut rig = Rig::new().await;
    rig.every = 1;
    rig.import().await.code(0);
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

#[tokio::test(flavor = "multi_thread")]
async fn it_may_be_killed_again_and_again() {
    let rig = slow().await;
    for there in [5, 40, 80] {
        let served = Served::start(&rig).await;
        until("some more are there", || rig.users() >= there).await;
        served.signal("-KILL");
        served.ended().await;
    }
    assert!(rig.users() < PEOPLE, "in the middle");
    converges(&rig).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_beside_it_is_answered_when_it_ends() {
    let rig = slow().await;
    let served = Served::start(&rig).await;
    until("ten people are there", || rig.users() >= 10).await;
    let asked = rig.start(&["--json", "sync", "--full"]);
    until_seen("the command is under way", async || {
        let metrics = served.get("/metrics").await.1;
        let mut lines = metrics.lines();
        lines.any(|line| line.contains("mode=\"full\",outcome=\"completed\"} 2"))
    })
    .await;
    let (code, log) = served.end().await;
    assert_eq!(code, 0, "{log}");
    assert!(!log.contains("are cut"), "{log}");
    let output = asked.wait_with_output().await.unwrap();
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let stopped = said["stopped"].as_str().unwrap();
    assert!(stopped.contains("the service is ending"), "{said}");
    assert!(rig.users() < PEOPLE, "in the middle");
    converges(&rig).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_state_is_read_before_anything_is_sent() {
    let mut rig = Rig::new().await;
    rig.every = 1;
    rig.import().await.code(0);
    rig.usher(&["sync"]).await.code(0);
    rig.usher(&["backup", "copy"]).await.code(0);
    rig.directory.add(person(9, "new", "Nora", "New")).unwrap();
    rig.usher(&["sync"]).await.code(0);
    std::fs::rename(rig.state().join("secret.key"), rig.path("secret.key")).unwrap();
    std::fs::remove_dir_all(rig.state()).unwrap();
    std::fs::create_dir(rig.state()).unwrap();
    std::fs::rename(rig.path("secret.key"), rig.state().join("secret.key")).unwrap();
    rig.usher(&["restore", "copy"]).await.code(0);
    rig.sandbox.clear_requests();
    let refused = rig.usher(&["channels", "activate"]).await.code(3);
    assert!(refused.err.contains("read in full"), "{}", refused.err);
    let served = Served::start(&rig).await;
    until_seen("both sides were read", async || {
        rig.usher(&["channels", "activate"]).await.code == 0
    })
    .await;
    rig.usher(&["sync"]).await;
    rig.usher(&["approve", "--all"]).await;
    let (code, log) = served.end().await;
    assert_eq!(code, 0, "{log}");
    assert_eq!((rig.users(), created(&rig)), (4, 0), "nobody twice");
}
