//! Commands beside a running one, and a running one that dies.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::rig::{Rig, crowd, until};

const PEOPLE: u32 = 120;

async fn slow() -> Rig {
    let rig = Rig::with(crowd(PEOPLE)).await;
    rig.sandbox
        .change_knobs(|knobs| knobs.service_time_ms = 100);
    rig.import().await.code(0);
    rig
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
async fn a_stop_ends_a_running_sync_within_a_second() {
    let rig = slow().await;
    let sync = rig.start(&["sync"]);
    until("ten people are there", || rig.users() >= 10).await;
    let ran = rig.usher(&["sync"]).await.code(3);
    let pid = sync.id().unwrap().to_string();
    assert!(ran.err.contains(&pid), "{}", ran.err);
    rig.usher(&["status"]).await;
    rig.usher(&["stop"]).await.code(0);
    let output = tokio::time::timeout(Duration::from_secs(5), sync.wait_with_output()).await;
    let output = output.expect("the sync ends soon").unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("The channel is paused."), "{said}");
    let sent = rig.users();
    assert!(sent < PEOPLE as usize, "{sent}");
    rig.usher(&["sync"]).await.code(3);
    assert_eq!(rig.users(), sent);

    rig.sandbox.change_knobs(|knobs| knobs.service_time_ms = 0);
    rig.usher(&["channels", "activate"]).await.code(0);
    rig.usher(&["sync"]).await.code(0);
    assert_eq!(names(&rig).len(), PEOPLE as usize);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_sync_is_taken_up_at_once_without_loss_or_duplicate() {
    let rig = slow().await;
    let mut sync = rig.start(&["sync"]);
    until("ten people are there", || rig.users() >= 10).await;
    sync.kill().await.unwrap();
    rig.sandbox.change_knobs(|knobs| knobs.service_time_ms = 0);
    rig.usher(&["sync"]).await.code(0);
    let names = names(&rig);
    let mut once = names.clone();
    once.dedup();
    assert_eq!(names, once, "nobody twice");
    assert_eq!(names.len(), PEOPLE as usize);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sandbox_serves_until_it_is_told_to_end_and_keeps_its_data() {
    let rig = Rig::new().await;
    let mut sandbox = rig.start(&["sandbox", "--data", "box.json", "--directory", "--json"]);
    let mut lines = BufReader::new(sandbox.stdout.take().unwrap()).lines();
    let mut text = String::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        text.push_str(&line);
        if line == "}" {
            break;
        }
    }
    let running: serde_json::Value = serde_json::from_str(&text).unwrap();
    let url = running["base_url"].as_str().unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    let directory = running["directory"]["url"].as_str().unwrap();
    assert!(directory.starts_with("ldap://127.0.0.1:"), "{directory}");
    let pid = sandbox.id().unwrap().to_string();
    let told = std::process::Command::new("kill")
        .args(["-TERM", &pid])
        .status();
    assert!(told.unwrap().success());
    let ended = tokio::time::timeout(Duration::from_secs(5), sandbox.wait()).await;
    assert!(ended.unwrap().unwrap().success());
    let kept = std::fs::read_to_string(rig.path("box.json")).unwrap();
    assert!(kept.contains(running["key"].as_str().unwrap()));
}

/// Each is as large as the state: after some crashes in a row they would fill the disk.
#[tokio::test(flavor = "multi_thread")]
async fn copies_that_killed_plans_left_go_at_the_next_start_and_before_the_next_copy() {
    let rig = Rig::new().await;
    rig.import().await.code(0);
    let copies = || {
        let entries = std::fs::read_dir(rig.state()).unwrap().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names
            .filter(|name| name.starts_with("rehearsal-"))
            .collect::<Vec<_>>()
    };
    let leave = |name: &str| {
        let folder = rig.state().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("state.db"), "x").unwrap();
        let owner = std::fs::File::create(folder.join("owner")).unwrap();
        owner.lock().unwrap();
        owner
    };
    rig.usher(&["plan"]).await.code(0);
    assert_eq!(copies(), [""; 0], "a plan leaves nothing");
    let living = leave("rehearsal-living");
    for args in [&["plan"][..], &["sync"]] {
        drop(leave("rehearsal-dead"));
        std::fs::create_dir_all(rig.state().join("rehearsal-older")).unwrap();
        rig.usher(args).await.code(0);
        assert_eq!(copies(), ["rehearsal-living"], "{args:?}");
    }
    drop(living);
    rig.usher(&["plan"]).await.code(0);
    assert_eq!(copies(), [""; 0]);
}
