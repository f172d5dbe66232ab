//! Writing: one request, and the whole-resource form of a change.

use serde_json::Value;
use usher_connector::{Exchange, Failure, Premise, Reply, Request, TargetError};
use usher_core::model::{Kind, TargetId};
use usher_scim::{Document, PatchOp, Path, apply, urn};

use crate::classify::{self, Purpose};
use crate::client::{Answer, Call};
use crate::errors::{unexpected, unreadable};
use crate::http::{BodyError, Limits};
use crate::mask::Mask;
use crate::members::MemberChange;
use crate::target::{ScimTarget, refused};

impl ScimTarget {
    /// Sends a request with the given body and reads the reply.
    pub(crate) async fn write(
        &self,
        request: &Request,
        body: Option<&Value>,
        mask: &Mask,
    ) -> Result<Reply, TargetError> {
        let segments = segments(&request.path);
        let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
        let Some(url) = self.address.join(&parts, &[]) else {
            return Err(refused(format!(
                "`{}` is no path of a resource",
                request.path
            )));
        };
        let limits = match request.kind {
            Kind::User => Limits::SMALL,
            Kind::Group => Limits::GROUPS,
        };
        let members = MemberChange::of(request.kind, &request.method, body);
        let purpose = Purpose::of(&request.method, members.as_ref());
        let shown = request.shown.as_ref();
        let call = Call {
            method: &request.method,
            url,
            body,
            shown,
            limits,
            watch: members
                .as_ref()
                .map_or_else(Vec::new, |change| change.ids.clone()),
        };
        let answer = self
            .client
            .call(call, mask)
            .await
            .map_err(|(error, exchange)| self.no_reply(purpose, &error, exchange))?;
        if !answer.is_success() {
            return Err(self.bad_status(request.kind, purpose, answer, mask));
        }
        if let Some(error) = members.and_then(|change| not_changed(&change, &answer, mask)) {
            return Err(error);
        }
        self.done(request, purpose, parts.get(1).copied(), answer, mask)
    }

    /// A reply that says success: what came back decides whether to believe it.
    fn done(
        &self,
        request: &Request,
        purpose: Purpose,
        id: Option<&str>,
        answer: Answer,
        mask: &Mask,
    ) -> Result<Reply, TargetError> {
        let created = purpose == Purpose::Create;
        match &answer.body {
            // The service carried it out and said so; only its reply is too long to keep.
            Err(BodyError::TooLarge { .. }) if !created => {
                let exchange = answer.record(mask);
                return Ok(Reply {
                    observed: None,
                    target_id: None,
                    exchange,
                });
            }
            Err(_) => return Err(unreadable(purpose, answer, mask)),
            Ok(_) => {}
        }
        let empty = answer.bytes().trim_ascii().is_empty();
        if purpose == Purpose::Delete && !answer.is_page() || empty && !created {
            let exchange = answer.record(mask);
            return Ok(Reply {
                observed: None,
                target_id: None,
                exchange,
            });
        }
        let document = serde_json::from_slice(answer.bytes())
            .ok()
            .and_then(Document::from_value);
        let document = document.filter(|document| {
            let found = document.get_str(&Path::attribute("id"));
            if created {
                found.is_some()
            } else {
                found == id
            }
        });
        let Some(document) = document else {
            let mut error = unexpected("the resource with its id", answer, mask);
            if created {
                error.failure = Failure::Unknown;
            }
            return Err(error);
        };
        let observed = match self.fields.observe(request.kind, &document) {
            Ok(observed) => observed,
            // What it made is there, and nobody can say it by that id.
            Err(what) if created => {
                let status = answer.status;
                return Err(TargetError {
                    failure: Failure::Unknown,
                    message: format!("{} answered {status} with {what}", request.method),
                    exchange: Some(Box::new(answer.record(mask))),
                });
            }
            Err(_) => None,
        };
        let observed = observed.map(|mut observed| {
            // Members were dropped on the way: the reply says nothing of them.
            observed.members = None;
            observed
        });
        let target_id = observed
            .as_ref()
            .filter(|_| created)
            .map(|observed| observed.target_id.clone());
        let exchange = recorded(request, &document, answer, mask);
        Ok(Reply {
            observed,
            target_id,
            exchange,
        })
    }

    /// The changes of a request written as a whole user: read, merged, sent with `active`. Never a partial PUT, which would clear
    /// what it leaves out.
    pub(crate) async fn put(&self, request: &Request, mask: &Mask) -> Result<Reply, TargetError> {
        let segments = segments(&request.path);
        let changes = request.body.as_ref().and_then(PatchOp::from_json);
        let (Kind::User, Some(id), Some(changes)) = (request.kind, segments.get(1), changes) else {
            return Err(refused(
                "only changes of a user can be written as a whole resource",
            ));
        };
        let id = TargetId::new(id.as_str());
        let Some(mut document) = self.read_document(Kind::User, &id).await? else {
            let failure = Failure::Replan {
                premise: Premise::Gone,
            };
            return Err(TargetError::new(
                failure,
                "the user to be changed does not exist",
            ));
        };
        apply::apply(&mut document, &changes).map_err(|error| refused(error.to_string()))?;
        for path in changes.operations().iter().map(|operation| &operation.path) {
            // A service that keeps the extension's attributes at the top level sent the old value there.
            if path
                .schema()
                .is_some_and(|schema| schema.eq_ignore_ascii_case(urn::ENTERPRISE_USER))
            {
                document.remove(&Path::attribute(path.attribute_name()));
            }
        }
        let owned = ["meta", "groups"].into_iter();
        for name in owned.chain(self.profile.read_only.iter().map(String::as_str)) {
            document.remove(&Path::attribute(name));
        }
        let active = document
            .attribute("active")
            .and_then(usher_scim::patch::as_bool);
        let Some(active) = active else {
            return Err(refused(
                "the service refuses this change alone, and it does not say whether the account is active, so the whole account cannot be written back without risk",
            ));
        };
        // The attribute was just there: setting it cannot fail.
        let _ = document.set(&Path::attribute("active"), active.into());
        self.write(request, Some(&document.into_value()), mask)
            .await
    }
}

/// The error of a success that shows other members than asked for. A reply without a list of members says nothing.
fn not_changed(change: &MemberChange, answer: &Answer, mask: &Mask) -> Option<TargetError> {
    let seen = answer.body.as_ref().ok()?.members_seen.as_ref()?;
    let wrong = change
        .ids
        .iter()
        .filter(|id| seen.contains(*id) != change.adding);
    let wrong: Vec<&str> = wrong.map(String::as_str).collect();
    let first = wrong.first()?;
    let state = if change.adding {
        "not in it"
    } else {
        "still in it"
    };
    let message = format!(
        "PATCH answered {}, but of {} members {} are {state} afterwards (such as {first})",
        answer.status,
        change.ids.len(),
        wrong.len()
    );
    let failure = classify::members_differ(change);
    let exchange = Some(Box::new(answer.exchange.clone()));
    Some(TargetError {
        failure,
        message: mask.text(&message),
        exchange,
    })
}

/// What is recorded of a good reply: id, status, dates and the attributes that the request was about. The rest may hold values that a
/// mapping masks, and nothing here could know.
fn recorded(request: &Request, document: &Document, answer: Answer, mask: &Mask) -> Exchange {
    let mut part = Document::default();
    let always = ["id", "active", "meta"].map(Path::attribute).to_vec();
    for path in always.into_iter().chain(touched(request)) {
        if let Some(value) = document.get(&path) {
            // A part of a well-formed document; a clash would only leave it out of the record.
            let _ = part.set(&path, value.clone());
        }
    }
    answer.record_part(part.into_value(), mask)
}

/// The paths a request is about.
fn touched(request: &Request) -> Vec<Path> {
    let Some(body) = request.body.as_ref().and_then(Value::as_object) else {
        return Vec::new();
    };
    let Some(operations) = body.get("Operations").and_then(Value::as_array) else {
        let own = |name: &&String| !name.eq_ignore_ascii_case("schemas");
        return body
            .keys()
            .filter(own)
            .filter_map(|name| name.parse().ok())
            .collect();
    };
    let mut paths = Vec::new();
    for operation in operations {
        let Some(path) = operation.get("path").and_then(Value::as_str) else {
            continue;
        };
        let Ok(path) = path.parse::<Path>() else {
            continue;
        };
        let elements = operation.get("value").and_then(Value::as_array);
        let kinds = elements
            .into_iter()
            .flatten()
            .filter_map(|e| e.get("type")?.as_str());
        let before = paths.len();
        paths.extend(kinds.map(|kind| Path::typed(path.attribute_name(), kind, "value")));
        if paths.len() == before && path.attribute_name() != "members" {
            paths.push(path);
        }
    }
    paths
}

/// The segments of a request's path, decoded.
fn segments(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(decode)
        .collect()
}

fn decode(segment: &str) -> String {
    let mut out = Vec::new();
    let mut rest = segment.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                hex(*high).zip(hex(*low)).map(|(h, l)| (h * 16 + l, after))
            }
            _ => None,
        };
        let (byte, after) = escaped.unwrap_or((*first, after));
        out.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::encode_segment;

    #[test]
    fn an_id_survives_its_way_through_a_path() {
        for id in ["a-1", "ä/b", "100%", "%2e%2e", "a b+c"] {
            let path = format!("/Users/{}", encode_segment(id));
            assert_eq!(segments(&path), ["Users", id]);
        }
        assert_eq!(decode("%zz%4"), "%zz%4");
    }
}
