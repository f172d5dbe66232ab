//! The audit log.

use axum::Json;
use serde_json::{Value, json};
use usher_core::model::ChannelId;
use usher_engine::admin::AuditWanted;
use usher_store::AuditEvent;

use super::Caller;
use super::links::truth;
use super::openapi::{Group, get};
use super::page::Page;
use super::params::Params;
use super::problem::Problem;

const LIST: &str = "audit";

pub(super) fn group() -> Group {
    Group::new("Audit", "Who did what, and what was done at targets")
        .add(
            get("/audit", "listAudit", "The audit log, newest first")
                .query("channel", "Only of the channel with this id", json!("string"))
                .query("actor", "Only by this operator; `engine` for what Usher does by itself", json!("string"))
                .query("event", "Only these events, such as `CREATE` or `CONFIG`", json!(["string"]))
                .query("success", "Only what succeeded, or only what did not", json!("true|false"))
                .query("since", "Not older than this, UTC milliseconds", json!("integer"))
                .query("until", "Older than this, UTC milliseconds", json!("integer"))
                .query("q", "Only with this in the source key, target id or detail", json!("string"))
                .help("A page may hold fewer items than asked for although more follow: go on while there is a `next`.")
                .answers_page("A page of events", "AuditEvent"),
            list,
        )
        .shape("AuditEvent", json!({
            "id": "integer", "at": "time", "actor": "string", "event": "string",
            "channel": "string?", "cycle": "integer?", "source_id": "string?",
            "target_id": "string?", "success": "boolean", "detail": "string",
                    "changes": [{"path": "string", "before": "string?", "after": "string?"}],
        }))
}

async fn list(Caller(admin): Caller, mut params: Params) -> Result<Json<Page<Value>>, Problem> {
    let wanted = AuditWanted {
        channel: params.text("channel").map(ChannelId::new),
        actor: params.text("actor"),
        events: params.several("event", &[], |word| {
            (!word.is_empty()).then(|| word.to_owned())
        }),
        success: params.one("success", &["true", "false"], truth),
        since: params.number("since"),
        until: params.number("until"),
        text: params.text("q"),
        at_targets: None,
    };
    let (limit, before) = (params.limit(), params.cursor(LIST));
    params.finish()?;
    let (events, end) = admin.audit_page(&wanted, before, limit).await?;
    let items = events
        .into_iter()
        .map(|(id, event)| view(id, &event))
        .collect();
    Ok(Json(Page::of(items, LIST, end)))
}

fn view(id: i64, event: &AuditEvent) -> Value {
    json!({
        "id": id, "at": event.at, "actor": event.actor, "event": event.event,
        "channel": event.channel, "cycle": event.cycle, "source_id": event.source_id,
        "target_id": event.target_id, "success": event.success, "detail": event.detail,
        "changes": event.changes,
    })
}
