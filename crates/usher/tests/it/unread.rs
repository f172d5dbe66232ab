//! Who was never in scope: the directory itself is asked. Against a real server.

use serde_json::{Value, json};
use usher_testkit::slapd::{Slapd, SlapdConfig};

use crate::rig::Rig;

const BASE: &str = "dc=example,dc=test";

fn person(uid: &str, unit: &str, mail: &str, kind: &str) -> String {
    format!(
        "dn: uid={uid},ou={unit},{BASE}\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {uid} Jones\nsn: Jones\ngivenName: {uid}\nmail: {mail}\nemployeeType: {kind}\n\n"
    )
}

fn ldif() -> String {
    let mut text = format!(
        "dn: {BASE}\nobjectClass: top\nobjectClass: domain\ndc: example\n\ndn: ou=Staff,{BASE}\nobjectClass: organizationalUnit\nou: Staff\n\ndn: ou=Contractors,{BASE}\nobjectClass: organizationalUnit\nou: Contractors\n\n"
    );
    text += &person("ana", "Staff", "ana@example.test", "staff");
    text += &person("djones", "Contractors", "dan@example.test", "outside");
    text += &person("twin1", "Contractors", "both@example.test", "outside");
    text += &person("twin2", "Contractors", "both@example.test", "outside");
    text += &format!(
        "dn: cn=other,{BASE}\nobjectClass: groupOfNames\ncn: other\nmember: uid=djones,ou=Contractors,{BASE}\n\n"
    );
    text
}

struct World {
    slapd: Slapd,
    rig: Rig,
}

impl World {
    /// Ana is in scope; everybody else was never.
    async fn new() -> Option<Self> {
        let slapd = Slapd::start_or_skip(SlapdConfig {
            ldif: Some(ldif()),
            ..SlapdConfig::default()
        })?;
        let rig = Rig {
            filter: "(employeeType=staff)".to_owned(),
            ..Rig::new().await
        };
        let mut configuration = rig.configuration();
        let operations = &mut configuration["pf"]["operations"];
        let store = &mut operations[0]["items"][0];
        store["hostnames"] = json!([format!("127.0.0.1:{}", slapd.port())]);
        store["userDN"] = json!(slapd.reader_dn());
        store["password"] = json!(slapd.reader_password());
        let channel = &mut operations[1]["items"][0]["outboundProvision"]["channels"][0];
        channel["channelSource"]["baseDn"] = json!(BASE);
        rig.write("usher.json", &configuration.to_string());
        let imported = rig.usher(&["config", "import", "usher.json"]).await;
        imported.code(0);
        rig.usher(&["sync"]).await.code(0);
        Some(Self { slapd, rig })
    }

    async fn explain(&self, who: &str) -> Value {
        let ran = self.rig.usher(&["explain", who, "--json"]).await.code(0);
        ran.json()
    }
}

fn dn(uid: &str) -> String {
    format!("uid={uid},ou=Contractors,{BASE}")
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_was_never_in_scope_is_explained_by_every_name() {
    let Some(world) = World::new().await else {
        return;
    };
    let by_dn = world.explain(&dn("djones")).await;
    assert_eq!(by_dn["known"], false, "{by_dn:#}");
    assert_eq!(by_dn["subject"]["dn"], dn("djones"));
    assert_eq!(by_dn["subject"]["verdict"], "out_of_scope");
    let scope = by_dn["scope"].as_str().unwrap();
    for words in [
        "not in scope: filter (employeeType=staff) does not hold",
        "under dc=example,dc=test holds",
        "objectClass inetOrgPerson holds",
    ] {
        assert!(scope.contains(words), "{scope}");
    }
    let what = by_dn["next"]["what"].as_str().unwrap();
    assert!(
        what.starts_with("nothing will happen: out of scope, because filter (employeeType=staff)"),
        "{what}"
    );
    let mail = by_dn["mapping"].as_array().unwrap().iter();
    let mail = mail
        .filter(|field| field["field"] == "workEmail")
        .collect::<Vec<_>>();
    assert_eq!(mail[0]["result"], "dan@example.test");
    let key = by_dn["subject"]["key"].as_str().unwrap().to_owned();
    for who in ["djones", "DAN@example.test", "djones Jones", &key] {
        assert_eq!(world.explain(who).await["subject"]["dn"], dn("djones"));
    }
    let group = world.explain("other").await;
    assert_eq!(group["subject"]["kind"], "group");
    let text = world.rig.usher(&["explain", "djones"]).await.code(0);
    assert!(
        text.out
            .contains("nothing will happen: out of scope, because filter (employeeType=staff)"),
        "{}",
        text.out
    );
    let plan = world
        .rig
        .usher(&["plan", "--subject", "djones"])
        .await
        .code(0);
    assert!(
        plan.out.contains("filter (employeeType=staff)"),
        "{}",
        plan.out
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn several_of_a_name_are_listed_and_a_silent_directory_is_said() {
    let Some(mut world) = World::new().await else {
        return;
    };
    for args in [
        &["explain", "both@example.test"][..],
        &["plan", "--subject", "both@example.test"],
    ] {
        let several = world.rig.usher(args).await.code(3).err;
        for words in ["names several", &dn("twin1"), &dn("twin2")] {
            assert!(several.contains(words), "{several}");
        }
    }
    let nobody = world.rig.usher(&["explain", "zoe"]).await.code(3).err;
    for words in ["nobody is known as `zoe`", "the directory has nobody"] {
        assert!(nobody.contains(words), "{nobody}");
    }
    world.slapd.stop();

    for args in [&["explain", "djones"][..], &["plan", "--subject", "djones"]] {
        let silent = world.rig.usher(args).await.code(3).err;
        for words in ["nobody is known as `djones`", "could not be asked"] {
            assert!(silent.contains(words), "{silent}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_is_linked_and_was_renamed_since_is_told_with_the_link() {
    let Some(world) = World::new().await else {
        return;
    };
    let before = world.explain("ana").await;
    let link = before["subject"]["target_id"].clone();
    assert!(link.is_string(), "{before:#}");
    let rename = format!(
        "dn: uid=ana,ou=Staff,{BASE}\nchangetype: modrdn\nnewrdn: uid=anna\ndeleteoldrdn: 1\n"
    );
    world.slapd.ldif_modify(&rename).unwrap();
    for who in ["anna", &format!("uid=anna,ou=Staff,{BASE}")] {
        let story = world.explain(who).await;
        assert_eq!(story["known"], true, "{story:#}");
        assert_eq!(story["subject"]["target_id"], link, "{story:#}");
        let scope = story["scope"].as_str().unwrap();
        let moved = format!("from uid=ana,ou=Staff,{BASE} to uid=anna,ou=Staff,{BASE}");
        assert!(scope.contains(&moved), "{scope}");
        assert!(scope.contains("in scope"), "{scope}");
    }
}
