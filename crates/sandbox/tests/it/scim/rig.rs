//! A running service with a client that says little.

use reqwest::Method;
use serde_json::{Value, json};
use usher_sandbox::scim::{Knobs, RunningSandbox, Sandbox, SandboxConfig};

/// A service and a client with its key.
pub(crate) struct Rig {
    pub(crate) sandbox: RunningSandbox,
    pub(crate) http: reqwest::Client,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) text: String,
    pub(crate) headers: reqwest::header::HeaderMap,
}

impl Answer {
    /// Text at a JSON pointer, or nothing.
    pub(crate) fn at(&self, pointer: &str) -> Option<&str> {
        self.body.pointer(pointer).and_then(Value::as_str)
    }

    pub(crate) fn id(&self) -> String {
        self.at("/id").expect("a resource with id").to_owned()
    }

    /// Asserts a SCIM error body and gives its detail.
    #[track_caller]
    pub(crate) fn scim_error(&self, status: u16, scim_type: Option<&str>) -> &str {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(
            self.at("/schemas/0"),
            Some("urn:ietf:params:scim:api:messages:2.0:Error")
        );
        assert_eq!(self.at("/status"), Some(status.to_string().as_str()));
        assert_eq!(self.at("/scimType"), scim_type);
        self.at("/detail").expect("a detail")
    }

    /// Asserts the gateway's body.
    #[track_caller]
    pub(crate) fn failure(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.text);
        assert!(
            self.at("/error").is_some() && self.at("/traceId").is_some(),
            "{}",
            self.text
        );
        assert!(self.body.get("schemas").is_none());
    }

    #[track_caller]
    pub(crate) fn ok(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

pub(crate) fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let timeout = std::time::Duration::from_secs(20);
    reqwest::Client::builder()
        .no_proxy()
        .timeout(timeout)
        .build()
        .expect("a client")
}

impl Rig {
    pub(crate) async fn new() -> Self {
        Self::with(SandboxConfig::default()).await
    }

    pub(crate) async fn with(config: SandboxConfig) -> Self {
        let sandbox = Sandbox::start(config).await.expect("a free port");
        Self {
            sandbox,
            http: client(),
        }
    }

    pub(crate) async fn knobs(change: impl FnOnce(&mut Knobs)) -> Self {
        let mut config = SandboxConfig::default();
        change(&mut config.knobs);
        Self::with(config).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let key = self.sandbox.key();
        let url = format!("{}{path}", self.sandbox.base_url());
        self.call(method, &url, Some(&key), body)
            .await
            .expect("an answer")
    }

    pub(crate) async fn call(
        &self,
        method: Method,
        url: &str,
        key: Option<&str>,
        body: Option<Value>,
    ) -> reqwest::Result<Answer> {
        let mut request = self.http.request(method, url);
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/scim+json")
                .body(body.to_string());
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Ok(Answer {
            status,
            body,
            text,
            headers,
        })
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    /// PATCH with these operations in the standard envelope.
    pub(crate) async fn patch(&self, path: &str, operations: Value) -> Answer {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations,
        });
        self.send(Method::PATCH, path, Some(body)).await
    }

    /// Creates a user and returns its id.
    pub(crate) async fn user(&self, name: &str) -> String {
        self.post("/Users", user(name)).await.ok(201).id()
    }

    /// Creates a group with members and returns its id.
    pub(crate) async fn group(&self, name: &str, members: &[&str]) -> String {
        let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
        self.post("/Groups", json!({"displayName": name, "members": members}))
            .await
            .ok(201)
            .id()
    }

    pub(crate) async fn members(&self, group: &str) -> Vec<String> {
        let group = self.get(&format!("/Groups/{group}")).await.ok(200);
        let members = group.body["members"].as_array().expect("members");
        members
            .iter()
            .map(|m| m["value"].as_str().expect("an id").to_owned())
            .collect()
    }

    /// The account of the organisation with this email.
    pub(crate) fn account(&self, email: &str) -> Option<Value> {
        let organisation = self.sandbox.organisation();
        let accounts = organisation["accounts"].as_array().expect("accounts");
        accounts.iter().find(|a| a["email"] == email).cloned()
    }

    pub(crate) fn org_group(&self, name: &str) -> Option<Value> {
        let organisation = self.sandbox.organisation();
        let groups = organisation["groups"].as_array().expect("groups");
        groups.iter().find(|g| g["name"] == name).cloned()
    }
}

/// A user with an email on the verified domain.
pub(crate) fn user(name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": name,
        "emails": [{"value": format!("{name}@example.com"), "type": "work", "primary": true}],
    })
}
