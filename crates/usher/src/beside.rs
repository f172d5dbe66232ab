//! Asking a running service, through the socket in the state folder, to do what this process may not: it has
//! the state's lock.

use std::path::Path;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use usher_admin_api::commands::{PLACE, Refused};

use crate::exit::Exit;
use crate::failure::Failure;

/// Largest answer.
const LARGEST: usize = 64 << 20;

/// How long a service may take to say whether it is ready.
const READY_WITHIN: Duration = Duration::from_secs(10);

/// A running service.
pub(crate) struct Beside(std::path::PathBuf);

impl Beside {
    /// The service that answers at this socket, if one does.
    pub(crate) async fn at(socket: &Path) -> Option<Self> {
        UnixStream::connect(socket).await.ok()?;
        Some(Self(socket.to_owned()))
    }

    /// Has a command carried out.
    pub(crate) async fn ask<A: Serialize + Sync, T: DeserializeOwned>(
        &self,
        command: &str,
        asked: &A,
    ) -> Result<T, Failure> {
        let (status, body) = self.post(command, asked).await.map_err(|error| {
            Failure::failed(format!("the running service does not answer: {error}"))
                .help("what was asked may have been begun; look with `usher status`")
        })?;
        if status == StatusCode::OK {
            return serde_json::from_slice(&body).map_err(|error| other_version(&error));
        }
        if let Ok(refused) = serde_json::from_slice::<Refused>(&body) {
            return Err(refused.into());
        }
        // A service that runs nothing says why.
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        match problem.get("detail").and_then(|detail| detail.as_str()) {
            Some(detail) => Err(Failure::refused(detail)),
            None => Err(other_version(&status)),
        }
    }

    /// What keeps the service from its work, in words; nothing when it is ready.
    pub(crate) async fn problems(&self) -> Vec<String> {
        let asked = self.send(Method::GET, "/readyz", Body::empty());
        let (status, body) = match tokio::time::timeout(READY_WITHIN, asked).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return vec![format!("it does not answer: {error}")],
            Err(_) => {
                let seconds = READY_WITHIN.as_secs();
                return vec![format!("it did not answer within {seconds} seconds")];
            }
        };
        if status == StatusCode::OK {
            return Vec::new();
        }
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let told = body.get("problems").and_then(|list| list.as_array());
        let words = told.into_iter().flatten().filter_map(|one| one.as_str());
        let mut words: Vec<String> = words.map(str::to_owned).collect();
        if words.is_empty() {
            let detail = body.get("detail").and_then(|detail| detail.as_str());
            words.push(detail.map_or_else(|| format!("it answers {status}"), str::to_owned));
        }
        words
    }

    async fn post<A: Serialize + Sync>(
        &self,
        command: &str,
        asked: &A,
    ) -> Result<(StatusCode, Vec<u8>), Box<dyn std::error::Error + Send + Sync>> {
        let body = Body::from(serde_json::to_vec(asked)?);
        self.send(Method::POST, &format!("{PLACE}/{command}"), body)
            .await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Body,
    ) -> Result<(StatusCode, Vec<u8>), Box<dyn std::error::Error + Send + Sync>> {
        let stream = UnixStream::connect(&self.0).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)?;
        let connection = tokio::spawn(connection);
        let response = sender.send_request(request).await?;
        let (parts, body) = response.into_parts();
        let body = to_bytes(Body::new(body), LARGEST).await?;
        connection.abort();
        Ok((parts.status, body.to_vec()))
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let exit = if refused.failed {
            Exit::Failed
        } else {
            Exit::Refused
        };
        Self::refused(refused.message).with_exit(exit)
    }
}

fn other_version(found: &dyn std::fmt::Display) -> Failure {
    Failure::failed(format!(
        "the running service does not understand this command: {found}"
    ))
    .help("it is of another version: restart it, so that both are the same")
}
