//! Secrets and masked values reach no log, plan, story, error or file.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use usher_core::model::{CycleMode, MappingRule};
use usher_sandbox::scim::{AccountConfig, AccountKind, FaultKind, FaultRule};
use usher_testkit::people::Person;

use crate::ldif::{delete, set};
use crate::world::{Plan, World, everything, plain};

/// A value that mapping masks, and that nothing else in the test contains.
const MASKED_TITLE: &str = "Keeper of Unspoken Things";

/// Another.
const MASKED_NAME: &str = "Somebody Unnamed";

/// Where a piece of text was told.
type Told = BTreeMap<String, Vec<u8>>;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("the log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn masked(world: &mut World) {
    for rule in &mut world.channel().mapping {
        if ["title", "displayName", "workPhone"].contains(&rule.field.as_str()) {
            rule.masked = true;
        }
    }
    // An expression that fails quotes what it had, unless it is masked.
    world.channel().mapping.push(MappingRule {
        field: "nickName".to_owned(),
        attributes: vec!["title".to_owned()],
        expression: Some("attr['title'] | date".to_owned()),
        masked: true,
        ..MappingRule::default()
    });
}

/// Everything that a person or a program is told about the state as it is now.
async fn tell(world: &World, told: &mut Told, step: &str, people: &[Person]) {
    let mut put = |what: &str, bytes: Vec<u8>| {
        told.insert(format!("{step}: {what}"), bytes);
    };
    let plan = world.plan().await;
    put("plan", serde_json::to_vec(&plan).expect("JSON"));
    put("plan in words", format!("{plan:?}").into_bytes());
    for person in people {
        let story = match world.admin.explain(None, &person.dn).await {
            Ok(story) => serde_json::to_vec(&story).expect("JSON"),
            Err(error) => error.to_string().into_bytes(),
        };
        put(&format!("story of {}", person.uid), story);
    }
    let doctor = world.admin.doctor(None).await.expect("the doctor");
    put("doctor", serde_json::to_vec(&doctor).expect("JSON"));
    let status = world.admin.status().await.expect("the status");
    put("status", serde_json::to_vec(&status).expect("JSON"));
    let states = [
        "pending",
        "held",
        "parked",
        "waiting",
        "succeeded",
        "replan",
    ];
    let steps = world
        .admin
        .steps(None, &states, 10_000)
        .await
        .expect("steps");
    put("steps", serde_json::to_vec(&steps).expect("JSON"));
    put(
        "configuration",
        format!("{:?}", world.configuration).into_bytes(),
    );
}

fn read_folder(folder: &Path, told: &mut Told) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read_folder(&path, told);
        } else {
            let bytes = std::fs::read(&path).expect("a file");
            told.insert(path.display().to_string(), bytes);
        }
    }
}

/// A text as it might be hidden in bytes: plain, in base64 at any offset, in hexadecimal.
fn forms(text: &str) -> Vec<Vec<u8>> {
    let base64 = |skip: usize| -> Vec<u8> {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let whole = text.as_bytes()[skip..].chunks_exact(3);
        whole
            .flat_map(|three| {
                let bits =
                    u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
                [18, 12, 6, 0].map(|shift| LETTERS[(bits >> shift & 63) as usize])
            })
            .collect()
    };
    let hex: Vec<String> = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    let hex = hex.concat();
    let upper = hex.to_uppercase();
    vec![
        text.as_bytes().to_vec(),
        base64(0),
        base64(1),
        base64(2),
        hex.into_bytes(),
        upper.into_bytes(),
    ]
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story from import to restore")]
async fn no_secret_and_no_masked_value_is_told_or_kept_anywhere() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);

    let company = plain(40, 4);
    // Their names are not a part of their DNs.
    let people = company
        .people()
        .filter(|person| person.dn.starts_with("uid="));
    let people: Vec<Person> = people.collect();
    let taken = &people[9];
    let mut plan = Plan::of(company.ldif());
    // The target's refusal quotes the address.
    plan.sandbox.org.accounts = vec![AccountConfig {
        email: taken.wanted["workEmail"].clone(),
        kind: AccountKind::Foreign,
        id: None,
    }];
    let Some(mut world) = World::from(plan).await else {
        return;
    };
    let mut told = Told::new();
    for person in &people[..20] {
        world.change(&set(&person.dn, "title", MASKED_TITLE));
        world.change(&set(&person.dn, "cn", MASKED_NAME));
    }
    let shown = [people[1].clone(), taken.clone(), people[30].clone()];
    masked(&mut world);
    world.save().await;
    for kind in [FaultKind::TruncatedBody, FaultKind::ResetAfterCommit] {
        world.sandbox.fault(
            FaultRule::once("POST", kind)
                .on_path("/Users")
                .every(5)
                .times(3),
        );
    }
    for _ in 0..5 {
        world.sync(CycleMode::Full).await;
        world.clock.advance(120_000);
    }
    tell(&world, &mut told, "after the first sync", &shown).await;
    assert_eq!(
        world.users()[&people[1].uid]["title"],
        MASKED_TITLE,
        "masked, not changed"
    );
    assert_eq!(world.users().len(), 39);

    // Changes, conflicts, refusals, a leaver, held steps.
    world.change(&set(
        &people[1].dn,
        "title",
        "Keeper of Unspoken Things, first class",
    ));
    world.change(&set(&people[2].dn, "mail", &people[3].wanted["workEmail"]));
    world.change(&set(
        &people[4].dn,
        "title",
        "Keeper of Unspoken Things and of Refusals",
    ));
    world.change(&delete(&people[5].dn));
    world.sandbox.fault(FaultRule {
        body_contains: Some("Refusals".to_owned()),
        ..FaultRule::always(FaultKind::Html {
            status: 400,
            commit: false,
        })
    });
    for _ in 0..3 {
        world.sync(CycleMode::Full).await;
        world.clock.advance(120_000);
    }
    tell(&world, &mut told, "after changes", &shown).await;
    world.sync(CycleMode::Reconcile).await;
    world.approve(everything()).await;

    // What fails for want of the right secret.
    world.sandbox.expire_key();
    world.change(&set(
        &people[6].dn,
        "title",
        "Keeper of Unspoken Things, retired",
    ));
    let failed = world.try_sync(CycleMode::Full).await;
    told.insert(
        "an expired key".to_owned(),
        format!("{failed:?}").into_bytes(),
    );
    let doctor = world.admin.doctor(None).await;
    told.insert(
        "the doctor without a key".to_owned(),
        format!("{doctor:?}").into_bytes(),
    );
    let wrong = "a wrong password for the bind";
    let sealed = world.admin.engine.sealer.seal("bind_password", wrong);
    let reader = world.slapd.reader_dn();
    world.ldap().bind = usher_core::model::Bind::Simple {
        dn: reader,
        password: sealed,
    };
    world.save().await;
    let failed = world.admin.doctor(None).await;
    told.insert(
        "a wrong password".to_owned(),
        format!("{failed:?}").into_bytes(),
    );
    told.insert("the log".to_owned(), log.0.lock().expect("the log").clone());
    read_folder(&world.folder.path().join("state"), &mut told);
    let backup = tempfile::tempdir().expect("a folder");
    usher_store::Administration::backup(&world.store, backup.path())
        .await
        .expect("a backup");
    read_folder(backup.path(), &mut told);

    assert!(told["the log"].len() > 10_000, "the log is really taken");
    assert!(
        told.keys().any(|name| name.ends_with("state.db-wal")),
        "{:?}",
        told.keys()
    );
    let in_the_clear = |text: &str| told.values().any(|bytes| contains(bytes, text.as_bytes()));
    assert!(in_the_clear(&people[1].uid), "what is not secret is found");
    let key = world.sandbox.key();
    let secrets = [
        ("the API key", key.as_str()),
        ("the bind password", world.slapd.reader_password()),
        ("a wrong password", wrong),
        ("a masked title", MASKED_TITLE),
        ("a masked name", MASKED_NAME),
    ];
    let mut found = Vec::new();
    for (what, secret) in secrets {
        for (name, bytes) in &told {
            if forms(secret).iter().any(|form| contains(bytes, form)) {
                found.push(format!("{what} in {name}"));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
