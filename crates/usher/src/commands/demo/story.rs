//! What the demonstration says, and whether what it promised came true.

use serde::Serialize;
use serde_json::Value;
use usher_sandbox::scim::LoggedRequest;

use crate::ui::{Ui, short_json};

/// Columns of a paragraph.
const WIDTH: usize = 84;
/// Longest reply that is shown.
const REPLY: usize = 100;

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

    /// A line that is shown as it is.
    pub(super) fn show(&self, text: impl AsRef<str>) {
        self.ui.line(format!("  {}", text.as_ref()));
    }

    /// A request with its reply.
    pub(super) fn exchange(&self, request: &LoggedRequest) {
        self.show(format!("{} {}", request.method, short_path(&request.path)));
        self.show(compact(&request.request_body));
        let status = request
            .status
            .map_or("no reply".to_owned(), |status| status.to_string());
        self.show(format!(
            "-> {status} {}",
            short_json(&request.response_body, REPLY)
        ));
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

fn compact(body: &str) -> String {
    serde_json::from_str::<Value>(body).map_or_else(|_| body.to_owned(), |value| value.to_string())
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
    use super::{short_path, wrapped};

    #[test]
    fn paragraphs_are_wrapped_between_words() {
        assert_eq!(wrapped("one two  three", 8), ["one two", "three"]);
        assert_eq!(wrapped("a longword b", 4), ["a", "longword", "b"]);
        assert!(wrapped("", 8).is_empty());
    }

    #[test]
    fn paths_are_shown_without_the_directory() {
        let path = "/scim/directory/3f0c/Users/9?count=1";
        assert_eq!(short_path(path), "/Users/9?count=1");
        assert_eq!(short_path("/other"), "/other");
    }
}
