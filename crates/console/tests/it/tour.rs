//! An attacker's tour of the pages: planted sessions, forged forms, frames, hostile text, and secrets.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use axum::body::Body;
use axum::http::{Method, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use usher_engine::admin::Role;

use crate::company::BASE;
use crate::posts::POSTS;
use crate::rig::{Browser, PASSWORD, Page, Rig};

/// Forms of whoever has no session yet: what they hold is the proof.
const OPEN: &[(&str, &str, &str)] = &[
    ("sign_in/mod.rs", "sign_in", "/sign-in"),
    ("sign_in/mod.rs", "first::make", "/first-run"),
];

/// The handlers of forms in the sources, by file.
fn in_the_sources(folder: &Path, found: &mut BTreeSet<(String, String)>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            in_the_sources(&path, found);
            continue;
        }
        if path.extension().is_none_or(|end| end != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let file = path.strip_prefix(&root).unwrap().display().to_string();
        for word in [
            " post(", ".post(", "(post(", " put(", ".put(", " delete(", ".delete(", ".patch(",
        ] {
            for rest in text.split(word).skip(1) {
                let handler: String = rest.split(')').next().unwrap().trim().to_owned();
                let is_path = handler
                    .chars()
                    .all(|c| c.is_alphanumeric() || c == '_' || c == ':');
                if is_path && !handler.is_empty() && text.contains(".route(") {
                    found.insert((file.clone(), handler));
                }
            }
        }
    }
}

#[test]
fn every_form_is_in_the_table_of_this_test() {
    let mut found = BTreeSet::new();
    in_the_sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut found,
    );
    let own = |(file, handler, _): &(&str, &str, &str)| ((*file).to_owned(), (*handler).to_owned());
    let table: BTreeSet<(String, String)> = POSTS.iter().chain(OPEN).map(own).collect();
    let missing: Vec<_> = found.difference(&table).collect();
    let gone: Vec<_> = table.difference(&found).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "crates/console/tests/it/posts.rs: add {missing:?}, remove {gone:?}"
    );
}

fn form(path: &str, fields: &str, site: Option<&str>) -> Request<Body> {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("content-type", "application/x-www-form-urlencoded");
    if let Some(site) = site {
        request = request.header("sec-fetch-site", site);
    }
    request.body(Body::from(fields.to_owned())).unwrap()
}

#[tokio::test]
async fn no_form_is_taken_from_another_page() {
    let rig = Rig::of(1).await;
    let mut root = rig.first_operator().await;
    let mut other = rig.operator("ada", &[Role::Administrator]).await;
    let theirs = format!("csrf={}", other.csrf);
    let mine = format!("csrf={}", root.csrf);
    let before = rig.get(&mut root, "/log").await.ok().text;
    for (_, _, path) in POSTS {
        for (fields, site) in [
            ("", Some("same-origin")),
            ("", None),
            ("csrf=", None),
            (theirs.as_str(), Some("same-origin")),
            (mine.as_str(), Some("cross-site")),
            (mine.as_str(), Some("same-site")),
            (mine.as_str(), Some("none")),
        ] {
            let page = rig.send(&mut root, form(path, fields, site)).await;
            assert_eq!(page.status, 403, "{path} {fields} {site:?}: {}", page.text);
        }
        let nobody = rig
            .send(&mut Browser::default(), form(path, &mine, None))
            .await;
        assert_eq!(nobody.status, 401, "{path}: {}", nobody.text);
    }
    for (_, _, path) in OPEN {
        let page = rig
            .send(&mut root, form(path, "name=root", Some("cross-site")))
            .await;
        assert_eq!(page.status, 403, "{path}: {}", page.text);
    }
    assert_eq!(
        rig.get(&mut root, "/log").await.ok().text,
        before,
        "nothing was done"
    );
    rig.get(&mut other, "/").await.ok();
}

#[tokio::test]
async fn a_planted_session_is_not_kept() {
    let rig = Rig::of(1).await;
    rig.first_operator().await;
    let mut attacker = rig.operator("mallory", &[]).await;
    let planted = attacker.cookie.clone();
    let (name, _) = planted.as_deref().unwrap().split_once('=').unwrap();
    for cookie in [planted.clone(), Some(format!("{name}=planted"))] {
        let mut victim = Browser {
            cookie: cookie.clone(),
            csrf: String::new(),
        };
        rig.sign_in(&mut victim, "root").await;
        assert_ne!(victim.cookie, cookie);
        let page = rig.get(&mut victim, "/").await.ok();
        assert!(page.says("<a href=\"/account\">root</a>"), "{}", page.text);
        let mut with_it = Browser {
            cookie,
            csrf: String::new(),
        };
        assert_eq!(rig.get(&mut with_it, "/").await.status, 401);
    }
    // The attacker's own session ended with it.
    assert_eq!(rig.get(&mut attacker, "/").await.status, 401);
    let set = rig
        .post(
            &mut attacker,
            "/sign-in",
            &[("name", "mallory"), ("password", PASSWORD)],
        )
        .await;
    let set = set.headers["set-cookie"].to_str().unwrap();
    for attribute in ["HttpOnly", "SameSite=", "Path=/"] {
        assert!(set.contains(attribute), "{set}");
    }
}

/// Pages of one address that differ in their query only.
const VARIANTS: usize = 4;
/// Pages that differ in one number of their path only.
const ALIKE: usize = 8;

/// Every page that links lead to, from the first.
async fn crawl(rig: &Rig, browser: &mut Browser) -> BTreeMap<String, Page> {
    let mut pages: BTreeMap<String, Page> = BTreeMap::new();
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut queue: VecDeque<String> = VecDeque::from([
        "/".to_owned(),
        "/sign-in".to_owned(),
        "/first-run".to_owned(),
        "/nowhere".to_owned(),
    ]);
    while let Some(at) = queue.pop_front() {
        if pages.contains_key(&at) {
            continue;
        }
        let (path, query) = at.split_once('?').unwrap_or((&at, ""));
        let kind: String = path
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect();
        let most = if query.is_empty() { ALIKE } else { VARIANTS };
        let seen = kinds
            .entry(format!("{kind}?{}", !query.is_empty()))
            .or_default();
        *seen += 1;
        if *seen > most {
            continue;
        }
        let page = rig.get(browser, &at).await;
        for attribute in ["href=\"", "action=\""] {
            for rest in page.text.split(attribute).skip(1) {
                let to = rest.split('"').next().unwrap_or_default();
                let to = to.split('#').next().unwrap_or_default();
                let to = to.replace("&#38;", "&").replace("&amp;", "&");
                if to.starts_with('/') && !to.starts_with("/assets/") && to != "/sign-out" {
                    queue.push_back(to);
                }
            }
        }
        pages.insert(at, page);
    }
    pages
}

/// A world with hostile names, whatever can be configured, and things that wait.
async fn hostile() -> Rig {
    let rig = Rig::of(4).await;
    let file = rig.company.world.folder.path().join("directory.ldif");
    let mut text = std::fs::read_to_string(&file).unwrap();
    let evil = |name: &str| {
        STANDARD.encode(format!(
            "</td><script>{name}()</script>\"'><img src=x onerror={name}()>\u{202e}gpj\u{200b}"
        ))
    };
    let dn = STANDARD.encode(format!(
        "uid=u98\\<script\\>dn()\\</script\\>,ou=people,{BASE}"
    ));
    text.push_str(&format!(
        "\ndn:: {dn}\nobjectClass: inetOrgPerson\nuid: u98<script>dn()</script>\ncn:: {}\ngivenName:: {}\nsn:: {}\nmail: u98@example.com\ntitle:: {}\nemployeeNumber: 4711-98\nentryUUID: 00000000-0000-4000-8000-000000000098\n",
        evil("cn"), evil("given"), evil("sn"), evil("title")
    ));
    text.push_str(&format!(
        "\ndn: uid=u99,ou=people,{BASE}\nobjectClass: inetOrgPerson\nuid:: {}\ncn:: {}\nsn: x\nmail:: {}\nemployeeNumber:: {}\nentryUUID: 00000000-0000-4000-8000-000000000099\n",
        evil("uid"), evil("cn"), evil("mail"), evil("number")
    ));
    std::fs::write(&file, text).unwrap();
    let store = json!({
        "type": "LDAP", "id": "corp", "name": "<script>store()</script>", "ldapType": "GENERIC",
        "hostnames": ["127.0.0.1:9"], "userDN": "cn=reader,dc=example,dc=com",
        "password": "bind-hunter2", "useStartTLS": true,
    });
    let made = rig
        .company
        .world
        .call_with(
            Method::POST,
            "/pf-admin-api/v1/dataStores",
            Some(store),
            &[("X-BypassExternalValidation", "true")],
        )
        .await;
    assert!(made.status.is_success(), "{made:?}");
    rig.company.run(json!({"mode": "full"})).await;
    rig
}

/// Addresses that somebody else wrote.
const ADDRESSES: &[&str] = &[
    "/search?q=script",
    "/search?q=%3Cscript%3Equery()%3C/script%3E",
    "/subjects?q=%22%3E%3Cscript%3Equery()%3C/script%3E",
    "/subjects/ask?who=%22%3E%3Cscript%3Equery()%3C/script%3E",
    "/log?since=%22%3E%3Cscript%3Equery()%3C/script%3E",
    "/log/sent?q=%3Cscript%3Equery()%3C/script%3E",
    "/waiting/retry?step=%3Cscript%3Equery()%3C/script%3E&reason=%3Cscript%3E",
    "/sign-in?to=//evil.example/",
    "/%3Cscript%3Equery()%3C/script%3E",
];

#[tokio::test]
async fn no_page_can_be_framed_carries_hostile_text_out_or_tells_a_secret() {
    let rig = hostile().await;
    let mut root = rig.first_operator().await;
    rig.post(&mut root, "/sp-connections/new", &[]).await;
    let mut ada = rig.operator("ada", &[Role::Administrator]).await;
    let mut pages = crawl(&rig, &mut root).await;
    for at in ADDRESSES {
        pages.insert((*at).to_owned(), rig.get(&mut root, at).await);
    }
    for menu in [
        "/",
        "/sp-connections",
        "/subjects",
        "/waiting",
        "/log",
        "/log/sent",
        "/system/protocol-settings",
    ] {
        assert_eq!(pages[menu].status, 200, "{menu}");
    }
    assert!(
        pages
            .keys()
            .filter(|at| at.starts_with("/subjects/"))
            .count()
            > 6
    );
    let key = rig.company.sandbox.key();
    let token = |browser: &Browser| {
        browser
            .cookie
            .as_deref()
            .unwrap()
            .split_once('=')
            .unwrap()
            .1
            .to_owned()
    };
    let secrets = [
        key,
        token(&root),
        token(&ada),
        "bind-hunter2".to_owned(),
        "hunter2".to_owned(),
        PASSWORD.to_owned(),
        "4711-98".to_owned(),
        ada.csrf.clone(),
    ];
    for (at, page) in &pages {
        assert!(!page.status.is_server_error(), "{at}: {}", page.text);
        let header = |name: &str| {
            page.headers
                .get(name)
                .map_or("", |value| value.to_str().unwrap())
        };
        assert!(
            header("content-security-policy").contains("frame-ancestors 'none'"),
            "{at}"
        );
        assert_eq!(header("x-frame-options"), "DENY", "{at}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{at}");
        assert_eq!(header("cache-control"), "no-store", "{at}");
        for secret in &secrets {
            assert!(!page.says(secret), "{at} tells a secret");
        }
        if !header("content-type").starts_with("text/html") {
            continue;
        }
        let ours = page.text.matches("<script src=\"/assets/").count();
        assert_eq!(
            page.text.matches("<script").count(),
            ours,
            "{at}: {}",
            page.text
        );
        assert!(!page.says("<img"), "{at}: {}", page.text);
        assert!(
            !page.text.contains(['\u{202e}', '\u{200b}']),
            "{at}: an invisible mark as it is"
        );
    }
    // It was there: as text.
    let texts = [
        "uid()", "cn()", "given()", "sn()", "dn()", "store()", "query()",
    ];
    let shown = |name: &&&str| {
        let text = format!("script&#62;{name}");
        pages.values().any(|page| page.says(&text))
    };
    let shown: Vec<&&str> = texts.iter().filter(shown).collect();
    assert!(pages.values().any(|page| page.says("\\u{202E}")));
    assert_eq!(shown.len(), texts.len(), "{shown:?}");
    rig.get(&mut ada, "/").await.ok();
}
