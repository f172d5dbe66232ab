//! What stands around all pages.

use crate::rig::{Browser, Rig};

#[tokio::test]
async fn the_first_operator_is_made_signs_out_and_in_again() {
    let rig = Rig::of(0).await;
    let mut stranger = Browser::default();
    let page = rig.get(&mut stranger, "/").await;
    assert_eq!(page.location(), "/first-run");
    let mut root = rig.first_operator().await;
    assert!(rig.get(&mut root, "/").await.ok().says("People and groups"));
    let out = rig.post(&mut root, "/sign-out", &[]).await.ok();
    assert!(out.says("You are signed out."));
    assert_eq!(root.cookie, None);
    assert_eq!(rig.get(&mut root, "/").await.status, 401);
    rig.sign_in(&mut root, "root").await;
    rig.get(&mut root, "/").await.ok();
}
