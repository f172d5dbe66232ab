//! Home, the channels and their pages.

use crate::company::CHANNEL;
use crate::rig::{Page, Rig};

pub(crate) fn channel(end: &str) -> String {
    format!("/channels/{CHANNEL}{end}")
}

/// The row of a table whose heading has this text.
fn row(page: &Page, heading: &str) -> String {
    let start = format!(">{heading}</a></th>");
    page.between(&start, "</tr>").to_owned()
}

#[tokio::test]
async fn the_set_up_says_what_is_done_and_what_is_not() {
    let rig = Rig::of(4).await;
    let mut root = rig.first_operator().await;
    let page = rig.get(&mut root, "/").await.ok();
    assert!(page.says("4 of 6 done"), "{}", page.text);
    assert!(row(&page, "Channel").contains(">Done<"), "{}", page.text);
    assert!(
        row(&page, "First sync").contains("Not done"),
        "{}",
        page.text
    );
    assert!(
        row(&page, "Alert receiver").contains("Not done"),
        "{}",
        page.text
    );
    rig.company.run(serde_json::json!({"mode": "full"})).await;
    let page = rig.get(&mut root, "/").await.ok();
    assert!(row(&page, "First sync").contains(">Done<"), "{}", page.text);
}

#[tokio::test]
async fn home_and_the_list_show_every_channel_with_its_mode_and_counts() {
    let rig = Rig::provisioned(4).await;
    let mut auditor = rig.operator("ada", &[]).await;
    for path in ["/", "/channels"] {
        let page = rig.get(&mut auditor, path).await.ok();
        let row = page.between(&format!("href=\"{}\"><bdi>", channel("")), "</tr>");
        assert!(row.contains("Active"), "{row}");
        // Four people and their group.
        assert!(row.contains("<td class=\"number\">5</td>"), "{row}");
        assert!(!page.says("Stop all channels"));
    }
}
