//! Lenient readers of user and group resources: what is missing is "not said", never a default.

use crate::patch::as_bool;
use crate::{Document, Path, urn};
use serde_json::Value;

/// Reads a user resource.
#[derive(Debug, Clone, Copy)]
pub struct UserView<'a>(pub &'a Document);

impl<'a> UserView<'a> {
    /// The service's id.
    pub fn id(self) -> Option<&'a str> {
        text(self.0, "id")
    }

    /// The user name.
    pub fn user_name(self) -> Option<&'a str> {
        text(self.0, "userName")
    }

    /// The client's id; an empty text counts as none, since some services echo it.
    pub fn external_id(self) -> Option<&'a str> {
        text(self.0, "externalId")
    }

    /// Whether the account is active. `None` when the service does not say: that is not "inactive".
    pub fn active(self) -> Option<bool> {
        self.0.attribute("active").and_then(as_bool)
    }

    /// The e-mail of type `work`; otherwise the primary one; otherwise the only one.
    pub fn work_email(self) -> Option<&'a str> {
        let work = Path::typed("emails", "work", "value");
        self.0
            .get_str(&work)
            .or_else(|| self.primary_email())
            .or_else(
                || match Path::sub("emails", "value").get_all(&self.0.0).as_slice() {
                    [only] => only.as_str().filter(|text| !text.is_empty()),
                    _ => None,
                },
            )
    }

    /// The e-mail that is marked as primary.
    pub fn primary_email(self) -> Option<&'a str> {
        let list = self.0.attribute("emails")?.as_array()?;
        let primary = list.iter().filter_map(Value::as_object).find(|element| {
            Path::attribute("primary")
                .get(element)
                .and_then(as_bool)
                .unwrap_or(false)
        });
        Path::attribute("value").get_str(primary?)
    }

    /// The department, from the enterprise extension or from the top level, where some services keep it.
    pub fn department(self) -> Option<&'a str> {
        self.enterprise("department")
    }

    /// The organisation, from either place.
    pub fn organization(self) -> Option<&'a str> {
        self.enterprise("organization")
    }

    fn enterprise(self, name: &str) -> Option<&'a str> {
        let extension = Path::extension(urn::ENTERPRISE_USER, name);
        self.0.get_str(&extension).or_else(|| text(self.0, name))
    }

    /// The ids of the groups the service lists on the user; null elements are left out.
    pub fn groups(self) -> Vec<&'a str> {
        ids(self.0, "groups")
    }
}

/// Reads a group resource.
#[derive(Debug, Clone, Copy)]
pub struct GroupView<'a>(pub &'a Document);

impl<'a> GroupView<'a> {
    /// The service's id.
    pub fn id(self) -> Option<&'a str> {
        text(self.0, "id")
    }

    /// The name.
    pub fn display_name(self) -> Option<&'a str> {
        text(self.0, "displayName")
    }

    /// The client's id; an empty text counts as none.
    pub fn external_id(self) -> Option<&'a str> {
        text(self.0, "externalId")
    }

    /// The ids of the members. Null members, members without an id and members that are groups are left out.
    pub fn members(self) -> Vec<&'a str> {
        ids(self.0, "members")
    }

    /// Whether the reply says anything of members: a service may leave them out, which is not "none".
    pub fn has_members(self) -> bool {
        self.0.attribute("members").is_some()
    }
}

fn text<'a>(document: &'a Document, name: &str) -> Option<&'a str> {
    document.get_str(&Path::attribute(name))
}

fn ids<'a>(document: &'a Document, name: &str) -> Vec<&'a str> {
    let Some(list) = document.attribute(name).and_then(Value::as_array) else {
        return Vec::new();
    };
    let kind = Path::attribute("type");
    let user = |element: &&'a crate::Map| {
        name != "members"
            || kind
                .get_str(element)
                .is_none_or(|k| !k.eq_ignore_ascii_case("group"))
    };
    let value = Path::attribute("value");
    list.iter()
        .filter_map(Value::as_object)
        .filter(user)
        .filter_map(|element| value.get_str(element))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn doc(value: Value) -> Document {
        Document::from_value(value).unwrap()
    }

    #[test]
    fn a_user_without_active_is_not_inactive() {
        assert_eq!(UserView(&doc(json!({"id": "1"}))).active(), None);
        assert_eq!(UserView(&doc(json!({"active": null}))).active(), None);
        assert_eq!(
            UserView(&doc(json!({"active": "False"}))).active(),
            Some(false)
        );
    }

    #[test]
    fn the_department_is_found_in_both_places() {
        let top = doc(json!({"department": "R"}));
        let extension =
            doc(json!({(urn::ENTERPRISE_USER): {"department": "R"}, "department": "old"}));
        assert_eq!(UserView(&top).department(), Some("R"));
        assert_eq!(UserView(&extension).department(), Some("R"));
    }

    #[test]
    fn the_work_email_falls_back_to_the_primary_and_the_only_one() {
        let work = |emails: Value| {
            UserView(&doc(json!({ "emails": emails })))
                .work_email()
                .map(str::to_owned)
        };
        let typed = json!([{"value": "h", "primary": true}, {"value": "w", "type": "WORK"}]);
        assert_eq!(work(typed).as_deref(), Some("w"));
        let primary = json!([{"value": "a"}, {"value": "b", "primary": "true"}]);
        assert_eq!(work(primary).as_deref(), Some("b"));
        assert_eq!(work(json!([{"value": "a"}])).as_deref(), Some("a"));
        assert_eq!(work(json!([{"value": "a"}, {"value": "b"}])), None);
        assert_eq!(work(json!([null, "x"])), None);
    }

    #[test]
    fn null_members_and_groups_as_members_are_left_out() {
        let group = doc(
            json!({"members": [null, {"value": "1"}, {"value": null}, {"display": "x"},
            {"value": "g", "type": "Group"}, {"value": "2", "type": "User"}]}),
        );
        assert_eq!(GroupView(&group).members(), vec!["1", "2"]);
        assert!(!GroupView(&doc(json!({"members": null}))).has_members());
    }

    #[test]
    fn an_empty_external_id_is_none() {
        assert_eq!(
            UserView(&doc(json!({"externalId": ""}))).external_id(),
            None
        );
    }
}
