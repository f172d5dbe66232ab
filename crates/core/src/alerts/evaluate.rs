//! From facts to alerts.

use super::facts::{ChannelFacts, ConnectionFacts, Facts};
use super::message::utc;
use crate::model::{Alert, AlertKind, Millis};

const MINUTE_MS: i64 = 60 * 1000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// A directory that cannot be read for so long needs a person.
const UNREADABLE_MS: i64 = 15 * MINUTE_MS;
/// So many full reads may be missing before a person is told.
const MISSED_READS: i64 = 2;

/// Days before its expiry at which a key is told of.
pub const KEY_STAGES_DAYS: [i64; 5] = [60, 30, 14, 7, 1];

/// Everything that needs a person now. In no order that matters; no key twice.
pub fn evaluate(facts: &Facts, now: Millis) -> Vec<Alert> {
    let mut alerts = Vec::new();
    for connection in &facts.connections {
        alerts.extend(target_refuses(connection));
        alerts.extend(key_expires(connection, now));
    }
    for channel in &facts.channels {
        let is_refused = facts
            .connections
            .iter()
            .any(|one| one.id == channel.connection && one.refused_since.is_some());
        alerts.extend(held(channel, facts, now));
        alerts.extend(parked(channel, facts, now));
        alerts.extend(source(channel, now));
        // Of a target that refuses everybody is told already.
        if channel.quarantined && !is_refused {
            alerts.push(stopped(channel, now));
        }
        alerts.extend(missed(channel, now));
    }
    alerts
}

/// An alert about a channel.
fn about(channel: &ChannelFacts, kind: AlertKind, since: Millis) -> Alert {
    let key = format!("{}:{}", kind.as_str(), channel.id);
    Alert {
        matter: key.clone(),
        key,
        kind,
        about: channel.name.clone(),
        stage: None,
        since,
        count: None,
        summary: String::new(),
        next: String::new(),
    }
}

fn held(channel: &ChannelFacts, facts: &Facts, now: Millis) -> Option<Alert> {
    let alert = about(
        channel,
        AlertKind::StepsHeld,
        channel.held_since.unwrap_or(now),
    );
    let goes_on = channel.planning && facts.open.contains(&alert.key);
    if channel.held == 0 && !goes_on {
        return None;
    }
    let removals = match channel.held_removals {
        0 => String::new(),
        1 => ", 1 of them takes access away".to_owned(),
        more => format!(", {more} of them take access away"),
    };
    let wait = if channel.held == 1 {
        "step waits"
    } else {
        "steps wait"
    };
    Some(Alert {
        count: Some(channel.held),
        summary: format!(
            "{} {wait} for a person in channel {}{removals}; the oldest since {}",
            channel.held,
            channel.name,
            utc(alert.since)
        ),
        next: "Look at them with `usher status --held` or in the console, then approve or reject them: nothing of them happens before".to_owned(),
        ..alert
    })
}

fn parked(channel: &ChannelFacts, facts: &Facts, now: Millis) -> Option<Alert> {
    let alert = about(channel, AlertKind::StepsParked, now);
    // Once raised it stays until the number has halved, or a number near the limit would tell again and again.
    let limit = if facts.open.contains(&alert.key) {
        facts.parked_threshold / 2
    } else {
        facts.parked_threshold
    };
    (channel.parked > limit).then(|| Alert {
        count: Some(channel.parked),
        summary: format!(
            "{} steps of channel {} were given up; more than {} need a person",
            channel.parked, channel.name, facts.parked_threshold
        ),
        next: "See why with `usher status --parked`; when the cause is gone, send them again with `usher retry`".to_owned(),
        ..alert
    })
}

fn source(channel: &ChannelFacts, now: Millis) -> Option<Alert> {
    if !channel.runs {
        return None;
    }
    if let Some(since) = channel.source_refused_since {
        return Some(Alert {
            key: format!("credentials_refused:source:{}", channel.id),
            matter: format!("credentials_refused:source:{}", channel.id),
            summary: format!(
                "the directory refuses the credentials of channel {} since {}: nobody who leaves is noticed",
                channel.name,
                utc(since)
            ),
            next: "Check the bind DN and its password in the data store; `usher doctor` tries them"
                .to_owned(),
            ..about(channel, AlertKind::CredentialsRefused, since)
        });
    }
    let since = channel
        .source_failing_since
        .filter(|since| now - since >= UNREADABLE_MS)?;
    Some(Alert {
        summary: format!(
            "the directory of channel {} cannot be read to its end since {}: nobody who leaves is noticed",
            channel.name,
            utc(since)
        ),
        next: "See why with `usher cycles` and `usher doctor`; reading goes on by itself when the directory answers".to_owned(),
        ..about(channel, AlertKind::SourceUnreadable, since)
    })
}

fn stopped(channel: &ChannelFacts, now: Millis) -> Alert {
    Alert {
        summary: format!(
            "channel {} stopped itself: nothing is read or sent",
            channel.name
        ),
        next: "`usher status` says why; when the cause is gone, set it going again with `usher channels activate`".to_owned(),
        ..about(channel, AlertKind::ChannelStopped, now)
    }
}

fn missed(channel: &ChannelFacts, now: Millis) -> Option<Alert> {
    let last = channel.last_complete_at.filter(|_| channel.runs)?;
    let alert = about(channel, AlertKind::FullReadMissed, last);
    (now - last > channel.full_every_ms.saturating_mul(MISSED_READS)).then(|| Alert {
        summary: format!(
            "two full reads of channel {} are missing: the last complete one ended {}",
            channel.name,
            utc(last)
        ),
        next:
            "Until one is complete, nobody is removed for being absent. See why with `usher cycles`"
                .to_owned(),
        ..alert
    })
}

fn target_refuses(connection: &ConnectionFacts) -> Option<Alert> {
    let since = connection.refused_since?;
    let key = format!("credentials_refused:target:{}", connection.id);
    Some(Alert {
        matter: key.clone(),
        key,
        kind: AlertKind::CredentialsRefused,
        about: connection.name.clone(),
        stage: None,
        since,
        count: None,
        summary: format!(
            "the target of SP connection {} refuses the key or the address since {}: nothing is sent, leavers keep their access",
            connection.name,
            utc(since)
        ),
        next: "Enter a valid key or correct the address, try it with `usher doctor`, then set the channels going with `usher channels activate`".to_owned(),
    })
}

fn key_expires(connection: &ConnectionFacts, now: Millis) -> Option<Alert> {
    let expires = connection.key_expires_at?;
    let left = expires.saturating_sub(now);
    let days = KEY_STAGES_DAYS
        .into_iter()
        .rev()
        .find(|days| left <= days * DAY_MS)?;
    let matter = format!("key_expiry:{}:{expires}", connection.id);
    let (stage, when) = if left <= 0 {
        ("expired".to_owned(), "has expired".to_owned())
    } else if days == 1 {
        ("1 day".to_owned(), "expires within 1 day".to_owned())
    } else {
        (
            format!("{days} days"),
            format!("expires within {days} days"),
        )
    };
    Some(Alert {
        key: format!("{matter}:{stage}"),
        matter,
        kind: AlertKind::KeyExpiry,
        about: connection.name.clone(),
        stage: Some(stage),
        since: now,
        count: None,
        summary: format!(
            "the key of SP connection {} {when} ({}): after that nothing is sent, leavers keep their access",
            connection.name,
            utc(expires)
        ),
        next: "Make a new key at the target and enter it in the SP connection".to_owned(),
    })
}
