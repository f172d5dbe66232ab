//! Reading a policy key by key, down to its leaves: one mistake hides no other, and each has its place.

use serde_json::{Map, Value};

use crate::near::nearest;
use crate::policy::{Form, Key, LIMIT, names};
use crate::problem::{Report, quoted};
use crate::shape::found;

/// The keys of an object that are as they must be; whatever is not is reported. `beside` are keys that are known
/// here and read elsewhere.
pub(super) fn good_keys(
    report: &mut Report,
    map: Map<String, Value>,
    keys: &[Key],
    beside: &[Key],
    path: &str,
) -> Map<String, Value> {
    let mut good = Map::new();
    for (name, value) in map {
        let path = format!("{path}.{name}");
        match keys.iter().find(|key| key.name == name) {
            None => unknown(report, &name, &[beside, keys], &path),
            Some(key) if key.optional && value.is_null() => {}
            Some(key) => good.extend(checked(report, key.form, value, &path).map(|v| (name, v))),
        }
    }
    good
}

/// Reports a key that there is not, with the one that was probably meant.
pub(super) fn unknown(report: &mut Report, name: &str, known: &[&[Key]], path: &str) {
    let keys = || known.iter().copied().flatten();
    let all: Vec<String> = known
        .iter()
        .filter(|keys| !keys.is_empty())
        .map(|keys| names(keys))
        .collect();
    let hint = match nearest(name, keys().map(|key| key.name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "remove it, or correct its name".to_owned(),
    };
    let expected = format!("one of the keys {}", all.join(", "));
    report.problem(path, &expected, &quoted(name), &hint);
}

/// A value that is as it must be, or without the parts that are not.
fn checked(report: &mut Report, form: Form, value: Value, path: &str) -> Option<Value> {
    match (form, value) {
        (Form::Part(keys), Value::Object(map)) => {
            Some(Value::Object(good_keys(report, map, keys, &[], path)))
        }
        (Form::Limit, Value::Object(map)) => limit(report, map, path),
        (Form::Texts, Value::Array(list)) => {
            let mut texts = Vec::new();
            for (index, value) in list.into_iter().enumerate() {
                let path = format!("{path}[{index}]");
                texts.extend(checked(report, Form::Text, value, &path));
            }
            Some(Value::Array(texts))
        }
        (form, value) if fits(form, &value) => Some(value),
        (form, value) => {
            let hint = match (form, value.as_str()) {
                (Form::OneOf(names), Some(text)) => nearest(text, names.iter().copied()),
                _ => None,
            };
            let hint = match (hint, form) {
                (Some(near), _) => format!("did you mean `{near}`?"),
                (None, Form::Limit) => {
                    "write it whole, such as {\"at_least\": 10, \"percent\": 1.0, \"at_most\": 100}"
                        .to_owned()
                }
                (None, _) => "correct it, or leave the key out for the default".to_owned(),
            };
            report.problem(path, &form.words(), &found(&value), &hint);
            None
        }
    }
}

fn limit(report: &mut Report, map: Map<String, Value>, path: &str) -> Option<Value> {
    let before = report.problems.len();
    for key in LIMIT.iter().filter(|key| !key.optional) {
        if !map.contains_key(key.name) {
            report.problem(
                &format!("{path}.{}", key.name),
                &key.form.words(),
                "nothing",
                "a limit is written whole: add it, or leave the limit out for the default",
            );
        }
    }
    let good = good_keys(report, map, LIMIT, &[], path);
    (report.problems.len() == before).then_some(Value::Object(good))
}

fn fits(form: Form, value: &Value) -> bool {
    match form {
        Form::Flag => value.is_boolean(),
        Form::Whole(least, most) => value
            .as_u64()
            .is_some_and(|number| (least..=most).contains(&number)),
        Form::Number(least, most) => number(value).is_some_and(|n| (least..=most).contains(&n)),
        Form::ZeroOr(least, most) => {
            number(value).is_some_and(|n| n == 0.0 || (least..=most).contains(&n))
        }
        Form::Text => value.is_string(),
        Form::Fingerprint => value
            .as_str()
            .is_some_and(|text| usher_core::model::fingerprint(text).is_some()),
        Form::OneOf(names) => value.as_str().is_some_and(|text| names.contains(&text)),
        Form::Texts | Form::Limit | Form::Part(_) | Form::Own(_) => false,
    }
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().filter(|number| number.is_finite())
}
