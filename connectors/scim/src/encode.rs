//! From an operation to the request that has its effect. Pure.
//!
//! The first encoding is a PATCH with only what changes (a POST or DELETE where those are meant). The other encodings have the same
//! effect for services that refuse the first: see [`otherwise`].

use serde_json::{Value, json};
use usher_connector::{Failure, Opener, Request, TargetError};
use usher_core::model::{
    FieldChange, FieldValue, Kind, Member, Operation, Resource, SourceKey, TargetId,
};
use usher_scim::{Document, PatchOp, Path, patch, urn};

use crate::fields::Fields;
use crate::profile::Profile;

/// What stands in for a masked value wherever a person may look.
pub(crate) const MASK: &str = "********";

/// Everything that encoding needs.
pub(crate) struct Encoder<'a> {
    pub(crate) profile: &'a Profile,
    pub(crate) fields: &'a Fields,
    pub(crate) opener: &'a dyn Opener,
}

/// How a list of changes is written down.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Patch,
    /// The body holds the same changes; they are merged into the resource as read, which is then written as a whole.
    Put,
}

type Encoded = Result<Option<Request>, TargetError>;

/// The first encoding; `None` when nothing is sent.
pub(crate) fn first(encoder: &Encoder<'_>, kind: Kind, operation: &Operation) -> Encoded {
    match operation {
        Operation::Create { resource, active } => encoder.create(kind, resource, *active).map(Some),
        Operation::Update { target_id, changes }
        | Operation::Adopt {
            target_id, changes, ..
        }
        | Operation::Rekey {
            target_id, changes, ..
        } => encoder.changes(kind, target_id, changes, Form::Patch),
        Operation::Disable { target_id } => Ok(Some(active(target_id, false, Form::Patch))),
        Operation::Enable { target_id } => Ok(Some(active(target_id, true, Form::Patch))),
        Operation::Delete { target_id } => Ok(Some(request("DELETE", kind, Some(target_id), None))),
        Operation::Unlink { .. } => Ok(None),
        Operation::AddMembers { target_id, members } => Ok(Some(group_patch(
            target_id,
            PatchOp::new().add_members(ids(members)),
        ))),
        Operation::RemoveMembers { target_id, members } => Ok(Some(group_patch(
            target_id,
            PatchOp::new().remove_members(ids(members)),
        ))),
    }
}

/// Another encoding of the same effect, `attempt` counting from 1:
///
/// - changes of a user: the whole user read, merged and written by PUT (never a partial PUT, never for groups);
/// - active: a PATCH without path, then the PUT;
/// - removing members: one operation with a condition for each.
pub(crate) fn otherwise(
    encoder: &Encoder<'_>,
    kind: Kind,
    operation: &Operation,
    attempt: u32,
) -> Encoded {
    match (operation, attempt) {
        (
            Operation::Update { target_id, changes }
            | Operation::Adopt {
                target_id, changes, ..
            }
            | Operation::Rekey {
                target_id, changes, ..
            },
            1,
        ) if kind == Kind::User => encoder.changes(kind, target_id, changes, Form::Put),
        (Operation::Disable { target_id }, 1) => Ok(Some(active_without_path(target_id, false))),
        (Operation::Enable { target_id }, 1) => Ok(Some(active_without_path(target_id, true))),
        (Operation::Disable { target_id }, 2) => Ok(Some(active(target_id, false, Form::Put))),
        (Operation::Enable { target_id }, 2) => Ok(Some(active(target_id, true, Form::Put))),
        (Operation::RemoveMembers { target_id, members }, 1) => {
            let body = PatchOp::new().remove_members_by_filter(ids(members));
            Ok(Some(group_patch(target_id, body)))
        }
        _ => Ok(None),
    }
}

fn ids(members: &[Member]) -> impl Iterator<Item = &str> {
    members.iter().map(|member| member.target_id.as_str())
}

fn active(target_id: &TargetId, flag: bool, form: Form) -> Request {
    let body = PatchOp::new()
        .replace(Path::attribute("active"), flag.into())
        .to_json();
    request(method(form), Kind::User, Some(target_id), Some(body))
}

fn active_without_path(target_id: &TargetId, flag: bool) -> Request {
    let body = json!({"schemas": [urn::PATCH_OP],
        "Operations": [{"op": "replace", "value": {"active": flag}}]});
    request("PATCH", Kind::User, Some(target_id), Some(body))
}

fn group_patch(target_id: &TargetId, body: PatchOp) -> Request {
    request("PATCH", Kind::Group, Some(target_id), Some(body.to_json()))
}

fn method(form: Form) -> &'static str {
    match form {
        Form::Patch => "PATCH",
        Form::Put => "PUT",
    }
}

pub(crate) fn collection(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "Users",
        Kind::Group => "Groups",
    }
}

/// A request whose body holds nothing masked. The path is for showing; ids are percent-encoded in it as on the wire.
fn request(method: &str, kind: Kind, id: Option<&TargetId>, body: Option<Value>) -> Request {
    let path = match id {
        Some(id) => format!("/{}/{}", collection(kind), encode_segment(id.as_str())),
        None => format!("/{}", collection(kind)),
    };
    Request {
        kind,
        method: method.to_owned(),
        path,
        shown: body.clone(),
        body,
        recognise: None,
    }
}

/// Percent-encodes everything but unreserved characters (RFC 3986 §2.3).
pub(crate) fn encode_segment(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

impl Encoder<'_> {
    fn create(
        &self,
        kind: Kind,
        resource: &Resource,
        active: bool,
    ) -> Result<Request, TargetError> {
        let build = |clear| self.document(kind, resource, active, clear);
        let mut made = request("POST", kind, None, Some(build(true)?.into_value()));
        made.shown = Some(build(false)?.into_value());
        let external_id = &self.profile.descriptor.external_id_field;
        made.recognise = resource.text(external_id).map(SourceKey::new);
        Ok(made)
    }

    fn document(
        &self,
        kind: Kind,
        resource: &Resource,
        active: bool,
        clear: bool,
    ) -> Result<Document, TargetError> {
        let schemas: Vec<&str> = match kind {
            Kind::User => self
                .profile
                .user_schemas
                .iter()
                .map(String::as_str)
                .collect(),
            Kind::Group => vec![urn::GROUP],
        };
        let mut document = Document::with_schemas(&schemas);
        for (field, value) in &resource.fields {
            let path = self.path(kind, field)?;
            let value = self.json(value, clear)?;
            if patch::is_empty(&value) {
                continue;
            }
            set(&mut document, path, value)?;
            if self.fields.is_primary_email(kind, field) {
                set(&mut document, &beside(path, "primary"), true.into())?;
            }
        }
        if kind == Kind::User {
            // Always said: what a service makes of a user without it is not agreed upon.
            set(&mut document, &Path::attribute("active"), active.into())?;
        }
        Ok(document)
    }

    fn changes(&self, kind: Kind, id: &TargetId, changes: &[FieldChange], form: Form) -> Encoded {
        if changes.is_empty() {
            return Ok(None);
        }
        let build = |clear| -> Result<Value, TargetError> {
            let add = |body, change| self.change(body, kind, change, clear);
            Ok(changes.iter().try_fold(PatchOp::new(), add)?.to_json())
        };
        let mut made = request(method(form), kind, Some(id), Some(build(true)?));
        made.shown = Some(build(false)?);
        Ok(Some(made))
    }

    fn change(
        &self,
        body: PatchOp,
        kind: Kind,
        change: &FieldChange,
        clear: bool,
    ) -> Result<PatchOp, TargetError> {
        let path = self.path(kind, &change.field)?;
        let value = match &change.to {
            Some(value) => self.json(value, clear)?,
            None => Value::Null,
        };
        if patch::is_empty(&value) {
            return Ok(body.remove(element_of(path)));
        }
        match path.filter() {
            // The element is not there yet: what a condition that fits nothing does is not agreed upon.
            Some(filter) if change.from.is_none() => {
                let mut element = usher_scim::Map::new();
                element.insert(filter.attribute.clone(), filter.value.to_json());
                element.insert(path.sub_name().unwrap_or("value").to_owned(), value);
                if self.fields.is_primary_email(kind, &change.field) {
                    element.insert("primary".to_owned(), true.into());
                }
                Ok(body.add(path.container(), json!([element])))
            }
            _ => Ok(body.replace(path.clone(), value)),
        }
    }

    fn path(&self, kind: Kind, field: &str) -> Result<&Path, TargetError> {
        self.fields.path(kind, field).ok_or_else(|| {
            let message = format!(
                "the field `{field}` is none of this target's fields for a {kind}; remove its mapping rule"
            );
            TargetError::new(Failure::Refused { fields: vec![field.to_owned()] }, message)
        })
    }

    fn json(&self, value: &FieldValue, clear: bool) -> Result<Value, TargetError> {
        match value {
            FieldValue::Text(text) => Ok(Value::from(text.as_str())),
            FieldValue::Bool(flag) => Ok(Value::from(*flag)),
            FieldValue::List(texts) => Ok(Value::from(texts.clone())),
            FieldValue::Sealed { .. } if !clear => Ok(Value::from(MASK)),
            FieldValue::Sealed { token, .. } => {
                let plain = self.opener.open(token).map_err(|reason| {
                    let message = format!("a masked value cannot be opened: {reason}");
                    TargetError::new(Failure::StopTarget, message)
                })?;
                Ok(Value::from(plain.reveal()))
            }
        }
    }
}

/// Clearing one value of a typed list removes its element: the rest of it would describe nothing.
fn element_of(path: &Path) -> Path {
    match path.filter() {
        Some(_)
            if path
                .sub_name()
                .is_some_and(|sub| sub.eq_ignore_ascii_case("value")) =>
        {
            path.without_sub()
        }
        _ => path.clone(),
    }
}

fn beside(path: &Path, sub: &str) -> Path {
    path.with_sub(sub)
}

fn set(document: &mut Document, path: &Path, value: Value) -> Result<(), TargetError> {
    document.set(path, value).map_err(|error| {
        TargetError::new(Failure::Refused { fields: Vec::new() }, error.to_string())
    })
}
