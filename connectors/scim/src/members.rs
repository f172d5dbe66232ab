//! What a membership request asks for, read from its body.

use serde_json::Value;
use usher_core::model::Kind;
use usher_scim::{Operation, PatchOp, Verb, path::Literal};

/// The members a request adds or removes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MemberChange {
    /// Their ids.
    pub(crate) ids: Vec<String>,
    /// Added (true) or removed.
    pub(crate) adding: bool,
    /// Whether another form of the request has the same effect.
    pub(crate) other_form: bool,
}

impl MemberChange {
    /// Reads a request; `None` when it is about something else.
    pub(crate) fn of(kind: Kind, method: &str, body: Option<&Value>) -> Option<Self> {
        if kind != Kind::Group || method != "PATCH" {
            return None;
        }
        let body = PatchOp::from_json(body?)?;
        let mut change = Self {
            ids: Vec::new(),
            adding: false,
            other_form: false,
        };
        for operation in body.operations() {
            change.take(operation)?;
        }
        (!change.ids.is_empty()).then_some(change)
    }

    fn take(&mut self, operation: &Operation) -> Option<()> {
        if operation.path.attribute_name() != "members" {
            return None;
        }
        self.adding |= operation.op == Verb::Add;
        if let Some(filter) = operation.path.filter() {
            let Literal::Text(id) = &filter.value else {
                return None;
            };
            self.ids.push(id.clone());
            return Some(());
        }
        self.other_form |= operation.op == Verb::Remove;
        let elements = operation.value.as_ref()?.as_array()?;
        let ids = elements
            .iter()
            .filter_map(|element| element.get("value")?.as_str());
        self.ids.extend(ids.map(str::to_owned));
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use usher_scim::Path;

    #[test]
    fn every_form_of_a_membership_request_is_recognised() {
        let of = |body: PatchOp| MemberChange::of(Kind::Group, "PATCH", Some(&body.to_json()));
        let change = |adding, other_form| {
            Some(MemberChange {
                ids: vec!["1".to_owned(), "2".to_owned()],
                adding,
                other_form,
            })
        };
        assert_eq!(
            of(PatchOp::new().add_members(["1", "2"])),
            change(true, false)
        );
        assert_eq!(
            of(PatchOp::new().remove_members(["1", "2"])),
            change(false, true)
        );
        assert_eq!(
            of(PatchOp::new().remove_members_by_filter(["1", "2"])),
            change(false, false)
        );
        assert_eq!(
            of(PatchOp::new().replace(Path::attribute("externalId"), "x".into())),
            None
        );
    }
}
