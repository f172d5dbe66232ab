//! Errors of a target: what was asked, what was answered, what to do.

use usher_connector::{Exchange, Failure, TargetError};
use usher_core::model::Kind;

use crate::classify::{self, Purpose};
use crate::client::Answer;
use crate::http::Transport;
use crate::mask::Mask;
use crate::target::ScimTarget;

impl ScimTarget {
    /// The error of a request that got no reply.
    pub(crate) fn no_reply(
        &self,
        purpose: Purpose,
        error: &Transport,
        exchange: Box<Exchange>,
    ) -> TargetError {
        let failure = classify::transport(purpose, error);
        let remedy = match error {
            Transport::Certificate(_) => {
                "; if a proxy inspects TLS, add its authority to the target's extra certificate authorities"
            }
            Transport::Proxy(_) => "; check the proxy's address, user and password",
            Transport::NotSent(_) => "; check address, name resolution, firewall and proxy",
            _ => "",
        };
        let message = format!(
            "{} {}: {error}{remedy}",
            exchange.method,
            self.address.host()
        );
        TargetError {
            failure,
            message,
            exchange: Some(exchange),
        }
    }

    /// The error of a reply whose status is no success.
    pub(crate) fn bad_status(
        &self,
        kind: Kind,
        purpose: Purpose,
        answer: Answer,
        mask: &Mask,
    ) -> TargetError {
        let body = answer.error();
        let fields = self.fields.mentioned(kind, &body.detail);
        let failure = classify::status(purpose, &body, answer.retry_after, fields);
        let mut message = format!("{} answered {}", answer.exchange.method, body.summary());
        let named = self.profile.remedy(kind, body.status, &body.detail);
        if let Some(remedy) = named.or_else(|| general_remedy(body.status)) {
            message.push_str("; ");
            message.push_str(remedy);
        }
        if let Some(host) = &answer.redirect {
            message.push_str(&format!(" (to {host})"));
        }
        let message = mask.text(&message);
        TargetError {
            failure,
            message,
            exchange: Some(Box::new(answer.record(mask))),
        }
    }
}

/// What to do about a status, where no vendor knows better.
fn general_remedy(status: u16) -> Option<&'static str> {
    match status {
        300..=399 => Some(
            "redirects are never followed, since they would carry the key elsewhere; correct the base URL",
        ),
        401 | 403 => Some("the key is not accepted; make a new one and enter it"),
        407 => Some("the proxy wants other credentials"),
        _ => None,
    }
}

/// The error of a success that could not be read.
pub(crate) fn unreadable(purpose: Purpose, answer: Answer, mask: &Mask) -> TargetError {
    let (failure, detail) = match &answer.body {
        Err(error) => (classify::unreadable(purpose, error), error.to_string()),
        Ok(_) => (Failure::Unknown, "the reply could not be read".to_owned()),
    };
    let message = format!(
        "{} answered {}: {detail}",
        answer.exchange.method, answer.status
    );
    TargetError {
        failure,
        message,
        exchange: Some(Box::new(answer.record(mask))),
    }
}

/// The error of a success with another content than expected, when reading.
pub(crate) fn unexpected(expected: &str, answer: Answer, mask: &Mask) -> TargetError {
    let found = if answer.is_page() {
        "a web page"
    } else {
        "something else"
    };
    let message = format!(
        "{} answered {} with {found} (expected: {expected}); something between here and the service may have answered in its place",
        answer.exchange.method, answer.status
    );
    let failure = Failure::Retry { after_ms: None };
    TargetError {
        failure,
        message,
        exchange: Some(Box::new(answer.record(mask))),
    }
}
