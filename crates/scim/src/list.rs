//! List replies (RFC 7644 §3.4.2), read leniently: services leave `Resources` out, send `null`, or counts that are wrong.

use crate::{Document, Map, path};
use serde_json::Value;

/// One page of a list reply.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListPage {
    /// `totalResults`, if it is a usable number. A hint only: it never proves that something is absent.
    pub total: Option<u64>,
    /// `startIndex`, 1-based, if it is a usable number.
    pub start_index: Option<u64>,
    /// `itemsPerPage`; some services echo the page size asked for and not the number of resources sent.
    pub items_per_page: Option<u64>,
    /// The resources, in order.
    pub resources: Vec<Document>,
    /// Elements of `Resources` that were no objects and were left out.
    pub skipped: usize,
}

/// Why a body is no list reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// It is not JSON, or ends in the middle.
    #[error("expected a SCIM ListResponse, found a body that is no complete JSON ({0})")]
    Json(String),
    /// It is JSON of another shape.
    #[error(
        "expected a SCIM ListResponse (an object with `totalResults` and `Resources`), found {0}"
    )]
    Shape(&'static str),
    /// A count that is none: what pages are read by cannot be believed.
    #[error("a SCIM ListResponse whose `{name}` is a count, found {found}")]
    Count {
        /// The count's name.
        name: &'static str,
        /// What stands there.
        found: String,
    },
}

impl ListPage {
    /// Reads a page. Missing or `null` `Resources` means none; a single object there counts as a list of one.
    ///
    /// # Errors
    /// When the body is not complete JSON, is no object, or has neither `Resources` nor `totalResults`: an HTML or error page with
    /// status 200 must not look like an empty list. When `totalResults` or `itemsPerPage` is there and no count, such as one below zero.
    pub fn parse(body: &[u8]) -> Result<Self, ListError> {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let value = serde_json::from_slice(body).map_err(|e| ListError::Json(e.to_string()))?;
        let Value::Object(mut map) = value else {
            return Err(ListError::Shape(path::kind_of(&value)));
        };
        let mut page = Self {
            total: count(&map, "totalResults")?,
            start_index: path::find(&map, "startIndex").and_then(number),
            items_per_page: count(&map, "itemsPerPage")?,
            ..Self::default()
        };
        let listed = take(&mut map, "Resources");
        if listed.is_none() && path::find(&map, "totalResults").is_none() {
            return Err(ListError::Shape("an object with neither"));
        }
        let items = match listed {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(items)) => items,
            Some(single @ Value::Object(_)) => vec![single],
            Some(_) => return Err(ListError::Shape("`Resources` that is no list")),
        };
        for item in items {
            match Document::from_value(item) {
                Some(document) => page.resources.push(document),
                None => page.skipped += 1,
            }
        }
        Ok(page)
    }

    /// How far the next request must advance: the number of elements received, counted whatever the reply says of itself.
    pub fn received(&self) -> u64 {
        (self.resources.len() + self.skipped) as u64
    }
}

/// Most characters of an odd count that are shown.
const SHOWN: usize = 60;

fn count(map: &Map, name: &'static str) -> Result<Option<u64>, ListError> {
    match path::find(map, name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match number(value) {
            Some(count) => Ok(Some(count)),
            None => Err(ListError::Count {
                name,
                found: value.to_string().chars().take(SHOWN).collect(),
            }),
        },
    }
}

fn take(map: &mut Map, name: &str) -> Option<Value> {
    let key = map
        .keys()
        .find(|key| key.eq_ignore_ascii_case(name))
        .cloned()?;
    map.remove(&key)
}

/// A count: a whole number not below zero, also as a text or with a fraction of zero.
fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(n) => {
            let whole = |f: &f64| *f >= 0.0 && f.fract() == 0.0 && *f < 9e15;
            n.as_u64()
                .or_else(|| n.as_f64().filter(whole).map(|f| f as u64))
        }
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn page(value: Value) -> Result<ListPage, ListError> {
        ListPage::parse(value.to_string().as_bytes())
    }

    #[test]
    fn missing_and_null_resources_mean_an_empty_page() {
        for body in [
            json!({"totalResults": 0}),
            json!({"totalResults": 0, "Resources": null}),
        ] {
            assert_eq!(page(body).unwrap().resources, vec![]);
        }
    }

    #[test]
    fn counts_are_read_in_every_form_and_what_is_no_count_is_refused() {
        let read = |name: &str, count: Value| page(json!({(name): count, "Resources": []}));
        let total = |count: Value| read("totalResults", count).unwrap().total;
        assert_eq!(total(json!("12")), Some(12));
        assert_eq!(total(json!(12.0)), Some(12));
        assert_eq!(total(json!(null)), None);
        for bad in [
            json!(-1),
            json!(1.5),
            json!("many"),
            json!([3]),
            json!(1e300),
        ] {
            for name in ["totalResults", "itemsPerPage"] {
                let error = read(name, bad.clone()).unwrap_err();
                assert!(error.to_string().contains(&bad.to_string()), "{error}");
            }
            assert_eq!(read("startIndex", bad).unwrap().start_index, None);
        }
    }

    #[test]
    fn what_is_no_list_reply_is_never_an_empty_list() {
        for body in [
            json!({}),
            json!([]),
            json!("x"),
            json!({"detail": "no"}),
            json!({"Resources": 3}),
        ] {
            assert!(page(body).is_err());
        }
        assert!(ListPage::parse(b"").is_err());
        assert!(ListPage::parse(b"<html>").is_err());
        assert!(ListPage::parse(br#"{"totalResults":1,"Resources":[{"id":"#).is_err());
        assert!(ListPage::parse("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn elements_that_are_no_objects_are_counted_and_left_out() {
        let read = page(json!({"totalResults": 3, "resources": [null, {"id": "1"}, 7]})).unwrap();
        assert_eq!(
            (read.resources.len(), read.skipped, read.received()),
            (1, 2, 3)
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = ListPage::parse(&body);
        }
    }
}
