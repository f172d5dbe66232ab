//! What breaks below the service is told in clear words, and nothing wrong is written anywhere.

use std::io::{Seek as _, SeekFrom, Write as _};
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use usher_testkit::note_skipped;

use crate::rig::{Rig, crowd, person, until, until_seen};
use crate::served::{PASSWORD, Served, SignedIn, client};

#[tokio::test(flavor = "multi_thread")]
async fn without_its_key_it_starts_runs_nothing_and_says_why() {
    let rig = Rig::new().await;
    rig.import().await.code(0);
    std::fs::rename(rig.state().join("secret.key"), rig.path("kept")).unwrap();
    let served = Served::start(&rig).await;
    for path in ["/readyz", "/api/v1/channels", "/pf-admin-api/v1/version"] {
        let (status, body) = served.get(path).await;
        assert_eq!(status, 503, "{path}");
        assert!(body.contains("secret.key is missing"), "{body}");
    }
    assert_eq!(served.get("/healthz").await.0, 200);
    let (code, log) = served.end().await;
    assert_eq!(code, 3, "{log}");
    assert_eq!(rig.users(), 0);
    std::fs::rename(rig.path("kept"), rig.state().join("secret.key")).unwrap();
    let served = Served::start(&rig).await;
    until("three people are there", || rig.users() == 3).await;
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_page_of_the_state_stops_it_with_clear_words() {
    let rig = Rig::with(crowd(300)).await;
    rig.import().await.code(0);
    rig.usher(&["sync"]).await.code(0);
    let writes = rig.sandbox.requests().len();
    // In one file: what only its journal holds cannot be damaged in it.
    let copy = rig.path("copy").display().to_string();
    rig.usher(&["backup", &copy]).await.code(0);
    let file = rig.state().join("state.db");
    for journal in ["state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(rig.state().join(journal));
    }
    std::fs::copy(rig.path("copy").join("state.db"), &file).unwrap();
    let size = std::fs::metadata(&file).unwrap().len();
    let mut db = std::fs::OpenOptions::new().write(true).open(&file).unwrap();
    // Everything but the first pages, which say what the file is.
    db.seek(SeekFrom::Start(8 * 4096)).unwrap();
    db.write_all(&vec![0x5a; (size - 8 * 4096) as usize])
        .unwrap();
    drop(db);
    let mut command = rig.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("USHER__LOG__LEVEL", "info");
    let ran = tokio::time::timeout(std::time::Duration::from_secs(30), crate::rig::ran(command));
    let ran = ran.await.expect("it does not run").code(2);
    assert!(
        ran.err.contains("malformed") || ran.err.contains("inconsistent"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("usher restore"), "{}", ran.err);
    assert_eq!(
        rig.sandbox.requests().len(),
        writes,
        "nothing was asked of the target"
    );
}

/// A small disk of its own; needs the rights of root.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(at: &std::path::Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o"])
            .arg(format!("size={size},mode=700"))
            .arg("tmpfs")
            .arg(at)
            .output();
        let mounted = mounted.is_ok_and(|output| output.status.success());
        mounted.then(|| Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_what_is_sent_and_it_goes_on_when_there_is_room() {
    let mut rig = Rig::new().await;
    rig.every = 1;
    // To see what comes after it.
    rig.free_mib = 0;
    let Some(_disk) = SmallDisk::mount(&rig.state(), "4m") else {
        note_skipped("a small disk cannot be mounted here (a tmpfs, as root)");
        return;
    };
    rig.import().await.code(0);
    let served = Served::start(&rig).await;
    until("three people are there", || rig.users() == 3).await;
    let root = served.first_operator().await;
    let ballast = rig.state().join("ballast");
    fill(&ballast);
    rig.directory.add(person(9, "new", "Nora", "New")).unwrap();
    until_seen("it notices", async || {
        let (status, body) = served.get("/readyz").await;
        let (_, metrics) = served.get("/metrics").await;
        status == 503 && body.contains("full") && has_failed(&metrics)
    })
    .await;
    assert_eq!(rig.users(), 3, "nothing is sent that cannot be recorded");
    assert_eq!(served.get("/healthz").await.0, 200);
    looking_and_stopping_go_on(&served, &root).await;
    std::fs::remove_file(&ballast).unwrap();
    until_seen("the stop is written", async || {
        rig.usher(&["audit"]).await.out.contains("STOP")
    })
    .await;
    assert_eq!(rig.users(), 3, "it was stopped");
    rig.usher(&["channels", "activate"]).await.code(0);
    until("the new one is there", || rig.users() == 4).await;
    let (code, log) = served.end().await;
    assert_eq!(code, 0, "{log}");
    assert!(log.contains("full"), "{log}");
}

/// A channel is stopped on a full disk; then there is room for little: less than anything new needs, but
/// enough for a word. `at_once` ends the service in that moment. `None` = no small disk can be had.
async fn a_stop_is_written(at_once: bool) -> Option<()> {
    let mut rig = Rig::new().await;
    rig.every = 1;
    rig.free_mib = 8;
    let _disk = SmallDisk::mount(&rig.state(), "24m")?;
    rig.import().await.code(0);
    let served = Served::start(&rig).await;
    until("three people are there", || rig.users() == 3).await;
    served.first_operator().await;
    let ballast = rig.state().join("ballast");
    fill(&ballast);
    let stopped = served.ask(Method::POST, "/api/v1/stop").send().await;
    let body: Value = stopped.unwrap().json().await.unwrap();
    assert!(body["unwritten"].to_string().contains("full"), "{body}");
    let ballast = std::fs::OpenOptions::new().write(true).open(&ballast);
    let ballast = ballast.unwrap();
    let size = ballast.metadata().unwrap().len();
    ballast.set_len(size - (4 << 20)).unwrap();
    if !at_once {
        until_seen("the stop is written", async || {
            rig.usher(&["audit"]).await.out.contains("STOP")
        })
        .await;
    }
    let (code, log) = served.end().await;
    assert_eq!(code, 0, "{log}");
    let audit = rig.usher(&["audit"]).await.code(0).out;
    assert!(audit.contains("STOP"), "{audit}\n{log}");
    Some(())
}

#[tokio::test(flavor = "multi_thread")]
async fn too_little_room_for_anything_new_is_enough_for_a_stop() {
    if a_stop_is_written(false).await.is_none() {
        note_skipped("a small disk cannot be mounted here (a tmpfs, as root)");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_that_is_kept_in_mind_is_written_at_the_end() {
    if a_stop_is_written(true).await.is_none() {
        note_skipped("a small disk cannot be mounted here (a tmpfs, as root)");
    }
}

/// A service on a disk that is full, with three people at the target; what fills the disk.
async fn on_a_full_disk(rig: &mut Rig) -> Option<(SmallDisk, Served, std::path::PathBuf)> {
    rig.every = 1;
    rig.free_mib = 0;
    let disk = SmallDisk::mount(&rig.state(), "4m")?;
    rig.import().await.code(0);
    let served = Served::start(rig).await;
    until("three people are there", || rig.users() == 3).await;
    served.first_operator().await;
    let ballast = rig.state().join("ballast");
    fill(&ballast);
    Some((disk, served, ballast))
}

#[tokio::test(flavor = "multi_thread")]
async fn usher_stop_beside_a_service_on_a_full_disk_stops_and_is_written_later() {
    let mut rig = Rig::new().await;
    let Some((_disk, served, ballast)) = on_a_full_disk(&mut rig).await else {
        note_skipped("a small disk cannot be mounted here (a tmpfs, as root)");
        return;
    };
    let stopped = rig.usher(&["stop"]).await.code(1).out;
    for words in ["Stopped Cloud/staff", "not in the state yet", "full"] {
        assert!(stopped.contains(words), "{stopped}");
    }
    let again = rig.usher(&["--json", "stop"]).await.code(1).json();
    assert!(again["unwritten"].to_string().contains("full"), "{again}");
    let asked = served.ask(Method::GET, "/api/v1/channels").send().await;
    let body: Value = asked.unwrap().json().await.unwrap();
    assert_eq!(body["items"][0]["mode"], "paused", "{body}");
    // Who names a channel that is not there is told so, and not of the disk.
    let wrong = rig.usher(&["stop", "--channel", "nobody"]).await.code(3);
    assert!(wrong.err.contains("nobody"), "{}", wrong.err);
    std::fs::remove_file(&ballast).unwrap();
    until_seen("the stop is written", async || {
        rig.usher(&["audit"]).await.out.contains("STOP")
    })
    .await;
    let (code, log) = served.end().await;
    assert_eq!(code, 0, "{log}");
    let status = rig.usher(&["--json", "channels"]).await.code(0).out;
    assert!(status.contains("paused"), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_that_cannot_be_written_at_the_end_is_a_failure_that_says_so() {
    let mut rig = Rig::new().await;
    let Some((_disk, served, ballast)) = on_a_full_disk(&mut rig).await else {
        note_skipped("a small disk cannot be mounted here (a tmpfs, as root)");
        return;
    };
    rig.usher(&["stop"]).await.code(1);
    let (code, log) = served.end().await;
    assert_eq!(code, 2, "{log}");
    for words in [
        "Cloud/staff was stopped, which could not be written",
        "full",
        "`usher stop`",
    ] {
        assert!(log.contains(words), "{words}: {log}");
    }
    // What it advises works before the next start.
    std::fs::remove_file(&ballast).unwrap();
    rig.usher(&["stop"]).await.code(0);
    let audit = rig.usher(&["audit"]).await.code(0).out;
    assert!(audit.contains("STOP"), "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_disk_is_full_nothing_more_is_sent_and_all_is_well_with_the_state() {
    let mut rig = Rig::new().await;
    rig.every = 1;
    rig.free_mib = 8;
    let Some(_disk) = SmallDisk::mount(&rig.state(), "24m") else {
        note_skipped("a small disk cannot be mounted here (a tmpfs, as root)");
        return;
    };
    rig.import().await.code(0);
    let served = Served::start(&rig).await;
    until("three people are there", || rig.users() == 3).await;
    served.first_operator().await;
    let ballast = rig.state().join("ballast");
    std::fs::write(&ballast, vec![1_u8; 16 << 20]).unwrap();
    rig.directory.add(person(9, "new", "Nora", "New")).unwrap();
    until_seen("it notices", async || {
        let (status, body) = served.get("/readyz").await;
        status == 503 && body.contains("are kept free")
    })
    .await;
    let answer = served.ask(Method::GET, "/api/v1/channels").send();
    let body: Value = answer.await.unwrap().json().await.unwrap();
    assert_eq!(body["items"][0]["health"], "critical", "{body}");
    assert_eq!(rig.users(), 3, "nothing is sent");
    let beside = rig.usher(&["status"]).await.code(2).out;
    for words in [
        "CRITICAL: the running service is not ready",
        "are kept free",
    ] {
        assert!(beside.contains(words), "{beside}");
    }
    let beside = rig.usher(&["status", "--json"]).await.code(2).json();
    assert_eq!(beside["health"], "critical", "{beside:#}");
    let doctor = rig.usher(&["doctor"]).await.code(2);
    assert!(doctor.out.contains("FAIL  free space"), "{}", doctor.out);
    std::fs::remove_file(&ballast).unwrap();
    until("the new one is there", || rig.users() == 4).await;
    let (code, log) = served.end().await;
    assert_eq!(code, 0, "{log}");
}

async fn looking_and_stopping_go_on(served: &Served, root: &SignedIn) {
    let by_session = client()
        .get(served.url("/api/v1/channels"))
        .header("Cookie", &root.cookie);
    for asked in [by_session, served.ask(Method::GET, "/api/v1/channels")] {
        let answer = asked.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let body: Value = answer.json().await.unwrap();
        let channel = &body["items"][0];
        assert_eq!(channel["health"], "critical", "{body}");
        assert!(channel["remarks"].to_string().contains("full"), "{body}");
    }
    let given = json!({"name": "root", "password": PASSWORD});
    let asked = served.ask(Method::POST, "/api/v1/session").json(&given);
    let refused = asked.send().await.unwrap();
    assert_eq!(refused.status(), 507);
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["code"], "disk_full", "{body}");
    let stopped = served
        .ask(Method::POST, "/api/v1/stop")
        .send()
        .await
        .unwrap();
    assert_eq!(stopped.status(), 200);
    let body: Value = stopped.json().await.unwrap();
    assert!(body["unwritten"].to_string().contains("full"), "{body}");
    let asked = served.ask(Method::GET, "/api/v1/channels").send().await;
    let body: Value = asked.unwrap().json().await.unwrap();
    assert_eq!(body["items"][0]["mode"], "paused", "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_was_taken_away_is_noticed_and_nothing_more_is_sent() {
    let mut rig = Rig::new().await;
    rig.every = 1;
    rig.import().await.code(0);
    let served = Served::start(&rig).await;
    until("three people are there", || rig.users() == 3).await;
    served.first_operator().await;
    let file = rig.state().join("state.db");
    std::fs::rename(&file, rig.path("elsewhere")).unwrap();
    rig.directory.add(person(9, "new", "Nora", "New")).unwrap();
    until_seen("it notices", async || {
        let (status, body) = served.get("/readyz").await;
        status == 503 && body.contains("state.db` was removed, moved or replaced")
    })
    .await;
    until_seen("a look fails", async || {
        has_failed(&served.get("/metrics").await.1)
    })
    .await;
    let asked = served.ask(Method::GET, "/api/v1/channels").send().await;
    let body: Value = asked.unwrap().json().await.unwrap();
    assert_eq!(body["items"][0]["health"], "critical", "{body}");
    let asked = served.ask(Method::POST, "/api/v1/backups").send().await;
    assert_eq!(asked.unwrap().status(), 503);
    assert!(!file.exists());
    assert_eq!(rig.users(), 3, "nothing is sent");
    std::fs::rename(rig.path("elsewhere"), &file).unwrap();
    until("the new one is there", || rig.users() == 4).await;
    served.end().await;
}

/// Whether a look at the directory could not be carried out.
fn has_failed(metrics: &str) -> bool {
    let mut lines = metrics.lines();
    lines.any(|line| line.starts_with("usher_channel_failures{") && !line.ends_with(" 0"))
}

/// Fills what is left to the last byte.
fn fill(path: &std::path::Path) {
    let mut file = std::fs::File::create(path).unwrap();
    for size in [65_536, 4_096, 512, 1] {
        let piece = vec![0; size];
        while file.write_all(&piece).is_ok() {}
    }
}
