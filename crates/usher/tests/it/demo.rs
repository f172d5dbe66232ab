//! The demonstration, as whoever tries Usher for the first time sees it.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

const SCENES: [&str; 8] = [
    "first-sync",
    "not-provisioned",
    "leaver",
    "filter-typo",
    "cut",
    "kill",
    "overtake",
    "explain",
];

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
    command
        .arg("demo")
        .args(args)
        .env_clear()
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// What it said; fails unless it left with 0.
async fn play(args: &[&str]) -> String {
    let output = command(args).output().await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success(),
        "{:?}\n{said}\n{error}",
        output.status
    );
    assert!(!said.contains("NOT AS EXPECTED"), "{said}");
    assert!(!said.contains('\u{1b}'), "no colours without a terminal");
    said
}

/// Headings and promises, with numbers as `#`: what does not differ from run to run.
fn skeleton(said: &str) -> Vec<String> {
    let line = |line: &str| {
        let mut text = String::new();
        for c in line.chars() {
            match c {
                '0'..='9' | '.' | ',' if text.ends_with('#') => {}
                '0'..='9' => text.push('#'),
                c => text.push(c),
            }
        }
        // Milliseconds or seconds: as fast as the machine is.
        text.replace("# ms", "# s")
    };
    said.lines()
        .filter(|line| line.contains("(--scene ") || line.starts_with("  ok  "))
        .map(line)
        .collect()
}

fn captured() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/demo-output.txt")
}

#[tokio::test]
async fn every_scene_comes_out_as_promised_and_the_documented_output_is_what_it_says() {
    let said = play(&["--once"]).await;
    for scene in SCENES {
        assert!(said.contains(&format!("(--scene {scene})")), "{said}");
    }
    for line in [
        "  ok  the target has 200 people, 19 groups and 586 memberships",
        "  ok  11 people and 1 group have no account, each for a reason",
        "  ok  1 request, and it disables one account",
        r#"  {"Operations":[{"op":"replace","path":"active","value":false}],"#,
        "  ok  180 disables are held, each waiting for a person",
        "  ok  0 requests reached the target",
        "  ok  the cycle is incomplete, and says why",
        "  ok  0 duplicates",
        "  ok  duplicates: 0",
        "  ok  removals without proof: 0",
        "reads per write",
    ] {
        assert!(
            said.lines().any(|found| found.contains(line)),
            "{line}\n{said}"
        );
    }
    if std::env::var_os("UPDATE_DEMO_OUTPUT").is_some() {
        std::fs::write(captured(), &said).unwrap();
    }
    let documented = std::fs::read_to_string(captured()).unwrap();
    assert_eq!(
        skeleton(&documented),
        skeleton(&said),
        "docs/demo-output.txt is old: run this test with UPDATE_DEMO_OUTPUT=1"
    );
}

#[tokio::test]
async fn each_scene_can_be_played_alone() {
    for scene in SCENES {
        let said = play(&["--once", "--scene", scene]).await;
        let headings = said.lines().filter(|line| line.contains("(--scene "));
        assert_eq!(headings.count(), 1, "{said}");
        let checks = said
            .lines()
            .filter(|line| line.starts_with("  ok  "))
            .count();
        assert!(checks >= 4, "{scene} checks something of its own:\n{said}");
    }
}

#[tokio::test]
async fn as_json_it_says_what_was_expected_and_the_counts() {
    let said = play(&["--once", "--scene", "leaver", "--json"]).await;
    let report: serde_json::Value = serde_json::from_str(&said).unwrap();
    let expectations = report["expectations"].as_array().unwrap();
    assert!(expectations.iter().all(|one| one["held"] == true));
    assert_eq!(report["counts"]["removals"], 1);
    assert_eq!(report["counts"]["unproven"], 0);
    assert_eq!(report["counts"]["duplicates"], 0);
}

#[cfg(unix)]
#[tokio::test]
async fn without_once_it_stays_up_until_it_is_interrupted_and_leaves_nothing_behind() {
    let mut child = command(&["--scene", "explain"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut state = None;
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some(folder) = line.trim().strip_prefix("state ") {
            state = Some(PathBuf::from(folder.trim()));
        }
        if line.contains("usher links --state") {
            break;
        }
    }
    let state = state.expect("it says where the state is");
    assert!(state.join("state.db").is_file());
    let pid = child.id().unwrap().to_string();
    let sent = Command::new("kill")
        .args(["-INT", &pid])
        .status()
        .await
        .unwrap();
    assert!(sent.success());
    let ended = tokio::time::timeout(Duration::from_secs(30), child.wait()).await;
    assert!(ended.expect("it ends").unwrap().success());
    assert!(!state.exists(), "the state folder is removed");
}
