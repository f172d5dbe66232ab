//! The one place where a `reqwest` client is built.

use std::fmt;
use std::time::Duration;

use reqwest::{Client, NoProxy, redirect};

use super::tls::{TlsError, client_config};

/// How a target is reached.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Time to connect, TLS included.
    pub connect_timeout: Duration,
    /// Time for one operation, from sending it to the last byte of its reply.
    pub operation_timeout: Duration,
    /// Further certificate authorities, PEM.
    pub extra_ca_pem: Option<Vec<u8>>,
    /// The proxy, if one is used. The environment is never looked at: each target says for itself.
    pub proxy: Option<Proxy>,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            operation_timeout: Duration::from_mins(1),
            extra_ca_pem: None,
            proxy: None,
        }
    }
}

/// An HTTP proxy, itself reached over http or https.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Its address, `http://host:port` or `https://host:port`, without credentials.
    pub url: String,
    /// User and password for basic authentication.
    pub credentials: Option<(String, String)>,
    /// Hosts that are reached directly, separated by commas.
    pub no_proxy: String,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// Why no client could be built.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The proxy's address.
    #[error(
        "the proxy `{url}` cannot be used: {reason}; expected http://host:port or https://host:port"
    )]
    Proxy {
        /// The address given.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// Anything else.
    #[error("the HTTP client cannot be set up: {0}")]
    Build(String),
}

/// Builds a client: no redirects (a redirect must never carry the key elsewhere), no proxy but the one given, time-outs on
/// connecting and on the whole operation, HTTP/1.1, gzip.
///
/// # Errors
/// When the extra CA or the proxy cannot be used.
pub fn build(settings: &HttpSettings) -> Result<Client, ClientError> {
    let tls = client_config(settings.extra_ca_pem.as_deref())?;
    let mut builder = Client::builder()
        .user_agent(concat!("usher/", env!("CARGO_PKG_VERSION")))
        .tls_backend_preconfigured(tls)
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .connect_timeout(settings.connect_timeout)
        .timeout(settings.operation_timeout)
        .pool_idle_timeout(Duration::from_secs(30))
        .tcp_nodelay(true)
        .no_proxy();
    if let Some(proxy) = &settings.proxy {
        builder = builder.proxy(proxy.to_reqwest()?);
    }
    builder
        .build()
        .map_err(|e| ClientError::Build(e.to_string()))
}

impl Proxy {
    fn to_reqwest(&self) -> Result<reqwest::Proxy, ClientError> {
        let refuse = |reason: String| ClientError::Proxy {
            url: self.shown(),
            reason,
        };
        let parsed = url::Url::parse(&self.url).map_err(|e| refuse(e.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(refuse(format!("its scheme is `{}`", parsed.scheme())));
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            // A password in an address would be stored and exported in the clear.
            return Err(refuse(
                "user and password stand in the address; enter them as PROXY_USER and PROXY_PASSWORD, which is sealed".to_owned(),
            ));
        }
        let proxy = reqwest::Proxy::all(&self.url).map_err(|e| refuse(e.to_string()))?;
        let proxy = match &self.credentials {
            Some((user, password)) => proxy.basic_auth(user, password),
            None => proxy,
        };
        Ok(proxy.no_proxy(NoProxy::from_string(&self.no_proxy)))
    }

    /// The address without anything in front of an `@`: people put passwords there.
    fn shown(&self) -> String {
        match self.url.rsplit_once('@') {
            Some((_, host)) => host.to_owned(),
            None => self.url.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_checked_and_its_password_never_shown() {
        let proxy = Proxy {
            url: "socks5://u:secret@p:1".to_owned(),
            credentials: Some(("u".to_owned(), "secret".to_owned())),
            no_proxy: String::new(),
        };
        let settings = HttpSettings {
            proxy: Some(proxy),
            ..HttpSettings::default()
        };
        let error = build(&settings).unwrap_err().to_string();
        assert!(
            error.contains("socks5") && !error.contains("secret"),
            "{error}"
        );
    }

    #[test]
    fn a_password_in_the_address_of_the_proxy_is_refused() {
        for url in ["http://u:secret@p:1", "http://u@p:1", "https://:secret@p:1"] {
            let settings = HttpSettings {
                proxy: Some(Proxy {
                    url: url.to_owned(),
                    credentials: None,
                    no_proxy: String::new(),
                }),
                ..HttpSettings::default()
            };
            let error = build(&settings).unwrap_err().to_string();
            assert!(
                error.contains("PROXY_PASSWORD") && !error.contains("secret@"),
                "{error}"
            );
        }
    }
}
