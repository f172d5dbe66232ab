//! Reading settings: defaults, then the file, then the environment.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{KEYS, Key};
use crate::failure::{Failure, Problem};
use usher_pf::nearest;

/// What every variable of ours begins with.
const PREFIX: &str = "USHER__";

/// What the command line and the environment say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Given {
    /// `--config`, `USHER_CONFIG`.
    pub(crate) file: Option<PathBuf>,
    /// `--state`, `USHER_STATE`.
    pub(crate) state: Option<PathBuf>,
    /// The environment's variables.
    pub(crate) variables: BTreeMap<String, String>,
    /// The account of the operating system.
    pub(crate) user: String,
}

/// A text for every setting, checked.
#[derive(Debug)]
pub(super) struct Found(BTreeMap<(&'static str, &'static str), String>);

impl Found {
    pub(super) fn text(&self, section: &'static str, name: &'static str) -> &str {
        self.0.get(&(section, name)).map_or("", String::as_str)
    }

    pub(super) fn whole(&self, section: &'static str, name: &'static str) -> u32 {
        self.text(section, name).parse().unwrap_or_default()
    }
}

/// Collects settings and everything that is wrong with them.
struct Reading {
    values: BTreeMap<(&'static str, &'static str), String>,
    problems: Vec<Problem>,
}

pub(super) fn load(given: &Given) -> Result<Found, Failure> {
    let mut reading = Reading {
        values: KEYS
            .iter()
            .map(|key| ((key.section, key.name), key.default.to_owned()))
            .collect(),
        problems: Vec::new(),
    };
    if let Some(path) = &given.file {
        reading.file(path);
    }
    reading.environment(&given.variables);
    if reading.problems.is_empty() {
        Ok(Found(reading.values))
    } else {
        let n = reading.problems.len() as u64;
        let what = crate::ui::count(n, "setting cannot be used", "settings cannot be used");
        Err(Failure::refused(what)
            .problems(reading.problems)
            .help("every setting is explained in docs/settings.md"))
    }
}

impl Reading {
    fn file(&mut self, path: &Path) {
        let name = path.display().to_string();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                return self.problem(name, "a file with settings", &error.to_string(), "");
            }
        };
        let table = match DeTable::parse(&text) {
            Ok(table) => table,
            Err(error) => {
                let place = place(&name, &text, error.span().unwrap_or_default());
                return self.problem(place, "TOML", error.message(), "");
            }
        };
        for (section, content) in table.get_ref() {
            let at = |span: Range<usize>| place(&name, &text, span);
            self.section(section, content, &at);
        }
    }

    fn section(
        &mut self,
        section: &Spanned<std::borrow::Cow<'_, str>>,
        content: &Spanned<DeValue<'_>>,
        at: &dyn Fn(Range<usize>) -> String,
    ) {
        let wanted = section.get_ref().as_ref();
        let known = KEYS.iter().map(|key| key.section);
        if !KEYS.iter().any(|key| key.section == wanted) {
            let hint = hint(nearest(wanted, known));
            let expected = format!("one of the sections {}", sections());
            return self.problem(
                at(section.span()),
                &expected,
                &format!("`[{wanted}]`"),
                &hint,
            );
        }
        let DeValue::Table(table) = content.get_ref() else {
            let expected = format!("a section `[{wanted}]`");
            return self.problem(at(content.span()), &expected, "a value", "");
        };
        for (name, value) in table {
            let place = at(name.span());
            let text = match value.get_ref() {
                DeValue::String(text) => text.to_string(),
                DeValue::Integer(n) => n.to_string(),
                DeValue::Boolean(b) => b.to_string(),
                _ => "a value of another type".to_owned(),
            };
            self.set(wanted, name.get_ref(), text, place);
        }
    }

    fn environment(&mut self, variables: &BTreeMap<String, String>) {
        // The short form of two settings; the long form wins.
        if let Some(path) = variables.get("USHER_KEY_FILE") {
            self.values.insert(("state", "key_file"), path.clone());
        }
        for (variable, value) in variables {
            let Some(rest) = variable.strip_prefix(PREFIX) else {
                continue;
            };
            let place = format!("the environment variable {variable}");
            match KEYS.iter().find(|key| key.variable() == *variable) {
                Some(key) => self.check(key, value.clone(), place),
                None => {
                    let names: Vec<String> = KEYS.iter().map(Key::variable).collect();
                    let meant = nearest(variable, names.iter().map(String::as_str));
                    let expected = "USHER__SECTION__KEY of a setting that there is";
                    self.problem(place, expected, &format!("`{rest}`"), &hint(meant));
                }
            }
        }
    }

    fn set(&mut self, section: &str, name: &str, text: String, place: String) {
        let in_section = || KEYS.iter().filter(|key| key.section == section);
        if let Some(key) = in_section().find(|key| key.name == name) {
            return self.check(key, text, place);
        }
        let known: Vec<String> = in_section().map(|key| format!("`{}`", key.name)).collect();
        let expected = format!("one of {} in `[{section}]`", known.join(", "));
        let meant = hint(nearest(name, in_section().map(|key| key.name)));
        self.problem(place, &expected, &format!("`{name}`"), &meant);
    }

    fn check(&mut self, key: &Key, text: String, place: String) {
        if key.allowed.fits(&text) {
            self.values.insert((key.section, key.name), text);
        } else {
            let place = format!("{place}, {}", key.path());
            self.problem(
                place,
                &key.allowed.words(),
                &format!("`{text}`"),
                &format!("{} The default is `{}`.", key.help, key.default),
            );
        }
    }

    fn problem(&mut self, place: impl Into<String>, expected: &str, found: &str, hint: &str) {
        self.problems.push(Problem {
            place: place.into(),
            expected: expected.to_owned(),
            found: found.to_owned(),
            hint: hint.to_owned(),
        });
    }
}

fn hint(meant: Option<&str>) -> String {
    meant.map_or_else(String::new, |name| format!("did you mean `{name}`?"))
}

fn sections() -> String {
    let mut names: Vec<&str> = KEYS.iter().map(|key| key.section).collect();
    names.dedup();
    let quoted: Vec<String> = names.iter().map(|name| format!("`[{name}]`")).collect();
    quoted.join(", ")
}

/// `file:line:column` of a span.
fn place(name: &str, text: &str, span: Range<usize>) -> String {
    let before = text.get(..span.start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    format!("{name}:{line}:{column}")
}
