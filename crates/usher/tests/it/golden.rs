//! What a person reads, compared with what was agreed on.

use crate::rig::Rig;

/// Runs the program and compares its output with the snapshot of that name.
macro_rules! golden {
    ($rig:expr, $name:literal, $code:literal, $($arg:expr),+) => {
        let ran = $rig.usher(&[$($arg),+]).await.code($code);
        assert_eq!(ran.err, "", "nothing but results: {}", ran.err);
        insta::assert_snapshot!($name, $rig.normal(&ran.out));
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_day_reads_like_this() {
    let rig = Rig::new().await;
    rig.write("usher.json", &rig.configuration().to_string());
    golden!(rig, "validate", 0, "config", "validate", "usher.json");
    golden!(rig, "import", 0, "config", "import", "usher.json");
    golden!(rig, "doctor", 1, "doctor");
    golden!(rig, "plan", 0, "plan");
    golden!(rig, "sync", 0, "sync");
    golden!(rig, "status", 0, "status", "--held", "--parked");
    golden!(rig, "explain", 0, "explain", "ana");
    golden!(
        rig,
        "explain_not_provisioned",
        0,
        "explain",
        "uid=eve,ou=people,dc=example,dc=com"
    );
    golden!(rig, "explain_group", 0, "explain", "app-wiki");
    golden!(rig, "links", 0, "links");
    golden!(rig, "channels", 0, "channels");
    golden!(rig, "plan_of_nothing", 0, "plan");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaver_reads_like_this() {
    let rig = Rig::new().await;
    rig.import().await.code(0);
    rig.usher(&["sync"]).await.code(0);
    let ben = "uid=ben,ou=people,dc=example,dc=com";
    rig.directory
        .modify(ben, |entry| entry.set("employeeType", "left"))
        .unwrap();
    golden!(rig, "plan_of_a_leaver", 0, "plan");
    golden!(rig, "sync_of_a_leaver", 0, "sync");
    golden!(rig, "explain_leaver", 0, "explain", "ben");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adoption_plan_reads_like_this() {
    let rig = Rig::new().await;
    rig.sandbox
        .add_user(serde_json::json!({
            "userName": "ANA", "emails": [{"value": "ana@example.com", "primary": true}],
            "name": {"givenName": "Anna", "familyName": "Silva"}, "displayName": "Ana Silva",
        }))
        .unwrap();
    rig.import().await.code(0);
    golden!(rig, "plan_with_adoption", 1, "plan");
    golden!(rig, "sync_that_observes", 1, "sync");
    golden!(rig, "held", 1, "status", "--held");
    golden!(rig, "approve_adoption", 0, "approve", "--hold", "adoption");
}
