//! From a reply to what follows from it. One table, no state.

use std::time::Duration;

use usher_connector::{Failure, Premise};
use usher_scim::{ErrorBody, ErrorKind};

use crate::http::{BodyError, Transport};
use crate::members::MemberChange;

/// What a request was made for; the same status means different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Reading a list.
    List,
    /// Reading one resource.
    Read,
    /// Creating one.
    Create,
    /// Changing or replacing one.
    Change,
    /// Deleting one.
    Delete,
    /// Changing members of a group.
    Members(Members),
}

/// How members are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Members {
    /// How many.
    pub(crate) count: usize,
    /// Whether another form of the request has the same effect.
    pub(crate) other_form: bool,
}

impl Purpose {
    /// The purpose of a write.
    pub(crate) fn of(method: &str, members: Option<&MemberChange>) -> Self {
        match (method, members) {
            ("POST", _) => Self::Create,
            ("DELETE", _) => Self::Delete,
            (_, Some(change)) => Self::Members(Members {
                count: change.ids.len(),
                other_form: change.other_form,
            }),
            _ => Self::Change,
        }
    }

    /// Whether repeating the request gives the same state.
    fn can_be_repeated(self) -> bool {
        self != Self::Create
    }
}

/// What follows from a reply whose status is no success. `fields` are those the message names.
pub(crate) fn status(
    purpose: Purpose,
    body: &ErrorBody,
    after: Option<Duration>,
    fields: Vec<String>,
) -> Failure {
    let after_ms = after.map(|wait| wait.as_millis() as u64);
    let too_many = body
        .scim_type
        .as_deref()
        .is_some_and(|t| t.eq_ignore_ascii_case("tooMany"));
    match body.status {
        300..=399 | 401 | 407 => Failure::StopTarget,
        400 | 403 | 413 if too_many || body.status != 403 => refused(purpose, too_many, fields),
        403 => Failure::StopTarget,
        404 | 410 => gone(purpose, body.kind),
        409 => conflict(purpose, body, fields),
        429 => Failure::Throttled { after_ms },
        408 | 412 | 425 => repeat(purpose, after_ms),
        501 | 505 => Failure::Refused { fields },
        503 if purpose.can_be_repeated() && after_ms.is_some() => Failure::Throttled { after_ms },
        500.. => repeat(purpose, after_ms),
        _ => Failure::Refused { fields },
    }
}

/// A repeatable request is repeated; a create is looked up first.
fn repeat(purpose: Purpose, after_ms: Option<u64>) -> Failure {
    if purpose.can_be_repeated() {
        Failure::Retry { after_ms }
    } else {
        Failure::Unknown
    }
}

fn refused(purpose: Purpose, too_many: bool, fields: Vec<String>) -> Failure {
    match purpose {
        // One batch may be refused for one member or for its size: smaller ones tell.
        Purpose::Members(members) if members.count > 1 && too_many => Failure::Replan {
            premise: Premise::MemberGone,
        },
        Purpose::Members(members) if !members.other_form && !too_many => Failure::Replan {
            premise: Premise::MemberGone,
        },
        _ => Failure::Refused { fields },
    }
}

fn gone(purpose: Purpose, kind: ErrorKind) -> Failure {
    // A page or a gateway's object is not the service's own word that something does not exist.
    let own_word = !matches!(kind, ErrorKind::Html | ErrorKind::Failure);
    match purpose {
        Purpose::List | Purpose::Create => Failure::StopTarget,
        _ if !own_word => Failure::Retry { after_ms: None },
        Purpose::Delete => Failure::AlreadyDone,
        Purpose::Read | Purpose::Change => Failure::Replan {
            premise: Premise::Gone,
        },
        Purpose::Members(_) => Failure::Replan {
            premise: Premise::MemberGone,
        },
    }
}

fn conflict(purpose: Purpose, body: &ErrorBody, fields: Vec<String>) -> Failure {
    match purpose {
        Purpose::Create | Purpose::Change if body.is_conflict() => Failure::Replan {
            premise: Premise::Exists,
        },
        Purpose::Create | Purpose::Change => Failure::Refused { fields },
        // Somebody else changes the same resource at this moment.
        _ => Failure::Retry { after_ms: None },
    }
}

/// What follows when a reply says success and shows other members: a success is not yet a change.
pub(crate) fn members_differ(change: &MemberChange) -> Failure {
    if change.adding {
        // Somebody in the batch was silently left out.
        Failure::Replan {
            premise: Premise::MemberGone,
        }
    } else {
        // The form was not understood; after the other form, the service does not remove members.
        Failure::Refused { fields: Vec::new() }
    }
}

/// What follows when there was no reply.
pub(crate) fn transport(purpose: Purpose, error: &Transport) -> Failure {
    match error {
        Transport::Certificate(_) | Transport::Proxy(_) => Failure::StopTarget,
        Transport::NotSent(_) => Failure::Retry { after_ms: None },
        Transport::TimedOut | Transport::Broken(_) => repeat(purpose, None),
    }
}

/// What follows when the reply said success and could not be read.
pub(crate) fn unreadable(purpose: Purpose, error: &BodyError) -> Failure {
    match (purpose, error) {
        (Purpose::List | Purpose::Read, BodyError::TooLarge { .. }) => {
            Failure::Refused { fields: Vec::new() }
        }
        _ => repeat(purpose, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(purpose: Purpose, status_code: u16, body: &str) -> Failure {
        let body = ErrorBody::parse(status_code, None, body.as_bytes());
        status(purpose, &body, None, Vec::new())
    }

    const BATCH: Purpose = Purpose::Members(Members {
        count: 2,
        other_form: false,
    });
    const BY_LIST: Purpose = Purpose::Members(Members {
        count: 2,
        other_form: true,
    });
    const REFUSED: Failure = Failure::Refused { fields: Vec::new() };
    const RETRY: Failure = Failure::Retry { after_ms: None };

    fn replan(premise: Premise) -> Failure {
        Failure::Replan { premise }
    }

    #[test]
    fn the_same_status_means_what_the_request_was_for() {
        let page = "<html>not found</html>";
        for (purpose, code, body, expected) in [
            (Purpose::Delete, 404, "", Failure::AlreadyDone),
            (Purpose::Change, 404, "", replan(Premise::Gone)),
            (BATCH, 404, "", replan(Premise::MemberGone)),
            (Purpose::List, 404, "", Failure::StopTarget),
            (Purpose::Create, 404, "", Failure::StopTarget),
            (Purpose::Delete, 404, page, RETRY),
            (Purpose::Change, 404, page, RETRY),
            (Purpose::Create, 409, "", replan(Premise::Exists)),
            (Purpose::Change, 409, "", replan(Premise::Exists)),
            (
                Purpose::Change,
                409,
                r#"{"scimType":"mutability"}"#,
                REFUSED,
            ),
            (BATCH, 409, "", RETRY),
            (Purpose::Change, 400, "", REFUSED),
            (BATCH, 400, "", replan(Premise::MemberGone)),
            (BY_LIST, 400, "", REFUSED),
            (
                BY_LIST,
                400,
                r#"{"scimType":"tooMany"}"#,
                replan(Premise::MemberGone),
            ),
            (Purpose::Create, 403, r#"{"scimType":"tooMany"}"#, REFUSED),
            (Purpose::Create, 403, "", Failure::StopTarget),
            (Purpose::Change, 401, "", Failure::StopTarget),
            (Purpose::Change, 302, "", Failure::StopTarget),
            (Purpose::Create, 500, "", Failure::Unknown),
            (Purpose::Create, 503, "", Failure::Unknown),
            (Purpose::Change, 503, "", RETRY),
            (Purpose::Change, 502, page, RETRY),
            (Purpose::Change, 501, "", REFUSED),
            (Purpose::Create, 422, "", REFUSED),
            (
                Purpose::Create,
                429,
                "",
                Failure::Throttled { after_ms: None },
            ),
        ] {
            assert_eq!(
                of(purpose, code, body),
                expected,
                "{purpose:?} {code} {body}"
            );
        }
    }

    #[test]
    fn a_wait_that_the_service_names_is_kept() {
        let wait = Some(Duration::from_secs(3));
        let body = ErrorBody::parse(503, None, b"");
        let throttled = Failure::Throttled {
            after_ms: Some(3_000),
        };
        assert_eq!(status(Purpose::Change, &body, wait, Vec::new()), throttled);
        assert_eq!(
            status(Purpose::Create, &body, wait, Vec::new()),
            Failure::Unknown
        );
        let body = ErrorBody::parse(429, None, b"");
        assert_eq!(status(Purpose::Create, &body, wait, Vec::new()), throttled);
    }

    #[test]
    fn without_a_reply_only_a_create_that_may_have_left_is_unknown() {
        let broken = Transport::Broken(String::new());
        assert_eq!(transport(Purpose::Create, &broken), Failure::Unknown);
        assert_eq!(
            transport(Purpose::Create, &Transport::TimedOut),
            Failure::Unknown
        );
        assert_eq!(
            transport(Purpose::Create, &Transport::NotSent(String::new())),
            RETRY
        );
        assert_eq!(transport(Purpose::Change, &broken), RETRY);
        let certificate = Transport::Certificate(String::new());
        assert_eq!(
            transport(Purpose::Change, &certificate),
            Failure::StopTarget
        );
    }
}
