//! What the sender does when the target is slow, unsure or refuses a part (behaviour §6, §17).

use usher_core::model::CycleMode;
use usher_sandbox::scim::{FaultKind, FaultRule};

use crate::world::World;

fn failing(method: &str, path: &str, status: u16) -> FaultRule {
    let kind = FaultKind::Error {
        status,
        commit: false,
    };
    FaultRule {
        times: None,
        ..FaultRule::once(method, kind).on_path(path)
    }
}

fn posts(world: &World) -> usize {
    let writes = world.writes();
    writes.iter().filter(|(method, _)| method == "POST").count()
}

/// One person's create was carried out, its reply was lost, and looking it up answers `status`.
async fn with_an_unknown_create(status: u16) -> World {
    let world = World::of(4).await;
    world.first_sync().await;
    world.forget_requests();
    world
        .sandbox
        .fault(FaultRule::once("POST", FaultKind::ResetAfterCommit).on_path("/Users"));
    world.sandbox.fault(failing("GET", "filter=", status));
    world.dir().hire("lost");
    world.sync(CycleMode::Incremental).await;
    world
}

#[tokio::test]
async fn a_step_whose_outcome_stays_unknown_keeps_nobody_else_waiting() {
    let world = with_an_unknown_create(503).await;
    world.dir().person("u001").title = "Lead".to_owned();
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.users()["u001"]["title"], "Lead");
    world.sandbox.clear_faults();
    world.sync(CycleMode::Incremental).await;
    world.dir().person("lost").title = "Lead".to_owned();
    world.sync(CycleMode::Incremental).await;
    assert_eq!(world.users()["lost"]["title"], "Lead");
    assert_eq!(posts(&world), 1, "it is found, not made again");
}

#[tokio::test]
async fn a_create_that_may_have_been_carried_out_is_looked_up_after_a_refused_key() {
    let world = with_an_unknown_create(401).await;
    world.sandbox.clear_faults();
    world.set_mode(usher_store::ChannelState::Active).await;
    world.sync(CycleMode::Incremental).await;
    assert_eq!(posts(&world), 1, "it is found, not made again");
    let waiting = world.admin.steps(None, &["unknown", "waiting"], 10).await;
    assert!(waiting.unwrap().is_empty());
}

#[tokio::test]
async fn an_unknown_outcome_is_looked_up_again_while_sending_goes_on() {
    let world = World::of(4).await;
    world.first_sync().await;
    world
        .sandbox
        .fault(FaultRule::once("POST", FaultKind::ResetAfterCommit).on_path("/Users"));
    world.sandbox.fault(FaultRule {
        times: Some(5),
        ..failing("GET", "filter=", 503)
    });
    world.dir().hire("lost");
    let options = usher_engine::admin::SyncOptions::of(CycleMode::Incremental);
    let progress = std::sync::Arc::new(usher_engine::Silent);
    let report = world.admin.sync(None, &options, progress).await.unwrap();
    assert_eq!((report.waiting, world.users().len()), (0, 5), "{report:?}");
}
