//! Where a request comes from: this machine, or somebody behind a proxy.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::header::{FORWARDED, HOST};
use axum::http::request::Parts;
use usher_engine::admin::Permission;

use crate::caller::admin_of;
use crate::{Api, Peer};

/// What a proxy adds: for whom it asks.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address that a request comes from: the connection's, or what the trusted proxy says; never what anybody
/// else claims.
pub(crate) fn from(parts: &Parts, api: &Api) -> Option<IpAddr> {
    let ConnectInfo(address) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    let told = api.behind_proxy.then(|| forwarded_for(parts)).flatten();
    Some(told.unwrap_or(address.ip()))
}

/// The last address that the header names: the one that the nearest proxy saw. Those before it came with the
/// request.
fn forwarded_for(parts: &Parts) -> Option<IpAddr> {
    let line = parts.headers.get_all(FORWARDED_FOR).iter().next_back()?;
    last_of(line.to_str().ok()?)
}

/// The last address of a list: bare, in brackets, or with a port.
fn last_of(line: &str) -> Option<IpAddr> {
    let last = line.rsplit(',').next()?.trim().trim_matches('"');
    let with_port = || last.parse::<SocketAddr>().ok().map(|at| at.ip());
    let bare = last.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(with_port)
}

/// Whether a request comes from this machine itself: not through a proxy on it, and not from a page whose name
/// was made to mean this machine.
fn is_near(parts: &Parts, api: &Api) -> bool {
    if parts.extensions.get::<Peer>().is_some() {
        return true;
    }
    let connection = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let loopback = connection.is_some_and(|ConnectInfo(at)| at.ip().to_canonical().is_loopback());
    let forwarded =
        parts.headers.contains_key(FORWARDED_FOR) || parts.headers.contains_key(FORWARDED);
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    loopback && !api.behind_proxy && !forwarded && host.is_some_and(is_own_name)
}

/// An IP address or `localhost`, with a port or without: nobody else can make such a name theirs.
fn is_own_name(host: &str) -> bool {
    if host.parse::<SocketAddr>().is_ok() {
        return true;
    }
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() && !name.contains(':') => name,
        _ => host,
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok()
}

/// Whether whoever asks is on this machine, at the socket of the state folder, or may look.
pub(crate) async fn may_see(parts: &Parts, api: &Api) -> bool {
    if is_near(parts, api) {
        return true;
    }
    match admin_of(parts, api).await {
        Ok(admin) => admin.require(Permission::Look).is_ok(),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{is_own_name, last_of};

    #[test]
    fn the_last_address_is_found_however_it_is_written() {
        for (line, address) in [
            ("1.2.3.4", "1.2.3.4"),
            ("9.9.9.9, 1.2.3.4:55", "1.2.3.4"),
            ("\"1.2.3.4\"", "1.2.3.4"),
            ("[2001:db8::1]:80", "2001:db8::1"),
            ("\"[2001:db8::1]\"", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
        ] {
            assert_eq!(last_of(line), address.parse().ok(), "{line}");
        }
        for none in ["", "unknown", "9.9.9.9, ", "1.2.3.4:"] {
            assert_eq!(last_of(none), None, "{none}");
        }
    }

    #[test]
    fn only_names_that_nobody_can_take_are_our_own() {
        for own in [
            "localhost",
            "LOCALHOST:9999",
            "127.0.0.1",
            "127.0.0.1:9999",
            "[::1]",
            "[::1]:9999",
        ] {
            assert!(is_own_name(own), "{own}");
        }
        for other in [
            "",
            "evil.example",
            "evil.example:9999",
            "127.0.0.1.evil.example",
            "localhost.evil.example:80",
        ] {
            assert!(!is_own_name(other), "{other}");
        }
    }
}
