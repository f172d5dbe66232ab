//! Stories of operators in a real browser: see `browser/README.md`.

use usher_sandbox::directory::DemoEntry;

use crate::browser_rig::{Browser, Company};
use crate::rig::{Rig, until};
use crate::served::Served;

/// Creates the connection of an empty installation, up to the people at the target.
async fn create_the_connection(way: &str) {
    let Some(browser) = Browser::find() else {
        return;
    };
    let Some(company) = Company::start_or_skip() else {
        return;
    };
    let rig = Rig::with(Vec::<DemoEntry>::new()).await;
    let served = Served::start(&rig).await;
    let mut story = browser.story("seed", &rig, &served);
    company.is_known_to(&mut story);
    story.env("USHER_STORY_WAY", way);
    story.holds().await;
    let (code, log) = served.end().await;
    assert_eq!(code, 0, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_created_by_mouse() {
    create_the_connection("mouse").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_created_by_keyboard_only() {
    create_the_connection("keyboard").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_created_without_scripts() {
    create_the_connection("plain").await;
}

/// Looks at every page of a part, in an installation that has a connection and people.
async fn look_at(part: &str) {
    let Some(browser) = Browser::find() else {
        return;
    };
    let mut rig = Rig::new().await;
    rig.every = 1;
    rig.import().await.code(0);
    let served = Served::start(&rig).await;
    until("three people are there", || rig.users() == 3).await;
    let mut story = browser.story("pages", &rig, &served);
    story.env("USHER_STORY_PART", part);
    story.holds().await;
    served.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_around_all_others_are_sound() {
    look_at("frame").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_connections_are_sound() {
    look_at("connections").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_the_system_are_sound() {
    look_at("system").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_operators_at_work_are_sound() {
    look_at("operate").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_a_channel_are_sound() {
    look_at("channel").await;
}
