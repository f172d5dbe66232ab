//! Target fields and SCIM documents: each field has one path.

use serde_json::Value;
use usher_core::model::{FieldName, FieldValue, Kind, Millis, Observed, Resource, TargetId};
use usher_scim::{Document, GroupView, Path, PathError, UserView, urn};

use crate::profile::Profile;

/// Most bytes of an id that is kept.
const MAX_ID: usize = 1024;

/// Most bytes of a text that is kept.
const MAX_TEXT: usize = 64 << 10;

/// The paths of a profile's fields, read once.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    users: Vec<(FieldName, Path)>,
    groups: Vec<(FieldName, Path)>,
    email: FieldName,
}

impl Fields {
    pub(crate) fn new(profile: &Profile) -> Result<Self, PathError> {
        let path = |field: &usher_core::descriptor::FieldDescriptor| {
            Ok((field.name.clone(), field.scim_path.parse()?))
        };
        let users: Result<Vec<_>, PathError> = profile.descriptor.fields.iter().map(path).collect();
        let groups = ["displayName", "externalId"];
        Ok(Self {
            users: users?,
            groups: groups
                .map(|name| (name.to_owned(), Path::attribute(name)))
                .to_vec(),
            email: profile.descriptor.email_field.clone(),
        })
    }

    /// The path of a field.
    pub(crate) fn path(&self, kind: Kind, field: &str) -> Option<&Path> {
        self.of(kind)
            .iter()
            .find(|(name, _)| name == field)
            .map(|(_, path)| path)
    }

    /// Whether the field is the e-mail that is sent as the primary one.
    pub(crate) fn is_primary_email(&self, kind: Kind, field: &str) -> bool {
        kind == Kind::User && field == self.email
    }

    fn of(&self, kind: Kind) -> &[(FieldName, Path)] {
        match kind {
            Kind::User => &self.users,
            Kind::Group => &self.groups,
        }
    }

    /// The field whose path, or whose last name, a message mentions.
    pub(crate) fn mentioned(&self, kind: Kind, message: &str) -> Vec<FieldName> {
        let lower = message.to_lowercase();
        let hit = |(name, path): &&(FieldName, Path)| {
            let path = path.to_string().to_lowercase();
            contains_word(&lower, &name.to_lowercase()) || lower.contains(&path)
        };
        self.of(kind)
            .iter()
            .filter(hit)
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// A resource as the service returned it, as flat fields; texts of more than [`MAX_TEXT`] are cut, so
    /// that they differ from what is wanted and cost little. `None` when it has no id.
    ///
    /// # Errors
    /// When an id is too long to be one, in words.
    pub(crate) fn observe(
        &self,
        kind: Kind,
        document: &Document,
    ) -> Result<Option<Observed>, String> {
        let user = UserView(document);
        let Some(id) = user.id() else {
            return Ok(None);
        };
        let group = GroupView(document);
        let members = (kind == Kind::Group && group.has_members()).then(|| group.members());
        let ids = members.iter().flatten().copied().chain([id]);
        if let Some(long) = ids.map(str::len).find(|length| *length > MAX_ID) {
            return Err(format!(
                "a resource with an id of {long} bytes; an id of up to {MAX_ID} bytes can be kept"
            ));
        }
        let target_id = TargetId::new(id);
        let mut resource = Resource::default();
        for (name, path) in self.of(kind) {
            let value = self.value(kind, name, path, document);
            if let Some(value) = value {
                resource.fields.insert(name.clone(), bounded(value));
            }
        }
        Ok(Some(Observed {
            target_id,
            kind,
            resource,
            active: if kind == Kind::User {
                user.active()
            } else {
                None
            },
            modified_at: modified_at(document),
            members: members.map(|ids| ids.into_iter().map(TargetId::new).collect()),
        }))
    }

    fn value(
        &self,
        kind: Kind,
        name: &str,
        path: &Path,
        document: &Document,
    ) -> Option<FieldValue> {
        let user = UserView(document);
        let text = |text: &str| FieldValue::Text(text.to_owned());
        if self.is_primary_email(kind, name) {
            return user.work_email().map(text);
        }
        if path
            .schema()
            .is_some_and(|schema| schema.eq_ignore_ascii_case(urn::ENTERPRISE_USER))
        {
            // Some services keep the attributes of this extension at the top level.
            let top = Path::attribute(path.attribute_name());
            return document
                .get_str(path)
                .or_else(|| document.get_str(&top))
                .map(text);
        }
        document.get(path).and_then(field_value)
    }
}

fn bounded(value: FieldValue) -> FieldValue {
    let cut = |mut text: String| {
        if text.len() > MAX_TEXT {
            text.truncate(text.floor_char_boundary(MAX_TEXT));
            text.shrink_to_fit();
        }
        text
    };
    match value {
        FieldValue::Text(text) => FieldValue::Text(cut(text)),
        FieldValue::List(texts) => FieldValue::List(texts.into_iter().map(cut).collect()),
        other @ (FieldValue::Bool(_) | FieldValue::Sealed { .. }) => other,
    }
}

/// Whether a text has a word, with no letter or digit directly before or after it.
fn contains_word(text: &str, word: &str) -> bool {
    let outside = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|t| t.chars().next());
        outside(before) && outside(after)
    })
}

fn modified_at(document: &Document) -> Option<Millis> {
    let text = document.get_str(&Path::sub("meta", "lastModified"))?;
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(time.as_millisecond())
}

fn field_value(value: &Value) -> Option<FieldValue> {
    match value {
        Value::String(text) if !text.is_empty() => Some(FieldValue::Text(text.clone())),
        Value::Bool(flag) => Some(FieldValue::Bool(*flag)),
        Value::Number(number) => Some(FieldValue::Text(number.to_string())),
        Value::Array(items) => {
            let texts: Vec<String> = items
                .iter()
                .filter_map(|item| item.as_str().or_else(|| item.get("value")?.as_str()))
                .map(str::to_owned)
                .collect();
            (!texts.is_empty()).then_some(FieldValue::List(texts))
        }
        Value::String(_) | Value::Object(_) | Value::Null => None,
    }
}
