//! The filters that mapping expressions have beyond the built-in ones.
//!
//! Each bounds its input and pays for its work with fuel.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind, State};
use regex_lite::{Regex, RegexBuilder};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
use usher_directory::Dn;
use usher_directory::compare::{
    filetime_to_unix_ms, generalized_time_to_unix_ms, unix_ms_to_generalized_time,
};

/// Longest text that a filter works on, in bytes.
const MAX_INPUT: usize = 64 * 1024;
/// Most compiled patterns that are kept; patterns are written by administrators, so few.
const MAX_PATTERNS: usize = 256;
/// Largest compiled pattern, in bytes.
const MAX_PATTERN_SIZE: usize = 256 * 1024;

/// Adds the filters to an environment.
pub(super) fn register(env: &mut Environment<'static>) {
    env.add_filter("digits", digits);
    env.add_filter("ascii_fold", ascii_fold);
    env.add_filter("dn_part", dn_part);
    env.add_filter("date", date);
    env.add_filter("lookup", lookup);
    let patterns = Arc::new(Patterns::default());
    env.add_filter(
        "regex_replace",
        move |state: &State, text: Cow<'_, str>, pattern: Cow<'_, str>, with: Cow<'_, str>| {
            regex_replace(state, &patterns, &text, &pattern, &with)
        },
    );
}

fn refuse(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

/// Refuses over-long input and charges one unit per `per_unit` bytes.
fn charge(state: &State, filter: &str, text: &str, per_unit: usize) -> Result<(), Error> {
    if text.len() > MAX_INPUT {
        return Err(refuse(format!(
            "{filter}: expected at most {MAX_INPUT} bytes, found {}",
            text.len()
        )));
    }
    state.consume_fuel((text.len() / per_unit.max(1)) as u64)
}

/// Keeps the digits, and the characters of `keep`.
fn digits(state: &State, text: Cow<'_, str>, keep: Option<Cow<'_, str>>) -> Result<String, Error> {
    charge(state, "digits", &text, 64)?;
    let keep = keep.unwrap_or_default();
    Ok(text
        .chars()
        .filter(|c| c.is_ascii_digit() || keep.contains(*c))
        .collect())
}

/// Writes Latin letters without their marks; what has no such form is left out.
fn ascii_fold(
    state: &State,
    text: Cow<'_, str>,
    style: Option<Cow<'_, str>>,
) -> Result<String, Error> {
    charge(state, "ascii_fold", &text, 16)?;
    let german = match style.as_deref() {
        None => false,
        Some("german") => true,
        Some(other) => {
            return Err(Error::new(
                ErrorKind::SyntaxError,
                format!("ascii_fold: expected 'german' or nothing, found '{other}'"),
            ));
        }
    };
    let mut out = String::with_capacity(text.len());
    for c in text.nfc() {
        match letter(c, german) {
            Some(written) => out.push_str(written),
            None if c.is_ascii() => out.push(c),
            None => out.extend(
                std::iter::once(c)
                    .nfkd()
                    .filter(|c| c.is_ascii() && !is_combining_mark(*c)),
            ),
        }
    }
    Ok(out)
}

/// Letters that Unicode does not take apart, and the German way of writing umlauts.
fn letter(c: char, german: bool) -> Option<&'static str> {
    Some(match (c, german) {
        ('ä', true) => "ae",
        ('ö', true) => "oe",
        ('ü', true) => "ue",
        ('Ä', true) => "Ae",
        ('Ö', true) => "Oe",
        ('Ü', true) => "Ue",
        ('ß', _) => "ss",
        ('ẞ', _) => "SS",
        ('æ', _) => "ae",
        ('Æ', _) => "AE",
        ('œ', _) => "oe",
        ('Œ', _) => "OE",
        ('ø', _) => "o",
        ('Ø', _) => "O",
        ('đ' | 'ð', _) => "d",
        ('Đ' | 'Ð', _) => "D",
        ('ł', _) => "l",
        ('Ł', _) => "L",
        ('þ', _) => "th",
        ('Þ', _) => "Th",
        ('ı', _) => "i",
        ('ħ', _) => "h",
        ('Ħ', _) => "H",
        ('’' | '‘', _) => "'",
        ('–' | '—', _) => "-",
        _ => return None,
    })
}

/// The value of the `index`-th part (from 0, leftmost first) of a DN that has the attribute type.
fn dn_part(
    state: &State,
    text: Cow<'_, str>,
    attribute: Cow<'_, str>,
    index: Option<usize>,
) -> Result<Value, Error> {
    charge(state, "dn_part", &text, 8)?;
    let dn = Dn::parse(&text).map_err(|error| refuse(format!("dn_part: {error}")))?;
    let found = dn
        .rdns()
        .iter()
        .filter_map(|rdn| rdn.value_of(&attribute))
        .nth(index.unwrap_or(0))
        .and_then(|ava| ava.text());
    Ok(found.map_or(Value::UNDEFINED, Value::from))
}

/// The value that a table gives for a text; `otherwise` when it gives none.
fn lookup(text: Cow<'_, str>, table: Value, otherwise: Option<Value>) -> Result<Value, Error> {
    let found = table.get_item(&Value::from(text.as_ref()))?;
    match (found.is_undefined(), otherwise) {
        (false, _) => Ok(found),
        (true, Some(value)) => Ok(value),
        (true, None) => Err(refuse(format!(
            "lookup: the table has no entry for '{}'; add one, or a value for all others",
            text.chars().take(80).collect::<String>()
        ))),
    }
}

/// Writes a time of the directory in another form.
fn date(state: &State, text: Cow<'_, str>, format: Option<Cow<'_, str>>) -> Result<Value, Error> {
    charge(state, "date", &text, 16)?;
    let format = format.unwrap_or(Cow::Borrowed("%Y-%m-%d"));
    charge(state, "date", &format, 8)?;
    // Also when the time cannot be read, so that a wrong form is found without a value.
    format_time(&format, "")?;
    let text = text.trim();
    let ms = if text.len() >= 17 && text.bytes().all(|b| b.is_ascii_digit()) || text == "0" {
        let ticks = text.parse::<i64>().map_err(|_| refuse(not_a_time(text)))?;
        match filetime_to_unix_ms(ticks) {
            Some(ms) => ms,
            None => return Ok(Value::UNDEFINED),
        }
    } else {
        generalized_time_to_unix_ms(text).map_err(|_| refuse(not_a_time(text)))?
    };
    let written = unix_ms_to_generalized_time(ms);
    format_time(&format, &written).map(Value::from)
}

fn not_a_time(text: &str) -> String {
    format!(
        "date: expected a time such as 20240229120000Z or 133512345670000000, found '{}'",
        text.chars().take(40).collect::<String>()
    )
}

/// `written` is `YYYYMMDDhhmmss...`.
fn format_time(format: &str, written: &str) -> Result<String, Error> {
    let part = |from: usize, to: usize| written.get(from..to).unwrap_or_default();
    let mut out = String::with_capacity(format.len() * 2);
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('Y') => out.push_str(part(0, 4)),
            Some('m') => out.push_str(part(4, 6)),
            Some('d') => out.push_str(part(6, 8)),
            Some('H') => out.push_str(part(8, 10)),
            Some('M') => out.push_str(part(10, 12)),
            Some('S') => out.push_str(part(12, 14)),
            Some('%') => out.push('%'),
            other => {
                let found = other.map(String::from).unwrap_or_default();
                return Err(Error::new(
                    ErrorKind::SyntaxError,
                    format!("date: expected one of %Y %m %d %H %M %S %%, found '%{found}'"),
                ));
            }
        }
    }
    Ok(out)
}

#[derive(Default)]
struct Patterns(Mutex<BTreeMap<String, Arc<Regex>>>);

impl Patterns {
    fn get(&self, pattern: &str) -> Result<Arc<Regex>, Error> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = kept.get(pattern) {
            return Ok(Arc::clone(found));
        }
        let regex = RegexBuilder::new(pattern)
            .size_limit(MAX_PATTERN_SIZE)
            .build()
            .map_err(|error| {
                Error::new(
                    ErrorKind::SyntaxError,
                    format!("regex_replace: the pattern '{pattern}' is not valid: {error}"),
                )
            })?;
        let regex = Arc::new(regex);
        if kept.len() < MAX_PATTERNS {
            kept.insert(pattern.to_owned(), Arc::clone(&regex));
        }
        Ok(regex)
    }
}

fn regex_replace(
    state: &State,
    patterns: &Patterns,
    text: &str,
    pattern: &str,
    with: &str,
) -> Result<String, Error> {
    charge(state, "regex_replace", pattern, 1)?;
    charge(state, "regex_replace", text, 4)?;
    let regex = patterns.get(pattern)?;
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for captures in regex.captures_iter(text) {
        let Some(whole) = captures.get(0) else {
            continue;
        };
        out.push_str(text.get(copied..whole.start()).unwrap_or_default());
        captures.expand(with, &mut out);
        copied = whole.end();
        if out.len() > MAX_INPUT {
            return Err(refuse(format!(
                "regex_replace: expected a result of at most {MAX_INPUT} bytes"
            )));
        }
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Ok(out)
}
