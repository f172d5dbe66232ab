//! A server that answers as a script says, and a target opened on it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use usher_connector::{Connector, Plain, Target, TargetError, TargetSettings};
use usher_connector_scim::address::AddressRule;
use usher_connector_scim::{Profile, ScimConnector};
use usher_core::descriptor::{Capabilities, ConnectorDescriptor, FieldDescriptor};
use usher_core::model::{ConnectionId, Kind, Load, Operation, TargetId};

/// A service without any peculiarity.
pub(crate) fn connector() -> ScimConnector {
    let field = |name: &str, path: &str| FieldDescriptor {
        name: name.to_owned(),
        label: name.to_owned(),
        required: false,
        unique: false,
        case_exact: false,
        multi_valued: false,
        reaches_account: true,
        max_length: None,
        scim_path: path.to_owned(),
        notes: vec![],
    };
    let descriptor = ConnectorDescriptor {
        id: "Plain".to_owned(),
        name: "Plain".to_owned(),
        settings: usher_connector_scim::settings::network_settings(),
        fields: vec![
            field("userName", "userName"),
            field("workEmail", "emails[type eq \"work\"].value"),
            field("externalId", "externalId"),
            field("title", "title"),
        ],
        username_field: "userName".to_owned(),
        email_field: "workEmail".to_owned(),
        external_id_field: "externalId".to_owned(),
        metadata: None,
        protected_groups: vec![],
        capabilities: Capabilities {
            groups: true,
            nested_groups: false,
            group_rename: false,
            member_batch: 50,
            requests_per_second: 0.0,
            in_flight: 4,
            lookups: vec![(Kind::User, "userName".to_owned())],
        },
        default_mapping: BTreeMap::new(),
    };
    ScimConnector::new(Profile {
        descriptor,
        address: AddressRule {
            example: "https://x/v2".to_owned(),
            ..AddressRule::default()
        },
        address_setting: "URL".to_owned(),
        key_setting: "KEY".to_owned(),
        user_schemas: vec!["urn:ietf:params:scim:schemas:core:2.0:User".to_owned()],
        page_size: 100,
        read_only: vec![],
        remedies: vec![],
    })
}

pub(crate) const KEY: &str = "THE-KEY-OF-THE-TARGET";

pub(crate) fn open_with(
    pairs: &[(&str, &str)],
    secrets: &[(&str, &str)],
    timeout_seconds: u32,
) -> Result<Box<dyn Target>, TargetError> {
    let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let plain = |(name, value): &(&str, &str)| ((*name).to_owned(), Plain::new(*value));
    connector().open(TargetSettings {
        connection: ConnectionId::new("c"),
        settings: pairs.iter().map(text).collect(),
        secrets: secrets
            .iter()
            .map(plain)
            .chain([("KEY".to_owned(), Plain::new(KEY))])
            .collect(),
        timeout_seconds,
        load: Load::default(),
        authorities: Vec::new(),
    })
}

pub(crate) fn open(url: &str) -> Box<dyn Target> {
    open_with(&[("URL", url)], &[], 30).unwrap()
}

/// Answers each network connection by a function of its request, and keeps what was asked.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) async fn start<F, R>(answer: F) -> Self
    where
        F: Fn(String, TcpStream) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let server = Self {
            url,
            asked: asked.clone(),
        };
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let request = head(&mut stream).await;
                asked.lock().unwrap().push(request.clone());
                tokio::spawn(answer(request, stream));
            }
        });
        server
    }

    /// Always the same bytes, then the end.
    pub(crate) async fn saying(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::start(move |_, mut stream| {
            let bytes = bytes.clone();
            async move {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
            }
        })
        .await
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// Reads a request's head.
pub(crate) async fn head(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 1024];
    while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(n) if n > 0 => bytes.extend_from_slice(&buffer[..n]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A reply that closes the network connection.
pub(crate) fn reply(status: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
    )
    .into_bytes()
}

pub(crate) const JSON: &str = "Content-Type: application/scim+json\r\n";

pub(crate) struct NoOpener;

impl usher_connector::Opener for NoOpener {
    fn open(&self, _: &str) -> Result<Plain, String> {
        Err("there are no sealed values here".to_owned())
    }
}

pub(crate) async fn send(
    target: &dyn Target,
    kind: Kind,
    operation: &Operation,
) -> Result<usher_connector::Reply, TargetError> {
    let request = target.encode(kind, operation, &NoOpener).unwrap().unwrap();
    target.send(&request).await
}

pub(crate) fn disable() -> Operation {
    Operation::Disable {
        target_id: TargetId::new("u1"),
    }
}

pub(crate) fn create() -> Operation {
    let resource = usher_core::model::Resource::default().with("userName", "ana");
    Operation::Create {
        resource,
        active: true,
    }
}
