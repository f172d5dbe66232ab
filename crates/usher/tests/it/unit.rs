//! The unit file of systemd.

use std::process::Command;

use usher_testkit::note_skipped;

const UNIT: &str = include_str!("../../../../dist/usher.service");

fn value(key: &str) -> &str {
    let mut lines = UNIT.lines();
    lines
        .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
        .unwrap_or_else(|| panic!("{key} is missing"))
}

#[test]
fn systemd_understands_the_unit_file() {
    let folder = tempfile::tempdir().unwrap();
    // The program lies where it was built.
    let unit = UNIT.replace("/usr/local/bin/usher", env!("CARGO_BIN_EXE_usher"));
    let path = folder.path().join("usher.service");
    std::fs::write(&path, unit).unwrap();
    let verified = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .arg(&path)
        .output();
    let Ok(verified) = verified else {
        note_skipped("there is no systemd-analyze here");
        return;
    };
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert!(verified.status.success(), "{said}");
    assert!(!said.contains("usher.service"), "{said}");
}

/// The part that is left open is what it works with: the network, local sockets, its own machine.
#[test]
fn the_unit_file_leaves_little_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("usher.service");
    std::fs::write(&path, UNIT).unwrap();
    let judged = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager", "--threshold=14"])
        .arg(&path)
        .output();
    let Ok(judged) = judged else {
        note_skipped("there is no systemd-analyze here");
        return;
    };
    let said = String::from_utf8_lossy(&judged.stdout).into_owned();
    let errors = String::from_utf8_lossy(&judged.stderr).into_owned();
    if errors.contains("unrecognized option") {
        note_skipped(&format!("this systemd-analyze judges no file ({errors})"));
        return;
    }
    assert!(said.contains("Overall exposure level"), "{errors}{said}");
    assert!(judged.status.success(), "more than 1.4: {errors}{said}");
}

#[test]
fn the_unit_file_starts_what_there_is_and_waits_longer_than_a_stop_takes() {
    let command = value("ExecStart");
    let mut words = command.split(' ');
    assert_eq!(words.next(), Some("/usr/local/bin/usher"));
    let args: Vec<&str> = words.collect();
    assert_eq!(args, ["serve"]);
    let patience: u32 = value("TimeoutStopSec").parse().unwrap();
    assert!(
        patience > 20 + 10,
        "as long as `serve.patience_seconds` and the last answers"
    );
    assert_eq!(value("UMask"), "0077");
}
