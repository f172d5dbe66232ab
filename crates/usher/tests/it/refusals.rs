//! What the program refuses, and how it says so.

use std::io::Write as _;

use serde_json::json;

use crate::rig::{Rig, company, person};

#[tokio::test(flavor = "multi_thread")]
async fn every_problem_of_a_configuration_is_listed_at_once() {
    let rig = Rig::new().await;
    let mut configuration = rig.configuration();
    configuration["extra"] = json!(1);
    rig.write("usher.json", &configuration.to_string());
    let ran = rig.usher(&["config", "import", "usher.json"]).await.code(3);
    assert!(ran.err.contains("--> extra"), "{}", ran.err);

    let mut configuration = rig.configuration();
    configuration["pf"]["operations"][0]["items"][0]["hostnames"] = json!(["ldap://x"]);
    let sp = &mut configuration["pf"]["operations"][1]["items"][0]["outboundProvision"];
    sp["targetSettings"][1]["value"] = json!("env:USHER_NO_SUCH_VARIABLE");
    sp["channels"][0]["channelSource"]["userSourceLocation"]["filter"] = json!("(uid=ana");
    sp["channels"][0]["attributeMapping"][0]["fieldName"] = json!("userNaem");
    configuration["policies"][1]["guardz"] = json!({});
    rig.write("usher.json", &configuration.to_string());
    let ran = rig
        .usher(&["config", "validate", "usher.json"])
        .await
        .code(3);
    for place in [
        "hostnames",
        "targetSettings[1]",
        "userSourceLocation.filter",
        "attributeMapping",
        "policies[1]",
    ] {
        assert!(
            ran.err.contains(place),
            "{place} is missing in\n{}",
            ran.err
        );
    }
    assert!(ran.err.contains("USHER_NO_SUCH_VARIABLE"), "{}", ran.err);
    assert!(ran.err.matches("= expected:").count() >= 5, "{}", ran.err);
    assert_eq!(ran.out, "");
    rig.usher(&["config", "import", "usher.json"]).await.code(3);
    assert!(!rig.state().exists(), "a wrong file makes no state");

    let ran = rig
        .usher(&["config", "validate", "usher.json", "--json"])
        .await
        .code(3);
    let error: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert!(error["error"]["problems"].as_array().unwrap().len() >= 5);
    assert_eq!(error["exit"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn arguments_settings_and_a_missing_state_are_refused_with_what_to_do() {
    let rig = Rig::new().await;
    let ran = rig.usher(&["snyc"]).await.code(3);
    assert!(ran.err.contains("sync"), "{}", ran.err);
    let ran = rig.usher(&["sync"]).await.code(3);
    assert!(ran.err.contains("there is no state in"), "{}", ran.err);
    assert!(ran.err.contains("= help: "), "{}", ran.err);
    let mut command = rig.command(&["status"]);
    command.env("USHER__LOG__LEVLE", "debug");
    let ran = crate::rig::ran(command).await.code(3);
    assert!(
        ran.err.contains("did you mean `USHER__LOG__LEVEL`?"),
        "{}",
        ran.err
    );
    let ran = rig.usher(&["--help"]).await.code(0);
    assert!(ran.out.contains("Exit codes: 0 done"), "{}", ran.out);
    rig.import().await.code(0);
    let ran = rig.usher(&["sync", "--channel", "stuff"]).await.code(3);
    assert!(ran.err.contains("`Cloud/staff`"), "{}", ran.err);
    let ran = rig.usher(&["approve"]).await.code(3);
    assert!(ran.err.contains("--all"), "{}", ran.err);
    for act in ["approve", "reject"] {
        let ran = rig.usher(&[act, "--hold", "adoptoin"]).await.code(3);
        assert!(ran.err.contains("`adoptoin`"), "{}", ran.err);
        assert!(ran.err.contains("guard, adoption, "), "{}", ran.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_where_another_process_works_is_looked_at_only() {
    let rig = Rig::new().await;
    rig.import().await.code(0);
    let mut lock = std::fs::File::options()
        .write(true)
        .truncate(true)
        .open(rig.state().join("usher.lock"))
        .unwrap();
    lock.lock().unwrap();
    write!(lock, "4711").unwrap();
    for args in [
        &["sync"][..],
        &["apply", &"00".repeat(32)],
        &["approve", "--all"],
        &["reject", "--all"],
        &["retry"],
        &["config", "import", "usher.json"],
    ] {
        let ran = rig.usher(args).await.code(3);
        assert!(
            ran.err.contains("the process 4711 is working"),
            "{}",
            ran.err
        );
        assert!(ran.err.contains("usher stop"), "{}", ran.err);
    }
    rig.usher(&["plan"]).await.code(0);
    rig.usher(&["status"]).await.code(1);
    rig.usher(&["stop"]).await.code(0);
    rig.usher(&["backup", "copy"]).await.code(0);
    drop(lock);
    rig.usher(&["channels", "activate"]).await.code(0);
    rig.usher(&["sync"]).await.code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_wrong_key_is_refused_with_the_reason() {
    let rig = Rig::new().await;
    rig.import().await.code(0);
    let key = rig.state().join("secret.key");
    let right = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let ran = rig.usher(&["status"]).await.code(3);
    assert!(ran.err.contains("secret.key"), "{}", ran.err);
    assert!(!key.exists(), "no new key is made");
    std::fs::write(&key, "00".repeat(32)).unwrap();
    let ran = rig.usher(&["sync"]).await.code(3);
    assert!(
        ran.err.contains("put the right key file back"),
        "{}",
        ran.err
    );
    std::fs::write(&key, "no key").unwrap();
    rig.usher(&["status"]).await.code(3);
    rig.usher(&["channels", "activate"]).await.code(3);
    std::fs::write(&key, right).unwrap();
    rig.usher(&["sync"]).await.code(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_cannot_be_opened_names_the_setting_it_belongs_to() {
    let rig = Rig::new().await;
    rig.import().await.code(0);
    std::fs::write(rig.state().join("secret.key"), "00".repeat(32)).unwrap();
    let ran = rig.usher(&["doctor"]).await.code(2);
    assert!(ran.out.contains("key file: present, key "), "{}", ran.out);
    let named = "the password of the data store `Directory`: a secret was sealed with the key";
    assert!(ran.out.contains(named), "{}", ran.out);
    // Without a bind there is the target's key to stumble over.
    std::fs::remove_dir_all(rig.state()).unwrap();
    let mut configuration = rig.configuration();
    let store = &mut configuration["pf"]["operations"][0]["items"][0];
    let store = store.as_object_mut().unwrap();
    store.remove("userDN");
    store.remove("password");
    store.insert("bindAnonymously".to_owned(), json!(true));
    rig.write("usher.json", &configuration.to_string());
    rig.usher(&["config", "import", "usher.json"]).await.code(0);
    std::fs::write(rig.state().join("secret.key"), "00".repeat(32)).unwrap();
    let ran = rig.usher(&["doctor"]).await.code(2);
    let named = "the setting API_KEY of the SP connection `Cloud`: a secret was sealed";
    assert!(ran.out.contains(named), "{}", ran.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn channels_are_stopped_and_the_state_is_saved_without_the_key() {
    let rig = Rig::new().await;
    rig.import().await.code(0);
    rig.usher(&["sync"]).await.code(0);
    let key = rig.state().join("secret.key");
    let right = std::fs::read(&key).unwrap();
    let mode = async || {
        std::fs::write(&key, &right).unwrap();
        let listed = rig.usher(&["channels", "--json"]).await.code(0).json();
        listed[0]["mode"].clone()
    };
    for (round, wrong) in [None, Some("00".repeat(32)), Some("no key".to_owned())]
        .into_iter()
        .enumerate()
    {
        for (act, args) in [("stop", &["stop"][..]), ("pause", &["channels", "pause"])] {
            rig.usher(&["channels", "activate"]).await.code(0);
            assert_ne!(mode().await, json!({"mode": "paused"}));
            break_key(&key, wrong.as_deref());
            rig.usher(args).await.code(0);
            assert_eq!(wrong.is_some(), key.exists(), "no key is made");
            assert_eq!(mode().await, json!({"mode": "paused"}), "{act} {round}");
        }
        break_key(&key, wrong.as_deref());
        let copy = format!("copy-{round}");
        rig.usher(&["backup", &copy]).await.code(0);
        assert!(rig.path(&copy).join("state.db").is_file());
        rig.usher(&["sync"]).await.code(3);
        std::fs::write(&key, &right).unwrap();
    }
}

fn break_key(key: &std::path::Path, content: Option<&str>) {
    match content {
        Some(content) => std::fs::write(key, content).unwrap(),
        None => std::fs::remove_file(key).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_the_connector_cannot_use_are_problems_of_the_file() {
    let rig = Rig::new().await;
    let id = "directory/d-1";
    for (address, word) in [
        (format!("http://target.example.com/{id}"), "unencrypted"),
        (format!("ftp://target.example.com/{id}"), "scheme"),
        (format!("https://target.example.com/{id}?key=1"), "query"),
        (format!("https://me:pw@target.example.com/{id}"), "password"),
        (
            format!("https://target.example.com/{id}\r\nHost: other"),
            "line break",
        ),
        ("https://target.example.com/".to_owned(), "no directory"),
    ] {
        let mut configuration = rig.configuration();
        let sp = &mut configuration["pf"]["operations"][1]["items"][0]["outboundProvision"];
        sp["targetSettings"][0]["value"] = json!(address);
        rig.write("usher.json", &configuration.to_string());
        for act in ["validate", "import"] {
            let ran = rig.usher(&["config", act, "usher.json"]).await.code(3);
            let place = "--> pf.operations[1].items[0].outboundProvision.targetSettings[0].value";
            assert!(ran.err.contains(place), "{}", ran.err);
            assert!(ran.err.contains(word), "{address}: {}", ran.err);
        }
    }
    assert!(!rig.state().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_with_a_line_break_is_refused_without_being_shown() {
    let rig = Rig::new().await;
    rig.write("key", "first-part\r\nX-Other: second-part\n");
    let mut configuration = rig.configuration();
    configuration["pf"]["operations"][0]["items"][0]["password"] = json!("bind-part\nmore");
    let sp = &mut configuration["pf"]["operations"][1]["items"][0]["outboundProvision"];
    sp["targetSettings"][1]["value"] = json!("file:key");
    rig.write("usher.json", &configuration.to_string());
    let ran = rig.usher(&["config", "import", "usher.json"]).await.code(3);
    for place in ["items[0].password", "targetSettings[1].value"] {
        assert!(ran.err.contains(place), "{}", ran.err);
    }
    assert_eq!(ran.err.matches("control character").count(), 2);
    assert!(!ran.err.contains("-part"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_any_size_is_refused_after_a_bounded_read() {
    let rig = Rig::new().await;
    let large = std::fs::File::create(rig.path("usher.json")).unwrap();
    large.set_len(16 * 1024 * 1024 + 1).unwrap();
    for act in ["import", "validate", "diff"] {
        let ran = rig.usher(&["config", act, "usher.json"]).await.code(3);
        assert!(ran.err.contains("16 MiB"), "{}", ran.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_the_hash_of_a_plan_is_refused_before_anything_is_read() {
    let rig = Rig::new().await;
    rig.import().await.code(0);
    let before = rig.sandbox.requests().len();
    let almost = "0".repeat(63);
    for hash in [
        "",
        "00",
        &almost,
        &format!("{almost}g"),
        &format!("{almost}00"),
        &format!("{}é", "0".repeat(62)),
    ] {
        let ran = rig.usher(&["apply", hash]).await.code(3);
        assert!(ran.err.contains("hexadecimal digits"), "{}", ran.err);
    }
    let cycles = rig.usher(&["cycles", "--json"]).await.code(0).json();
    assert_eq!(cycles, json!([]), "nothing was read");
    assert_eq!(rig.sandbox.requests().len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_or_a_target_that_does_not_answer_fails_and_says_which() {
    let rig = Rig::new().await;
    let mut configuration = rig.configuration();
    configuration["pf"]["operations"][0]["items"][0]["hostnames"] = json!(["127.0.0.1:1"]);
    rig.write("usher.json", &configuration.to_string());
    let import = ["config", "import", "usher.json"];
    let refused = rig.usher(&import).await.code(3);
    assert!(refused.err.contains("127.0.0.1:1"), "{}", refused.err);
    let unasked = [&import[..], &["--bypass-external-validation"]].concat();
    rig.usher(&unasked).await.code(0);
    let ran = rig.usher(&["sync"]).await.code(2);
    assert!(ran.err.contains("127.0.0.1:1"), "{}", ran.err);
    let ran = rig.usher(&["doctor"]).await.code(2);
    assert!(ran.out.contains("FAIL"), "{}", ran.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_could_not_read_is_told_by_status_with_its_reason() {
    let rig = Rig::new().await;
    rig.import().await.code(0);
    rig.usher(&["sync"]).await.code(0);
    rig.directory.cut_after_entries(2);
    rig.usher(&["sync", "--full"]).await.code(2);
    let ran = rig.usher(&["status"]).await.code(1);
    let told = "the last cycle was aborted: no directory host answered";
    assert!(ran.out.contains(told), "{}", ran.out);
    let users = rig.sandbox.snapshot().users;
    assert!(users.iter().all(|user| user["active"] == true));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_backup_is_refused_and_leaves_room_for_a_good_one() {
    let rig = Rig::new().await;
    rig.import().await.code(0);
    rig.usher(&["backup", "good"]).await.code(0);
    let whole = std::fs::read(rig.path("good/state.db")).unwrap();
    std::fs::rename(rig.state().join("secret.key"), rig.path("kept.key")).unwrap();
    std::fs::remove_dir_all(rig.state()).unwrap();
    std::fs::create_dir(rig.path("broken")).unwrap();
    let restore = |from: &'static str| {
        let mut command = rig.command(&["restore", from]);
        command.env("USHER_KEY_FILE", rig.path("kept.key"));
        crate::rig::ran(command)
    };

    rig.write("broken/state.db", "");
    let ran = restore("broken").await.code(3);
    assert!(ran.err.contains("is not a backup"), "{}", ran.err);
    std::fs::write(rig.path("broken/state.db"), &whole[..whole.len() / 2]).unwrap();
    let ran = restore("broken").await.code(3);
    assert!(ran.err.contains("its copying broke off"), "{}", ran.err);
    assert!(ran.err.contains("nothing was restored"), "{}", ran.err);
    let unfinished = rig.path("broken/state.db.unfinished");
    std::fs::rename(rig.path("broken/state.db"), unfinished).unwrap();
    let ran = restore("broken").await.code(3);
    assert!(ran.err.contains("was not finished"), "{}", ran.err);
    std::fs::write(rig.path("good/state.db-wal"), "the newest part").unwrap();
    let ran = restore("good").await.code(3);
    assert!(ran.err.contains("copy of a state folder"), "{}", ran.err);
    std::fs::remove_file(rig.path("good/state.db-wal")).unwrap();
    assert!(!rig.state().join("state.db").exists());
    restore("good").await.code(0);
    assert!(!rig.state().join("restoring").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn mistaken_arguments_are_told_as_json_and_help_is_a_command() {
    let rig = Rig::new().await;
    for args in [
        &["frobnicate", "--json"][..],
        &["--json", "sync", "--first", "x"],
    ] {
        let ran = rig.usher(args).await.code(3);
        assert_eq!(ran.out, "");
        let told: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
        assert_eq!(told["exit"], 3, "{told}");
        let message = told["error"]["message"].as_str().unwrap();
        assert!(
            message.contains("'frobnicate'") || message.contains("'x'"),
            "{told}"
        );
    }
    let help = rig.usher(&["help"]).await.code(0);
    assert!(help.out.contains("Exit codes"), "{}", help.out);
    let help = rig.usher(&["help", "sync"]).await.code(0);
    assert!(help.out.contains("usher sync --full"), "{}", help.out);
    rig.usher(&["audit", "--before", "0"]).await.code(3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_cannot_be_used_is_told_once_and_in_json_too() {
    let mut nokey = person(9, "nokey", "No", "Key");
    nokey.remove("entryUUID");
    let nokey = nokey.with("entryUUID", "x".repeat(600));
    let mut entries = company();
    entries.push(nokey);
    let rig = Rig::with(entries).await;
    rig.import().await.code(0);
    let report = rig.usher(&["plan", "--json"]).await.json();
    let list = report["not_provisioned"].as_array().unwrap();
    let told: Vec<_> = list
        .iter()
        .filter(|one| one["dn"] == "uid=nokey,ou=people,dc=example,dc=com")
        .collect();
    assert_eq!(told.len(), 1, "{report}");
    assert_eq!(told[0]["verdict"], "invalid");
    assert_eq!(told[0]["kind"], json!(null));
    let reason = told[0]["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("expected 1 to 512 bytes in `entryUUID`"),
        "{reason}"
    );
    let plan = rig.usher(&["plan"]).await;
    assert_eq!(plan.out.matches("uid=nokey").count(), 1, "{}", plan.out);
}
