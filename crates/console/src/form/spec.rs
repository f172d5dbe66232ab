//! A field and a place in a document belong together: one table shows a document as a form, and takes a form back
//! into the document. A mistake in the document is shown at the field of its place.

use serde_json::{Map, Value};

use super::field::{Choice, Control, Field, Mistakes};
use super::sent::Form;

/// What a field is in a form and in the document.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    Text,
    /// A whole number; nothing when it is left empty.
    Number,
    /// A number; nothing when it is left empty.
    Decimal,
    Flag,
    /// True or false, by what each is called.
    Either(&'static str, &'static str),
    /// One of these.
    OneOf(&'static [(&'static str, &'static str)]),
    /// A list of texts, one on each line.
    Lines,
    Area,
    /// A secret: its plain text goes where the field says; beside it stands the sealed one under this path.
    Secret(&'static str),
}

/// A field of a document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spec {
    /// Where it stands, such as `channelSource.baseDn` or `items[0].name`; the field's name as well.
    pub(crate) path: &'static str,
    pub(crate) label: &'static str,
    pub(crate) shape: Shape,
    pub(crate) required: bool,
    /// A sentence, always shown.
    pub(crate) help: &'static str,
    /// More, one click away; may be empty.
    pub(crate) more: &'static str,
}

impl Spec {
    /// The field with what the document holds, and what is wrong with it.
    pub(crate) fn show(&self, document: &Value, mistakes: &Mistakes) -> Field {
        let value = at(document, self.path);
        let (control, text) = match self.shape {
            Shape::Text => (Control::Text, text_of(value)),
            Shape::Number | Shape::Decimal => (Control::Number, text_of(value)),
            Shape::Flag => {
                let ticked = value.and_then(Value::as_bool) == Some(true);
                (Control::Box, if ticked { "true" } else { "" }.to_owned())
            }
            Shape::Either(yes, no) => {
                let choices = vec![Choice::new("true", yes), Choice::new("false", no)];
                (Control::Select(choices), text_of(value))
            }
            Shape::OneOf(choices) => {
                let choices = choices.iter().map(|(v, l)| Choice::new(*v, *l));
                (Control::Select(choices.collect()), text_of(value))
            }
            Shape::Lines => (Control::Area, lines_of(value)),
            Shape::Area => (Control::Area, text_of(value)),
            Shape::Secret(sealed) => {
                let kept = [self.path, sealed]
                    .iter()
                    .any(|path| !text_of(at(document, path)).is_empty());
                (Control::Secret { kept }, String::new())
            }
        };
        let is_kept = control == Control::Secret { kept: true };
        let mut field = Field::new(self.path, self.label, control)
            .value(text)
            .help(self.help)
            .more(self.more)
            .wrong(mistakes);
        field.required = self.required && !is_kept;
        field
    }

    /// Puts what was sent into the document. What cannot be what it should stays as text, so that the document's
    /// check says what is wrong with it.
    pub(crate) fn take(&self, form: &Form, document: &mut Value) {
        let text = form.text(self.path);
        let value = match self.shape {
            Shape::Flag => Some(Value::Bool(form.has(self.path))),
            Shape::Either(..) => match text.trim() {
                "" => None,
                "true" => Some(Value::Bool(true)),
                "false" => Some(Value::Bool(false)),
                other => Some(Value::from(other)),
            },
            Shape::Lines => Some(Value::from(
                text.lines()
                    .map(str::trim)
                    .filter(|line| !line.is_empty())
                    .collect::<Vec<_>>(),
            )),
            Shape::Secret(sealed) => {
                if text.is_empty() {
                    return;
                }
                set(document, sealed, None);
                Some(Value::from(text))
            }
            Shape::Number => number(text.trim(), |text| {
                text.parse::<i64>().ok().map(Value::from)
            }),
            Shape::Decimal => number(text.trim(), |text| {
                let whole = text.parse::<i64>().ok().map(Value::from);
                whole.or_else(|| text.parse::<f64>().ok().map(Value::from))
            }),
            Shape::Area if !text.is_empty() => Some(Value::from(text)),
            Shape::Text | Shape::OneOf(_) if !text.trim().is_empty() => {
                Some(Value::from(text.trim()))
            }
            Shape::Text | Shape::OneOf(_) | Shape::Area => None,
        };
        set(document, self.path, value);
    }
}

/// The fields of a document.
pub(crate) fn show(specs: &[Spec], document: &Value, mistakes: &Mistakes) -> Vec<Field> {
    let fields = specs.iter().map(|spec| spec.show(document, mistakes));
    fields.collect()
}

/// The fields of a document that somebody else saved meanwhile: each with what is theirs, where it differs.
pub(crate) fn show_beside(specs: &[Spec], mine: &Value, theirs: &Value) -> Vec<Field> {
    let none = Mistakes::default();
    let beside = |spec: &Spec| {
        let (mut field, other) = (spec.show(mine, &none), spec.show(theirs, &none));
        field.theirs = (field.value != other.value).then_some(other.value);
        field
    };
    specs.iter().map(beside).collect()
}

/// Puts a form into a document.
pub(crate) fn take(specs: &[Spec], form: &Form, document: &mut Value) {
    for spec in specs {
        spec.take(form, document);
    }
}

fn number(text: &str, parse: impl Fn(&str) -> Option<Value>) -> Option<Value> {
    if text.is_empty() {
        return None;
    }
    Some(parse(text).unwrap_or_else(|| Value::from(text)))
}

fn text_of(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn lines_of(value: Option<&Value>) -> String {
    match value {
        Some(Value::Array(lines)) => {
            let lines: Vec<String> = lines.iter().map(|line| text_of(Some(line))).collect();
            lines.join("\n")
        }
        other => text_of(other),
    }
}

/// A step of a path.
#[derive(Debug, PartialEq, Eq)]
enum Part<'p> {
    Member(&'p str),
    Item(usize),
}

fn parts(path: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for name in path.split('.').filter(|name| !name.is_empty()) {
        let mut pieces = name.split('[');
        if let Some(member) = pieces.next().filter(|member| !member.is_empty()) {
            parts.push(Part::Member(member));
        }
        let items = pieces.filter_map(|piece| piece.trim_end_matches(']').parse().ok());
        parts.extend(items.map(Part::Item));
    }
    parts
}

/// What stands at a place of a document.
pub(crate) fn at<'v>(document: &'v Value, path: &str) -> Option<&'v Value> {
    let mut value = document;
    for part in parts(path) {
        value = match part {
            Part::Member(name) => value.get(name)?,
            Part::Item(index) => value.get(index)?,
        };
    }
    Some(value)
}

/// Puts a value at a place of a document, making objects on the way; without a value the member goes. A list is
/// not made longer than by one.
pub(crate) fn set(document: &mut Value, path: &str, value: Option<Value>) {
    let parts = parts(path);
    let Some((last, way)) = parts.split_last() else {
        return;
    };
    let mut place = document;
    for part in way {
        if value.is_none() && !is_there(place, part) {
            return;
        }
        place = match step(place, part) {
            Some(next) => next,
            None => return,
        };
    }
    match (last, value) {
        (last, Some(value)) => {
            if let Some(place) = step(place, last) {
                *place = value;
            }
        }
        (Part::Member(name), None) => {
            if let Value::Object(members) = place {
                members.remove(*name);
            }
        }
        (Part::Item(index), None) => {
            if let Value::Array(items) = place
                && *index < items.len()
            {
                items.remove(*index);
            }
        }
    }
}

fn is_there(place: &Value, part: &Part<'_>) -> bool {
    match part {
        Part::Member(name) => place.get(*name).is_some(),
        Part::Item(index) => place.get(*index).is_some(),
    }
}

fn step<'v>(place: &'v mut Value, part: &Part<'_>) -> Option<&'v mut Value> {
    match part {
        Part::Member(name) => {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            let members = place.as_object_mut()?;
            Some(members.entry((*name).to_owned()).or_insert(Value::Null))
        }
        Part::Item(index) => {
            if !place.is_array() {
                *place = Value::Array(Vec::new());
            }
            let items = place.as_array_mut()?;
            if *index == items.len() {
                items.push(Value::Null);
            }
            items.get_mut(*index)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Shape, Spec, at, set};
    use crate::form::{Form, Mistakes};

    fn spec(path: &'static str, shape: Shape) -> Spec {
        Spec {
            path,
            label: path,
            shape,
            required: false,
            help: "",
            more: "",
        }
    }

    fn sent(fields: &[(&str, &str)]) -> Form {
        let fields = fields.iter().map(|(n, v)| ((*n).into(), (*v).into()));
        Form::of(fields.collect())
    }

    #[test]
    fn a_form_goes_into_its_places_and_comes_back() {
        let specs = [
            spec("name", Shape::Text),
            spec("advanced.max", Shape::Number),
            spec("on", Shape::Flag),
            spec("tags", Shape::Lines),
            spec("share", Shape::Decimal),
            spec("kind", Shape::Either("Yes", "No")),
        ];
        let mut document = json!({"kept": 1, "on": true, "advanced": {"other": 2}});
        let form = sent(&[
            ("name", " Staff "),
            ("advanced.max", "7"),
            ("tags", "a\n\n b \n"),
            ("share", "0.5"),
            ("kind", "false"),
        ]);
        for spec in &specs {
            spec.take(&form, &mut document);
        }
        let whole = json!({
            "kept": 1, "on": false, "name": "Staff", "tags": ["a", "b"], "share": 0.5,
            "kind": false,
            "advanced": {"other": 2, "max": 7},
        });
        assert_eq!(document, whole);
        let none = Mistakes::default();
        let shown: Vec<String> = specs
            .iter()
            .map(|s| s.show(&document, &none).value)
            .collect();
        assert_eq!(shown, ["Staff", "7", "", "a\nb", "0.5", "false"]);
    }

    #[test]
    fn what_is_no_number_stays_for_the_check_and_what_is_empty_goes() {
        let mut document = json!({"a": 1, "b": 2});
        spec("a", Shape::Number).take(&sent(&[("a", "many")]), &mut document);
        spec("b", Shape::Number).take(&sent(&[("b", "")]), &mut document);
        spec("c.d", Shape::Text).take(&sent(&[]), &mut document);
        assert_eq!(document, json!({"a": "many"}));
    }

    #[test]
    fn an_empty_secret_keeps_the_sealed_one_and_a_new_one_takes_its_place() {
        let key = spec("value", Shape::Secret("encryptedValue"));
        let mut document = json!({"encryptedValue": "sealed"});
        key.take(&sent(&[("value", "")]), &mut document);
        assert_eq!(document, json!({"encryptedValue": "sealed"}));
        key.take(&sent(&[("value", "new")]), &mut document);
        assert_eq!(document, json!({"value": "new"}));
        assert_eq!(key.show(&document, &Mistakes::default()).value, "");
    }

    #[test]
    fn places_in_lists_are_found_changed_and_removed() {
        let mut document = json!({"items": [{"name": "a"}, {"name": "b"}]});
        assert_eq!(at(&document, "items[1].name"), Some(&json!("b")));
        set(&mut document, "items[2].name", Some(json!("c")));
        set(&mut document, "items[0]", None);
        set(&mut document, "items[9].name", Some(json!("far")));
        assert_eq!(document, json!({"items": [{"name": "b"}, {"name": "c"}]}));
    }
}
