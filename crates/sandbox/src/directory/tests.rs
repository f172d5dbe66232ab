//! Through our own client, and through Debian's `ldapsearch` where it is installed.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use usher_directory::Filter;
use usher_ldap::{
    Client, ConnectOptions, Endpoint, LdapEntry, LdapError, ResultCode, Scope, SearchItem,
    SearchRequest,
};

use super::*;

const BASE: &str = "dc=acme,dc=test";
const ACCOUNT: (&str, &str) = ("cn=reader,dc=acme,dc=test", "secret");
/// 2026-01-01T00:00:00Z
const START: i64 = 1_767_225_600_000;

fn sample(people: usize) -> Vec<DemoEntry> {
    let mut all = vec![
        DemoEntry::new(BASE)
            .with("objectClass", "domain")
            .with("dc", "acme"),
        DemoEntry::new(format!("ou=People,{BASE}"))
            .with("objectClass", "organizationalUnit")
            .with("ou", "People"),
    ];
    for at in 0..people {
        all.push(
            DemoEntry::new(format!("uid=p{at},ou=People,{BASE}"))
                .with("objectClass", "inetOrgPerson")
                .with("uid", format!("p{at}"))
                .with("cn", format!("Person {at}"))
                .with("cn;lang-de", format!("Mensch {at}"))
                .with_bytes("jpegPhoto", [0xff, at as u8]),
        );
    }
    all.push(
        DemoEntry::new(format!("cn=staff,{BASE}"))
            .with("objectClass", "groupOfNames")
            .with("cn", "staff")
            .with("member", format!("UID=p0, ou=people,{BASE}"))
            .with("member", format!("uid=p1,ou=People,{BASE}")),
    );
    all
}

struct Rig {
    directory: RunningDirectory,
    now: Arc<AtomicI64>,
}

async fn rig(people: usize, adjust: impl FnOnce(&mut DirectoryOptions)) -> Rig {
    let now = Arc::new(AtomicI64::new(START));
    let clock = Arc::clone(&now);
    let mut options = DirectoryOptions::new(Arc::new(move || clock.load(Ordering::SeqCst)));
    options.account = Some((ACCOUNT.0.into(), ACCOUNT.1.into()));
    adjust(&mut options);
    let directory = DemoDirectory::start(sample(people), options)
        .await
        .expect("starts");
    Rig { directory, now }
}

impl Rig {
    async fn client(&self) -> Client {
        let endpoint = Endpoint::from_url(&self.directory.url()).expect("a URL");
        let mut client = Client::connect(&[endpoint], &ConnectOptions::default())
            .await
            .expect("connects");
        client
            .bind_simple(ACCOUNT.0, ACCOUNT.1)
            .await
            .expect("binds");
        client
    }

    async fn search(&self, filter: &str, attributes: &[&str]) -> Result<Vec<LdapEntry>, LdapError> {
        let filter = Filter::parse(filter).expect("a filter");
        let request = SearchRequest::new(BASE, filter).attributes(attributes.iter().copied());
        read(&mut self.client().await, request, 7).await
    }

    async fn dns(&self, filter: &str) -> Vec<String> {
        let found = self.search(filter, &["1.1"]).await.expect("success");
        found
            .into_iter()
            .map(|entry| entry.dn.replace(&format!(",{BASE}"), ""))
            .collect()
    }
}

async fn read(
    client: &mut Client,
    request: SearchRequest,
    page: u32,
) -> Result<Vec<LdapEntry>, LdapError> {
    let mut search = client.search_paged(request, page);
    let mut found = Vec::new();
    while let Some(item) = search.next().await? {
        match item {
            SearchItem::Entry(entry) => found.push(entry),
            other => panic!("{other:?}"),
        }
    }
    Ok(found)
}

#[tokio::test]
async fn filters_scopes_and_attributes_work_as_on_a_real_server() {
    let rig = rig(20, |_| {}).await;
    assert_eq!(rig.dns("(uid=P1)").await, ["uid=p1,ou=People"]);
    assert_eq!(
        rig.dns("(&(objectClass=inetOrgPerson)(uid=p1*))")
            .await
            .len(),
        11
    );
    assert_eq!(rig.dns("(!(objectClass=inetOrgPerson))").await.len(), 3);
    assert_eq!(
        rig.dns(&format!("(member=uid=p0,ou=People,{BASE})")).await,
        ["cn=staff"]
    );
    assert_eq!(
        rig.dns(&format!("(memberOf=cn=Staff,{BASE})")).await,
        ["uid=p0,ou=People", "uid=p1,ou=People"]
    );
    assert_eq!(rig.dns("(cn=mensch 3)").await, ["uid=p3,ou=People"]);

    let one = rig
        .search("(uid=p0)", &["CN", "entryUUID", "memberof", "jpegPhoto"])
        .await
        .expect("success");
    let names: Vec<&str> = one[0]
        .attributes
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        names,
        ["cn", "cn;lang-de", "jpegPhoto", "entryUUID", "memberOf"]
    );
    assert_eq!(one[0].values("jpegPhoto"), [vec![0xff, 0]]);
    assert_eq!(one[0].text("memberOf"), Some("cn=staff,dc=acme,dc=test"));
    let all = rig.search("(uid=p0)", &[]).await.expect("success");
    assert!(all[0].values("entryUUID").is_empty() && !all[0].values("objectClass").is_empty());
    let plus = rig.search("(uid=p0)", &["+"]).await.expect("success");
    assert_eq!(plus[0].text("modifyTimestamp"), Some("20260101000000Z"));
    assert!(plus[0].values("cn").is_empty());

    let mut client = rig.client().await;
    let everything = SearchRequest::new(BASE, Filter::present("objectClass"));
    for (scope, expected) in [(Scope::Base, 1), (Scope::One, 2), (Scope::Sub, 23)] {
        let found = read(&mut client, everything.clone().scope(scope), 7)
            .await
            .expect("success");
        assert_eq!(found.len(), expected, "{scope:?}");
    }
    let root = client.root_dse().await.expect("shown");
    assert_eq!(root.naming_contexts, [BASE]);
    assert!(root.supports_control(usher_ldap::PAGED_RESULTS));
    assert_eq!(
        client.who_am_i().await.expect("answers"),
        format!("dn:{}", ACCOUNT.0)
    );
}

#[tokio::test]
async fn only_the_account_may_read() {
    let rig = rig(2, |_| {}).await;
    let endpoint = Endpoint::from_url(&rig.directory.url()).expect("a URL");
    let mut client = Client::connect(&[endpoint], &ConnectOptions::default())
        .await
        .expect("connects");
    let request = SearchRequest::new(BASE, Filter::present("objectClass"));
    let error = read(&mut client, request.clone(), 5)
        .await
        .expect_err("not bound");
    assert_eq!(error.code(), Some(ResultCode::INSUFFICIENT_ACCESS_RIGHTS));
    assert!(
        !client
            .root_dse()
            .await
            .expect("shown to all")
            .naming_contexts
            .is_empty()
    );
    for (dn, password) in [(ACCOUNT.0, "wrong"), ("cn=other", "secret")] {
        let error = client.bind_simple(dn, password).await.expect_err("refused");
        assert!(matches!(error, LdapError::Auth { .. }), "{error:?}");
    }
    client
        .bind_simple("CN=Reader, dc=ACME,dc=test", ACCOUNT.1)
        .await
        .expect("the same name");
    assert_eq!(
        read(&mut client, request, 5).await.expect("success").len(),
        5
    );
}

#[tokio::test]
async fn changes_move_the_time_stamp_and_deletes_leave_the_groups_stamp() {
    let rig = rig(3, |_| {}).await;
    let p1 = format!("uid=p1,ou=people,{BASE}");
    let first = rig
        .search("(uid=p1)", &["entryUUID"])
        .await
        .expect("success");
    rig.now.store(START + 5_000, Ordering::SeqCst);
    rig.directory
        .modify(&p1, |entry| entry.set("mail", "p1@acme.test"))
        .expect("there");
    assert_eq!(
        rig.dns("(modifyTimestamp>=20260101000005Z)").await,
        ["uid=p1,ou=People"]
    );
    assert_eq!(rig.dns("(mail=P1@acme.test)").await.len(), 1);

    rig.directory.delete(&p1).expect("a leaf");
    let staff = rig
        .search("(cn=staff)", &["member", "modifyTimestamp"])
        .await
        .expect("success");
    assert_eq!(staff[0].values("member").len(), 1);
    assert_eq!(staff[0].text("modifyTimestamp"), Some("20260101000000Z"));
    rig.directory
        .add(DemoEntry::new(&p1).with("uid", "p1"))
        .expect("free");
    let again = rig
        .search("(uid=p1)", &["entryUUID"])
        .await
        .expect("success");
    assert_ne!(first[0].text("entryUUID"), again[0].text("entryUUID"));

    assert_eq!(
        rig.directory.delete(BASE),
        Err(DirectoryError::NotALeaf(BASE.into()))
    );
    assert!(matches!(
        rig.directory.delete("cn=gone"),
        Err(DirectoryError::NoSuchEntry(_))
    ));
    assert!(matches!(
        rig.directory.delete("gone"),
        Err(DirectoryError::BadDn { .. })
    ));
    assert!(matches!(
        rig.directory.add(DemoEntry::new(&p1)),
        Err(DirectoryError::AlreadyThere(_))
    ));
}

#[tokio::test]
async fn renaming_a_branch_takes_members_along_and_keeps_the_uuids() {
    let rig = rig(3, |_| {}).await;
    let before = rig
        .search("(uid=p0)", &["entryUUID"])
        .await
        .expect("success");
    rig.now.store(START + 5_000, Ordering::SeqCst);
    rig.directory
        .rename(&format!("ou=People,{BASE}"), &format!("ou=Staff,{BASE}"))
        .expect("moves");
    let after = rig
        .search("(uid=p0)", &["entryUUID", "memberOf", "modifyTimestamp"])
        .await
        .expect("success");
    assert_eq!(after[0].dn, format!("uid=p0,ou=Staff,{BASE}"));
    assert_eq!(after[0].text("entryUUID"), before[0].text("entryUUID"));
    assert_eq!(after[0].text("modifyTimestamp"), Some("20260101000000Z"));
    assert_eq!(after[0].text("memberOf"), Some("cn=staff,dc=acme,dc=test"));
    let staff = rig
        .search("(cn=staff)", &["member"])
        .await
        .expect("success");
    assert!(
        staff[0]
            .texts("member")
            .iter()
            .all(|member| member.contains("ou=Staff")),
        "{staff:?}"
    );
    assert_eq!(rig.dns("(uid=*)").await.len(), 3);
}

#[tokio::test]
async fn faults_cut_once_and_hide_what_may_not_be_seen() {
    let rig = rig(30, |_| {}).await;
    rig.directory.cut_after_entries(10);
    let error = rig
        .search("(uid=*)", &["uid"])
        .await
        .expect_err("cut in the second page");
    assert!(matches!(error, LdapError::Disconnected { .. }), "{error:?}");
    assert_eq!(rig.directory.entries_sent(), 10);
    assert_eq!(rig.dns("(uid=*)").await.len(), 30);

    rig.directory
        .hide(|entry| entry.text("uid").is_some_and(|uid| uid.ends_with('5')));
    assert_eq!(rig.dns("(uid=*)").await.len(), 27);
    let mut client = rig.client().await;
    let error = client
        .read_entry(&format!("uid=p5,ou=People,{BASE}"), &[])
        .await
        .expect_err("hidden");
    assert_eq!(error.code(), Some(ResultCode::NO_SUCH_OBJECT));
    assert!(
        error
            .to_string()
            .contains(&format!("the part that exists is \"ou=People,{BASE}\"")),
        "{error}"
    );
    rig.directory.show_all();
    assert_eq!(rig.dns("(uid=*)").await.len(), 30);
}

#[tokio::test]
async fn a_size_limit_cuts_unpaged_searches_and_not_pages() {
    let rig = rig(30, |options| options.size_limit = 10).await;
    let mut client = rig.client().await;
    let mut request = SearchRequest::new(BASE, Filter::present("uid"));
    let mut stream = client.search(&request).await.expect("sent");
    let mut count = 0;
    let error = loop {
        match stream.next().await {
            Ok(Some(_)) => count += 1,
            Ok(None) => panic!("complete"),
            Err(error) => break error,
        }
    };
    assert_eq!(
        (count, error.code()),
        (10, Some(ResultCode::SIZE_LIMIT_EXCEEDED))
    );
    assert_eq!(
        read(&mut client, request.clone(), 7)
            .await
            .expect("success")
            .len(),
        30
    );
    // Exactly as many as there is room for is not too many.
    request.filter = Filter::parse("(uid=p1*)").expect("a filter");
    request.size_limit = 11;
    request.base = format!("ou=People,{BASE}");
    let mut stream = client.search(&request).await.expect("sent");
    let mut seen = 0;
    while let Ok(Some(_)) = stream.next().await {
        seen += 1;
    }
    assert_eq!(seen, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_people_are_read_while_others_change_them() {
    let rig = rig(20_000, |_| {}).await;
    let mut client = rig.client().await;
    let request = SearchRequest::new(BASE, Filter::present("uid")).attributes(["uid"]);
    let mut search = client.search_paged(request, 1_000);
    let mut found = std::collections::BTreeSet::new();
    while let Some(item) = search.next().await.expect("success") {
        let SearchItem::Entry(entry) = item else {
            panic!("{item:?}")
        };
        if found.len() == 5_000 {
            // The cookie stands for a place in the tree, not for a count.
            rig.directory
                .delete(&format!("uid=p0,ou=People,{BASE}"))
                .expect("there");
        }
        found.insert(entry.dn);
    }
    assert_eq!(found.len(), 20_000);
    assert_eq!(rig.directory.len(), 20_002);
}

#[tokio::test]
async fn a_filter_that_cannot_be_decoded_is_answered_with_a_notice() {
    let rig = rig(1, |_| {}).await;
    let error = rig
        .search("(jpegPhoto=\\ff\\00)", &[])
        .await
        .expect_err("not UTF-8");
    assert_eq!(error.code(), Some(ResultCode::PROTOCOL_ERROR), "{error:?}");
}

/// Runs a command of ldap-utils; `None` if it is not installed.
async fn tool(program: &'static str, arguments: Vec<String>) -> Option<(String, bool)> {
    let run = move || {
        Command::new(program)
            .env("LDAPNOINIT", "1")
            .args(arguments)
            .output()
    };
    let output = tokio::task::spawn_blocking(run)
        .await
        .expect("joins")
        .ok()?;
    let text = [output.stdout, output.stderr].concat();
    Some((
        String::from_utf8_lossy(&text).into_owned(),
        output.status.success(),
    ))
}

#[tokio::test]
async fn the_usual_command_line_tools_work() {
    let rig = rig(50, |options| options.writable = true).await;
    let url = rig.directory.url();
    let words = |more: &[&str]| -> Vec<String> {
        let own = ["-x", "-H", &url, "-D", ACCOUNT.0, "-w", ACCOUNT.1];
        own.iter()
            .chain(more)
            .map(|word| (*word).to_owned())
            .collect()
    };
    let Some((text, ok)) = tool(
        "ldapsearch",
        words(&[
            "-LLL",
            "-E",
            "pr=20/noprompt",
            "-b",
            BASE,
            "(uid=*)",
            "uid",
            "+",
        ]),
    )
    .await
    else {
        assert!(
            std::env::var("CI").is_err(),
            "ldapsearch is missing: apt-get install ldap-utils"
        );
        return;
    };
    assert!(ok, "{text}");
    assert_eq!(text.matches("dn: ").count(), 50, "{text}");
    assert!(
        text.contains("memberOf: cn=staff") && text.contains("modifyTimestamp: 20260101000000Z"),
        "{text}"
    );
    let (text, ok) = tool("ldapwhoami", words(&[])).await.expect("installed");
    assert!(ok && text.contains(&format!("dn:{}", ACCOUNT.0)), "{text}");

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("change.ldif");
    let ldif = format!(
        "dn: uid=p7,ou=People,{BASE}\nchangetype: modify\nreplace: cn\ncn: Renamed\n-\nadd: mail\nmail: p7@acme.test\n\n\
         dn: uid=new,ou=People,{BASE}\nchangetype: add\nobjectClass: inetOrgPerson\nuid: new\n\n\
         dn: uid=p8,ou=People,{BASE}\nchangetype: delete\n"
    );
    std::fs::write(&file, ldif).expect("writes");
    rig.now.store(START + 1_000, Ordering::SeqCst);
    let (text, ok) = tool("ldapmodify", words(&["-f", &file.display().to_string()]))
        .await
        .expect("installed");
    assert!(ok, "{text}");
    assert_eq!(
        rig.dns("(modifyTimestamp>=20260101000001Z)").await,
        ["uid=new,ou=People", "uid=p7,ou=People"]
    );
    assert!(
        rig.directory
            .get(&format!("uid=p8,ou=People,{BASE}"))
            .is_none()
    );

    // What is wrong is refused as a whole.
    std::fs::write(
        &file,
        format!(
            "dn: uid=p9,ou=People,{BASE}\nchangetype: modify\nreplace: cn\ncn: X\n-\ndelete: mail\n"
        ),
    )
    .expect("writes");
    let (text, ok) = tool("ldapmodify", words(&["-f", &file.display().to_string()]))
        .await
        .expect("installed");
    assert!(!ok && text.contains("No such attribute"), "{text}");
    assert_eq!(rig.dns("(cn=X)").await, Vec::<String>::new());
}
