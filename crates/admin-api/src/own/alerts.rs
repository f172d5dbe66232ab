//! Alerts: what needs a person, and who is told.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use usher_core::model::{
    AlertKind, AlertSettings, Configuration, ConnectionId, Millis, key_entered_at,
};
use usher_engine::EngineError;
use usher_engine::admin::{AlertStory, Permission, WantedAlerts, WantedWebhook};

use super::Caller;
use super::etag::{IfMatch, Tagged};
use super::given::Given;
use super::openapi::{Group, Takes, get, post, put};
use super::page::Page;
use super::params::Params;
use super::problem::{Fault, Problem};
use super::saved::saved;
use crate::Api;

const LIST: &str = "alerts";
const KINDS: &str = "steps_held|credentials_refused|channel_stopped|source_unreadable|full_read_missed|steps_parked|key_expiry";

pub(super) fn group() -> Group {
    let example = json!({
        "emails": ["it@example.com"],
        "webhooks": [{"url": "https://chat.example.com/usher", "secret": "a long random secret"}],
        "parked_threshold": 20, "off": [], "keys": [],
    });
    Group::new("Alerts", "What needs a person, and who is told")
        .add(
            get("/alerts", "listAlerts", "Open and past alerts, newest first")
                .help("As the running service judged last. `cleared_at` is null while an alert is open. `deliveries` say what became of each message: with `done_at` and without `error` it arrived, with both it was given up.")
                .answers_page("A page of alerts", "Alert"),
            list,
        )
        .add(
            get("/alerts/settings", "getAlertSettings", "Who is told of what, with its version as ETag")
                .help("Secrets are never shown.")
                .answers(200, "The settings", "AlertSettings"),
            settings,
        )
        .add(
            put("/alerts/settings", "setAlertSettings", "Replace who is told of what")
                .help("The whole settings: what is left out gets its default. A webhook without `secret` keeps the one of the same address. `keys` are about the keys that are entered now; without a date a key is taken to last a year.")
                .tagged()
                .takes(Takes::Body(json!("AlertSettingsToSet"), example))
                .answers(200, "The settings as they are now", "AlertSettings"),
            set_settings,
        )
        .add(
            post("/alerts/test", "testAlerts", "Send a test message to everybody who is told")
                .help("All at once; it answers within a minute with what came of each.")
                .answers_as(200, "The receivers, each with what went wrong if so", json!({"items": [{"recipient": "string", "error": "string?"}]}))
                .refuses(409, "Nobody is told, or no service runs"),
            test,
        )
        .shape("Alert", json!({
            "id": "integer", "key": "string", "kind": KINDS, "about": "string", "stage": "string?",
            "since": "time", "count": "integer?", "summary": "string", "next": "string",
            "raised_at": "time", "cleared_at": "time?",
            "deliveries": [{
                "event": "raised|cleared", "recipient": "string", "tries": "integer",
                "done_at": "time?", "error": "string?",
            }],
        }))
        .shape("AlertSettings", json!({
            "emails": ["string"], "webhooks": [{"url": "string", "has_secret": "boolean"}],
            "parked_threshold": "integer", "off": [KINDS],
            "keys": [{"sp_connection": "string", "expires_at": "time"}],
        }))
        .shape("AlertSettingsToSet", json!({
            "emails?": ["string"],
            "webhooks?": [{"url": "string", "secret?": "string?", "has_secret?": "boolean"}],
            "parked_threshold?": "integer", "off?": [KINDS],
            "keys?": [{"sp_connection": "string", "expires_at": "time"}],
        }))
}

/// The settings as they are shown.
#[derive(Serialize)]
struct Shown {
    emails: Vec<String>,
    webhooks: Vec<ShownWebhook>,
    parked_threshold: u64,
    off: BTreeSet<AlertKind>,
    keys: Vec<Key>,
}

#[derive(Serialize)]
struct ShownWebhook {
    url: String,
    has_secret: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    sp_connection: ConnectionId,
    expires_at: Millis,
}

/// The settings as somebody sends them.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sent {
    emails: Vec<String>,
    webhooks: Vec<SentWebhook>,
    parked_threshold: u64,
    off: BTreeSet<AlertKind>,
    keys: Vec<Key>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SentWebhook {
    url: String,
    #[serde(default)]
    secret: Option<String>,
    /// Taken so that what was read can be sent back; says nothing.
    #[serde(default, rename = "has_secret")]
    _has_secret: bool,
}

impl Default for Sent {
    fn default() -> Self {
        let usual = AlertSettings::default();
        Self {
            emails: Vec::new(),
            webhooks: Vec::new(),
            parked_threshold: usual.parked_threshold,
            off: BTreeSet::new(),
            keys: Vec::new(),
        }
    }
}

impl From<Sent> for WantedAlerts {
    fn from(sent: Sent) -> Self {
        let webhooks = sent.webhooks.into_iter().map(|one| WantedWebhook {
            url: one.url,
            secret: one.secret,
        });
        let keys = sent.keys.into_iter();
        Self {
            emails: sent.emails,
            webhooks: webhooks.collect(),
            parked_threshold: sent.parked_threshold,
            off: sent.off,
            keys: keys
                .map(|key| (key.sp_connection, key.expires_at))
                .collect(),
        }
    }
}

fn shown(configuration: &Configuration) -> Shown {
    let settings = &configuration.alerts;
    let keys = configuration.sp_connections.iter().filter_map(|sp| {
        let told = settings.keys.get(&sp.id)?;
        // Of a key that was replaced it says nothing any more.
        (key_entered_at(sp) == Some(told.key_entered_at)).then(|| Key {
            sp_connection: sp.id.clone(),
            expires_at: told.expires_at,
        })
    });
    let webhooks = settings.webhooks.iter().map(|webhook| ShownWebhook {
        url: webhook.url.clone(),
        has_secret: !webhook.secret.0.is_empty(),
    });
    Shown {
        emails: settings.emails.clone(),
        webhooks: webhooks.collect(),
        parked_threshold: settings.parked_threshold,
        off: settings.off.clone(),
        keys: keys.collect(),
    }
}

async fn list(Caller(admin): Caller, mut params: Params) -> Result<Json<Page<Value>>, Problem> {
    let (limit, before) = (params.limit(), params.cursor(LIST));
    params.finish()?;
    let (stories, end) = admin.alerts_page(before, limit).await?;
    let items = stories.into_iter().map(view).collect();
    Ok(Json(Page::of(items, LIST, end)))
}

fn view(story: AlertStory) -> Value {
    let AlertStory { alert, deliveries } = story;
    let deliveries: Vec<Value> = deliveries
        .into_iter()
        .map(|one| {
            json!({
                "event": one.happening, "recipient": one.recipient, "tries": one.tries,
                "done_at": one.done_at, "error": one.error,
            })
        })
        .collect();
    let said = alert.alert;
    json!({
        "id": alert.id, "key": said.key, "kind": said.kind, "about": said.about,
        "stage": said.stage, "since": said.since, "count": said.count, "summary": said.summary,
        "next": said.next, "raised_at": alert.raised_at, "cleared_at": alert.cleared_at,
        "deliveries": deliveries,
    })
}

async fn settings(Caller(admin): Caller, params: Params) -> Result<Tagged<Shown>, Problem> {
    params.finish()?;
    Ok(Tagged(shown(&admin.look_at_configuration().await?)))
}

async fn set_settings(
    Caller(admin): Caller,
    from: IfMatch,
    Given(sent): Given<Sent>,
) -> Result<Tagged<Shown>, Problem> {
    let wanted = WantedAlerts::from(sent);
    admin.require(Permission::Configure)?;
    let now = saved(&admin, |before| {
        from.check(&shown(before))?;
        admin.with_alerts(before, &wanted).map_err(|problems| {
            let faults = problems.into_iter();
            let faults = faults.map(|problem| Fault::at(problem.pointer, problem.message));
            Problem::invalid(faults.collect())
        })
    })
    .await?;
    Ok(Tagged(shown(&now)))
}

async fn test(
    State(api): State<Api>,
    Caller(admin): Caller,
    params: Params,
) -> Result<Json<Value>, Problem> {
    params.finish()?;
    admin.require(Permission::Operate)?;
    let Some(service) = &api.service else {
        return Err(Problem::from(EngineError::Refused(
            "no service runs here: messages are sent by `usher serve`".to_owned(),
        )));
    };
    let tried = service.test_alerts(&admin).await?.into_iter();
    let items: Vec<Value> = tried
        .map(|one| json!({"recipient": one.recipient, "error": one.error}))
        .collect();
    Ok(Json(json!({"items": items})))
}
