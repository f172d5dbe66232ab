//! A small company: an LDIF export as the directory, the sandbox as the target, one channel.

use serde_json::Value;
use usher_core::model::{
    Channel, ChannelId, Configuration, ConnectionId, DataStore, DataStoreId, DataStoreKind, Dates,
    DirectoryKind, GeneralInfo, Kept, Load, Location, MappingRule, Policy, ProvisioningOptions,
    SpConnection,
};
use usher_core::templates::defaults_for;
use usher_sandbox::scim::{RunningSandbox, Sandbox, SandboxConfig};

use crate::world::{Answer, World};

pub(crate) const CHANNEL: &str = "0199c3a2-7d2e-7c41-9a53-1f0b6f1e2d3c";
pub(crate) const BASE: &str = "dc=example,dc=com";
/// Under `/api/v1`.
pub(crate) const AT: &str = "/api/v1/channels/0199c3a2-7d2e-7c41-9a53-1f0b6f1e2d3c";

/// The company with its APIs.
pub(crate) struct Company {
    pub(crate) world: World,
    pub(crate) sandbox: RunningSandbox,
    people: Vec<(String, bool)>,
    /// How often the directory was built anew.
    built: u32,
}

impl Company {
    /// With so many people, `u00`, `u01`, ..., and one group of the first three.
    pub(crate) async fn of(people: usize) -> Self {
        let world = World::start().await;
        let seed = SandboxConfig {
            seed: Some(7),
            ..SandboxConfig::default()
        };
        let sandbox = Sandbox::start(seed).await.expect("the sandbox starts");
        let mut company = Self {
            world,
            sandbox,
            people: Vec::new(),
            built: 0,
        };
        for n in 0..people {
            company.people.push((format!("u{n:02}"), false));
        }
        company.export();
        let configuration = company.configuration();
        let saved = company
            .world
            .admin
            .save(configuration, 0, "the first")
            .await;
        saved.expect("the configuration is saved");
        company
    }

    /// Somebody is locked in the directory.
    pub(crate) fn lock(&mut self, uid: &str) {
        for (known, locked) in &mut self.people {
            *locked |= known == uid;
        }
        self.export();
    }

    /// The directory is built anew: everybody comes under another key.
    pub(crate) fn rebuild(&mut self) {
        self.built += 1;
        self.export();
    }

    fn path(&self) -> std::path::PathBuf {
        self.world.folder.path().join("directory.ldif")
    }

    fn export(&self) {
        let mut text = format!(
            "version: 1\n\ndn: {BASE}\nobjectClass: domain\ndc: example\n\ndn: ou=people,{BASE}\nobjectClass: organizationalUnit\nou: people\nentryUUID: 00000000-0000-4000-8000-0000000000aa\n"
        );
        for (n, (uid, locked)) in self.people.iter().enumerate() {
            text.push_str(&format!(
                "\ndn: uid={uid},ou=people,{BASE}\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {uid} Example\ngivenName: {uid}\nsn: Example\nmail: {uid}@example.com\ntitle: Engineer\nemployeeNumber: 4711-{n}\nuserPassword: hunter2\nentryUUID: 00000000-0000-4000-8000-{:07}{n:05}\n", self.built
            ));
            if *locked {
                text.push_str("pwdAccountLockedTime: 000001010000Z\n");
            }
        }
        text.push_str(&format!(
            "\ndn: cn=team,ou=people,{BASE}\nobjectClass: groupOfNames\ncn: team\nentryUUID: 00000000-0000-4000-8000-0000000000bb\n"
        ));
        for (uid, _) in self.people.iter().take(3) {
            text.push_str(&format!("member: uid={uid},ou=people,{BASE}\n"));
        }
        std::fs::write(self.path(), text).expect("the export is written");
    }

    fn configuration(&self) -> Configuration {
        let sealer = &self.world.admin.engine.sealer;
        let rule = |field: &str, attribute: &str| MappingRule {
            field: field.to_owned(),
            attributes: vec![attribute.to_owned()],
            ..MappingRule::default()
        };
        let mut source =
            defaults_for(DirectoryKind::OpenLdap).source(DataStoreId::new("export"), BASE);
        source.users = Location {
            filter: Some("(uid=*)".to_owned()),
            ..Location::default()
        };
        source.groups = Some(Location {
            filter: Some("(cn=team)".to_owned()),
            ..Location::default()
        });
        let channel = Channel {
            id: ChannelId::new(CHANNEL),
            name: "staff".to_owned(),
            active: true,
            max_threads: 4,
            timeout_seconds: 30,
            source,
            mapping: vec![
                rule("userName", "uid"),
                rule("workEmail", "mail"),
                rule("givenName", "givenName"),
                rule("familyName", "sn"),
                rule("displayName", "cn"),
                MappingRule {
                    masked: true,
                    ..rule("title", "employeeNumber")
                },
            ],
            policy: Policy {
                scope_count_seen: true,
                load: Load {
                    requests_per_second: Some(0.0),
                    ..Load::default()
                },
                ..Policy::default()
            },
        };
        Configuration {
            revision: 0,
            data_stores: vec![DataStore {
                id: DataStoreId::new("export"),
                name: "Export".to_owned(),
                kind: DataStoreKind::Ldif {
                    path: self.path().display().to_string(),
                },
                directory: DirectoryKind::OpenLdap,
                mask_values_in_log: false,
                dates: Dates::default(),
                kept: Kept::default(),
            }],
            sp_connections: vec![SpConnection {
                id: ConnectionId::new("cloud"),
                name: "Cloud".to_owned(),
                entity_id: "https://cloud.example.com/usher".to_owned(),
                active: true,
                base_url: None,
                connector: "AtlassianCloud".to_owned(),
                settings: [("DIRECTORY_BASE_URL".to_owned(), self.sandbox.base_url())].into(),
                secrets: [(
                    "API_KEY".to_owned(),
                    sealer.seal("target_secret", &self.sandbox.key()),
                )]
                .into(),
                secret_entered_at: [("API_KEY".to_owned(), 1_795_000_000_000)].into(),
                options: ProvisioningOptions::default(),
                protected_accounts: vec!["root@example.com".to_owned()],
                dates: Dates::default(),
                kept: Kept::default(),
                general: GeneralInfo::default(),
                channels: vec![channel],
            }],
            ..Configuration::default()
        }
    }

    /// Gets what is under the channel.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.world.get(&format!("{AT}{path}")).await
    }

    /// Posts under the channel.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.world
            .call(axum::http::Method::POST, &format!("{AT}{path}"), Some(body))
            .await
    }

    /// Runs to the end; the report.
    pub(crate) async fn run(&self, body: Value) -> Value {
        let began = self.post("/runs", body).await;
        assert_eq!(began.status, 202, "{began:?}");
        let ended = self.ended(&began).await;
        assert_eq!(ended["state"], "done", "{ended:#}");
        ended["report"].clone()
    }

    /// Waits for the job that an answer began.
    pub(crate) async fn ended(&self, began: &Answer) -> Value {
        let place = began.headers["location"].to_str().expect("text").to_owned();
        let limit = std::time::Duration::from_mins(1);
        let ended = async {
            loop {
                let found = self.world.get(&place).await;
                let job = found.body.get("job").unwrap_or(&found.body).clone();
                if job["state"] != "running" {
                    return job;
                }
            }
        };
        let ended = tokio::time::timeout(limit, ended).await;
        ended.expect("the job ends")
    }

    /// How many people the target has.
    pub(crate) fn accounts(&self) -> usize {
        let snapshot = serde_json::to_value(self.sandbox.snapshot()).expect("a snapshot");
        snapshot["users"].as_array().map_or(0, Vec::len)
    }
}
