//! The steps from an entry's values to the value of one field.

use usher_directory::Dn;

use super::context::{self, Context};
use super::expression::Evaluated;
use super::rules::FieldRule;
use super::{Mask, Rules};
use crate::model::{CharacterCase, Entry, FieldValue, Parser};

/// Longest value that is shown in a message, in characters.
const SHOWN: usize = 80;

/// What a step made of a field so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Raw {
    Empty,
    One(String),
    Many(Vec<String>),
}

/// The outcome for one field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The value; `None` = empty.
    pub(super) value: Option<FieldValue>,
    /// What went wrong, in words.
    pub(super) faults: Vec<String>,
    /// What was repaired or replaced, in words; never fatal.
    pub(super) notes: Vec<String>,
}

/// Sees each step of a field; `explain` shows them.
pub(super) trait Trace {
    /// A step, with what it gave.
    fn step(&mut self, name: &'static str, result: &Raw);
}

/// Sees nothing.
pub(super) struct NoTrace;

impl Trace for NoTrace {
    fn step(&mut self, _name: &'static str, _result: &Raw) {}
}

/// How the fault of a value begins that is longer than its field takes.
pub const TOO_LONG: &str = "expected at most";

/// Runs every step of one field.
pub(super) fn field(
    entry: &Entry,
    rules: &Rules,
    field: &FieldRule,
    mask: &dyn Mask,
    trace: &mut dyn Trace,
) -> Outcome {
    let mut outcome = Outcome::default();
    let raw = gather(entry, rules, field, &mut outcome);
    if field.expression.is_some() {
        trace.step("expression", &raw);
    } else {
        trace.step("value", &raw);
    }
    let raw = or_default(raw, field, &mut outcome);
    trace.step("default", &raw);
    let raw = each(raw, |text| parse(text, field.rule.parser));
    trace.step("parser", &raw);
    let raw = if field.rule.trim {
        each(raw, |text| text.trim().to_owned())
    } else {
        raw
    };
    trace.step("trim", &raw);
    let raw = each(raw, |text| change_case(text, field.rule.case));
    trace.step("case", &raw);
    let raw = check(raw, field, &mut outcome);
    trace.step("checks", &raw);
    outcome.value = finish(raw, field, mask);
    outcome
}

/// How a note ends that tells of a failure which a default stands in for.
pub(super) const DEFAULT_USED: &str = "; the default is used";

/// Step one: the expression's value, or the attribute's.
fn gather(entry: &Entry, rules: &Rules, field: &FieldRule, outcome: &mut Outcome) -> Raw {
    let attributes = field.rule.attributes.iter().map(String::as_str);
    if let Some(message) = entry.too_long_of(attributes) {
        outcome.faults.push(message);
        return Raw::Empty;
    }
    let gathered = match &field.expression {
        Some(name) => evaluate(entry, rules, field, name),
        None => direct(entry, field),
    };
    gathered.unwrap_or_else(|message| {
        let has_default = field.rule.default.as_deref().is_some_and(|d| !d.is_empty());
        if has_default {
            outcome.notes.push(format!("{message}{DEFAULT_USED}"));
        } else {
            outcome.faults.push(message);
        }
        Raw::Empty
    })
}

fn evaluate(entry: &Entry, rules: &Rules, field: &FieldRule, name: &str) -> Result<Raw, String> {
    let context = Context::of(entry, &field.rule.attributes).map_err(|error| error.message())?;
    let evaluated = rules
        .expressions
        .evaluate(name, context)
        .map_err(|message| {
            // The message may quote the value.
            if field.rule.masked {
                "expression: it failed; the reason is hidden, since the field is masked".to_owned()
            } else {
                format!("expression: {message}")
            }
        })?;
    match evaluated {
        Evaluated::Empty => Ok(Raw::Empty),
        Evaluated::Text(text) => Ok(Raw::One(text)),
        Evaluated::List(list) if field.multi_valued => Ok(Raw::Many(list)),
        Evaluated::List(list) => match <[String; 1]>::try_from(list) {
            Ok([only]) => Ok(Raw::One(only)),
            Err(list) if list.is_empty() => Ok(Raw::Empty),
            Err(list) => Err(format!(
                "expression: expected one value, found a list of {}; add `| first` or `| join(', ')`",
                list.len()
            )),
        },
    }
}

fn direct(entry: &Entry, field: &FieldRule) -> Result<Raw, String> {
    let Some(name) = field.rule.attributes.first() else {
        return Ok(Raw::Empty);
    };
    if field.multi_valued {
        let texts = context::texts(entry, name).map_err(|error| error.message())?;
        return Ok(Raw::Many(texts));
    }
    match entry.values(name).first() {
        None => Ok(Raw::Empty),
        Some(value) => context::text(name, value)
            .map(|text| Raw::One(text.to_owned()))
            .map_err(|error| error.message()),
    }
}

fn is_blank(raw: &Raw) -> bool {
    match raw {
        Raw::Empty => true,
        Raw::One(text) => text.trim().is_empty(),
        Raw::Many(texts) => texts.iter().all(|text| text.trim().is_empty()),
    }
}

fn or_default(raw: Raw, field: &FieldRule, outcome: &mut Outcome) -> Raw {
    if !is_blank(&raw) {
        return raw;
    }
    match field
        .rule
        .default
        .as_deref()
        .filter(|text| !text.is_empty())
    {
        Some(default) if field.multi_valued => Raw::Many(vec![default.to_owned()]),
        Some(default) => Raw::One(default.to_owned()),
        None => {
            if !matches!(raw, Raw::Empty) {
                outcome
                    .notes
                    .push("the value is blank and counts as empty".to_owned());
            }
            Raw::Empty
        }
    }
}

fn each(raw: Raw, change: impl Fn(&str) -> String) -> Raw {
    match raw {
        Raw::Empty => Raw::Empty,
        Raw::One(text) => Raw::One(change(&text)),
        Raw::Many(texts) => Raw::Many(texts.iter().map(|text| change(text)).collect()),
    }
}

/// A value that does not have the form that the parser takes apart stays as it is.
fn parse(text: &str, parser: Parser) -> String {
    match parser {
        Parser::None => text.to_owned(),
        Parser::ExtractCnFromDn => Dn::parse(text)
            .ok()
            .and_then(|dn| Some(dn.rdn()?.first_value_text()?.to_owned()))
            .unwrap_or_else(|| text.to_owned()),
        Parser::ExtractUsernameFromEmail => text
            .split_once('@')
            .map_or_else(|| text.to_owned(), |(local, _)| local.to_owned()),
    }
}

fn change_case(text: &str, case: CharacterCase) -> String {
    match case {
        CharacterCase::None => text.to_owned(),
        CharacterCase::Upper => text.to_uppercase(),
        CharacterCase::Lower => text.to_lowercase(),
    }
}

/// Control characters, and the invisible ones that turn the direction of text.
pub(super) fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{2028}' | '\u{2029}')
}

fn check(raw: Raw, field: &FieldRule, outcome: &mut Outcome) -> Raw {
    match raw {
        Raw::Empty => Raw::Empty,
        Raw::One(text) => checked(&text, field, outcome).map_or(Raw::Empty, Raw::One),
        Raw::Many(texts) => {
            let mut kept: Vec<String> = Vec::new();
            for text in &texts {
                match checked(text, field, outcome) {
                    Some(text) if !kept.contains(&text) => kept.push(text),
                    Some(_) | None => {}
                }
            }
            if kept.is_empty() {
                Raw::Empty
            } else {
                Raw::Many(kept)
            }
        }
    }
}

/// One value that the target can take, or `None` with a fault (or because it is empty).
fn checked(text: &str, field: &FieldRule, outcome: &mut Outcome) -> Option<String> {
    let text = text.trim_matches(is_control);
    if text.trim().is_empty() {
        return None;
    }
    let shown = if field.rule.masked {
        "(masked)".to_owned()
    } else {
        shown(text)
    };
    let mut text = text.to_owned();
    if text.contains(is_control) {
        if field.is_identity {
            outcome.faults.push(format!(
                "expected no control characters, found some in '{shown}'; correct the value in the directory"
            ));
            return None;
        }
        text = text.replace(is_control, " ");
        outcome.notes.push(format!(
            "control characters were replaced by spaces in '{shown}'"
        ));
    }
    let length = text.chars().count();
    if let Some(most) = field.max_length.filter(|most| length > *most) {
        outcome.faults.push(format!(
            "{TOO_LONG} {most} characters, found {length} ('{shown}'); shorten it in the directory or by an expression such as `x[:{most}]`"
        ));
        return None;
    }
    if field.is_email
        && let Err(why) = email(&text)
    {
        outcome.faults.push(format!(
            "expected an e-mail address, found '{shown}': {why}; correct it in the directory or by an expression"
        ));
        return None;
    }
    Some(text)
}

/// Values in messages: short, and nothing in them that a terminal obeys.
fn shown(text: &str) -> String {
    text.chars()
        .take(SHOWN)
        .map(|c| if is_control(c) { '\u{fffd}' } else { c })
        .collect()
}

/// What every mail system accepts, and none of what puts two addresses into one value.
fn email(text: &str) -> Result<(), &'static str> {
    if text.chars().any(char::is_whitespace) {
        return Err("it contains white space");
    }
    let Some((local, domain)) = text.split_once('@') else {
        return Err("it has no @");
    };
    if domain.contains('@') {
        return Err("it has more than one @");
    }
    if text.contains([',', ';', '<', '>', '"', '(', ')', '[', ']', '\\', ':']) {
        return Err("it contains a character that separates or decorates addresses");
    }
    if local.is_empty() || domain.is_empty() {
        return Err("a part beside the @ is empty");
    }
    if domain.split('.').any(str::is_empty) {
        return Err("its domain has an empty label");
    }
    Ok(())
}

fn finish(raw: Raw, field: &FieldRule, mask: &dyn Mask) -> Option<FieldValue> {
    match raw {
        Raw::Empty => None,
        Raw::One(text) if field.rule.masked => Some(mask.mask(&field.rule.field, &text)),
        Raw::One(text) if field.multi_valued => Some(FieldValue::List(vec![text])),
        Raw::One(text) => Some(FieldValue::Text(text)),
        Raw::Many(texts) => Some(FieldValue::List(texts)),
    }
}
