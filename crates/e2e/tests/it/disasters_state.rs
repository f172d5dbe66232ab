//! What goes wrong with our own state: an older one comes back, it is lost, the disk is full.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use usher_core::model::CycleMode;

use usher_store::{Administration as _, ChannelState};
use usher_testkit::people::{ChangeKind, Company};

use crate::ldif::{delete, set};
use crate::world::{Plan, World, everything, plain, shown};

fn company() -> Company {
    plain(60, 6)
}

impl World {
    /// What a restored state is made to do before it may write: read both sides in full.
    async fn only_observes(&self) {
        let sp = &self.configuration.sp_connections[0];
        let observing = self.admin.observe_restored(sp, &sp.channels[0]);
        observing.await.expect("it observes");
    }

    /// Ends the process, puts another state in place, and starts again.
    async fn with_state_of(&mut self, backup: Option<&Path>) {
        self.store.close().await;
        let state = self.folder.path().join("state");
        std::fs::remove_dir_all(&state).expect("the state is gone");
        if let Some(backup) = backup {
            std::fs::create_dir(&state).expect("a folder");
            std::fs::copy(backup.join("state.db"), state.join("state.db")).expect("a copy");
        }
        self.restart().await;
    }
}

/// Users without what the target itself writes into them.
fn content(world: &World) -> BTreeMap<String, Value> {
    let mut users = world.users();
    for user in users.values_mut() {
        user.as_object_mut().expect("an object").remove("meta");
    }
    users
}

#[track_caller]
fn assert_nothing_created_or_deleted(world: &World) {
    let wrong: Vec<String> = world
        .writes()
        .iter()
        .filter(|write| write.method != "PATCH")
        .map(shown)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_restored_older_state_creates_nobody_twice_and_takes_nothing_back() {
    let company = company();
    let Some(mut world) = World::of(&company).await else {
        return;
    };
    world.first_sync().await;
    let backup = tempfile::tempdir().expect("a folder");
    world.store.backup(backup.path()).await.expect("a backup");
    let changes = company.changes(40);
    for change in &changes {
        world.change(&change.ldif);
    }
    world.sync(CycleMode::Incremental).await;
    world.sync(CycleMode::Full).await;
    let (users, groups) = (content(&world), world.groups());
    assert!(users.len() > 60, "somebody was hired");
    world.forget_requests();

    world.with_state_of(Some(backup.path())).await;
    world.only_observes().await;
    let report = world.sync(CycleMode::Reconcile).await;
    assert_eq!(report.mode, "observe");
    world.assert_nothing_written();
    let plan = world.plan().await;
    assert_eq!(
        plan.adoption.create, 0,
        "they are found again: {:?}",
        plan.adoption
    );
    world.set_mode(ChannelState::Active).await;
    world.sync(CycleMode::Full).await;
    world.approve(everything()).await;
    world.sync(CycleMode::Full).await;
    assert_nothing_created_or_deleted(&world);
    assert_eq!(content(&world), users);
    assert_eq!(world.groups(), groups);
    let hired = changes
        .iter()
        .filter(|change| change.kind == ChangeKind::Hire);
    for change in hired {
        world.change(&set(&change.person.dn, "title", "Known again"));
    }
    world.sync(CycleMode::Incremental).await;
    let users = world.users();
    let hired = changes
        .iter()
        .filter(|change| change.kind == ChangeKind::Hire);
    for change in hired {
        assert_eq!(users[&change.person.uid]["title"], "Known again");
    }
}

#[tokio::test]
async fn a_lost_state_is_built_again_by_the_keys_at_the_target_and_strays_are_told_and_left_alone()
{
    let company = company();
    let Some(mut world) = World::of(&company).await else {
        return;
    };
    world.first_sync().await;
    // Two whom an earlier Usher created and who left the directory since.
    for (name, key) in [("stray.one", 1), ("stray.two", 2)] {
        let user = json!({
            "userName": name,
            "externalId": format!("5c1f2a94-0000-4000-8000-00000000000{key}"),
            "emails": [{"value": format!("{name}@halden-yards.test"), "type": "work", "primary": true}],
        });
        world.sandbox.add_user(user).expect("a record");
    }
    let (users, groups) = (content(&world), world.groups());
    world.forget_requests();

    world.with_state_of(None).await;
    world.save().await;
    let report = world.sync(CycleMode::Full).await;
    assert_eq!(
        report.mode, "observe",
        "the adoption plan waits for approval: {report:?}"
    );
    let adoption = world.plan().await.adoption;
    assert_eq!(
        (adoption.create, adoption.adopt_with_changes),
        (0, 0),
        "{adoption:?}"
    );
    world.assert_nothing_written();
    let report = world.sync(CycleMode::Reconcile).await;
    let drift = report.cycle.expect("a cycle").drift;
    for stray in ["stray.one", "stray.two"] {
        assert!(drift.iter().any(|line| line.contains(stray)), "{drift:?}");
    }
    world.approve(everything()).await;
    world.sync(CycleMode::Full).await;
    world.sync(CycleMode::Full).await;
    assert_nothing_created_or_deleted(&world);
    assert_eq!(content(&world), users);
    assert_eq!(world.groups(), groups);
    // The links are there: a leaver leaves.
    let leaver = company.person(3);
    world.change(&delete(&leaver.dn));
    world.sync(CycleMode::Full).await;
    assert_eq!(world.active(&leaver.uid), Some(false));
}

/// Names the test below to the process that it runs in.
const IN_CHILD: &str = "USHER_E2E_FULL_DISK";

/// A disk is full for one process only: a limit of file sizes, set while the process runs.
#[test]
fn a_full_disk_stops_the_writing_and_nothing_is_lost_or_doubled() {
    let own = std::env::current_exe().expect("this program");
    // A file that grows too much ends the process by a signal unless that is ignored.
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(own)
        .args([
            "--exact",
            "disasters_state::in_a_process_of_its_own",
            "--ignored",
            "--nocapture",
        ])
        .env(IN_CHILD, "1")
        .output()
        .expect("a child");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{told}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(told.contains("1 passed"), "{told}");
}

#[tokio::test]
#[ignore = "a_full_disk_stops_the_writing_and_nothing_is_lost_or_doubled runs it in a process of its own"]
async fn in_a_process_of_its_own() {
    if std::env::var_os(IN_CHILD).is_none() {
        return;
    }
    let company = company();
    let Some(mut world) = World::from(Plan::of(company.ldif())).await else {
        return;
    };
    world.first_sync().await;
    let mut failed = 0;
    for (round, room) in [0, 64, 256, 512].into_iter().enumerate() {
        let title = format!("Round {round}");
        for person in company.people().take(50) {
            world.change(&set(&person.dn, "title", &title));
        }
        world.forget_requests();
        limit_files(&world, Some(room));
        let report = world.try_sync(CycleMode::Incremental).await;
        limit_files(&world, None);
        failed += u32::from(report.is_err());
        if room == 0 {
            assert!(report.is_err(), "{report:?}");
            world.assert_nothing_written();
        }
        world.restart().await;
        for _ in 0..4 {
            world.clock.advance(120_000);
            world.sync(CycleMode::Incremental).await;
        }
        let users = world.users();
        assert_eq!(users.len(), 60);
        for person in company.people().take(50) {
            assert_eq!(users[&person.uid]["title"], title.as_str());
        }
        let sent = world.writes().len();
        assert!(
            (50..=58).contains(&sent),
            "{sent} requests for 50 changes with {room} KiB"
        );
        assert_nothing_created_or_deleted(&world);
    }
    assert!(failed > 1, "the disk was full before and while sending");
}

/// Lets the files of this process grow by so many KiB beyond the state's log; `None` = as they like.
fn limit_files(world: &World, room: Option<u64>) {
    let log = world.folder.path().join("state").join("state.db-wal");
    let size = std::fs::metadata(log).map_or(0, |found| found.len());
    let limit = match room {
        Some(0) => "4096:".to_owned(),
        Some(kib) => format!("{}:", size + kib * 1_024),
        None => "unlimited:".to_owned(),
    };
    let done = Command::new("prlimit")
        .args([
            "--pid",
            &std::process::id().to_string(),
            &format!("--fsize={limit}"),
        ])
        .status();
    assert!(done.expect("prlimit runs").success());
}
