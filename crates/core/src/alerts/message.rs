//! What receivers are told.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::calendar::civil;
use crate::model::{Alert, Millis};

/// What happened to an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// It began.
    Raised,
    /// It is over.
    Cleared,
    /// Nothing: somebody tries whether messages arrive.
    Test,
}

impl Happening {
    /// Its name in storage and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Cleared => "cleared",
            Self::Test => "test",
        }
    }
}

/// A message to one receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The same however often it is tried to deliver it: receivers know a second copy by it.
    pub id: String,
    /// What happened.
    pub happening: Happening,
    /// When.
    pub at: Millis,
    /// To what; a test has none.
    pub alert: Option<Alert>,
}

impl Message {
    /// The subject of an e-mail; one line.
    pub fn subject(&self) -> String {
        let text = match (&self.alert, self.happening) {
            (Some(alert), Happening::Raised) => alert.summary.clone(),
            (Some(alert), Happening::Cleared) => format!("over: {}", alert.summary),
            (_, Happening::Test) | (None, _) => "a test".to_owned(),
        };
        let line: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        format!("[Usher] {line}")
    }

    /// The text of an e-mail.
    pub fn text(&self) -> String {
        match (&self.alert, self.happening) {
            (Some(alert), Happening::Raised) => format!(
                "{}.\n\nWhat to do: {}.\n\nSince {}. One more message follows when it is over.\n",
                alert.summary,
                alert.next,
                utc(alert.since)
            ),
            (Some(alert), Happening::Cleared) => format!(
                "This is over since {}:\n\n{}.\n\nNothing more needs to be done.\n",
                utc(self.at),
                alert.summary
            ),
            (_, Happening::Test) | (None, _) => {
                "This is a test: messages of Usher arrive here.\n".to_owned()
            }
        }
    }

    /// The body of a webhook, as docs/alerts.md describes it.
    pub fn json(&self) -> Value {
        json!({
            "version": 1,
            "id": self.id,
            "event": self.happening.as_str(),
            "at": self.at,
            "alert": self.alert.as_ref().map(|alert| json!({
                "key": alert.key, "kind": alert.kind, "about": alert.about, "stage": alert.stage,
                "since": alert.since, "count": alert.count, "summary": alert.summary, "next": alert.next,
            })),
        })
    }
}

/// A time for people: `2026-11-24 08:00 UTC`.
pub fn utc(at: Millis) -> String {
    let minutes = at.div_euclid(60_000);
    let (days, minute) = (minutes.div_euclid(1440), minutes.rem_euclid(1440));
    let (year, month, day) = civil(days);
    format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02} UTC",
        minute / 60,
        minute % 60
    )
}
