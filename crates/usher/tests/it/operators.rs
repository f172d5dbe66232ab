//! Operators from the command line.

use std::process::Stdio;

use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use usher_store::{Operators as _, SessionRecord, TokenHash};
use usher_store_sqlite::SqliteStore;

use crate::rig::{Ran, Rig, bytes_below};

const PASSWORD: &str = "seven green boats";

/// Runs the program with a line on its standard input.
async fn told(rig: &Rig, args: &[&str], line: &str) -> Ran {
    let mut command = rig.command(args);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    // A command that refuses before it reads closes its end.
    let _ = input.write_all(format!("{line}\n").as_bytes()).await;
    drop(input);
    let output = child.wait_with_output().await.unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_are_added_changed_and_removed() {
    let rig = Rig::new().await;
    rig.import().await.code(0);
    let none = rig.usher(&["operators"]).await.code(0);
    assert!(none.out.contains("no operator yet"), "{}", none.out);
    let link = rig.usher(&["operators", "link", "--json"]).await.code(0);
    assert!(link.json()["link"].as_str().unwrap().len() > 40);
    let add = ["operators", "add", "ana", "--role", "user-administrator"];
    let weak = told(&rig, &add, "ana").await.code(3);
    for problem in ["at least 12 characters", "user name"] {
        assert!(weak.err.contains(problem), "{}", weak.err);
    }
    told(&rig, &add, PASSWORD).await.code(0);
    let late = rig.usher(&["operators", "link"]).await.code(3);
    assert!(late.err.contains("operators already"), "{}", late.err);
    let ben = ["operators", "add", "ben", "--auditor", "--json"];
    let ben = told(&rig, &ben, PASSWORD).await.code(0).json();
    assert_eq!(ben["auditor"], true);
    let roles = ["operators", "set-roles", "ben", "--role", "ADMINISTRATOR"];
    rig.usher(&roles).await.code(0);
    let last = rig.usher(&["operators", "remove", "ana"]).await.code(3);
    assert!(last.err.contains("last active operator"), "{}", last.err);
    let other = "eight brown boats";
    told(&rig, &["operators", "reset-password", "BEN"], other)
        .await
        .code(0);
    let list = rig.usher(&["operators", "list", "--json"]).await.code(0);
    let list = list.json();
    assert_eq!(list[0]["roles"], json!(["USER_ADMINISTRATOR"]));
    assert_eq!(list[1]["roles"], json!(["ADMINISTRATOR"]));
    rig.usher(&["operators", "remove", "ben"]).await.code(0);
    rig.usher(&["operators", "remove", "ben"]).await.code(3);
    let wrong = rig
        .usher(&["operators", "add", "x", "--role", "king"])
        .await;
    assert!(wrong.code(3).err.contains("crypto-administrator"));
    let log = rig.usher(&["audit"]).await.code(0).out;
    let told = r#"operators[ben].roles: [] -> ["ADMINISTRATOR"]"#;
    assert!(log.contains(told), "{log}");
    for (path, bytes) in bytes_below(&rig.state()) {
        for secret in [PASSWORD, other] {
            let found = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!found, "{secret} is in {}", path.display());
        }
    }
    assert!(!log.contains(other) && !log.contains("argon2"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_configuration_is_told_before_and_after() {
    let rig = Rig::new().await;
    rig.import().await.code(0);
    let mut changed = rig.configuration();
    let channel = "/pf/operations/1/items/0/outboundProvision/channels/0/maxThreads";
    *changed.pointer_mut(channel).unwrap() = json!(7);
    rig.write("usher.json", &changed.to_string());
    rig.usher(&["config", "import", "usher.json"]).await.code(0);
    let log = rig.usher(&["audit", "--json"]).await.code(0).json();
    let event = &log[0];
    assert_eq!(event["event"], "CONFIG");
    assert_eq!(event["detail"], "revision 2: 1 value");
    let change = &event["changes"][0];
    assert_eq!(
        (&change["before"], &change["after"]),
        (&json!("4"), &json!("7"))
    );
    let path = change["path"].as_str().unwrap().to_owned();
    let shown = rig.usher(&["audit"]).await.code(0).out;
    assert!(shown.contains(&format!("{path}: 4 -> 7")), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_state_has_no_open_sessions() {
    let rig = Rig::new().await;
    rig.import().await.code(0);
    let add = ["operators", "add", "ana", "--role", "user-administrator"];
    told(&rig, &add, PASSWORD).await.code(0);
    let store = SqliteStore::open(&rig.state()).await.unwrap();
    let account = store.account("ana").await.unwrap().unwrap();
    let token = TokenHash([1; 32]);
    let session = SessionRecord {
        token,
        account: account.id,
        created_at: 0,
        seen_at: 0,
        expires_at: i64::MAX,
    };
    store.add_session(&session).await.unwrap();
    store.close().await;
    rig.usher(&["backup", "copy"]).await.code(0);
    let restore = ["restore", "copy", "--state", "other"];
    std::fs::create_dir(rig.path("other")).unwrap();
    std::fs::copy(rig.state().join("secret.key"), rig.path("other/secret.key")).unwrap();
    rig.usher(&restore).await.code(0);
    let store = SqliteStore::open(&rig.path("other")).await.unwrap();
    assert_eq!(store.session(&token).await.unwrap(), None);
    assert_eq!(store.account("ana").await.unwrap(), Some(account));
}
