//! System > Data Stores.

use usher_core::model::{Bind, Configuration, DataStore, DataStoreKind, DirectoryKind, LdapStore};

use crate::rig::{Browser, Page, Rig};

const LIST: &str = "/system/data-stores";
const NEW_LDAP: &str = "/system/data-stores/new/ldap";

async fn configuration(rig: &Rig) -> Configuration {
    let admin = &rig.company.world.admin;
    admin.engine.configuration().await.expect("a configuration")
}

async fn store(rig: &Rig, name: &str) -> DataStore {
    let configuration = configuration(rig).await;
    let mut all = configuration.data_stores.into_iter();
    all.find(|store| store.name == name)
        .expect("the data store")
}

fn ldap(store: &DataStore) -> &LdapStore {
    match &store.kind {
        DataStoreKind::Ldap(ldap) => ldap,
        DataStoreKind::Ldif { .. } => panic!("an LDIF file"),
    }
}

fn seen(page: &Page) -> String {
    let tag = page.between("name=\"seen\" value=\"", "\"");
    tag.replace("&#34;", "\"")
}

/// What is there at least.
const LDAP: &[(&str, &str)] = &[
    ("name", "Staff directory"),
    ("hostnames", "ldap.example.com"),
    ("useSsl", "true"),
    ("verifyHost", "true"),
    ("policy.template", "open_ldap"),
    ("userDN", "cn=usher,dc=example,dc=com"),
    ("password", "hush hush hush"),
];

async fn made(rig: &Rig, browser: &mut Browser) -> DataStore {
    let form = [LDAP, &[("go", "unasked")]].concat();
    let saved = rig.post(browser, NEW_LDAP, &form).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    store(rig, "Staff directory").await
}

#[tokio::test]
async fn the_list_tells_what_there_is_and_who_uses_it() {
    let rig = Rig::of(1).await;
    let mut root = rig.first_operator().await;
    let list = rig.get(&mut root, LIST).await.ok();
    for said in [
        "Export",
        "LDIF file",
        "1 channel",
        "ProvisionerDS",
        "Add New Data Store",
    ] {
        assert!(list.says(said), "{said}: {}", list.text);
    }
    let found = rig
        .get(&mut root, "/system/data-stores?q=provisionerds")
        .await
        .ok();
    assert!(found.says("ProvisionerDS") && !found.says(">Export<"));
    let usage = rig
        .get(&mut root, "/system/data-stores/export/usage")
        .await
        .ok();
    assert!(usage.says("/sp-connections/cloud/activation-summary"));
    assert!(usage.says(&format!("/channels/{}", crate::company::CHANNEL)));
    let mut ana = rig.operator("ana", &[]).await;
    let list = rig.get(&mut ana, LIST).await.ok();
    assert!(list.says("Check Usage") && !list.says("Add New Data Store") && !list.says("Delete"));
    let page = rig
        .get(&mut ana, "/system/data-stores/export/edit")
        .await
        .ok();
    assert!(page.says("disabled") && !page.says("Test Connection"));
    assert_eq!(rig.get(&mut ana, NEW_LDAP).await.status, 403);
    assert_eq!(
        rig.post(&mut ana, LIST, &[("delete", "export")])
            .await
            .status,
        403
    );
    let internal = rig
        .get(&mut ana, "/system/data-stores/ProvisionerDS/edit")
        .await;
    assert!(internal.ok().says("state folder"));
}

#[tokio::test]
async fn a_file_is_tested_before_it_is_saved_and_deleted_in_two_phases() {
    let rig = Rig::of(2).await;
    let mut root = rig.first_operator().await;
    let file = rig.company.world.folder.path().join("directory.ldif");
    let file = file.display().to_string();
    let to = "/system/data-stores/new/ldif";
    let chosen = rig
        .get(&mut root, "/system/data-stores/new?type=ldif")
        .await;
    assert_eq!(chosen.location(), to);
    rig.get(&mut root, to).await.ok();
    let form = |go| {
        [
            ("name", "Second <b>export</b>"),
            ("configuration.fields[0].value", file.as_str()),
            ("policy.template", "open_ldap"),
            ("go", go),
        ]
    };
    let tested = rig.post(&mut root, to, &form("test")).await.ok();
    assert!(
        tested.says("nothing was saved") && tested.says("state good"),
        "{}",
        tested.text
    );
    assert_eq!(configuration(&rig).await.data_stores.len(), 1);
    let saved = rig.post(&mut root, to, &form("save")).await;
    assert_eq!(
        saved.location(),
        "/system/data-stores?done=saved",
        "{}",
        saved.text
    );
    let second = store(&rig, "Second <b>export</b>").await;
    assert_eq!(second.directory, DirectoryKind::OpenLdap);
    let list = rig.get(&mut root, LIST).await.ok();
    assert!(
        list.says("Second &#60;b&#62;export") && !list.says("<b>export"),
        "{}",
        list.text
    );

    let refused = rig.post(&mut root, LIST, &[("delete", "export")]).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.says("channel `staff` of SP connection `Cloud`"),
        "{}",
        refused.text
    );
    let id = second.id.as_str();
    let marked = rig.post(&mut root, LIST, &[("delete", id)]).await;
    assert_eq!(marked.location(), format!("{LIST}?gone={id}"));
    let marked = rig.get(&mut root, marked.location()).await.ok();
    assert!(marked.says("goes when the list is saved") && marked.says("Undelete"));
    assert_eq!(configuration(&rig).await.data_stores.len(), 2);
    let back = rig
        .post(&mut root, LIST, &[("gone", id), ("undelete", id)])
        .await;
    assert_eq!(back.location(), LIST);
    let done = rig
        .post(&mut root, LIST, &[("gone", id), ("go", "save")])
        .await;
    assert_eq!(done.location(), "/system/data-stores?done=saved");
    assert_eq!(configuration(&rig).await.data_stores.len(), 1);
    let used = rig
        .post(&mut root, LIST, &[("gone", "export"), ("go", "save")])
        .await;
    assert_eq!(used.status, 422);
    assert_eq!(configuration(&rig).await.data_stores.len(), 1);
}

#[tokio::test]
async fn each_published_field_is_on_the_page_and_those_without_effect_say_so() {
    let rig = Rig::of(0).await;
    let mut root = rig.first_operator().await;
    let page = rig.get(&mut root, NEW_LDAP).await.ok();
    let elsewhere = [
        "type",
        "id",
        "ldapType",
        "encryptedPassword",
        "lastModified",
    ];
    for (resource, path, does) in usher_pf::published_fields() {
        if resource != "/dataStores, LDAP" || elsewhere.contains(&path.as_str()) {
            continue;
        }
        let name = match path.as_str() {
            "clientTlsCertificateRef" => "clientTlsCertificateRef.id".to_owned(),
            other => other.replace("[]", "[0]"),
        };
        let field = format!("name=\"{name}\"");
        assert!(page.says(&field), "{path} is missing");
        if does == "kept" {
            let help = page.between(&field, "</div>");
            assert!(help.contains("Kept without effect."), "{path}: {help}");
        }
    }
}

#[tokio::test]
async fn a_directory_is_saved_with_all_it_has_and_its_password_is_never_shown() {
    let rig = Rig::of(0).await;
    let mut root = rig.first_operator().await;
    rig.get(&mut root, NEW_LDAP).await.ok();
    let first = made(&rig, &mut root).await;
    assert_eq!(first.directory, DirectoryKind::OpenLdap);
    let at = format!("{LIST}/{}/edit", first.id);
    let page = rig.get(&mut root, &at).await.ok();
    assert!(
        page.says("Kept; type to replace it") && !page.says("hush"),
        "{}",
        page.text
    );
    let seen = seen(&page);
    let mut form: Vec<(&str, &str)> = LDAP[..6].to_vec();
    form.extend([
        ("seen", seen.as_str()),
        ("go", "unasked"),
        ("readTimeout", "7000"),
        ("connectionTimeout", "2000"),
        ("binaryAttributes", "photo\nthumb"),
        ("policy.page_size", "250"),
        ("policy.ca_file", "/etc/ssl/own.pem"),
        ("maxConnections", "42"),
        ("testOnBorrow", "true"),
        ("hostnamesTags[0].hostnames", "a.example.com b.example.com"),
        ("hostnamesTags[0].tags", "east"),
        ("hostnamesTags[1].hostnames", ""),
    ]);
    // The file of an authority weakens what the password is sent to: it is typed anew.
    let refused = rig.post(&mut root, &at, &form).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(refused.says("href=\"#f-password\""), "{}", refused.text);
    form.push(("password", "hush hush hush"));
    let saved = rig.post(&mut root, &at, &form).await;
    let now = store(&rig, "Staff directory").await;
    let kept = &now.kept.0;
    assert_eq!(
        kept["maxConnections"], 42,
        "{} {}",
        saved.status, saved.text
    );
    assert_eq!(kept["testOnBorrow"], true);
    assert_eq!(kept["hostnamesTags"][0]["tags"], "east");
    let ldap = ldap(&now);
    assert_eq!(
        (
            ldap.read_timeout_ms,
            ldap.connect_timeout_ms,
            ldap.page_size
        ),
        (7000, 2000, 250)
    );
    assert_eq!(ldap.binary_attributes, ["photo", "thumb"]);
    assert_eq!(ldap.ca_file.as_deref(), Some("/etc/ssl/own.pem"));
    assert!(matches!(&ldap.bind, Bind::Simple { password, .. } if !password.0.is_empty()));
    let page = rig.get(&mut root, &at).await.ok();
    assert!(page.says("value=\"a.example.com b.example.com\"") && !page.says("hush"));
    // Apply Defaults fills in the form and saves nothing.
    form.push(("go", "defaults"));
    form.retain(|(name, value)| *name != "go" || *value == "defaults");
    let page = rig.post(&mut root, &at, &form).await.ok();
    assert!(
        page.says("value=\"100\"") && !page.says("hush"),
        "{}",
        page.text
    );
    assert_eq!(
        store(&rig, "Staff directory").await.kept.0["maxConnections"],
        42
    );
}

#[tokio::test]
async fn a_kept_password_goes_to_no_other_host_also_by_a_test() {
    let rig = Rig::of(0).await;
    let mut root = rig.first_operator().await;
    rig.get(&mut root, NEW_LDAP).await.ok();
    let first = made(&rig, &mut root).await;
    let at = format!("{LIST}/{}/edit", first.id);
    let seen = seen(&rig.get(&mut root, &at).await.ok());
    for go in ["test", "save", "unasked"] {
        let mut form: Vec<(&str, &str)> = LDAP[..6].to_vec();
        form[1] = ("hostnames", "127.0.0.1:9");
        form.extend([("seen", seen.as_str()), ("go", go)]);
        let refused = rig.post(&mut root, &at, &form).await;
        assert_eq!(refused.status, 422, "{go}: {}", refused.text);
        assert!(
            refused.says("href=\"#f-password\""),
            "{go}: {}",
            refused.text
        );
    }
    assert_eq!(store(&rig, "Staff directory").await, first);
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_told_check_by_check() {
    let rig = Rig::of(0).await;
    let mut root = rig.first_operator().await;
    rig.get(&mut root, NEW_LDAP).await.ok();
    let mut form: Vec<(&str, &str)> = LDAP.to_vec();
    form[1] = ("hostnames", "127.0.0.1:9");
    form.push(("go", "test"));
    let tested = rig.post(&mut root, NEW_LDAP, &form).await.ok();
    assert!(tested.says("state bad"), "{}", tested.text);
    assert!(!tested.says("hush"), "{}", tested.text);
    assert_eq!(configuration(&rig).await.data_stores.len(), 1);
    form[1] = ("hostnames", "ldap://x");
    let wrong = rig.post(&mut root, NEW_LDAP, &form).await;
    assert_eq!(wrong.status, 422);
    assert!(
        wrong.says("href=\"#f-hostnames\"") && wrong.says("ldap://x"),
        "{}",
        wrong.text
    );
    assert!(!wrong.says("Kept; type to replace it"), "{}", wrong.text);
}

#[tokio::test]
async fn who_asks_outside_in_vain_may_save_without_asking() {
    let rig = Rig::of(1).await;
    let mut root = rig.first_operator().await;
    let at = "/system/data-stores/export/edit";
    let seen = seen(&rig.get(&mut root, at).await.ok());
    let form = |go| {
        [
            ("name", "Export"),
            ("configuration.fields[0].value", "/nowhere/at/all.ldif"),
            ("policy.template", "open_ldap"),
            ("seen", seen.as_str()),
            ("go", go),
        ]
    };
    let refused = rig.post(&mut root, at, &form("save")).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(
        refused.says("Save without testing") && !refused.says("X-Bypass"),
        "{}",
        refused.text
    );
    let saved = rig.post(&mut root, at, &form("unasked")).await;
    assert_eq!(saved.status, 303, "{}", saved.text);
    let now = store(&rig, "Export").await;
    assert!(matches!(now.kind, DataStoreKind::Ldif { path } if path == "/nowhere/at/all.ldif"));
    // The tab that was open meanwhile shows both sides.
    let late = rig
        .post(&mut root, at, &[("name", "Late"), ("seen", seen.as_str())])
        .await;
    assert_eq!(late.status, 422);
    assert!(late.says("Saved meanwhile by somebody else") && late.says("/nowhere/at/all.ldif"));
    root.csrf = "another".to_owned();
    assert_eq!(rig.post(&mut root, at, &form("save")).await.status, 403);
}
