//! The example that a new administrator starts from.

use crate::commands::ldif;
use crate::rig::{Ran, Rig, ran};

/// Runs with the variables that the example takes its secrets from.
async fn usher(rig: &Rig, args: &[&str]) -> Ran {
    let mut command = rig.command(args);
    command
        .env("USHER_BIND_PASSWORD", "bind-secret")
        .env("USHER_API_KEY", "key-secret");
    ran(command).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_examples_are_valid_configurations_without_a_warning() {
    for args in [&["config", "example"][..], &["config", "example", "--ldif"]] {
        let rig = Rig::new().await;
        let example = rig.usher(args).await.code(0);
        rig.write("usher.json", &example.out);
        let valid = usher(&rig, &["config", "validate", "usher.json", "--json"]).await;
        let valid = valid.code(0).json();
        assert_eq!(valid["channels"], 1);
        assert_eq!(valid["warnings"], serde_json::json!([]), "{args:?}");
        // Nobody is there who could be asked.
        let import = [
            "config",
            "import",
            "usher.json",
            "--bypass-external-validation",
        ];
        usher(&rig, &import).await.code(0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_names_the_variables_that_its_secrets_come_from() {
    let rig = Rig::new().await;
    let example = rig.usher(&["config", "example"]).await.code(0);
    rig.write("usher.json", &example.out);
    let refused = rig.usher(&["config", "import", "usher.json"]).await.code(3);
    for name in ["USHER_BIND_PASSWORD", "USHER_API_KEY"] {
        assert!(refused.err.contains(name), "{}", refused.err);
    }
    let help = rig.usher(&["config", "import", "--help"]).await.code(0);
    assert!(help.out.contains("usher config example"), "{}", help.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_for_an_export_plans_who_is_in_the_export() {
    let rig = Rig::new().await;
    let example = rig.usher(&["config", "example", "--ldif"]).await.code(0);
    rig.write("usher.json", &example.out);
    let people = ldif().replace("givenName:", "employeeType: staff\ngivenName:");
    let stranger = "\ndn: uid=eve,dc=example,dc=com\nobjectClass: inetOrgPerson\nuid: eve\ncn: eve\nsn: x\nmail: eve@example.com\nentryUUID: 00000000-0000-4000-8000-000000000009\n";
    rig.write("directory.ldif", &format!("{people}{stranger}"));
    // Nobody who plans without a target has a key.
    let import = rig.usher(&["config", "import", "usher.json"]).await;
    import.code(0);
    let plan = rig.usher(&["plan", "--no-target", "--json"]).await;
    let plan = plan.code(0).json();
    let created = |kind: &str| {
        let rows = plan["totals"].as_array().unwrap();
        let row = rows
            .iter()
            .find(|row| row["verb"] == "create" && row["kind"] == kind);
        row.map_or(0, |row| row["count"].as_u64().unwrap())
    };
    assert_eq!((created("user"), created("group")), (2, 1), "{plan}");
}
