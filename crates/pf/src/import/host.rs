//! Host names as data stores list them.

/// Whether a text is `host` or `host:port`, IPv6 addresses in brackets.
pub(super) fn is_host(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, "")) => (address, None),
            Some((address, port)) => match port.strip_prefix(':') {
                Some(port) => (address, Some(port)),
                None => return false,
            },
            None => return false,
        },
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    let is_address = text.starts_with('[');
    let is_name = !host.is_empty()
        && if is_address {
            host.parse::<std::net::Ipv6Addr>().is_ok()
        } else {
            host.chars().all(fits)
        };
    is_port && is_name
}

#[cfg(test)]
mod tests {
    use super::is_host;

    #[test]
    fn hosts_have_a_name_or_an_address_and_perhaps_a_port() {
        for good in [
            "ldap",
            "ldap1.example.org:636",
            "10.0.0.1",
            "[::1]",
            "[fe80::1]:389",
            "dc_1",
        ] {
            assert!(is_host(good), "{good}");
        }
        for bad in [
            "",
            ":389",
            "ldap:",
            "ldap:0",
            "ldap:99999",
            "ldap://x",
            "::1",
            "[::1",
            "[x]",
            "[::1]389",
            "a b",
            "a/b",
        ] {
            assert!(!is_host(bad), "{bad}");
        }
    }
}
