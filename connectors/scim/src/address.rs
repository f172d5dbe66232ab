//! The address of a target: what people paste is not always what is meant.

use std::net::IpAddr;

use url::{Host, Url};

/// How a vendor's addresses are built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressRule {
    /// The path segment after which the directory's id stands; `None` when the whole address identifies the target.
    pub id_after: Option<String>,
    /// Segments that people leave at the end and that are cut off, compared without regard to case.
    pub tails: Vec<String>,
    /// An example for error messages.
    pub example: String,
}

/// A normalised address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    url: Url,
    identity: String,
}

/// Why an address cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is no URL, or has parts that an address must not have.
    #[error("the base URL {found}; expected one such as {example}")]
    Form {
        /// What is wrong with it.
        found: String,
        /// An example.
        example: String,
    },
    /// It is not encrypted.
    #[error(
        "the base URL uses http for {host}: the key would travel unencrypted; use https (http is allowed for this machine only)"
    )]
    Plain {
        /// The host named.
        host: String,
    },
    /// The directory's id is missing.
    #[error("the base URL names no directory: expected an id after `/{after}/`, as in {example}")]
    NoId {
        /// The segment in front of the id.
        after: String,
        /// An example.
        example: String,
    },
    /// There is something after the directory's id that does not belong there.
    #[error(
        "the base URL goes on with `/{tail}` after the directory's id; remove it, as in {example}"
    )]
    Tail {
        /// What stands there.
        tail: String,
        /// An example.
        example: String,
    },
}

impl Address {
    /// Reads and normalises an address: white space and slashes around it, known tails such as `/Users`.
    ///
    /// # Errors
    /// When it is no https URL (http is allowed on loopback), has a user, query or fragment, or lacks the directory's id that the rule
    /// asks for.
    pub fn parse(text: &str, rule: &AddressRule) -> Result<Self, AddressError> {
        let form = |found: &str| AddressError::Form {
            found: found.to_owned(),
            example: rule.example.clone(),
        };
        let text = text.trim();
        if text.is_empty() {
            return Err(form("is empty"));
        }
        // A URL parser drops line breaks and an empty user, and turns backslashes round: the address would not be the one that was read.
        if text.chars().any(char::is_control) {
            return Err(form("holds a line break or another control character"));
        }
        if text.contains('\\') {
            return Err(form("holds a backslash"));
        }
        if authority(text).contains('@') {
            return Err(form("holds a user name or password"));
        }
        // A URL parser takes `https:host` for `https://host`; who reads it may not.
        let starts = |scheme: &str| {
            text.get(..scheme.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        let without_slashes = |scheme: &str| starts(scheme) && !starts(&format!("{scheme}//"));
        if ["https:", "http:"].into_iter().any(without_slashes) {
            return Err(form("has no `//` after its scheme"));
        }
        let mut url = Url::parse(text).map_err(|e| form(&format!("is no URL ({e})")))?;
        let Some(host) = url.host() else {
            return Err(form("names no host"));
        };
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&host) => {}
            "http" => {
                return Err(AddressError::Plain {
                    host: host.to_string(),
                });
            }
            other => return Err(form(&format!("has the scheme `{other}`"))),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(form("holds a user name or password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(form("has a query or fragment"));
        }
        let segments: Vec<String> = url
            .path()
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(str::to_owned)
            .collect();
        let kept = rule.cut(segments)?;
        url.set_path(&kept.join("/"));
        let identity = match (&rule.id_after, kept.last()) {
            (Some(_), Some(id)) => id.clone(),
            _ => url.as_str().trim_end_matches('/').to_owned(),
        };
        Ok(Self { url, identity })
    }

    /// What identifies the target: the directory's id, or the whole normalised address.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The normalised address, without a slash at its end.
    pub fn as_str(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// Whether it is plain http, which is accepted for this machine only.
    pub fn is_plain(&self) -> bool {
        self.url.scheme() == "http"
    }

    /// The host, for messages.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// The address of a resource type or resource, with query parameters. Everything is percent-encoded; a space becomes `%20` and a
    /// plus sign `%2B`, which every server reads alike. `None` when a segment is empty, `.` or `..`: such an id would address
    /// something else.
    pub fn join(&self, segments: &[&str], query: &[(&str, &str)]) -> Option<Url> {
        if segments
            .iter()
            .any(|segment| matches!(*segment, "" | "." | ".."))
        {
            return None;
        }
        let mut url = self.url.clone();
        url.path_segments_mut()
            .ok()?
            .pop_if_empty()
            .extend(segments);
        if !query.is_empty() {
            let encoded = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs(query)
                .finish()
                .replace('+', "%20");
            url.set_query(Some(&encoded));
        }
        Some(url)
    }
}

impl AddressRule {
    fn cut(&self, mut segments: Vec<String>) -> Result<Vec<String>, AddressError> {
        let is_tail = |segment: &String| {
            self.tails
                .iter()
                .any(|tail| tail.eq_ignore_ascii_case(segment))
        };
        let Some(after) = &self.id_after else {
            while segments.last().is_some_and(is_tail) {
                segments.pop();
            }
            return Ok(segments);
        };
        let missing = || AddressError::NoId {
            after: after.clone(),
            example: self.example.clone(),
        };
        let at = segments
            .iter()
            .position(|s| s.eq_ignore_ascii_case(after))
            .ok_or_else(missing)?;
        let rest = segments.split_off((at + 2).min(segments.len()));
        if segments.len() != at + 2 {
            return Err(missing());
        }
        match rest.iter().find(|segment| !is_tail(segment)) {
            Some(tail) => Err(AddressError::Tail {
                tail: tail.clone(),
                example: self.example.clone(),
            }),
            None => Ok(segments),
        }
    }
}

/// What stands between the scheme and the path, as it is written.
fn authority(text: &str) -> &str {
    let after = text.split_once(':').map_or("", |(_, after)| after);
    let after = after.trim_start_matches('/');
    after.split(['/', '?', '#']).next().unwrap_or_default()
}

/// Whether a host is this machine by its name or number alone.
fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(ip) => IpAddr::from(*ip).is_loopback(),
        Host::Ipv6(ip) => IpAddr::from(*ip).is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(id_after: Option<&str>, tails: &[&str]) -> AddressRule {
        AddressRule {
            id_after: id_after.map(str::to_owned),
            tails: tails.iter().map(|tail| (*tail).to_owned()).collect(),
            example: "https://x/".to_owned(),
        }
    }

    fn parse(text: &str) -> Result<String, AddressError> {
        let rule = rule(Some("directory"), &["scim", "Users", "Groups"]);
        Address::parse(text, &rule).map(|a| format!("{} {}", a.as_str(), a.identity()))
    }

    #[test]
    fn an_address_is_what_everybody_reads_it_as() {
        for text in [
            "https:api.example.com/scim/directory/d-1",
            "HTTPS:/api.example.com/scim/directory/d-1",
            "http:127.0.0.1:1/scim/directory/d-1",
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains("no `//`"), "{error}");
        }
    }

    #[test]
    fn every_way_to_paste_a_directory_address_means_the_same() {
        for text in [
            "https://api.example.com/scim/directory/d-1",
            "  https://api.example.com/scim/directory/d-1/ ",
            "https://API.example.com:443/scim//directory/d-1//",
            "https://api.example.com/scim/directory/d-1/scim",
            "https://api.example.com/scim/directory/d-1/scim/users/",
            "https://api.example.com/scim/directory/d-1/Users",
        ] {
            let expected = "https://api.example.com/scim/directory/d-1 d-1";
            assert_eq!(parse(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_a_directory_address_is_refused_with_the_reason() {
        for (text, word) in [
            ("", "empty"),
            ("api.example.com/scim/directory/d", "no URL"),
            ("ftp://x/directory/d", "scheme"),
            ("https://me:pw@x/directory/d", "password"),
            ("https://me@x/directory/d", "password"),
            ("https://@x/directory/d", "password"),
            ("https://:@x/directory/d", "password"),
            ("https:me:pw@x/directory/d", "password"),
            ("https://x/directory/d?a=b", "query"),
            ("https://x/directory/d?", "query"),
            ("https://x/directory/d#", "query"),
            ("https://x/direc\r\ntory/d", "line break"),
            ("https://x/directory/d\r\nHost: y", "line break"),
            ("https://x/directory/d\t1", "control character"),
            ("https:\\\\x\\directory\\d", "backslash"),
            ("https://x/directory/", "no directory"),
            ("https://x/other/d", "no directory"),
            ("https://x/directory/d/else", "/else"),
            ("http://api.example.com/directory/d", "unencrypted"),
            ("http://127.0.0.1.example.com/directory/d", "unencrypted"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for host in ["127.0.0.1:8080", "[::1]:80", "localhost:1", "127.9.9.9"] {
            assert!(
                parse(&format!("http://{host}/directory/d")).is_ok(),
                "{host}"
            );
        }
    }

    #[test]
    fn without_a_directory_id_the_address_itself_is_the_identity() {
        let rule = rule(None, &["Users"]);
        let address = Address::parse("https://x.example/scim/v2/Users/", &rule).unwrap();
        assert_eq!(address.identity(), "https://x.example/scim/v2");
        let address = Address::parse("https://x.example/", &rule).unwrap();
        assert_eq!(
            address.join(&["Users"], &[]).unwrap().as_str(),
            "https://x.example/Users"
        );
    }

    #[test]
    fn ids_and_filters_are_encoded_and_cannot_leave_their_place() {
        let address = Address::parse("https://x/v2", &rule(None, &[])).unwrap();
        let url = address
            .join(&["Users", "a/b?c"], &[("filter", "a eq \"x+y ä\"")])
            .unwrap();
        let expected = "https://x/v2/Users/a%2Fb%3Fc?filter=a%20eq%20%22x%2By%20%C3%A4%22";
        assert_eq!(url.as_str(), expected);
        for id in ["", ".", ".."] {
            assert_eq!(address.join(&["Users", id], &[]), None);
        }
    }
}
