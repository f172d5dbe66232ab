//! The example that a new administrator starts from.

use crate::rig::{Rig, ran};

#[tokio::test]
async fn the_printed_examples_are_valid_configurations() {
    let rig = Rig::new().await;
    for flags in [&["config", "example"][..], &["config", "example", "--ldif"]] {
        let printed = rig.usher(flags).await.code(0);
        rig.write("example.json", &printed.out);
        let mut command = rig.command(&["config", "validate", "example.json"]);
        command
            .env("USHER_BIND_PASSWORD", "a-password")
            .env("USHER_API_KEY", "a-key");
        let checked = ran(command).await.code(0);
        assert!(checked.out.contains("1 channel"), "{}", checked.out);
    }
}
