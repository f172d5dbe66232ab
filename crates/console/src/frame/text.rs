//! Text that somebody else wrote, as pages show it: whatever a directory or target holds.
//!
//! Escaping alone is not enough. A control character is not seen, and a mark of writing direction turns round what
//! stands beside it, so that one name looks like another. Both are shown as what they are. Text is cut where a table
//! would grow, with the whole length told.

use askama::Template;

/// Most characters of a name in a table.
pub(crate) const NAME: usize = 80;
/// Most characters of a DN or an address in a table.
pub(crate) const LINE: usize = 160;
/// Most characters of a value or a reason.
pub(crate) const VALUE: usize = 400;
/// Most characters of a reply.
pub(crate) const BODY: usize = 4_000;

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    text: String,
    /// A character that would not be seen, in a notation that is.
    is_mark: bool,
}

/// Somebody else's text, to be put into a page.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = "<bdi>{% for part in parts %}{% if part.is_mark %}<span class=\"mark\">{{ part.text }}</span>{% else %}{{ part.text }}{% endif %}{% endfor %}</bdi>{% if let Some(length) = length %}<span class=\"cut\">… ({{ length }} characters)</span>{% endif %}"
)]
pub(crate) struct Shown {
    parts: Vec<Part>,
    /// How long it is, if it was cut.
    length: Option<String>,
}

impl Shown {
    /// At most so many characters of a text.
    pub(crate) fn new(text: &str, most: usize) -> Self {
        Self::of(text, most, |c| !is_seen(c))
    }

    /// The same, in several lines.
    pub(crate) fn lines(text: &str, most: usize) -> Self {
        Self::of(text, most, |c| !is_seen(c) && c != '\n')
    }

    /// A name in a table.
    pub(crate) fn name(text: &str) -> Self {
        Self::new(text, NAME)
    }

    /// A DN or an address in a table.
    pub(crate) fn line(text: &str) -> Self {
        Self::new(text, LINE)
    }

    /// A value or a reason.
    pub(crate) fn value(text: &str) -> Self {
        Self::new(text, VALUE)
    }

    /// Whether there is nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    fn of(text: &str, most: usize, is_mark: impl Fn(char) -> bool) -> Self {
        let mut parts: Vec<Part> = Vec::new();
        for c in text.chars().take(most) {
            if is_mark(c) {
                let text = mark(c);
                parts.push(Part {
                    text,
                    is_mark: true,
                });
                continue;
            }
            match parts.last_mut() {
                Some(part) if !part.is_mark => part.text.push(c),
                _ => parts.push(Part {
                    text: c.to_string(),
                    is_mark: false,
                }),
            }
        }
        let whole = text.chars().count();
        Self {
            parts,
            length: (whole > most).then(|| number(whole as u64)),
        }
    }
}

/// Somebody else's text where no markup can stand, such as a heading: at most so many characters.
pub(crate) fn plain(text: &str, most: usize) -> String {
    let mut shown = String::new();
    for c in text.chars().take(most) {
        if is_seen(c) {
            shown.push(c);
        } else {
            shown.push_str(&mark(c));
        }
    }
    if text.chars().nth(most).is_some() {
        shown.push('…');
    }
    shown
}

/// A number with its thousands apart.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn mark(c: char) -> String {
    format!("\\u{{{:04X}}}", u32::from(c))
}

/// Whether a character is seen, and turns nothing round.
fn is_seen(c: char) -> bool {
    let hidden = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    !c.is_control() && !hidden
}

#[cfg(test)]
mod tests {
    use super::{Shown, number, plain};

    #[test]
    fn what_would_not_be_seen_is_shown_and_markup_is_text() {
        let html = Shown::value("ana\u{202e}gpj.<script>\u{0}\n\u{200b}").to_string();
        assert!(
            !html.contains(['\u{202e}', '\u{200b}', '\u{0}', '\n']),
            "{html}"
        );
        assert!(!html.contains("<script>"), "{html}");
        for mark in ["\\u{202E}", "\\u{0000}", "\\u{000A}", "\\u{200B}"] {
            assert!(
                html.contains(&format!("<span class=\"mark\">{mark}</span>")),
                "{html}"
            );
        }
        assert!(html.starts_with("<bdi>ana<span"), "{html}");
        assert_eq!(plain("a\u{2067}b\tc", 80), "a\\u{2067}b\\u{0009}c");
    }

    #[test]
    fn letters_of_every_script_stay_as_they_are() {
        for name in [
            "Zoë Ångström",
            "李小龙",
            "محمد",
            "שלום",
            "O'Brien",
            "e\u{301}",
        ] {
            assert_eq!(plain(name, 80), name);
        }
        assert_eq!(Shown::name("محمد").to_string(), "<bdi>محمد</bdi>");
    }

    #[test]
    fn long_text_is_cut_with_its_whole_length() {
        let long = "ä".repeat(12_345);
        let html = Shown::new(&long, 10).to_string();
        assert!(
            html.contains(&format!("<bdi>{}</bdi>", "ä".repeat(10))),
            "{html}"
        );
        assert!(html.contains("… (12,345 characters)"), "{html}");
        assert_eq!(plain(&long, 3), "äää…");
        assert!(!Shown::new("äää", 3).to_string().contains('…'));
        assert_eq!(
            Shown::lines("a\nb\r", 9).to_string(),
            "<bdi>a\nb<span class=\"mark\">\\u{000D}</span></bdi>"
        );
        assert_eq!(
            [number(0), number(999), number(1_000), number(1_234_567)],
            ["0", "999", "1,000", "1,234,567"]
        );
    }
}
