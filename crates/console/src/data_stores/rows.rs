//! Hosts for installations with tags: rows of hosts, of which one is the default.

use serde_json::{Map, Value, json};

use crate::form::{Control, Field, Form, Mistakes, at, set};

const PATH: &str = "hostnamesTags";

/// A row as it is shown.
pub(super) struct Row {
    pub(super) hosts: Field,
    pub(super) tags: Field,
    pub(super) default: Field,
}

impl Row {
    /// The same, not to be changed.
    pub(super) fn fixed(mut self, fixed: bool) -> Self {
        for field in [&mut self.hosts, &mut self.tags, &mut self.default] {
            field.fixed = fixed;
        }
        self
    }
}

fn list(document: &Value) -> &[Value] {
    let list = at(document, PATH).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

/// The rows that are there, and an empty one.
pub(super) fn shown(document: &Value, wrong: &Mistakes) -> Vec<Row> {
    let nothing = Value::Null;
    let rows = list(document).iter().chain([&nothing]).enumerate();
    rows.map(|(index, row)| shown_row(index, row, wrong))
        .collect()
}

fn shown_row(index: usize, row: &Value, wrong: &Mistakes) -> Row {
    let name = |key: &str| format!("{PATH}[{index}].{key}");
    let hosts = row.get("hostnames").and_then(Value::as_array);
    let hosts: Vec<&str> = hosts
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let tags = row.get("tags").and_then(Value::as_str).unwrap_or_default();
    let is_default = row.get("defaultSource").and_then(Value::as_bool) == Some(true);
    let number = index + 1;
    Row {
        hosts: Field::text(&name("hostnames"), &format!("Hostname(s) of row {number}"))
            .value(hosts.join(" "))
            .wrong(wrong),
        tags: Field::text(&name("tags"), &format!("Tags of row {number}"))
            .value(tags)
            .wrong(wrong),
        default: Field::new(
            &name("defaultSource"),
            &format!("Row {number} is the default"),
            Control::Box,
        )
        .ticked(is_default)
        .wrong(wrong),
    }
}

/// Takes the rows that were sent; those without hosts go.
pub(super) fn take(document: &mut Value, form: &Form) {
    let mut rows = Vec::new();
    for index in 0.. {
        let name = |key: &str| format!("{PATH}[{index}].{key}");
        let Some(hosts) = form.get(&name("hostnames")) else {
            break;
        };
        let hosts: Vec<&str> = hosts.split_whitespace().collect();
        if hosts.is_empty() {
            continue;
        }
        let mut row = Map::new();
        row.insert("hostnames".to_owned(), json!(hosts));
        let tags = form.text(&name("tags")).trim();
        if !tags.is_empty() {
            row.insert("tags".to_owned(), Value::from(tags));
        }
        let is_default = form.has(&name("defaultSource"));
        row.insert("defaultSource".to_owned(), Value::from(is_default));
        rows.push(Value::Object(row));
    }
    let rows = (!rows.is_empty()).then(|| Value::from(rows));
    set(document, PATH, rows);
}
