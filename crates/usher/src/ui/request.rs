//! Requests as they would be sent, masked.

use serde_json::Value;
use usher_connector::Request;

/// Longest body that is shown on one line.
const ONE_LINE: usize = 100;
/// Most members of a body that are shown.
const MOST_LINES: usize = 40;
/// Longest line of a body.
const LONGEST: usize = 400;

/// A request as lines: method and path, then the body as a person may see it.
pub(crate) fn request_lines(request: &Request) -> Vec<String> {
    let mut lines = vec![format!("{} {}", request.method, request.path)];
    if let Some(body) = &request.shown {
        lines.extend(body_lines(body));
    }
    lines
}

fn body_lines(body: &Value) -> Vec<String> {
    let compact = body.to_string();
    if compact.chars().count() <= ONE_LINE {
        return vec![compact];
    }
    let Value::Object(map) = body else {
        return vec![cut(&compact)];
    };
    // One line per member: short enough to read, and still JSON.
    let mut lines = vec!["{".to_owned()];
    let last = map.len();
    for (at, (name, value)) in map.iter().enumerate().take(MOST_LINES) {
        let comma = if at + 1 < last { "," } else { "" };
        lines.push(cut(&format!("  \"{name}\": {value}{comma}")));
    }
    if last > MOST_LINES {
        lines.push(format!("  ... {} more members", last - MOST_LINES));
    }
    lines.push("}".to_owned());
    lines
}

fn cut(line: &str) -> String {
    if line.chars().count() <= LONGEST {
        return line.to_owned();
    }
    let mut short: String = line.chars().take(LONGEST).collect();
    short.push_str("...");
    short
}

/// A text that may be JSON, on one line and at most so many characters.
pub(crate) fn short_json(text: &str, most: usize) -> String {
    let compact = serde_json::from_str::<Value>(text)
        .map_or_else(|_| text.replace('\n', " "), |value| value.to_string());
    if compact.chars().count() <= most {
        return compact;
    }
    let mut short: String = compact.chars().take(most).collect();
    short.push_str("...");
    short
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{body_lines, short_json};

    #[test]
    fn a_short_body_takes_one_line_and_a_long_one_a_line_per_member() {
        assert_eq!(
            body_lines(&json!({"active": false})),
            [r#"{"active":false}"#]
        );
        let long = json!({"a": "x".repeat(99), "b": [1, 2]});
        let lines = body_lines(&long);
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[2], r#"  "b": [1,2]"#);
        let text = lines.join("");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            long
        );
    }

    #[test]
    fn a_reply_is_cut_between_characters() {
        assert_eq!(short_json("{ \"a\": 1 }", 20), r#"{"a":1}"#);
        assert_eq!(short_json("żółw\nżółw", 6), "żółw ż...");
    }
}
