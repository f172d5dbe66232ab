//! What each command does to the state, the target and its exit code.

use serde_json::{Value, json};
use usher_sandbox::scim::{FaultKind, FaultRule};

use crate::rig::{Rig, person};

async fn synced() -> Rig {
    let rig = Rig::new().await;
    rig.import().await.code(0);
    rig.usher(&["sync"]).await.code(0);
    rig
}

async fn hash(rig: &Rig) -> String {
    let plan = rig.usher(&["plan", "--json"]).await.json();
    plan["hash"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_has_its_result_as_json() {
    let rig = Rig::new().await;
    rig.write("usher.json", &rig.configuration().to_string());
    let documented = include_str!("../../../../docs/json-output.md");
    for (args, keys) in [
        (
            &["config", "validate", "usher.json"][..],
            &["valid", "warnings"][..],
        ),
        (
            &["config", "import", "usher.json"],
            &[
                "revision",
                "unchanged",
                "differences",
                "warnings",
                "dropped",
            ],
        ),
        (&["config", "export"], &["usher", "pf", "policies"]),
        (&["doctor"], &["channels", "installation"]),
        (
            &["plan"],
            &[
                "channel",
                "hash",
                "cycle",
                "totals",
                "held",
                "adoption",
                "samples",
                "not_provisioned",
                "email_domains",
                "memberships_to_follow",
                "estimate",
            ],
        ),
        (
            &["sync"],
            &[
                "cycle",
                "mode",
                "succeeded",
                "parked",
                "replanned",
                "waiting",
                "held",
                "stopped",
                "again_at",
            ],
        ),
        (
            &["status", "--held", "--parked"],
            &["health", "channels", "alerts", "held", "parked"],
        ),
        (
            &["explain", "ana"],
            &[
                "channel",
                "subject",
                "scope",
                "mapping",
                "groups",
                "steps",
                "exchanges",
                "next",
            ],
        ),
        (&["retry"], &["done", "stale", "refused", "sync"]),
        (&["approve", "--all"], &["done", "stale", "refused", "sync"]),
        (&["reject", "--all"], &["done", "stale", "refused", "sync"]),
        (&["stop"], &["channels", "in_flight"]),
        (&["backup", "copy"], &["file", "bytes", "key_file"]),
    ] {
        let args = [args, &["--json"]].concat();
        let ran = rig.usher(&args).await;
        let found = ran.json();
        for key in keys {
            assert!(found.get(key).is_some(), "{args:?} lacks {key}: {found}");
            assert!(
                documented.contains(&format!("`{key}`")),
                "docs/json-output.md lacks `{key}`"
            );
        }
    }
    for args in [
        &["config", "diff", "usher.json"][..],
        &["channels"],
        &["cycles"],
        &["links"],
        &["audit"],
    ] {
        let args = [args, &["--json"]].concat();
        assert!(rig.usher(&args).await.code(0).json().is_array(), "{args:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reviewed_plan_is_applied_whole_or_not_at_all() {
    let rig = Rig::new().await;
    rig.import().await.code(0);
    let reviewed = hash(&rig).await;
    rig.directory.add(person(9, "zoe", "Zoe", "Late")).unwrap();
    let ran = rig.usher(&["apply", &reviewed]).await.code(3);
    assert!(ran.err.contains("the plan changed"), "{}", ran.err);
    assert_eq!(rig.users(), 0);
    let reviewed = hash(&rig).await;
    rig.usher(&["apply", &reviewed]).await.code(0);
    assert_eq!(rig.users(), 4);
    let plan = rig.usher(&["plan", "--json"]).await.code(0).json();
    assert_eq!(plan["totals"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stays_held_after_a_reviewed_plan_is_named_with_how_to_go_on() {
    let rig = Rig::new().await;
    for (number, uid) in [(9, "zoe"), (10, "zora")] {
        let mut twin = person(number, uid, "Zoe", "Late");
        twin.set("mail", "zoe.late@example.com");
        rig.directory.add(twin).unwrap();
    }
    rig.import().await.code(0);
    let reviewed = hash(&rig).await;
    let ran = rig.usher(&["apply", &reviewed]).await.code(1);
    assert!(ran.out.contains("2 held (conflict)"), "{}", ran.out);
    assert!(
        ran.out
            .contains("change what they share in the directory, or the mapping"),
        "{}",
        ran.out
    );
    assert_eq!(rig.users(), 3);

    let reviewed = hash(&rig).await;
    let told = rig.usher(&["apply", &reviewed, "--json"]).await.code(1);
    let told = told.json();
    let stays = &told["stays_held"];
    assert_eq!(stays.as_array().map(Vec::len), Some(1), "{stays}");
    assert_eq!(stays[0]["hold"], "conflict");
    assert_eq!(stays[0]["steps"], 2);
    assert!(
        stays[0]["next"]
            .as_str()
            .is_some_and(|next| next.contains("in the directory")),
        "{stays}"
    );
    let documented = include_str!("../../../../docs/json-output.md");
    assert!(documented.contains("`stays_held`"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pilot_sends_so_many_steps_and_pauses() {
    let rig = Rig::new().await;
    rig.import().await.code(0);
    let reviewed = hash(&rig).await;
    let ran = rig.usher(&["apply", &reviewed, "--first", "2"]).await;
    assert!(ran.out.contains("The channel is paused."), "{}", ran.out);
    assert_eq!(rig.users(), 2);
    rig.usher(&["sync"]).await.code(3);
    rig.usher(&["channels", "activate"]).await.code(0);
    rig.usher(&["sync"]).await.code(0);
    assert_eq!(rig.users(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_can_be_tried_before_any_cycle_has_run() {
    let rig = Rig::new().await;
    rig.import().await.code(0);
    let dn = "uid=cleo,ou=people,dc=example,dc=com";
    let plan = rig
        .usher(&["plan", "--subject", dn, "--json"])
        .await
        .code(0);
    assert_eq!(plan.json()["samples"].as_array().unwrap().len(), 1);
    rig.usher(&["sync", "--subject", dn]).await.code(0);
    assert_eq!(rig.users(), 1);
    let ran = rig.usher(&["plan", "--subject", "nobody"]).await.code(3);
    assert!(
        ran.err.contains("nobody is known as `nobody`"),
        "{}",
        ran.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_target_refuses_is_parked_with_its_reason_until_it_is_retried() {
    let rig = Rig::new().await;
    rig.import().await.code(0);
    let refusal = FaultKind::Error {
        status: 400,
        commit: false,
    };
    rig.sandbox.fault(FaultRule {
        method: Some("POST".to_owned()),
        body_contains: Some("\"ben\"".to_owned()),
        ..FaultRule::always(refusal)
    });
    rig.usher(&["sync"]).await.code(1);
    let ran = rig.usher(&["status", "--parked"]).await.code(1);
    assert!(ran.out.contains("400"), "{}", ran.out);
    rig.sandbox.clear_faults();
    rig.usher(&["retry"]).await.code(0);
    rig.usher(&["sync"]).await.code(0);
    assert_eq!(rig.users(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_and_waits_is_told_in_words_and_by_the_codes() {
    let rig = Rig::new().await;
    rig.write("usher.toml", "[sync]\npatience_seconds = 0\n");
    let synced = || rig.usher(&["sync", "--config", "usher.toml", "--json"]);
    rig.import().await.code(0);
    rig.sandbox.fault(FaultRule {
        method: Some("POST".to_owned()),
        path_contains: Some("Users".to_owned()),
        ..FaultRule::always(FaultKind::TooManyRequests {
            retry_after: Some(3_600),
        })
    });
    let report = synced().await.code(1).json();
    let told = report["unfinished"].to_string();
    assert!(told.contains("left alone for 60 min"), "{told}");
    assert!(told.contains("for it"), "{told}");
    assert!(!told.contains("failed"), "{told}");
    let status = rig.usher(&["status"]).await.code(1);
    assert!(status.out.contains("left alone"), "{}", status.out);
    let plan = rig.usher(&["plan", "--full"]).await;
    assert!(!plan.out.contains("held:"), "{}", plan.out);
    assert!(
        plan.out.contains("failed, will be tried again:"),
        "{}",
        plan.out
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_ends_though_one_step_is_put_off_again_and_again() {
    let rig = synced().await;
    rig.write("usher.toml", "[sync]\npatience_seconds = 2\n");
    let put_off = FaultKind::TooManyRequests {
        retry_after: Some(1),
    };
    rig.sandbox.fault(FaultRule {
        method: Some("PATCH".to_owned()),
        ..FaultRule::always(put_off)
    });
    let dn = "uid=ana,ou=people,dc=example,dc=com";
    let change = |entry: &mut usher_sandbox::directory::DemoEntry| entry.set("title", "Lead");
    rig.directory.modify(dn, change).unwrap();
    rig.sandbox.clear_requests();
    let ran = rig.usher(&["sync", "--config", "usher.toml"]).await.code(1);
    assert!(
        ran.out.contains("the target put off the last"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains(dn), "{}", ran.out);
    assert!(
        ran.out
            .contains("`usher sync` goes on with what waits, from "),
        "{}",
        ran.out
    );
    let asked = rig
        .sandbox
        .requests()
        .iter()
        .filter(|r| r.method == "PATCH")
        .count();
    assert!((5..=10).contains(&asked), "{asked} attempts");

    rig.sandbox.clear_faults();
    rig.usher(&["sync"]).await.code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_that_cannot_be_mapped_is_told_by_the_codes() {
    let rig = synced().await;
    let mut configuration = rig.configuration();
    let channel =
        &mut configuration["pf"]["operations"][1]["items"][0]["outboundProvision"]["channels"][0];
    channel["attributeMapping"][1]["saasFieldInfo"]["attributeNames"] = json!(["nosuchmail"]);
    rig.write("usher.json", &configuration.to_string());
    rig.usher(&["config", "import", "usher.json"]).await.code(0);
    let report = rig.usher(&["sync", "--json"]).await.code(1).json();
    let told = report["unfinished"].to_string();
    assert!(told.contains("cannot be mapped"), "{report}");
    let status = rig.usher(&["status"]).await.code(1);
    assert!(status.out.contains("cannot be mapped"), "{}", status.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_steps_do_not_come_back_and_approved_ones_run() {
    let rig = synced().await;
    let typo = "(uid=nobody)";
    let mut configuration = rig.configuration();
    let channel =
        &mut configuration["pf"]["operations"][1]["items"][0]["outboundProvision"]["channels"][0];
    channel["channelSource"]["userSourceLocation"]["filter"] = json!(typo);
    rig.write("usher.json", &configuration.to_string());
    rig.usher(&["config", "import", "usher.json"]).await.code(0);
    let report = rig.usher(&["sync", "--json"]).await.code(1).json();
    assert!(report["held"].as_u64().unwrap() >= 3, "{report}");
    assert!(
        rig.sandbox
            .snapshot()
            .users
            .iter()
            .all(|user| user["active"] == true)
    );
    rig.usher(&["reject", "--verb", "disable"]).await.code(0);
    let report = rig.usher(&["sync", "--json"]).await.json();
    assert_eq!(report["held"], 0, "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_imports_as_it_is_and_dropping_links_needs_a_word() {
    let rig = synced().await;
    let ran = rig.usher(&["config", "export", "copy.json"]).await.code(0);
    assert!(ran.out.contains("sealed"), "{}", ran.out);
    rig.usher(&["config", "diff", "copy.json"]).await.code(0);
    rig.usher(&["config", "diff", "usher.json"]).await.code(0);
    let ran = rig.usher(&["config", "import", "copy.json"]).await.code(0);
    assert!(
        ran.out.contains("is the configuration already"),
        "{}",
        ran.out
    );

    let text = std::fs::read_to_string(rig.path("copy.json")).unwrap();
    rig.write("other.json", &text.replace("\"staff\"", "\"everybody\""));
    let ran = rig.usher(&["config", "import", "other.json"]).await.code(3);
    assert!(ran.err.contains("--drop-channels"), "{}", ran.err);
    let ran = rig
        .usher(&[
            "config",
            "import",
            "other.json",
            "--drop-channels",
            "--json",
        ])
        .await
        .code(0);
    assert_eq!(
        ran.json()["dropped"],
        json!([{"channel": "Cloud/staff", "links": 3}])
    );
    // The new channel finds the accounts by their externalId; nobody is created twice.
    rig.usher(&["sync"]).await;
    rig.usher(&["approve", "--all"]).await;
    assert_eq!(rig.users(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_state_observes_until_both_sides_were_read() {
    let rig = synced().await;
    rig.usher(&["backup", "copy"]).await.code(0);
    rig.usher(&["backup", "copy"]).await.code(3);
    rig.directory.add(person(9, "zoe", "Zoe", "Late")).unwrap();
    rig.usher(&["sync"]).await.code(0);
    assert_eq!(rig.users(), 4);

    rig.usher(&["restore", "copy"]).await.code(3);
    let key = std::fs::read(rig.state().join("secret.key")).unwrap();
    std::fs::remove_dir_all(rig.state()).unwrap();
    let ran = rig.usher(&["restore", "copy"]).await.code(3);
    assert!(ran.err.contains("key file"), "{}", ran.err);
    std::fs::write(rig.path("kept.key"), key).unwrap();
    let keyed = |args: &[&str]| {
        let mut command = rig.command(args);
        command.env("USHER_KEY_FILE", rig.path("kept.key"));
        crate::rig::ran(command)
    };
    let ran = keyed(&["restore", "copy"]).await.code(0);
    assert!(
        ran.out.contains("Cloud/staff only observes now"),
        "{}",
        ran.out
    );
    keyed(&["channels", "activate"]).await.code(3);
    keyed(&["sync"]).await;
    assert_eq!(rig.users(), 4, "nothing is sent");
    keyed(&["channels", "activate"]).await.code(3);
    keyed(&["sync", "--reconcile"]).await;
    keyed(&["channels", "activate"]).await.code(0);
    keyed(&["sync"]).await;
    assert_eq!(rig.users(), 4, "Zoe is found, not created twice");
    let plan = keyed(&["plan", "--json"]).await.json();
    let creates = plan["totals"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["verb"] == "create");
    assert_eq!(creates.count(), 0, "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_of_the_directory_can_be_planned_without_a_target() {
    let rig = Rig::new().await;
    rig.write("people.ldif", &ldif());
    let mut configuration = rig.configuration();
    configuration["pf"]["operations"][0]["items"] = json!([{
        "type": "CUSTOM", "id": "directory", "name": "Export",
        "pluginDescriptorRef": {"id": "ldif"},
        "configuration": {"fields": [{"name": "path", "value": "people.ldif"}]},
    }]);
    configuration["policies"][0] = json!({"data_store": "directory", "template": "open_ldap"});
    rig.write("usher.json", &configuration.to_string());
    rig.usher(&["config", "import", "usher.json"]).await.code(0);
    let asked = rig.sandbox.requests().len();
    let plan = rig
        .usher(&["plan", "--no-target", "--json"])
        .await
        .code(0)
        .json();
    let created = |kind: &str| {
        let rows = plan["totals"].as_array().unwrap();
        let row = rows
            .iter()
            .find(|row| row["verb"] == "create" && row["kind"] == kind);
        row.map_or(0, |row| row["count"].as_u64().unwrap())
    };
    assert_eq!((created("user"), created("group")), (2, 1), "{plan}");
    assert_eq!(
        rig.sandbox.requests().len(),
        asked,
        "the target is not asked"
    );
}

pub(crate) fn ldif() -> String {
    let mut text = "version: 1\n".to_owned();
    let mut add = |dn: &str, lines: &str| text.push_str(&format!("\ndn: {dn}\n{lines}\n"));
    add("dc=example,dc=com", "objectClass: domain\ndc: example");
    for (n, uid) in ["ana", "ben"].into_iter().enumerate() {
        add(
            &format!("uid={uid},dc=example,dc=com"),
            &format!(
                "objectClass: inetOrgPerson\nuid: {uid}\ncn: {uid}\ngivenName: {uid}\nsn: x\nmail: {uid}@example.com\nentryUUID: 00000000-0000-4000-8000-00000000000{n}"
            ),
        );
    }
    add(
        "cn=app-wiki,dc=example,dc=com",
        "objectClass: groupOfNames\ncn: app-wiki\nmember: uid=ana,dc=example,dc=com\nentryUUID: 00000000-0000-4000-9000-000000000001",
    );
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn status_ends_as_monitoring_expects() {
    let rig = Rig::new().await;
    rig.usher(&["status"]).await.code(3);
    rig.import().await.code(0);
    rig.usher(&["status"]).await.code(1);
    rig.usher(&["sync"]).await.code(0);
    rig.usher(&["status"]).await.code(0);
    rig.usher(&["channels", "pause"]).await.code(0);
    rig.usher(&["status"]).await.code(1);
    rig.usher(&["channels", "activate"]).await.code(0);
    rig.sandbox.expire_key();
    rig.directory.add(person(9, "zoe", "Zoe", "Late")).unwrap();
    rig.usher(&["sync"]).await.code(2);
    let ran = rig.usher(&["status"]).await.code(2);
    assert!(
        ran.out.starts_with("CRITICAL Cloud/staff (quarantined)"),
        "{}",
        ran.out
    );
    rig.usher(&["doctor"]).await.code(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_filtered_and_a_wrong_filter_lists_the_right_ones() {
    let rig = synced().await;
    let names = |value: Value| -> Vec<String> {
        let rows = value.as_array().unwrap().iter();
        rows.map(|row| row["display"].as_str().unwrap().to_owned())
            .collect()
    };
    let linked = rig
        .usher(&["links", "--kind", "user", "--in", "linked", "--json"])
        .await
        .code(0);
    assert_eq!(names(linked.json()), ["ana", "ben", "cleo"]);
    let skipped = rig
        .usher(&["links", "--verdict", "skipped_by_option", "--json"])
        .await
        .code(0);
    assert_eq!(names(skipped.json()), ["dan"]);
    let wrong = rig.usher(&["links", "--verdict", "skiped"]).await.code(3);
    assert!(wrong.err.contains("skipped_by_option"), "{}", wrong.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_protects_nobody_is_named_wherever_one_looks() {
    let rig = Rig::new().await;
    let mut file = rig.configuration();
    let settings =
        &mut file["pf"]["operations"][1]["items"][0]["outboundProvision"]["targetSettings"];
    settings.as_array_mut().unwrap().pop();
    rig.write("usher.json", &file.to_string());
    for (args, says) in [
        (
            &["config", "validate", "usher.json"][..],
            "PROTECTED_ACCOUNTS is empty",
        ),
        (
            &["config", "import", "usher.json"],
            "PROTECTED_ACCOUNTS is empty",
        ),
        (
            &["doctor"],
            "look  protected accounts: there are no protected accounts",
        ),
        (&["channels"], "there are no protected accounts"),
        (&["status"], "there are no protected accounts"),
    ] {
        let ran = rig.usher(args).await;
        let told = format!("{}{}", ran.out, ran.err);
        assert!(told.contains(says), "{args:?}: {told}");
    }
    // Named in the policy of the channel, they are as good.
    file["policies"][1]["protected"] = json!({"names": ["root@example.com"]});
    rig.write("usher.json", &file.to_string());
    for args in [
        &["config", "import", "usher.json"][..],
        &["doctor"],
        &["channels"],
        &["status"],
    ] {
        let ran = rig.usher(args).await;
        let told = format!("{}{}", ran.out, ran.err);
        let warns = told.contains("no protected accounts") || told.contains("is empty");
        assert!(!warns, "{args:?}: {told}");
    }
}
