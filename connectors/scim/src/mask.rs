//! What must not be seen: masked values of a request, and the key. A reply may repeat either.

use serde_json::Value;
use usher_connector::Request;

use crate::encode::MASK;

/// The texts to hide.
#[derive(Clone, Default)]
pub(crate) struct Mask {
    /// In lower case, as they are and as JSON writes them: services change the case of what they echo.
    hidden: Vec<String>,
}

impl Mask {
    /// Hides the key only.
    pub(crate) fn key(key: &str) -> Self {
        let mut mask = Self::default();
        mask.add(key);
        mask
    }

    /// Hides the key and what differs between a request and what may be shown of it.
    pub(crate) fn of(key: &str, request: &Request) -> Self {
        let mut mask = Self::key(key);
        if let (Some(body), Some(shown)) = (&request.body, &request.shown) {
            mask.differences(body, shown);
        }
        mask
    }

    fn add(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let plain = text.to_lowercase();
        let quoted = Value::from(plain.as_str()).to_string();
        let inner = quoted
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        if let Some(escaped) = inner.filter(|escaped| *escaped != plain) {
            self.hidden.push(escaped.to_owned());
        }
        self.hidden.push(plain);
    }

    fn differences(&mut self, body: &Value, shown: &Value) {
        match (body, shown) {
            (Value::Object(a), Value::Object(b)) => {
                for (name, value) in a {
                    self.differences(value, b.get(name).unwrap_or(&Value::Null));
                }
            }
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
                a.iter().zip(b).for_each(|(a, b)| self.differences(a, b));
            }
            (Value::String(a), b) if b.as_str() != Some(a) => self.add(a),
            (Value::Array(items), _) => {
                for item in items {
                    self.differences(item, &Value::Null);
                }
            }
            (Value::Object(map), _) => {
                for item in map.values() {
                    self.differences(item, &Value::Null);
                }
            }
            _ => {}
        }
    }

    /// A text without the hidden ones.
    pub(crate) fn text(&self, text: &str) -> String {
        // Most texts hold none of them: one look tells, without a copy for each.
        let folded = text.to_lowercase();
        let mut out = text.to_owned();
        for hidden in &self.hidden {
            if folded.contains(hidden.as_str()) {
                out = replace_ignore_case(&out, hidden);
            }
        }
        out
    }

    /// A JSON value whose texts hold none of the hidden ones.
    pub(crate) fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::from(self.text(&text)),
            Value::Array(items) => items.into_iter().map(|item| self.value(item)).collect(),
            Value::Object(map) => map
                .into_iter()
                .map(|(name, item)| (name, self.value(item)))
                .collect(),
            other => other,
        }
    }
}

/// Replaces every occurrence, compared in lower case.
fn replace_ignore_case(text: &str, lower: &str) -> String {
    let folded = text.to_lowercase();
    if lower.is_empty() || !folded.contains(lower) {
        return text.to_owned();
    }
    if folded.len() != text.len() {
        // Lower case has other byte positions here: give up the original case rather than the secret.
        return folded.replace(lower, MASK);
    }
    let mut out = String::new();
    let mut from = 0;
    for (at, _) in folded.match_indices(lower) {
        match text.get(from..at) {
            Some(part) => out.push_str(part),
            None => return folded.replace(lower, MASK),
        }
        out.push_str(MASK);
        from = at + lower.len();
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use usher_core::model::Kind;

    #[test]
    fn masked_values_and_the_key_are_hidden_in_every_form_of_a_reply() {
        let request = Request {
            kind: Kind::User,
            method: "POST".to_owned(),
            path: "/Users".to_owned(),
            body: Some(json!({"phone": [{"value": "+1 \"55\""}], "title": "Cook"})),
            shown: Some(json!({"phone": [{"value": MASK}], "title": "Cook"})),
            recognise: None,
        };
        let mask = Mask::of("KEY-1", &request);
        let reply = json!({"a": "x +1 \"55\" y", "b": ["key-1"], "title": "Cook"});
        let seen = json!({"a": format!("x {MASK} y"), "b": [MASK], "title": "Cook"});
        assert_eq!(mask.value(reply.clone()), seen);
        let text = mask.text(&reply.to_string());
        assert!(
            !text.contains("55") && !text.to_lowercase().contains("key-1"),
            "{text}"
        );
        assert!(text.contains("Cook"));
    }

    #[test]
    fn letters_that_change_length_in_lower_case_hide_nothing_less() {
        let out = Mask::key("secret").text("İ SECRET");
        assert!(!out.to_lowercase().contains("secret"), "{out}");
    }
}
