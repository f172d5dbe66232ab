//! From an endpoint to a stream that LDAP can run over: addresses, TCP, TLS, StartTLS.

use std::net::SocketAddr;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use crate::client::Client;
use crate::endpoint::{ConnectOptions, Endpoint, Security};
use crate::error::{LdapError, TlsProblem};
use crate::message::{self, Reply};
use crate::result::ResultCode;
use crate::tls;
use crate::transport::Io;

/// How many addresses of one host name are tried.
const MAX_ADDRESSES: usize = 8;

/// Opens a connection as the endpoint says, TLS included.
pub(crate) async fn open(
    endpoint: &Endpoint,
    options: &ConnectOptions,
) -> Result<Box<dyn Io>, LdapError> {
    let tcp = connect_tcp(endpoint, options).await?;
    Ok(match endpoint.security {
        Security::Plain => Box::new(tcp),
        Security::Ldaps => Box::new(handshake(endpoint, options, tcp).await?),
        Security::StartTls => {
            let plain = start_tls(endpoint, options, Box::new(tcp)).await?;
            Box::new(handshake(endpoint, options, plain).await?)
        }
    })
}

async fn connect_tcp(
    endpoint: &Endpoint,
    options: &ConnectOptions,
) -> Result<TcpStream, LdapError> {
    let limit = options.connect_timeout;
    let timed_out = |doing| LdapError::Timeout {
        endpoint: endpoint.to_string(),
        doing,
        after: limit,
    };
    let failed = |reason: String| LdapError::Connect {
        endpoint: endpoint.to_string(),
        reason,
    };
    let lookup = tokio::net::lookup_host((endpoint.bare_host(), endpoint.port));
    let addresses: Vec<SocketAddr> = match timeout(limit, lookup).await {
        Err(_) => return Err(timed_out("looking up the host name")),
        Ok(Err(error)) => {
            return Err(failed(format!(
                "the host name cannot be looked up: {error}"
            )));
        }
        Ok(Ok(addresses)) => addresses.take(MAX_ADDRESSES).collect(),
    };
    let mut last = failed("the host name has no address".into());
    for address in addresses {
        match timeout(limit, TcpStream::connect(address)).await {
            Err(_) => last = timed_out("connecting"),
            Ok(Err(error)) => last = failed(error.to_string()),
            Ok(Ok(stream)) => {
                // Requests are small and waited for; without this they could be held back.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
        }
    }
    Err(last)
}

async fn handshake<S: Io>(
    endpoint: &Endpoint,
    options: &ConnectOptions,
    stream: S,
) -> Result<TlsStream<S>, LdapError> {
    match timeout(options.connect_timeout, tls::connect(endpoint, stream)).await {
        Ok(result) => result,
        Err(_) => Err(LdapError::Timeout {
            endpoint: endpoint.to_string(),
            doing: "making a TLS handshake",
            after: options.connect_timeout,
        }),
    }
}

/// Asks for TLS and gives the bare stream back for the handshake.
async fn start_tls(
    endpoint: &Endpoint,
    options: &ConnectOptions,
    tcp: Box<dyn Io>,
) -> Result<Box<dyn Io>, LdapError> {
    const DOING: &str = "asking for TLS";
    let mut client = Client::over(tcp, endpoint, options);
    let id = client.begin()?;
    client
        .send(&message::extended(id, message::START_TLS), DOING)
        .await?;
    let result = match client.answer(id, DOING).await? {
        (Reply::Extended { result, .. }, _) => result,
        (other, _) => return Err(client.unexpected(DOING, "an extended response", &other)),
    };
    let tls_error = |problem, detail| LdapError::Tls {
        endpoint: endpoint.to_string(),
        problem,
        detail,
        certificate_sha256: None,
    };
    if result.code != ResultCode::SUCCESS {
        return Err(tls_error(
            TlsProblem::StartTlsRefused,
            format!("the server refuses StartTLS: {result}"),
        ));
    }
    match client.into_parts() {
        (io, false) => Ok(io),
        (_, true) => Err(tls_error(
            TlsProblem::InjectedBytes,
            "plain bytes followed the answer to StartTLS; what they say could be taken as protected".into(),
        )),
    }
}
