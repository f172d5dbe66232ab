//! Whether settings of alerts can work.

use std::collections::BTreeSet;

use url::{Host, Url};

use crate::model::AlertSettings;

/// The kind under which the secret of a webhook is sealed.
pub const WEBHOOK_SECRET: &str = "webhook_secret";
/// More receivers than this are a mistake.
const MOST_RECIPIENTS: usize = 50;
/// The longest e-mail address that mail servers take.
const LONGEST_EMAIL: usize = 254;

/// Everything that is wrong with settings: where (a JSON pointer), and what in words. `has_mail` = there is a mail server.
pub fn problems(settings: &AlertSettings, has_mail: bool) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (index, email) in settings.emails.iter().enumerate() {
        if let Err(problem) = check_email(email) {
            found.push((format!("/emails/{index}"), problem));
        }
    }
    if !settings.emails.is_empty() && !has_mail {
        found.push((
            "/emails".to_owned(),
            "there is no mail server to send them with; enter one in the server settings first"
                .to_owned(),
        ));
    }
    for (index, webhook) in settings.webhooks.iter().enumerate() {
        if let Err(problem) = webhook_url(&webhook.url) {
            found.push((format!("/webhooks/{index}/url"), problem));
        }
    }
    let all = settings.recipients();
    let different: BTreeSet<&String> = all.iter().collect();
    if different.len() < all.len() {
        found.push((
            String::new(),
            "a receiver stands there twice; each is told once".to_owned(),
        ));
    }
    if all.len() > MOST_RECIPIENTS {
        found.push((
            String::new(),
            format!(
                "expected at most {MOST_RECIPIENTS} receivers, found {}",
                all.len()
            ),
        ));
    }
    if settings.parked_threshold == 0 {
        found.push((
            "/parked_threshold".to_owned(),
            "expected 1 or more: a single refused step is no reason to wake somebody".to_owned(),
        ));
    }
    found
}

fn check_email(email: &str) -> Result<(), String> {
    let is_bad = |c: char| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"".contains(c);
    let is_good = match email.rsplit_once('@') {
        None => false,
        Some((local, domain)) => {
            !local.is_empty()
                && !domain.is_empty()
                && !local.contains('@')
                && !email.contains(is_bad)
        }
    };
    if is_good && email.len() <= LONGEST_EMAIL {
        return Ok(());
    }
    Err(format!(
        "expected an e-mail address such as it@example.com, found `{email}`"
    ))
}

/// Whether signed requests may go there: `https`, or `http` on this machine.
///
/// # Errors
/// What is wrong, in words.
pub fn webhook_url(text: &str) -> Result<Url, String> {
    // A URL parser drops line breaks, and takes `https:host` for `https://host`; who reads it may not.
    if text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err(format!(
            "expected an address without blanks, line breaks and backslashes, found `{}`",
            text.escape_debug()
        ));
    }
    let scheme = text.split(':').next().unwrap_or_default();
    let rest = text.get(scheme.len()..).unwrap_or_default();
    if !rest.is_empty() && !rest.starts_with("://") {
        return Err(format!("expected `://` after `{scheme}`, found `{text}`"));
    }
    let url = Url::parse(text).map_err(|error| {
        format!("expected an address such as https://example.com/usher, found `{text}`: {error}")
    })?;
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => {}
        "http" if is_here => {}
        _ => {
            return Err(format!(
                "expected https (or http on this machine), found `{text}`: what is told of never goes over a network in the clear"
            ));
        }
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("user and password stand in the address, where they would be shown; the receiver knows us by the signature".to_owned());
    }
    if url.fragment().is_some() {
        return Err("the part after `#` is never sent; leave it out".to_owned());
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::{problems, webhook_url};
    use crate::model::{AlertSettings, Sealed, Webhook};

    #[test]
    fn requests_go_over_https_or_stay_on_this_machine() {
        for good in [
            "https://example.com/x?a=b",
            "http://127.0.0.1:8080/",
            "http://[::1]/",
            "http://localhost:1/",
        ] {
            webhook_url(good).unwrap();
        }
        for bad in [
            "http://example.com/",
            "http://localhost.example.com/",
            "http://10.0.0.1/",
            "ftp://127.0.0.1/",
            "https://u:p@example.com/",
            "https://example.com/#x",
            "example.com",
            "https:example.com",
            "https:/example.com/x",
            "http:127.0.0.1:1/x",
            "https://127.0.0.1:1/x\r\nX: y",
            "https://example.com/a b",
            "https:\\\\example.com",
            " https://example.com/",
            "",
        ] {
            webhook_url(bad).unwrap_err();
        }
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let webhook = |url: &str| Webhook {
            url: url.to_owned(),
            secret: Sealed(String::new()),
        };
        let mut settings = AlertSettings {
            emails: vec!["it@example.com".to_owned(), "a b@c".to_owned()],
            webhooks: vec![webhook("https://example.com/"), webhook("http://x/")],
            parked_threshold: 0,
            ..AlertSettings::default()
        };
        let places = |settings: &AlertSettings, has_mail| {
            let found = problems(settings, has_mail).into_iter();
            found.map(|(place, _)| place).collect::<Vec<_>>()
        };
        assert_eq!(
            places(&settings, false),
            [
                "/emails/1",
                "/emails",
                "/webhooks/1/url",
                "/parked_threshold"
            ]
        );
        settings.parked_threshold = 20;
        settings.emails = vec!["it@example.com".to_owned(); 2];
        settings.webhooks.truncate(1);
        assert_eq!(places(&settings, true), [""]);
        settings.emails.pop();
        assert_eq!(places(&settings, true), [""; 0]);
        for bad in ["", "@", "a@", "@b", "a@b@c", "a@b\r\nBcc: x@y", "a<b@c"] {
            settings.emails = vec![bad.to_owned()];
            assert_eq!(places(&settings, true), ["/emails/0"], "{bad:?}");
        }
    }
}
