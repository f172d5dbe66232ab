//! Where the state and its key lie: who may read them, and whether there is room.

use std::path::Path;

use usher_connector::{Check, CheckOutcome};

use crate::settings::Settings;

/// Fewer times the floor than this are worth a look.
const ROOMY: u64 = 4;

/// Checks the folder of the state, the key file and the disk; `free` are the bytes that are free there.
pub(super) fn checks(settings: &Settings, free: Option<u64>) -> Vec<Check> {
    let mut checks = vec![
        private("permissions of the key file", &settings.key_file, "600"),
        private("permissions of the state folder", &settings.state, "700"),
    ];
    checks.extend(free.map(|free| room(free, settings.keep_free)));
    checks
}

/// Whether only its owner may look into it.
fn private(name: &str, path: &Path, wanted: &str) -> Check {
    let (outcome, detail) = match mode(path).map(|mode| (mode, mode % 0o100)) {
        Ok((mode, 0)) => (CheckOutcome::Good, format!("0{mode:o}")),
        Ok((mode, _)) => (
            CheckOutcome::Failed,
            format!(
                "{} has the permissions 0{mode:o}: others on this machine may read it. Only its owner should: `chmod {wanted} {}`",
                path.display(),
                path.display()
            ),
        ),
        Err(error) => (
            CheckOutcome::Failed,
            format!(
                "{} cannot be looked at: {error}. It must be there and belong to the user that runs Usher",
                path.display()
            ),
        ),
    };
    Check {
        name: name.to_owned(),
        outcome,
        detail,
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> std::io::Result<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).map(|found| found.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn mode(path: &Path) -> std::io::Result<u32> {
    std::fs::metadata(path).map(|_| 0o600)
}

fn room(free: u64, floor: u64) -> Check {
    let mib = |bytes: u64| bytes / (1 << 20);
    let found = format!("{} MiB are free on the disk of the state", mib(free));
    let (outcome, detail) = if free < floor {
        let limit = mib(floor);
        (
            CheckOutcome::Failed,
            format!(
                "{found}, fewer than the {limit} of `state.free_mib`: nothing is planned or sent. Make room there"
            ),
        )
    } else if free / ROOMY < floor {
        let limit = mib(floor);
        (
            CheckOutcome::Warning,
            format!("{found}; below {limit} nothing is planned or sent. Make room there soon"),
        )
    } else {
        (CheckOutcome::Good, found)
    };
    Check {
        name: "free space".to_owned(),
        outcome,
        detail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_may_read_fails_with_what_to_do() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("secret.key");
        assert_eq!(private("key", &key, "600").outcome, CheckOutcome::Failed);
        std::fs::write(&key, "x").unwrap();
        for (mode, outcome) in [
            (0o600, CheckOutcome::Good),
            (0o400, CheckOutcome::Good),
            (0o644, CheckOutcome::Failed),
            (0o640, CheckOutcome::Failed),
        ] {
            std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).unwrap();
            let found = private("key", &key, "600");
            assert_eq!(found.outcome, outcome, "{found:?}");
            let told = found.detail.contains("chmod 600");
            assert_eq!(told, outcome == CheckOutcome::Failed, "{found:?}");
        }
    }

    #[test]
    fn room_is_judged_by_what_is_kept_free() {
        let cases = [
            (63, 64, CheckOutcome::Failed),
            (64, 64, CheckOutcome::Warning),
            (256, 64, CheckOutcome::Good),
            (0, 0, CheckOutcome::Good),
        ];
        for (free, floor, outcome) in cases {
            let found = room(free << 20, floor << 20);
            assert_eq!(found.outcome, outcome, "{found:?}");
        }
    }
}
