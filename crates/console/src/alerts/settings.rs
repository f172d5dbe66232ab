//! Who is told of what, and a message to try it.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use usher_admin_api::Api;
use usher_admin_api::documents::{self, Refused};
use usher_core::model::{AlertKind, Configuration};
use usher_engine::admin::{Permission, WantedAlerts, WantedWebhook};

use super::SETTINGS;
use crate::form::{Control, Field, Form, Mistakes, Summed};
use crate::frame::{Done, Fault, Frame, Notice, Posted, SignedIn, page, page_as, see_done};

/// Webhooks of a form beside those that there are.
const MORE: usize = 1;
/// Most webhooks of a form.
const MOST: usize = 50;

#[derive(Template)]
#[template(path = "alerts/settings.html")]
struct SettingsPage {
    frame: Frame,
    emails: Field,
    threshold: Field,
    webhooks: Vec<(Field, Field)>,
    kinds: Vec<Field>,
    summary: Vec<Summed>,
    seen: String,
    may: bool,
}

/// What a form says.
struct Sent {
    emails: Vec<String>,
    threshold: String,
    /// Address and secret; an empty secret keeps the one that this address has.
    webhooks: Vec<(String, String)>,
    off: BTreeSet<AlertKind>,
}

impl Sent {
    fn of(form: &Form) -> Self {
        let line = |text: &str| text.trim().to_owned();
        let emails = form.text("emails").lines().map(line);
        let webhooks = (0..MOST).map_while(|index| {
            let url = form.get(&format!("webhook.{index}.url"))?;
            Some((
                line(url),
                form.text(&format!("webhook.{index}.secret")).to_owned(),
            ))
        });
        let off = AlertKind::ALL
            .into_iter()
            .filter(|kind| !form.has(kind.as_str()));
        Self {
            emails: emails.filter(|email| !email.is_empty()).collect(),
            threshold: line(form.text("parked_threshold")),
            webhooks: webhooks.filter(|(url, _)| !url.is_empty()).collect(),
            off: off.collect(),
        }
    }

    fn saved(configuration: &Configuration) -> Self {
        let settings = &configuration.alerts;
        let webhooks = settings.webhooks.iter();
        Self {
            emails: settings.emails.clone(),
            threshold: settings.parked_threshold.to_string(),
            webhooks: webhooks
                .map(|one| (one.url.clone(), String::new()))
                .collect(),
            off: settings.off.clone(),
        }
    }

    fn wanted(&self, configuration: &Configuration, threshold: u64) -> WantedAlerts {
        let webhooks = self.webhooks.iter().map(|(url, secret)| WantedWebhook {
            url: url.clone(),
            secret: (!secret.is_empty()).then(|| secret.clone()),
        });
        // The dates of keys are entered beside them.
        let keys = configuration.sp_connections.iter().filter_map(|sp| {
            let told = configuration.alerts.keys.get(&sp.id)?;
            Some((sp.id.clone(), told.expires_at))
        });
        WantedAlerts {
            emails: self.emails.clone(),
            webhooks: webhooks.collect(),
            parked_threshold: threshold,
            off: self.off.clone(),
            keys: keys.collect(),
        }
    }
}

fn made(who: &SignedIn, sent: &Sent, seen: String, wrong: &Mistakes) -> SettingsPage {
    let emails = Field::new("emails", "E-mail addresses", Control::Area)
        .value(sent.emails.join("\n"))
        .help("One on each line. They are told through the mail server of the next tab.")
        .wrong(wrong);
    let threshold = Field::new("parked_threshold", "Parked steps", Control::Number)
        .value(&sent.threshold)
        .help("More than this in one channel need a person.")
        .required()
        .wrong(wrong);
    let empty = [(String::new(), String::new())];
    let all = sent.webhooks.iter().chain(empty.iter().take(MORE));
    let webhooks = all.enumerate().map(|(index, (url, _))| {
        let address = Field::text(&format!("webhook.{index}.url"), "Webhook address")
            .value(url)
            .help("https, or http on this machine. Left empty, it goes.")
            .wrong(wrong);
        let kept = !url.is_empty();
        let secret = Field::new(
            &format!("webhook.{index}.secret"),
            "Secret that signs its requests",
            Control::Secret { kept },
        )
        .help("16 to 256 characters. One never goes along to another address.")
        .wrong(wrong);
        (address, secret)
    });
    let kinds = AlertKind::ALL.into_iter().map(|kind| {
        Field::new(kind.as_str(), words(kind), Control::Box).ticked(!sent.off.contains(&kind))
    });
    let webhooks: Vec<(Field, Field)> = webhooks.collect();
    let mut fields: Vec<&Field> = vec![&emails, &threshold];
    fields.extend(webhooks.iter().flat_map(|(url, secret)| [url, secret]));
    SettingsPage {
        frame: super::frame(who, SETTINGS),
        summary: wrong.summary(&fields),
        emails,
        threshold,
        webhooks,
        kinds: kinds.collect(),
        seen,
        may: who.may(Permission::Configure),
    }
}

fn words(kind: AlertKind) -> &'static str {
    match kind {
        AlertKind::StepsHeld => "Steps wait for approval",
        AlertKind::CredentialsRefused => "A directory or a target refuses the credentials",
        AlertKind::ChannelStopped => "A channel stopped itself",
        AlertKind::SourceUnreadable => "A directory cannot be read for 15 minutes",
        AlertKind::FullReadMissed => "Two full reads in a row are missing",
        AlertKind::StepsParked => "Too many steps were given up",
        AlertKind::KeyExpiry => "A key expires soon",
    }
}

pub(super) async fn shown(who: SignedIn) -> Result<Response, Fault> {
    let configuration = who.admin.look_at_configuration().await?;
    let seen = documents::tag(&documents::alerts(&configuration));
    let sent = Sent::saved(&configuration);
    page(&made(&who, &sent, seen, &Mistakes::default()))
}

pub(super) async fn save(Posted { who, form }: Posted) -> Result<Response, Fault> {
    let configuration = who.admin.look_at_configuration().await?;
    let sent = Sent::of(&form);
    let seen = form.text("seen").to_owned();
    let Ok(threshold) = sent.threshold.parse() else {
        let mut wrong = Mistakes::default();
        wrong.add(
            "parked_threshold",
            "expected a whole number from 0, found another text",
        );
        let page = made(&who, &sent, seen, &wrong);
        return page_as(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let wanted = sent.wanted(&configuration, threshold);
    match Box::pin(documents::save_alerts(&who.admin, &seen, &wanted)).await {
        Ok(()) => Ok(see_done(SETTINGS, Done::Saved)),
        Err(refused) => not_saved(&who, &sent, seen, refused).await,
    }
}

async fn not_saved(
    who: &SignedIn,
    sent: &Sent,
    mut seen: String,
    refused: Refused,
) -> Result<Response, Fault> {
    let mut wrong = Mistakes::default();
    for (pointer, words) in &refused.mistakes {
        wrong.add(field(pointer), words);
    }
    let mut notice = None;
    if refused.changed_meanwhile {
        let configuration = who.admin.look_at_configuration().await?;
        let theirs = documents::alerts(&configuration);
        seen = documents::tag(&theirs);
        let lines = vec![
            refused.message,
            format!("Saved now: {theirs}"),
            "What you typed is still here. Saving again puts it in the place of what is saved."
                .to_owned(),
        ];
        notice = Some(Notice::bad(lines));
    } else if wrong.is_empty() {
        notice = Some(Notice::bad(vec![refused.message]));
    }
    let mut made = made(who, sent, seen, &wrong);
    made.frame.notices.extend(notice);
    page_as(StatusCode::UNPROCESSABLE_ENTITY, &made)
}

/// The field of a pointer such as `/webhooks/0/secret`.
fn field(pointer: &str) -> String {
    let mut parts = pointer.trim_start_matches('/').split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("webhooks"), Some(index), Some(part)) => format!("webhook.{index}.{part}"),
        (Some("webhooks"), Some(index), None) => format!("webhook.{index}.url"),
        (Some(name), _, _) => name.to_owned(),
        (None, _, _) => String::new(),
    }
}

/// Sends everybody a message that tries the way to them.
pub(super) async fn test(
    State(api): State<Api>,
    Posted { who, .. }: Posted,
) -> Result<Response, Fault> {
    who.admin.require(Permission::Operate)?;
    let configuration = who.admin.look_at_configuration().await?;
    let seen = documents::tag(&documents::alerts(&configuration));
    let mut made = made(
        &who,
        &Sent::saved(&configuration),
        seen,
        &Mistakes::default(),
    );
    let Some(service) = &api.service else {
        let why = "No service runs here: messages are sent by `usher serve`.".to_owned();
        made.frame.notices.push(Notice::bad(vec![why]));
        return page_as(StatusCode::CONFLICT, &made);
    };
    let tried = service.test_alerts(&who.admin).await?;
    let is_good = tried.iter().all(|one| one.error.is_none());
    let lines: Vec<String> = tried
        .iter()
        .map(|one| match &one.error {
            None => format!("{}: told", one.recipient),
            Some(error) => format!("{}: {error}", one.recipient),
        })
        .collect();
    made.frame.notices.push(match (lines.is_empty(), is_good) {
        (true, _) => Notice::warn(vec!["Nobody is named, so nobody was told.".to_owned()]),
        (false, true) => Notice {
            tone: "good",
            lines,
        },
        (false, false) => Notice::bad(lines),
    });
    page(&made)
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn a_mistake_stands_at_its_field() {
        assert_eq!(field("/webhooks/2/secret"), "webhook.2.secret");
        assert_eq!(field("/webhooks/0"), "webhook.0.url");
        assert_eq!(field("/emails/1"), "emails");
        assert_eq!(field(""), "");
    }
}
