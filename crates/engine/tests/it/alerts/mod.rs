//! What needs a person is told once, and once that it is over; nothing of it disturbs the work.

mod kinds;
mod telling;

use std::sync::Arc;
use std::time::Duration;

use usher_core::alerts::Happening;
use usher_core::model::{AlertKind, ChannelId, CycleMode, KeyExpiry, MailServer, Webhook};
use usher_engine::Clock as _;
use usher_engine::service::{Notifier as _, Service, ServiceEvent, ServiceOptions};
use usher_notify::Messenger;
use usher_sandbox::scim::{FaultKind, FaultRule};
use usher_store::ChannelState;
use usher_testkit::receivers::{self, Answer, Mail, Manners, Received, Receiver};

use crate::world::World;

const SOON: Duration = Duration::from_secs(5);
const SECRET: &str = "a secret of the receiver";
const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// A company whose alerts go to a web server and to a mail server.
struct Watched {
    world: World,
    web: Receiver<Received>,
    mail: Receiver<Mail>,
}

impl Watched {
    async fn of(people: usize) -> Self {
        Self::over(World::of(people).await).await
    }

    async fn over(mut world: World) -> Self {
        let web = receivers::web(SECRET).await.unwrap();
        let mail = receivers::mail(Manners::default()).await.unwrap();
        let sealer = &world.admin.engine.sealer;
        let alerts = &mut world.configuration.alerts;
        alerts.emails = vec!["it@example.com".to_owned()];
        alerts.webhooks = vec![Webhook {
            url: format!("http://{}/usher?x=y", web.address()),
            secret: sealer.seal("webhook_secret", SECRET),
        }];
        alerts.parked_threshold = 2;
        world.configuration.server.mail = Some(MailServer {
            host: "127.0.0.1".to_owned(),
            port: mail.address().port(),
            sender: "usher@example.com".to_owned(),
            ..MailServer::default()
        });
        world.save().await;
        Self { world, web, mail }
    }

    fn messenger(&self) -> Arc<Messenger> {
        let engine = &self.world.admin.engine;
        Arc::new(Messenger::new(engine.sealer.clone(), engine.clock.clone()))
    }

    fn start(&self) -> Service {
        let options = ServiceOptions {
            tick: Duration::from_millis(20),
            alert_tick: Duration::from_millis(20),
            notifier: Some(self.messenger()),
            ..ServiceOptions::default()
        };
        Service::start(self.world.admin.clone(), options)
    }

    /// What the web server was told, each signed.
    fn bodies(&self) -> Vec<serde_json::Value> {
        let taken = self.web.taken().into_iter();
        taken
            .map(|one| {
                assert!(one.signed, "{one:?}");
                let body: serde_json::Value = serde_json::from_str(&one.body).unwrap();
                assert_eq!(body["id"], one.id);
                body
            })
            .collect()
    }

    /// What the web server was told: what happened, and the key.
    fn told(&self) -> Vec<String> {
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let bodies = self.bodies().into_iter();
        bodies
            .map(|body| format!("{} {}", text(&body["event"]), text(&body["alert"]["key"])))
            .collect()
    }

    /// Waits until exactly this was told so far, by both.
    async fn until_told(&self, expected: &[&str]) {
        self.world
            .until(&format!("both were told {expected:?}"), |_| {
                self.told().len() >= expected.len() && self.mail.taken().len() >= expected.len()
            })
            .await;
        assert_eq!(self.told(), expected);
        assert_eq!(self.mail.taken().len(), expected.len());
    }

    /// Waits until a trouble is noted.
    async fn until_noted(&self, key: &str) {
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        for _ in 0..1_500 {
            looks.tick().await;
            let known = self.world.admin.engine.store.troubles().await.unwrap();
            if known.contains_key(key) {
                return;
            }
        }
        panic!("never noted: {key}");
    }

    /// Waits until so many alerts are open.
    async fn until_open(&self, count: usize) {
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        for _ in 0..1_500 {
            looks.tick().await;
            let open = self.world.admin.engine.store.open_alerts().await.unwrap();
            if open.len() == count {
                return;
            }
        }
        panic!("never: {count} alerts are open");
    }
}

fn staff() -> ChannelId {
    ChannelId::new("staff")
}

/// Leaves the filter, so that the guard holds, or comes back.
fn in_filter(world: &World, in_filter: bool) {
    for n in 0..30 {
        world.dir().person(&format!("u{n:03}")).in_filter = in_filter;
    }
}

/// Everything refuses people called `bad`.
fn refuse_bad(world: &World) {
    let kind = || FaultKind::Error {
        status: 400,
        commit: false,
    };
    for method in ["POST", "PUT", "PATCH"] {
        world.sandbox.fault(FaultRule {
            body_contains: Some("bad".to_owned()),
            times: None,
            ..FaultRule::once(method, kind())
        });
    }
}

/// A channel that stopped itself, or goes again.
async fn stop(world: &World, stopped: bool) {
    let state = if stopped {
        ChannelState::Quarantined {
            why: "a test".to_owned(),
        }
    } else {
        ChannelState::Paused
    };
    let cloud = &world.configuration.sp_connections[0].id;
    let event = usher_store::AuditEvent::default();
    let store = &world.admin.engine.store;
    store
        .set_state(&staff(), cloud, &state, &event)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_that_is_off_is_shown_and_told_to_nobody() {
    let mut watched = Watched::of(3).await;
    let off = &mut watched.world.configuration.alerts.off;
    off.insert(AlertKind::ChannelStopped);
    watched.world.save().await;
    stop(&watched.world, true).await;
    let service = watched.start();
    watched.until_open(1).await;
    let store = &watched.world.admin.engine.store;
    let alert = store.open_alerts().await.unwrap()[0].id;
    assert_eq!(store.deliveries(&[alert]).await.unwrap(), []);
    service.stop(SOON).await;
}

/// Nightly patching, or a service that crashes now and then: that nothing was ever read is no less so.
#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_was_never_read_is_told_of_however_often_the_service_starts() {
    let watched = Watched::of(3).await;
    let off = AlertKind::SourceUnreadable;
    let mut settings = watched.world.configuration.clone();
    settings.alerts.off.insert(off);
    watched
        .world
        .admin
        .save(settings.clone(), settings.revision, "off")
        .await
        .unwrap();
    watched.world.dir().unreachable = true;
    let judged = async |service: &Service| {
        watched
            .world
            .until("it was looked at", |_| {
                let failing = service.health().channels;
                failing
                    .first()
                    .is_some_and(|one| one.failing_since.is_some())
            })
            .await;
    };
    let service = watched.start();
    judged(&service).await;
    watched.until_noted("never_read:staff").await;
    service.stop(SOON).await;
    watched.world.clock.advance(7 * HOUR);
    let service = watched.start();
    judged(&service).await;
    watched.world.clock.advance(6 * HOUR);
    watched.until_told(&["raised full_read_missed:staff"]).await;
    service.stop(SOON).await;
}
