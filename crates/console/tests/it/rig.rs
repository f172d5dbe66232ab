//! A company with its APIs, and browsers in front of its console.

use std::collections::BTreeSet;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use tower::ServiceExt as _;
use url::form_urlencoded::Serializer;
use usher_engine::access::{AccountDetails, NewAccount};
use usher_engine::admin::{Operator, Role};

use crate::company::Company;

pub(crate) const PASSWORD: &str = "seven green boats";
/// Largest page that a test reads.
const MOST: usize = 16 << 20;

/// A company with its console. The first operator is `root`.
pub(crate) struct Rig {
    pub(crate) company: Company,
}

/// A page, or what came in its place.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// A browser: keeps its cookies, and knows the CSRF token of the page that it saw last.
#[derive(Default)]
pub(crate) struct Browser {
    pub(crate) cookie: Option<String>,
    pub(crate) csrf: String,
}

impl Rig {
    /// With so many people, and one group of the first three.
    pub(crate) async fn of(people: usize) -> Self {
        Self {
            company: Company::of(people).await,
        }
    }

    /// The same, read and provisioned.
    pub(crate) async fn provisioned(people: usize) -> Self {
        let rig = Self::of(people).await;
        rig.company.run(serde_json::json!({"mode": "full"})).await;
        rig
    }

    /// The browser of the first operator, who has every role. For a state without operators.
    pub(crate) async fn first_operator(&self) -> Browser {
        let access = &self.company.world.api.access;
        let link = access.first_link(&Operator::local("test")).await;
        let mut browser = Browser::default();
        let made = self
            .post(
                &mut browser,
                "/first-run",
                &[
                    ("link", link.expect("a link").reveal()),
                    ("name", "root"),
                    ("password", PASSWORD),
                    ("again", PASSWORD),
                ],
            )
            .await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text);
        self.get(&mut browser, "/").await;
        browser
    }

    /// The browser of somebody with these roles; without any, of an auditor.
    pub(crate) async fn operator(&self, name: &str, roles: &[Role]) -> Browser {
        let roles: BTreeSet<Role> = roles.iter().copied().collect();
        let account = NewAccount {
            name: name.to_owned(),
            password: PASSWORD.to_owned(),
            details: AccountDetails {
                auditor: roles.is_empty(),
                active: true,
                roles,
                ..AccountDetails::default()
            },
        };
        let access = &self.company.world.api.access;
        let added = access.add_account(&Operator::local("test"), account).await;
        added.expect("an account");
        let mut browser = Browser::default();
        self.sign_in(&mut browser, name).await;
        browser
    }

    /// Signs in with the password that everybody has here.
    pub(crate) async fn sign_in(&self, browser: &mut Browser, name: &str) -> Page {
        let page = self
            .post(
                browser,
                "/sign-in",
                &[("name", name), ("password", PASSWORD)],
            )
            .await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
        self.get(browser, "/").await;
        page
    }

    /// The page at an address.
    pub(crate) async fn get(&self, browser: &mut Browser, path: &str) -> Page {
        let request = Request::get(path).body(Body::empty());
        self.send(browser, request.expect("a request")).await
    }

    /// Sends a form with the CSRF token of the page seen last, as a browser does.
    pub(crate) async fn post(
        &self,
        browser: &mut Browser,
        path: &str,
        fields: &[(&str, &str)],
    ) -> Page {
        let mut form = Serializer::new(String::new());
        form.append_pair("csrf", &browser.csrf);
        form.extend_pairs(fields);
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(form.finish()));
        self.send(browser, request.expect("a request")).await
    }

    /// Sends a request with the browser's cookie.
    pub(crate) async fn send(&self, browser: &mut Browser, mut request: Request<Body>) -> Page {
        if let Some(cookie) = &browser.cookie {
            let cookie = cookie.parse().expect("a header");
            request.headers_mut().insert(header::COOKIE, cookie);
        }
        let router = usher_console::router(self.company.world.api.clone());
        let response = router.oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, MOST).await.expect("a whole page");
        let text = String::from_utf8(body.to_vec()).expect("text");
        if let Some(set) = parts.headers.get(header::SET_COOKIE) {
            let set = set.to_str().expect("text");
            let pair = set.split(';').next().unwrap_or_default();
            browser.cookie = (!pair.ends_with('=')).then(|| pair.to_owned());
        }
        if let Some(csrf) = between(&text, "name=\"csrf\" value=\"", "\"") {
            csrf.clone_into(&mut browser.csrf);
        }
        Page {
            status: parts.status,
            headers: parts.headers,
            text,
        }
    }
}

impl Page {
    /// The page, which must be one.
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        self
    }

    /// Whether the page says this, character by character of its source.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.text.contains(text)
    }

    /// Where the browser is sent.
    pub(crate) fn location(&self) -> &str {
        let location = self.headers.get(header::LOCATION);
        location.map_or("", |to| to.to_str().expect("text"))
    }

    /// What stands between two texts, first found.
    pub(crate) fn between(&self, start: &str, end: &str) -> &str {
        between(&self.text, start, end)
            .unwrap_or_else(|| panic!("no `{start}` ... `{end}` in {}", self.text))
    }
}

/// What stands between two texts, first found.
pub(crate) fn between<'t>(text: &'t str, start: &str, end: &str) -> Option<&'t str> {
    let rest = text.split_once(start)?.1;
    Some(rest.split_once(end)?.0)
}
