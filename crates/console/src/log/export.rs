//! The log as a file, in pieces: however long it is, only one piece is in memory.

use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use serde_json::{Value, json};
use usher_engine::EngineError;
use usher_engine::admin::{Admin, AuditWanted};
use usher_store::AuditEvent;

use super::wanted::Wanted;
use crate::frame::{Fault, SignedIn};

/// Events of one piece.
const EACH: u32 = 500;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Csv,
    JsonLines,
}

/// What a file is made from, and where it is.
struct Reading {
    admin: Admin,
    wanted: AuditWanted,
    format: Format,
    sent: bool,
    at: At,
}

#[derive(Clone, Copy)]
enum At {
    Head,
    Before(Option<i64>),
    End,
}

pub(super) async fn export(who: SignedIn, Query(wanted): Query<Wanted>) -> Result<Response, Fault> {
    let sent = wanted.sent == "true";
    let filter = wanted.filter(sent).map_err(|mistakes| {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        let hint = "Go back to the log and correct it there.";
        Fault::told(status, "Not exported", mistakes.join(" "), hint)
    })?;
    let (format, kind, end) = match wanted.format.as_str() {
        "jsonl" => (Format::JsonLines, "application/x-ndjson", "jsonl"),
        _ => (Format::Csv, "text/csv; charset=utf-8", "csv"),
    };
    let name = if sent { "sent" } else { "operators" };
    let file = format!("attachment; filename=\"usher-log-{name}.{end}\"");
    let reading = Reading {
        admin: who.admin,
        wanted: filter,
        format,
        sent,
        at: At::Head,
    };
    let pieces = stream::try_unfold(reading, Reading::piece);
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, file),
    ];
    Ok((headers, Body::from_stream(pieces)).into_response())
}

impl Reading {
    /// The next piece. A file that breaks off is no whole one: the connection ends with an error.
    async fn piece(mut self) -> Result<Option<(Bytes, Self)>, EngineError> {
        let before = match self.at {
            At::Head => {
                self.at = At::Before(None);
                return Ok(Some((Bytes::from(self.head()), self)));
            }
            At::Before(before) => before,
            At::End => return Ok(None),
        };
        let (events, end) = self.admin.audit_page(&self.wanted, before, EACH).await?;
        self.at = end.map_or(At::End, |end| At::Before(Some(end)));
        let lines = events.iter().map(|(_, event)| self.line(event));
        let text: String = lines.collect();
        Ok(Some((Bytes::from(text), self)))
    }

    fn head(&self) -> String {
        match self.format {
            Format::JsonLines => String::new(),
            Format::Csv => row(columns(self.sent).iter().map(|name| (*name).to_owned())),
        }
    }

    fn line(&self, event: &AuditEvent) -> String {
        let values = values(event, self.sent);
        match self.format {
            Format::Csv => row(values.iter().map(text)),
            Format::JsonLines => {
                let names = columns(self.sent).iter().map(|name| (*name).to_owned());
                let line: serde_json::Map<String, Value> = names.zip(values).collect();
                format!("{}\n", Value::Object(line))
            }
        }
    }
}

fn columns(sent: bool) -> &'static [&'static str] {
    if sent {
        &[
            "time",
            "cycle_id",
            "channel_id",
            "event_type",
            "source_id",
            "target_id",
            "is_success",
            "non_success_cause",
        ]
    } else {
        &[
            "time",
            "operator",
            "event",
            "channel_id",
            "is_success",
            "detail",
            "changes",
        ]
    }
}

fn values(event: &AuditEvent, sent: bool) -> Vec<Value> {
    let time = usher_pf::date(event.at);
    if sent {
        let cause = if event.success { "" } else { &event.detail };
        return vec![
            json!(time),
            json!(event.cycle),
            json!(event.channel),
            json!(event.event),
            json!(event.source_id),
            json!(event.target_id),
            json!(event.success),
            json!(cause),
        ];
    }
    vec![
        json!(time),
        json!(event.actor),
        json!(event.event),
        json!(event.channel),
        json!(event.success),
        json!(event.detail),
        json!(event.changes),
    ]
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(all) if all.is_empty() => String::new(),
        other => other.to_string(),
    }
}

fn row(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.map(|text| cell(&text)).collect();
    format!("{}\r\n", cells.join(","))
}

/// A cell, always in quotes. A spreadsheet takes a text that begins so for a formula, and carries it out: an
/// apostrophe before it makes it text.
fn cell(text: &str) -> String {
    let first = text.chars().next();
    let formula = first.is_some_and(|c| matches!(c, '=' | '+' | '-' | '@') || c.is_control());
    let guard = if formula { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn nothing_in_a_cell_is_a_formula_or_ends_it() {
        for (text, written) in [
            ("", "\"\""),
            ("plain, text", "\"plain, text\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            ("a\nb", "\"a\nb\""),
        ] {
            assert_eq!(cell(text), written);
        }
    }
}
