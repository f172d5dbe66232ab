//! A running `usher serve`.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::Child;
use tokio::task::JoinHandle;

use crate::rig::Rig;

/// The service, until it is told to end or killed.
pub(crate) struct Served {
    child: Child,
    /// Read while it runs: a pipe that is full would stop it.
    log: JoinHandle<String>,
    /// What it told when it began.
    pub(crate) told: Value,
}

impl Served {
    /// Starts it on a free port and waits until it says that it runs.
    pub(crate) async fn start(rig: &Rig) -> Self {
        Self::with(rig, &[]).await
    }

    pub(crate) async fn with(rig: &Rig, variables: &[(&str, &str)]) -> Self {
        let mut command = rig.command(&["--json", "serve", "--listen", "127.0.0.1:0"]);
        command.env("USHER__LOG__LEVEL", "info");
        command.env("USHER__LOG__FORMAT", "json");
        command.envs(variables.iter().copied());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut err = child.stderr.take().unwrap();
        let log = tokio::spawn(async move {
            let mut log = String::new();
            err.read_to_string(&mut log).await.unwrap();
            log
        });
        let mut text = String::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            text.push_str(&line);
            if line == "}" {
                break;
            }
        }
        let Ok(told) = serde_json::from_str(&text) else {
            panic!("it does not run: {text}{}", log.await.unwrap());
        };
        Self { child, log, told }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.told["url"].as_str().unwrap())
    }

    pub(crate) fn address(&self) -> std::net::SocketAddr {
        let url = self.told["url"].as_str().unwrap();
        url.rsplit('/').next().unwrap().parse().unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let response = client().get(self.url(path)).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.text().await.unwrap())
    }

    pub(crate) fn pid(&self) -> String {
        self.child.id().unwrap().to_string()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.pid();
        let told = std::process::Command::new("kill")
            .args([name, &pid])
            .status();
        assert!(told.unwrap().success());
    }

    /// Tells it to end; its exit code and its log.
    pub(crate) async fn end(self) -> (i32, String) {
        self.signal("-TERM");
        self.ended().await
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> (i32, String) {
        let log = tokio::time::timeout(Duration::from_secs(40), self.log)
            .await
            .expect("it ends")
            .unwrap();
        let code = self.child.wait().await.unwrap().code().unwrap_or(-1);
        (code, log)
    }
}

/// Makes a client, with what it encrypts with.
pub(crate) fn builder() -> reqwest::ClientBuilder {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy()
}

pub(crate) fn client() -> reqwest::Client {
    builder().timeout(Duration::from_secs(30)).build().unwrap()
}

/// Of the first operator.
pub(crate) const PASSWORD: &str = "seven green boats sail";

/// The first operator, signed in as a browser is.
pub(crate) struct SignedIn {
    /// `usher_session=...`
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

impl Served {
    /// Makes the first operator, `root`, with the link that was printed.
    pub(crate) async fn first_operator(&self) -> SignedIn {
        let link = self.told["first_link"].as_str().unwrap();
        let token = link.split_once('#').unwrap().1;
        let given = json!({"link": token, "name": "root", "password": PASSWORD});
        let asked = client().post(self.url("/api/v1/first-run")).json(&given);
        let made = asked.send().await.unwrap();
        assert_eq!(made.status(), 201);
        let cookie = made.headers()["set-cookie"].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let body: Value = made.json().await.unwrap();
        let csrf = body["csrf_token"].as_str().unwrap().to_owned();
        SignedIn { cookie, csrf }
    }

    /// A request by `root`, with their password.
    pub(crate) fn ask(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        client()
            .request(method, self.url(path))
            .basic_auth("root", Some(PASSWORD))
            .header("X-XSRF-Header", "test")
    }
}
