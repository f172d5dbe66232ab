//! What the demonstration says, and whether what it promised came true.

use serde::Serialize;
use serde_json::Value;
use usher_sandbox::scim::LoggedRequest;

use crate::ui::{Ui, short_json};

/// Columns of a paragraph.
const WIDTH: usize = 84;
/// Longest reply that is shown.
const REPLY: usize = 70;

/// Something that had to come true.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Expectation {
    /// The scene.
    scene: &'static str,
    /// What.
    pub(super) text: String,
    /// Whether it did.
    pub(super) held: bool,
}

/// Tells the story and keeps what came true.
pub(super) struct Story<'a> {
    pub(super) ui: &'a Ui,
    pub(super) expectations: Vec<Expectation>,
    scene: &'static str,
}

impl<'a> Story<'a> {
    pub(super) fn new(ui: &'a Ui) -> Self {
        Self {
            ui,
            expectations: Vec::new(),
            scene: "start",
        }
    }

    /// Begins a scene.
    pub(super) fn scene(&mut self, name: &'static str, title: &str) {
        self.scene = name;
        self.ui.heading(&format!("{title}   (--scene {name})"));
    }

    /// Begins the part after the scenes.
    pub(super) fn part(&mut self, name: &'static str, title: &str) {
        self.scene = name;
        self.ui.heading(title);
    }

    /// A paragraph, with an empty line before it.
    pub(super) fn say(&self, text: impl AsRef<str>) {
        self.ui.line("");
        for line in wrapped(text.as_ref(), WIDTH) {
            self.ui.line(line);
        }
    }

    /// The command that does the same, for the story's next step.
    pub(super) fn command(&self, command: &str) {
        self.ui.line("");
        self.ui.line(format!("  $ usher {command}"));
        self.ui.line("");
    }

    /// A line that is shown as it is.
    pub(super) fn show(&self, text: impl AsRef<str>) {
        self.ui.line(format!("  {}", text.as_ref()));
    }

    /// A text in a list, wrapped.
    pub(super) fn note(&self, text: &str) {
        for line in wrapped(text, WIDTH - 2) {
            self.show(line);
        }
    }

    /// A request with its reply.
    pub(super) fn exchange(&self, request: &LoggedRequest) {
        self.show(format!("{} {}", request.method, short_path(&request.path)));
        self.body(&request.request_body);
        let status = request
            .status
            .map_or("no reply".to_owned(), |status| status.to_string());
        self.show(format!(
            "-> {status} {}",
            short_json(&request.response_body, REPLY)
        ));
    }

    /// A body, broken between its members.
    pub(super) fn body(&self, text: &str) {
        let compact = serde_json::from_str::<Value>(text)
            .map_or_else(|_| text.to_owned(), |value| value.to_string());
        for line in broken(&compact, WIDTH) {
            self.show(line);
        }
    }

    /// Says whether something came true.
    pub(super) fn expect(&mut self, held: bool, text: impl Into<String>) {
        let text = text.into();
        let mark = if held {
            self.ui.green("ok")
        } else {
            self.ui.red("NOT AS EXPECTED")
        };
        self.ui.line(format!("  {mark}  {text}"));
        self.expectations.push(Expectation {
            scene: self.scene,
            text,
            held,
        });
    }

    /// What did not come true, with its scene.
    pub(super) fn failures(&self) -> Vec<String> {
        self.expectations
            .iter()
            .filter(|expectation| !expectation.held)
            .map(|expectation| format!("{}: {}", expectation.scene, expectation.text))
            .collect()
    }
}

/// The part of a path behind the directory's id.
pub(super) fn short_path(path: &str) -> &str {
    let Some((_, rest)) = path.split_once("/scim/directory/") else {
        return path;
    };
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or(rest)
}

/// JSON in lines of about so many characters, broken behind commas.
fn broken(json: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for member in json.split_inclusive(',') {
        if !line.is_empty() && line.chars().count() + member.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        line.push_str(member);
    }
    lines.push(line);
    lines
}

/// A text in lines of at most so many characters; a longer word has a line to itself.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let long = line.chars().count() + 1 + word.chars().count() > width;
        if long && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{broken, short_path, wrapped};

    #[test]
    fn paragraphs_are_wrapped_between_words() {
        assert_eq!(wrapped("one two  three", 8), ["one two", "three"]);
        assert_eq!(wrapped("a longword b", 4), ["a", "longword", "b"]);
        assert!(wrapped("", 8).is_empty());
    }

    #[test]
    fn bodies_are_broken_behind_commas() {
        assert_eq!(
            broken(r#"{"a":1,"b":2,"c":3}"#, 10),
            [r#"{"a":1,"#, r#""b":2,"#, r#""c":3}"#]
        );
        assert_eq!(broken("{}", 10), ["{}"]);
    }

    #[test]
    fn paths_are_shown_without_the_directory() {
        let path = "/scim/directory/3f0c/Users/9?count=1";
        assert_eq!(short_path(path), "/Users/9?count=1");
        assert_eq!(short_path("/other"), "/other");
    }
}
