//! Who is asked when a channel is turned on, and what is turned off by what it is given (behaviour §17).

use usher_core::model::{Configuration, CycleMode, DirectoryKind};
use usher_engine::admin::{Asking, Changed, How, Leave, NotChanged};
use usher_store::{Change, ChannelState};

use crate::world::World;

fn differs(before: &Configuration, after: &Configuration) -> Vec<Change> {
    let change = Change {
        path: "all".to_owned(),
        before: None,
        after: None,
    };
    if before == after {
        Vec::new()
    } else {
        vec![change]
    }
}

async fn change(world: &World, asking: Asking, edit: impl Fn(&mut Configuration)) -> Changed<()> {
    try_change(world, asking, edit).await.unwrap()
}

async fn try_change(
    world: &World,
    asking: Asking,
    edit: impl Fn(&mut Configuration),
) -> Result<Changed<()>, NotChanged<()>> {
    let how = How {
        asking,
        leave: Leave::Any,
        counts_as_seen: false,
        tell: differs,
    };
    let make = |before: &Configuration| {
        let mut after = before.clone();
        edit(&mut after);
        Ok((after, ()))
    };
    world.admin.change(how, make).await
}

fn toggle(active: bool) -> impl Fn(&mut Configuration) {
    move |after| after.sp_connections[0].channels[0].active = active
}

/// A channel that ran, and is turned off.
async fn turned_off() -> World {
    let world = World::of(3).await;
    world.first_sync().await;
    change(&world, Asking::Outside, toggle(false)).await;
    world
}

fn is_on(changed: &Changed<()>) -> bool {
    let sp = &changed.configuration.sp_connections[0];
    sp.active && sp.channels[0].active
}

#[tokio::test]
async fn a_directory_that_refuses_the_credentials_leaves_the_channel_off_with_its_words() {
    let world = turned_off().await;
    world.dir().refuses = true;
    let refused = change(&world, Asking::Outside, toggle(true)).await;
    assert!(!is_on(&refused));
    let told = refused.warnings.join("; ");
    assert!(
        told.contains("scripted: 49") && told.contains("stays off"),
        "{told}"
    );
    world.dir().refuses = false;
    let on = change(&world, Asking::Outside, toggle(true)).await;
    assert!(is_on(&on));
    assert_eq!(on.warnings, [""; 0]);
}

#[tokio::test]
async fn a_directory_that_refuses_leaves_the_connection_off_when_that_is_turned_on_last() {
    let world = World::of(3).await;
    let connection =
        |active: bool| move |after: &mut Configuration| after.sp_connections[0].active = active;
    change(&world, Asking::Outside, connection(false)).await;
    world.dir().refuses = true;
    let refused = change(&world, Asking::Outside, connection(true)).await;
    assert!(!refused.configuration.sp_connections[0].active);
    assert!(refused.configuration.sp_connections[0].channels[0].active);
    assert_eq!(refused.warnings.len(), 1, "{:?}", refused.warnings);
}

#[tokio::test]
async fn a_directory_that_does_not_answer_is_waited_for() {
    let world = turned_off().await;
    world.dir().unreachable = true;
    let on = change(&world, Asking::Outside, toggle(true)).await;
    assert!(is_on(&on));
    let told = on.warnings.join("; ");
    assert!(
        told.contains("nobody answers") && told.contains("waits"),
        "{told}"
    );
    world
        .admin
        .set_mode(None, ChannelState::Active)
        .await
        .unwrap();
}

#[tokio::test]
async fn no_channel_is_set_going_whose_directory_refuses_the_credentials() {
    let world = World::of(3).await;
    world.first_sync().await;
    world.set_mode(ChannelState::Paused).await;
    world.dir().refuses = true;
    let refused = world.admin.set_mode(None, ChannelState::Active).await;
    let told = refused.unwrap_err().to_string();
    assert!(told.contains("scripted: 49"), "{told}");
}

#[tokio::test]
async fn an_active_channel_gets_no_directory_that_it_could_not_be_activated_with() {
    let world = World::of(3).await;
    world.first_sync().await;
    let becomes = |after: &mut Configuration| {
        after.data_stores[0].directory = DirectoryKind::ActiveDirectory;
    };
    let refused = try_change(&world, Asking::Nothing, becomes).await;
    let Err(NotChanged::Engine(refused)) = refused else {
        panic!("saved: {refused:?}");
    };
    let told = refused.to_string();
    assert!(
        told.contains("not proven") && told.contains("usher channels observe"),
        "{told}"
    );
    world.dir().person("u001").title = "Lead".to_owned();
    world.sync(CycleMode::Incremental).await;
    assert_eq!(
        world.users()["u001"]["title"],
        "Lead",
        "it goes on as it was"
    );
    world.set_mode(ChannelState::Observe).await;
    change(&world, Asking::Nothing, becomes).await;
    world.dir().person("u001").title = "Chief".to_owned();
    world.sync(CycleMode::Full).await;
    assert_eq!(world.users()["u001"]["title"], "Lead", "it only observes");
    // What is so already keeps nothing else from being changed.
    change(&world, Asking::Nothing, |after| {
        "New".clone_into(&mut after.sp_connections[0].name);
    })
    .await;
}
