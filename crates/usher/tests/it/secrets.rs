//! Secrets appear nowhere.

use serde_json::json;

use crate::rig::{BIND_PASSWORD, Rig, bytes_below, ran};

/// A value of a masked field.
const MASKED: &str = "Masked-Title-hunter3";

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_printed_logged_or_stored_in_the_clear() {
    let rig = Rig::new().await;
    rig.directory
        .modify("uid=ana,ou=people,dc=example,dc=com", |entry| {
            entry.set("title", MASKED);
        })
        .unwrap();
    let mut configuration = rig.configuration();
    let channel =
        &mut configuration["pf"]["operations"][1]["items"][0]["outboundProvision"]["channels"][0];
    channel["attributeMapping"][5]["saasFieldInfo"]["masked"] = json!(true);
    rig.write("usher.json", &configuration.to_string());
    let key = rig.sandbox.key();
    let secrets = [BIND_PASSWORD, key.as_str(), MASKED];

    let mut said = String::new();
    let mut run = async |args: &[&str], code: Option<i32>| {
        for json in [false, true] {
            let mut command = rig.command(args);
            command.env("USHER__LOG__LEVEL", "trace");
            if json {
                command.arg("--json").env("USHER__LOG__FORMAT", "json");
            }
            let ran = ran(command).await;
            let ran = match code {
                Some(code) if !json => ran.code(code),
                _ => ran,
            };
            said.push_str(&ran.out);
            said.push_str(&ran.err);
        }
    };
    for (args, code) in [
        (&["config", "validate", "usher.json"][..], Some(0)),
        (&["config", "import", "usher.json"], Some(0)),
        (&["config", "export"], Some(0)),
        (&["doctor"], Some(1)),
        (&["plan", "--full"], Some(0)),
        (&["sync"], Some(0)),
        (&["status", "--held", "--parked"], Some(0)),
        (&["explain", "ana"], Some(0)),
        (&["cycles"], Some(0)),
        (&["links"], Some(0)),
        (&["audit", "--limit", "500"], Some(0)),
        (&["sync", "--reconcile"], Some(0)),
    ] {
        run(args, code).await;
    }
    assert_eq!(rig.users(), 3);
    // Now everything that can go wrong with credentials.
    rig.sandbox.expire_key();
    run(&["doctor"], Some(2)).await;
    run(&["sync", "--reconcile"], Some(2)).await;
    run(&["status"], None).await;
    run(&["audit"], Some(0)).await;
    run(&["config", "diff", "usher.json"], None).await;
    run(&["backup", "copy"], None).await;

    std::fs::remove_file(rig.path("usher.json")).unwrap();
    for secret in secrets {
        let line = said.lines().find(|line| line.contains(secret));
        let line = line.map(|line| line.replace(secret, "<SECRET>"));
        assert_eq!(line, None, "it was printed or logged");
        for (path, bytes) in bytes_below(rig.folder.path()) {
            let found = bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!found, "it stands in {}", path.display());
        }
    }
    assert!(
        said.contains("DEBUG") && said.contains("\"level\""),
        "the log was on"
    );
}
