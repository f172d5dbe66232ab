//! A small company, a target, a state folder, and the program.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use usher_sandbox::directory::{DemoDirectory, DemoEntry, DirectoryOptions, RunningDirectory};
use usher_sandbox::scim::{RunningSandbox, Sandbox, SandboxConfig};

pub(crate) const BASE: &str = "dc=example,dc=com";
pub(crate) const BIND_DN: &str = "cn=reader,dc=example,dc=com";
/// Nothing that is written anywhere may contain these.
pub(crate) const BIND_PASSWORD: &str = "bind-Passw0rd-hunter2";

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Fails unless the program ended with this code.
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.out, self.err
        );
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error} in:\n{}\n{}", self.out, self.err))
    }
}

/// Everything that a test needs. Ends when dropped.
pub(crate) struct Rig {
    pub(crate) directory: RunningDirectory,
    pub(crate) sandbox: RunningSandbox,
    pub(crate) folder: TempDir,
    /// Change it before [`Rig::import`].
    pub(crate) filter: String,
    /// Seconds between looks; change it before [`Rig::import`].
    pub(crate) every: u32,
    /// MiB that stay free; see `state.free_mib`.
    pub(crate) free_mib: u32,
}

impl Rig {
    /// With the small company.
    pub(crate) async fn new() -> Self {
        Self::with(company()).await
    }

    pub(crate) async fn with(entries: Vec<DemoEntry>) -> Self {
        let options = DirectoryOptions {
            account: Some((BIND_DN.to_owned(), BIND_PASSWORD.to_owned())),
            ..DirectoryOptions::new(Arc::new(now))
        };
        let config = SandboxConfig {
            seed: Some(7),
            ..SandboxConfig::default()
        };
        Self {
            directory: DemoDirectory::start(entries, options).await.unwrap(),
            sandbox: Sandbox::start(config).await.unwrap(),
            folder: tempfile::tempdir().unwrap(),
            filter: "(objectClass=inetOrgPerson)".to_owned(),
            every: 60,
            free_mib: 1,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.path("state")
    }

    /// The program in this rig's folder, without the environment of whoever runs the tests.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
        command
            .args(args)
            .current_dir(self.folder.path())
            .env_clear()
            .env("USER", "ana")
            .env("USHER_STATE", self.state())
            .env("USHER_TEST_KEY", self.sandbox.key())
            .env("USHER__STATE__FREE_MIB", self.free_mib.to_string())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    pub(crate) async fn usher(&self, args: &[&str]) -> Ran {
        ran(self.command(args)).await
    }

    pub(crate) fn start(&self, args: &[&str]) -> Child {
        let mut command = self.command(args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// Writes the configuration file and imports it.
    pub(crate) async fn import(&self) -> Ran {
        self.write("usher.json", &self.configuration().to_string());
        self.usher(&["config", "import", "usher.json"]).await
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn configuration(&self) -> Value {
        json!({
            "usher": 1,
            "pf": {"metadata": {"pfVersion": "12.1.0.0"}, "operations": [
                {"resourceType": "/dataStores", "operationType": "SAVE", "items": [self.data_store()]},
                {"resourceType": "/idp/spConnections", "operationType": "SAVE", "items": [self.sp()]},
            ]},
            "policies": [
                {"data_store": "directory", "template": "open_ldap"},
                {
                    "connection": "cloud", "channel": "staff", "scope_count_seen": true,
                    "load": {"requests_per_second": 0.0},
                    "schedule": {"incremental_seconds": self.every, "full_seconds": 21_600},
                },
            ],
        })
    }

    fn data_store(&self) -> Value {
        json!({
            "type": "LDAP", "id": "directory", "name": "Directory", "ldapType": "GENERIC",
            "hostnames": [self.directory.address().to_string()],
            "userDN": BIND_DN, "password": BIND_PASSWORD,
        })
    }

    fn sp(&self) -> Value {
        json!({
            "type": "SP", "id": "cloud", "name": "Cloud", "entityId": "https://cloud.example.com/x",
            "active": true,
            "outboundProvision": {
                "type": "AtlassianCloud",
                "targetSettings": [
                    {"name": "DIRECTORY_BASE_URL", "value": self.sandbox.base_url()},
                    {"name": "API_KEY", "value": "env:USHER_TEST_KEY"},
                    {"name": "PROTECTED_ACCOUNTS", "value": "root@example.com"},
                ],
                "channels": [channel(&self.filter)],
            },
        })
    }

    /// Everything that normalising replaces, so that outputs can be compared.
    pub(crate) fn normal(&self, text: &str) -> String {
        let mut text = text
            .replace(&self.directory.address().to_string(), "LDAP-HOST")
            .replace(self.sandbox.origin(), "http://TARGET")
            .replace(&self.folder.path().display().to_string(), "FOLDER");
        if let Some(id) = self.sandbox.base_url().rsplit('/').next() {
            text = text.replace(id, "DIRECTORY-ID");
        }
        normalise(&text)
    }

    pub(crate) fn users(&self) -> usize {
        self.sandbox.snapshot().users.len()
    }
}

pub(crate) async fn ran(mut command: Command) -> Ran {
    let output = command.output().await.unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

fn channel(filter: &str) -> Value {
    let from = |field: &str, attribute: &str| json!({"fieldName": field, "saasFieldInfo": {"attributeNames": [attribute], "trim": true}});
    json!({
        "name": "staff", "active": true, "maxThreads": 4,
        "channelSource": {
            "dataSource": {"id": "directory"},
            "guidAttributeName": "entryUUID", "guidBinary": false, "baseDn": BASE,
            "changeDetectionSettings": {
                "userObjectClass": "inetOrgPerson", "groupObjectClass": "groupOfNames",
                "changedUsersAlgorithm": "TIMESTAMP_NO_NEGATION",
                "timeStampAttributeName": "modifyTimestamp",
            },
            "groupMembershipDetection": {"groupMemberAttributeName": "member"},
            "accountManagementSettings": {
                "accountStatusAttributeName": "employeeType",
                "accountStatusAlgorithm": "ACCOUNT_STATUS_ALGORITHM_FLAG",
                "flagComparisonValue": "left", "flagComparisonStatus": false,
            },
            "userSourceLocation": {"filter": filter},
            "groupSourceLocation": {"filter": "(cn=app-*)"},
        },
        "attributeMapping": [
            from("userName", "uid"), from("workEmail", "mail"), from("displayName", "cn"),
            from("givenName", "givenName"), from("familyName", "sn"), from("title", "title"),
        ],
    })
}

/// A person; its entryUUID follows from the number.
pub(crate) fn person(number: u32, uid: &str, first: &str, last: &str) -> DemoEntry {
    DemoEntry::new(format!("uid={uid},ou=people,{BASE}"))
        .with("objectClass", "inetOrgPerson")
        .with("uid", uid)
        .with("cn", format!("{first} {last}"))
        .with("givenName", first)
        .with("sn", last)
        .with("mail", format!("{uid}@example.com"))
        .with("entryUUID", format!("00000000-0000-4000-8000-{number:012}"))
}

pub(crate) fn group(number: u32, name: &str, members: &[&str]) -> DemoEntry {
    let mut group = DemoEntry::new(format!("cn={name},ou=groups,{BASE}"))
        .with("objectClass", "groupOfNames")
        .with("cn", name)
        .with("entryUUID", format!("00000000-0000-4000-9000-{number:012}"));
    for uid in members {
        group = group.with("member", format!("uid={uid},ou=people,{BASE}"));
    }
    group
}

pub(crate) fn frame() -> Vec<DemoEntry> {
    let unit = |name: &str| {
        DemoEntry::new(format!("ou={name},{BASE}"))
            .with("objectClass", "organizationalUnit")
            .with("ou", name)
    };
    vec![
        DemoEntry::new(BASE)
            .with("objectClass", "domain")
            .with("dc", "example"),
        unit("people"),
        unit("groups"),
        DemoEntry::new(BIND_DN)
            .with("objectClass", "applicationProcess")
            .with("cn", "reader"),
    ]
}

/// Five people, one of them disabled and one without a mail address, and two groups.
pub(crate) fn company() -> Vec<DemoEntry> {
    let mut entries = frame();
    let mut bare = person(5, "eve", "Eve", "Adams");
    bare.remove("mail");
    entries.extend([
        person(1, "ana", "Ana", "Silva").with("title", "Engineer"),
        person(2, "ben", "Ben", "Okafor"),
        person(3, "cleo", "Cléo", "Martin"),
        person(4, "dan", "Dan", "Berg").with("employeeType", "left"),
        bare,
        group(1, "app-wiki", &["ana", "ben", "cleo", "dan"]),
        group(2, "app-code", &["ana"]),
        group(3, "other", &["ana"]),
    ]);
    entries
}

/// Many people, for what takes a while.
pub(crate) fn crowd(people: u32) -> Vec<DemoEntry> {
    let mut entries = frame();
    entries
        .extend((1..=people).map(|n| person(n, &format!("p{n:04}"), "Pat", &format!("Number{n}"))));
    entries
}

#[expect(clippy::disallowed_methods, reason = "the rig stands for the machine")]
fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as i64)
}

/// Replaces what differs from run to run: times, durations, sizes, made-up ids; and the width of
/// columns, which follows from them.
fn normalise(text: &str) -> String {
    let mut normal = String::new();
    for line in text.lines() {
        let line = &plain_ids(line);
        let indent: String = line.chars().take_while(|c| *c == ' ').collect();
        let mut words: Vec<String> = Vec::new();
        for word in line.split_whitespace() {
            let last = words.last().cloned().unwrap_or_default();
            let is_number =
                last.chars().all(|c| c.is_ascii_digit() || c == '.') && !last.is_empty();
            let unit = word.trim_end_matches([',', ')', '.', ';']);
            if is_number && matches!(unit, "ms" | "s" | "min" | "KiB" | "MiB" | "bytes)") {
                words.pop();
                words.push(word.replace(unit, "N"));
            } else if last == "key" && word.len() == 8 {
                words.push("KEY".to_owned());
            } else {
                words.push(plain_word(word));
            }
        }
        normal.push_str(&indent);
        normal.push_str(&words.join(" "));
        normal.push('\n');
    }
    normal
}

/// A line without made-up ids; a reply of the target, which has times in it, without its body.
fn plain_ids(line: &str) -> String {
    if let Some(reply) = line.strip_prefix("    < ") {
        let status = reply.split(' ').next().unwrap_or_default();
        return format!("    < {status} BODY");
    }
    let is_part = |c: char| c.is_ascii_hexdigit() || c == '-';
    let mut plain = String::new();
    let mut rest = line;
    while let Some(start) = rest.find(is_part) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !is_part(c)).unwrap_or(from.len());
        let (part, after) = from.split_at(end);
        let is_id = part.len() >= 32 && !part.starts_with("00000000-0000-4000");
        plain.push_str(before);
        plain.push_str(if is_id { "ID" } else { part });
        rest = after;
    }
    plain + rest
}

/// One word, with a date or a time replaced.
fn plain_word(text: &str) -> String {
    let bare = text.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let shape: String = bare
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    match shape.as_str() {
        "0000-00-00" => text.replace(bare, "DATE"),
        "00:00:00" => text.replace(bare, "TIME"),
        _ => text.to_owned(),
    }
}

/// All bytes below a folder.
pub(crate) fn bytes_below(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                found.push((path, bytes));
            }
        }
    }
    found
}

/// Waits until something holds; fails after half a minute.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    until_seen(what, async || holds()).await;
}

/// As [`until`], for what has to be asked for.
pub(crate) async fn until_seen(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(20));
    for _ in 0..1_500 {
        looks.tick().await;
        if holds().await {
            return;
        }
    }
    panic!("never: {what}");
}
