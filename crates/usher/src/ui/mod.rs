//! What people see: lines, tables, requests, progress. Output goes to standard output, everything
//! else to standard error; colours and bars only where a terminal shows them.

mod bar;
mod count;
mod request;
mod table;
mod time;

use std::io::{IsTerminal as _, Write as _};

use serde::Serialize;

pub(crate) use bar::Bar;
pub(crate) use count::{count, duration, number, verb};
pub(crate) use request::{request_lines, short_json};
pub(crate) use table::Table;
pub(crate) use time::{ago, when};

/// Where and how output is written.
#[derive(Clone, Debug)]
pub(crate) struct Ui {
    json: bool,
    colour: bool,
    /// Standard error is a terminal, so progress can be shown there.
    progress: bool,
}

impl Ui {
    /// For this process: colours only on a terminal and without `NO_COLOR`.
    pub(crate) fn new(json: bool) -> Self {
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let terminal = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
        Self {
            json,
            colour: terminal && !no_colour && !json,
            progress: std::io::stderr().is_terminal() && !json,
        }
    }

    /// Whether the output is JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether a progress bar can be shown.
    pub(crate) fn shows_progress(&self) -> bool {
        self.progress
    }

    /// A line for a person; nothing when the output is JSON.
    pub(crate) fn line(&self, text: impl AsRef<str>) {
        if !self.json {
            write_out(text.as_ref(), self.colour);
        }
    }

    /// The command's result; nothing unless the output is JSON.
    pub(crate) fn json<T: Serialize + ?Sized>(&self, value: &T) {
        if self.json {
            // Reports always serialise: their keys are texts.
            let text = serde_json::to_string_pretty(value).unwrap_or_default();
            write_out(&escaped(&text), false);
        }
    }

    /// A text that is the result itself, such as an exported file.
    pub(crate) fn raw(&self, text: &str) {
        write_out(text.trim_end_matches('\n'), self.colour);
    }

    /// A line on standard error.
    pub(crate) fn complain(&self, text: &str) {
        let mut out = std::io::stderr().lock();
        let _ = writeln!(out, "{}", safe(text, self.colour));
    }

    /// A heading with an empty line before it.
    pub(crate) fn heading(&self, text: &str) {
        self.line("");
        self.line(self.bold(text));
    }

    /// Something bad.
    pub(crate) fn red(&self, text: &str) -> String {
        self.paint("31;1", text)
    }

    /// Something good.
    pub(crate) fn green(&self, text: &str) -> String {
        self.paint("32", text)
    }

    /// Something worth a look.
    pub(crate) fn yellow(&self, text: &str) -> String {
        self.paint("33", text)
    }

    /// A frame around something.
    pub(crate) fn blue(&self, text: &str) -> String {
        self.paint("34;1", text)
    }

    /// Something of less weight.
    pub(crate) fn dim(&self, text: &str) -> String {
        self.paint("2", text)
    }

    /// Something of more weight.
    pub(crate) fn bold(&self, text: &str) -> String {
        self.paint("1", text)
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// A reader that went away (`usher ... | head`) wants nothing more; that is no failure.
fn write_out(text: &str, colours: bool) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", safe(text, colours)).and_then(|()| out.flush());
}

/// Values of a directory and texts of a server may hold control characters, which a terminal must
/// never obey, and marks that turn the direction of what follows: of all of them only line breaks,
/// tabs and, where there are colours, our own (`ESC [ digits m`) pass.
fn safe(text: &str, colours: bool) -> std::borrow::Cow<'_, str> {
    let is_bad = |c: char| c.is_control() && !matches!(c, '\n' | '\t') || turns_direction(c);
    if !text.contains(is_bad) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = if colours && c == '\u{1b}' {
            colour(rest)
        } else {
            0
        };
        let (taken, left) = rest.split_at(length.max(c.len_utf8()));
        shown.push_str(if length == 0 && is_bad(c) {
            "\u{fffd}"
        } else {
            taken
        });
        rest = left;
    }
    shown.into()
}

/// JSON in which what a terminal could obey is escaped: the values stay as they are.
fn escaped(json: &str) -> String {
    let is_bad = |c: char| c.is_control() && c != '\n' || turns_direction(c);
    let mut shown = String::with_capacity(json.len());
    for c in json.chars() {
        if is_bad(c) {
            shown.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Embeddings, overrides and isolates of direction, and separators that break lines.
fn turns_direction(c: char) -> bool {
    matches!(
        c,
        '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// The length of the colour code that a text begins with; 0 if it is none.
fn colour(text: &str) -> usize {
    let Some(code) = text.strip_prefix("\u{1b}[") else {
        return 0;
    };
    let end = code.find(|c: char| !c.is_ascii_digit() && c != ';');
    match end {
        Some(end) if code.get(end..).is_some_and(|rest| rest.starts_with('m')) => end + 3,
        Some(_) | None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{escaped, safe};

    #[test]
    fn json_keeps_its_values_and_a_terminal_obeys_none() {
        let value = serde_json::json!({"name": "a\u{9b}31m\u{202e}\u{1b}[1m ü"});
        let shown = escaped(&serde_json::to_string_pretty(&value).unwrap());
        assert!(!shown.contains(['\u{9b}', '\u{202e}', '\u{1b}']), "{shown}");
        let read: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(read, value);
    }

    #[test]
    fn a_terminal_obeys_nothing_but_colours() {
        let shown = |text| safe(text, true).into_owned();
        assert_eq!(shown("Zoë\tx\ny"), "Zoë\tx\ny");
        let red = "\u{1b}[31;1mred\u{1b}[0m";
        assert_eq!(shown(red), red);
        assert_eq!(shown("a\u{1b}]0;title\u{7}b"), "a\u{fffd}]0;title\u{fffd}b");
        assert_eq!(shown("\u{1b}[2J\r\u{9b}x"), "\u{fffd}[2J\u{fffd}\u{fffd}x");
        assert_eq!(shown("\u{1b}["), "\u{fffd}[");
        assert_eq!(shown("a\u{202e}b\u{2066}c"), "a\u{fffd}b\u{fffd}c");
    }

    #[test]
    fn where_there_are_no_colours_no_escape_passes() {
        assert_eq!(safe("\u{1b}[31mred", false), "\u{fffd}[31mred");
    }
}
