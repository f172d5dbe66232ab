//! The configuration file: the published shape, and our policies beside it.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::near::nearest;
use crate::problem::ConfigProblem;
use crate::shape::found;

/// Largest file, in bytes.
const MAX_FILE: usize = 64 * 1024 * 1024;

/// A configuration file: `{"usher": 1, "pf": ..., "policies": [...]}`.
///
/// What stands in `pf` is kept as it is, unknown keys included; it is looked into by
/// [`crate::import`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConfigFile {
    /// The version of the format: 1.
    usher: u32,
    /// A bulk configuration.
    pub pf: Value,
    /// One entry per channel (or data store) that has a policy of its own. `None`: policies stay
    /// as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policies: Option<Vec<Value>>,
    /// What is wrong with the frame; reported together with what is wrong inside.
    #[serde(skip)]
    faults: Vec<ConfigProblem>,
}

impl ConfigFile {
    /// A file of these parts.
    pub fn new(pf: Value, policies: Option<Vec<Value>>) -> Self {
        Self {
            usher: 1,
            pf,
            policies,
            faults: Vec::new(),
        }
    }

    pub(crate) fn faults(&self) -> &[ConfigProblem] {
        &self.faults
    }

    /// Reads a file. A byte order mark is allowed. What is wrong beside a `pf` that is there is told by
    /// [`crate::import`], together with everything else.
    ///
    /// # Errors
    /// What keeps the file from being looked into at all.
    pub fn parse(text: &str) -> Result<Self, Vec<ConfigProblem>> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.len() > MAX_FILE {
            let found = format!("{} bytes", text.len());
            return Err(vec![problem(
                "",
                &format!("at most {MAX_FILE} bytes"),
                &found,
                "",
            )]);
        }
        let value: Value = serde_json::from_str(text).map_err(|error| {
            vec![problem(
                "",
                "a JSON document",
                &format!(
                    "a mistake in line {}, column {}: {error}",
                    error.line(),
                    error.column()
                ),
                "correct the syntax there; the rest was not looked at",
            )]
        })?;
        let Value::Object(map) = value else {
            return Err(vec![problem(
                "",
                "an object with the keys `usher`, `pf` and `policies`",
                &found(&value),
                "",
            )]);
        };
        Self::from_map(map)
    }

    fn from_map(mut map: Map<String, Value>) -> Result<Self, Vec<ConfigProblem>> {
        let mut problems = Vec::new();
        match map.remove("usher") {
            Some(Value::Number(number)) if number.as_u64() == Some(1) => {}
            other => problems.push(problem(
                "usher",
                "1, the version of the format",
                &other.as_ref().map_or("nothing".to_owned(), found),
                if map.contains_key("operations") {
                    "this is a bare bulk configuration: put it under the key `pf`"
                } else {
                    "add `\"usher\": 1`"
                },
            )),
        }
        let pf = map.remove("pf");
        if pf.is_none() {
            problems.push(problem(
                "pf",
                "a bulk configuration",
                "nothing",
                "add the key `pf`",
            ));
        }
        let policies = match map.remove("policies") {
            None | Some(Value::Null) => None,
            Some(Value::Array(list)) => Some(list),
            Some(other) => {
                problems.push(problem(
                    "policies",
                    "a list of objects",
                    &found(&other),
                    "put the entries into [ ], or leave the key out: policies then stay as they are",
                ));
                None
            }
        };
        for name in map.keys() {
            problems.push(problem(
                name,
                "one of the keys `usher`, `pf` and `policies`",
                &format!("`{name}`"),
                &match nearest(name, ["usher", "pf", "policies"].into_iter()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "remove it, or correct its name".to_owned(),
                },
            ));
        }
        match pf {
            Some(pf) => Ok(Self {
                faults: problems,
                ..Self::new(pf, policies)
            }),
            None => Err(problems),
        }
    }

    /// The file's text, indented, with a line break at the end.
    pub fn to_text(&self) -> String {
        // Values always serialise.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

fn problem(path: &str, expected: &str, found: &str, hint: &str) -> ConfigProblem {
    ConfigProblem {
        path: if path.is_empty() { "(file)" } else { path }.to_owned(),
        expected: expected.to_owned(),
        found: found.to_owned(),
        hint: hint.to_owned(),
    }
}
