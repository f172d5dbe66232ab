use super::*;
use proptest::prelude::*;
use serde_json::json;

fn map(value: Value) -> Map {
    value.as_object().unwrap().clone()
}

fn path(text: &str) -> Path {
    text.parse().unwrap()
}

#[test]
fn every_form_prints_as_it_was_read() {
    for text in [
        "userName",
        "name.givenName",
        "emails[type eq \"work\"].value",
        "members[value eq \"a\\\"b\"]",
        "emails[primary eq true]",
        "members[value eq \"2819c223\"].$ref",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.displayName",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        "urn:scim:schemas:extension:vendor:1.0",
        "urn:scim:schemas:extension:vendor:1.0:accountId",
    ] {
        assert_eq!(path(text).to_string(), text);
    }
}

#[test]
fn what_is_no_path_is_refused_with_the_place() {
    for (text, place) in [
        ("", 0),
        ("9name", 0),
        ("name.", 5),
        ("emails[", 7),
        ("emails[type co \"x\"]", 12),
        ("emails[type eq work]", 15),
        ("emails[type eq \"work\"", 21),
        ("a.b.c", 3),
        ("urn:", 4),
        ("emails[type eq \"\\x\"]", 15),
    ] {
        match text.parse::<Path>() {
            Err(PathError::Syntax { at, .. }) => assert_eq!(at, place, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    assert!("a".repeat(3_000).parse::<Path>().is_err());
}

#[test]
fn names_are_found_whatever_their_case() {
    let doc = map(json!({"UserName": "ana", "NAME": {"givenname": "Ana"},
        "Emails": [{"Type": "Work", "Value": "a@x"}, {"type": "home", "value": "b@x"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user": {"Department": "R"}}));
    assert_eq!(path("userName").get_str(&doc), Some("ana"));
    assert_eq!(path("name.givenName").get_str(&doc), Some("Ana"));
    assert_eq!(
        path("emails[type eq \"work\"].value").get_str(&doc),
        Some("a@x")
    );
    assert_eq!(path("emails[type eq \"other\"].value").get(&doc), None);
    assert_eq!(
        Path::extension(urn::ENTERPRISE_USER, "department").get_str(&doc),
        Some("R")
    );
    assert_eq!(path("emails.value").get_all(&doc).len(), 2);
    let core = path("urn:ietf:params:scim:schemas:core:2.0:User:userName");
    assert_eq!(core.get_str(&doc), Some("ana"));
}

#[test]
fn null_and_empty_count_as_absent() {
    let doc = map(
        json!({"title": null, "externalId": "", "emails": [null, {"type": "work", "value": null}]}),
    );
    assert_eq!(path("title").get(&doc), None);
    assert_eq!(path("externalId").get_str(&doc), None);
    assert_eq!(path("emails[type eq \"work\"].value").get(&doc), None);
}

#[test]
fn setting_makes_what_is_missing_on_the_way() {
    let mut doc = Map::new();
    path("name.givenName").set(&mut doc, json!("Ana")).unwrap();
    Path::typed("emails", "work", "value")
        .set(&mut doc, json!("a@x"))
        .unwrap();
    Path::typed("emails", "work", "primary")
        .set(&mut doc, json!(true))
        .unwrap();
    Path::extension(urn::ENTERPRISE_USER, "department")
        .set(&mut doc, json!("R"))
        .unwrap();
    let expected = json!({"name": {"givenName": "Ana"},
        "emails": [{"value": "a@x", "type": "work", "primary": true}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "R"}});
    assert_eq!(Value::Object(doc), expected);
}

#[test]
fn setting_keeps_the_spelling_that_is_there() {
    let mut doc = map(json!({"DisplayName": "x"}));
    path("displayName").set(&mut doc, json!("y")).unwrap();
    assert_eq!(Value::Object(doc), json!({"DisplayName": "y"}));
}

#[test]
fn setting_through_a_value_of_another_kind_is_refused() {
    let mut doc = map(json!({"name": "text", "emails": "text"}));
    assert!(path("name.givenName").set(&mut doc, json!("x")).is_err());
    assert!(
        Path::typed("emails", "work", "value")
            .set(&mut doc, json!("x"))
            .is_err()
    );
    assert_eq!(
        Value::Object(doc),
        json!({"name": "text", "emails": "text"})
    );
}

#[test]
fn removing_leaves_no_empty_shell() {
    let mut doc = map(json!({"userName": "u", "name": {"givenName": "Ana"},
        "phoneNumbers": [{"type": "home", "value": "1"}, {"type": "work", "value": "2"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "R"}}));
    assert!(path("name.givenName").remove(&mut doc));
    assert!(Path::typed("phoneNumbers", "home", "value").remove(&mut doc));
    assert!(Path::extension(urn::ENTERPRISE_USER, "department").remove(&mut doc));
    assert!(!path("title").remove(&mut doc));
    let expected = json!({"userName": "u", "phoneNumbers": [{"type": "work", "value": "2"}]});
    assert_eq!(Value::Object(doc), expected);
}

#[test]
fn one_member_is_removed_by_its_id_exactly() {
    let mut doc = map(json!({"members": [{"value": "A"}, {"value": "a"}]}));
    assert!(Path::element("members", "value", "a").remove(&mut doc));
    assert_eq!(Value::Object(doc), json!({"members": [{"value": "A"}]}));
}

fn any_path() -> impl Strategy<Value = Path> {
    let name = || "[a-zA-Z][a-zA-Z0-9_-]{0,8}";
    let urn = prop::option::of("urn:[a-z]{1,6}:[0-9]\\.0:[A-Z][a-z]{1,5}");
    let filter = prop::option::of((name(), any::<String>()));
    (urn, name(), filter, prop::option::of(name())).prop_map(|(urn, attribute, filter, sub)| {
        let filter = filter.map(|(attribute, text)| ValueFilter {
            attribute,
            value: Literal::Text(text),
        });
        Path::new(urn, attribute, filter, sub)
    })
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        "[a-c]{0,3}".prop_map(Value::from)
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c]", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn any_document() -> impl Strategy<Value = Map> {
    prop::collection::btree_map("[a-c]", any_json(), 0..4).prop_map(|map| map.into_iter().collect())
}

proptest! {
    #[test]
    fn printing_and_reading_a_path_agree(path in any_path()) {
        prop_assert_eq!(path.to_string().parse::<Path>(), Ok(path));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,40}") {
        let _ = text.parse::<Path>();
    }

    #[test]
    fn no_document_makes_access_panic(
        mut doc in any_document(), name in "[a-cA-C]", sub in prop::option::of("[a-bA-B]"),
        filter in prop::option::of(("[cC]", "[a-c]{0,2}")),
    ) {
        let filter = filter
            .map(|(attribute, text)| ValueFilter { attribute, value: Literal::Text(text) });
        let path = Path::new(None, name, filter, sub);
        let before = doc.clone();
        let has = path.get(&doc).is_some();
        if has {
            prop_assert!(path.remove(&mut doc));
        } else {
            path.remove(&mut doc);
        }
        prop_assert!(path.get(&doc).is_none(), "{} left in {:?}", path, doc);
        let mut doc = before.clone();
        match path.set(&mut doc, Value::from("new")) {
            // A list without an element of the kind wanted takes no sub-attribute.
            Ok(()) => prop_assert!(path.filter().is_none() || path.get(&doc).is_some()),
            Err(_) => prop_assert_eq!(doc, before),
        }
    }
}
