//! Requests as they would be sent, masked.

use serde_json::Value;
use usher_connector::Request;

/// Longest body that is shown on one line.
const ONE_LINE: usize = 100;
/// Most lines of a body.
const MOST_LINES: usize = 40;

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
    // Values of JSON always serialise.
    let pretty = serde_json::to_string_pretty(body).unwrap_or_default();
    let mut lines: Vec<String> = pretty.lines().map(str::to_owned).collect();
    let left = lines.len().saturating_sub(MOST_LINES);
    if left > 0 {
        lines.truncate(MOST_LINES);
        lines.push(format!("... {left} more lines"));
    }
    lines
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
