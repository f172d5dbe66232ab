//! Each kind of alert from what is amiss to both receivers: once when it begins, however often it fails, and once
//! when it is over; the mail says what the signed request says.

use serde_json::Value;
use usher_core::alerts::{KEY_STAGES_DAYS, utc};

use super::*;

/// What both are to be told of one alert.
struct Expected {
    /// The key, whose first part is the kind.
    key: String,
    about: &'static str,
    stage: Option<String>,
    /// The summary; `SINCE` stands for when it began.
    summary: String,
    /// What a person is to do.
    remedy: &'static str,
}

impl Expected {
    fn of(key: &str, about: &'static str, summary: &str, remedy: &'static str) -> Self {
        Self {
            key: key.to_owned(),
            about,
            stage: None,
            summary: summary.to_owned(),
            remedy,
        }
    }
}

impl Watched {
    /// Both were told this in the same words, each once.
    fn assert_told(&self, event: &str, expected: &Expected) -> Value {
        let of_this = |body: &Value| body["event"] == event && body["alert"]["key"] == expected.key;
        let bodies = self.bodies().into_iter().filter(of_this);
        let bodies: Vec<Value> = bodies.collect();
        assert_eq!(bodies.len(), 1, "{event} {}: {bodies:?}", expected.key);
        let body = bodies[0].clone();
        let alert = &body["alert"];
        let kind = expected.key.split(':').next().unwrap();
        assert_eq!(alert["kind"], kind);
        assert_eq!(alert["about"], expected.about);
        assert_eq!(alert["stage"].as_str(), expected.stage.as_deref());
        let since = utc(alert["since"].as_i64().unwrap());
        assert_eq!(
            alert["summary"],
            expected.summary.replace("SINCE", &since),
            "{event}"
        );
        assert_eq!(alert["next"], expected.remedy);
        self.assert_mailed(&body, expected.remedy);
        body
    }

    /// One mail says what this signed request said.
    fn assert_mailed(&self, body: &Value, remedy: &str) {
        let (event, alert) = (&body["event"], &body["alert"]);
        let id = body["id"].as_str().unwrap();
        let sent = format!("Message-ID: <{id}.");
        let mails = self.mail.taken().into_iter();
        let mails: Vec<Mail> = mails.filter(|mail| mail.text.contains(&sent)).collect();
        assert_eq!(mails.len(), 1, "{body}: {mails:?}");
        let (mail, summary) = (&mails[0], alert["summary"].as_str().unwrap());
        // The long lines come quoted.
        let text = mail.text.replace("=\n", "").replace("=3D", "=");
        assert_eq!(mail.from, "usher@example.com");
        assert_eq!(mail.to, "it@example.com");
        let raised = event == "raised";
        let over = if raised { "" } else { "over: " };
        assert_eq!(mail.subject, format!("[Usher] {over}{summary}"));
        assert!(text.contains(&format!("\n{summary}.\n")), "{text}");
        let remedy = format!("\nWhat to do: {}.\n", remedy);
        assert_eq!(text.contains(&remedy), raised, "{text}");
        assert_eq!(text.contains("\nNothing more needs to be done.\n"), !raised);
    }

    /// Waits until both were told this, and as much as each other.
    async fn and_then(&self, what: &str) {
        let told = || {
            let told = self.told();
            told.iter().any(|one| one == what) && told.len() == self.mail.taken().len()
        };
        self.world.until(what, |_| told()).await;
    }

    /// Waits until an alert that is open counts so many.
    async fn until_counted(&self, key: &str, count: u64) {
        let mut looks = tokio::time::interval(Duration::from_millis(20));
        for _ in 0..1_500 {
            looks.tick().await;
            let open = self.world.admin.engine.store.open_alerts().await.unwrap();
            let mut alerts = open.into_iter().map(|one| one.alert);
            if alerts.any(|one| one.key == key && one.count == Some(count)) {
                return;
            }
        }
        panic!("never: {key} counts {count}");
    }

    /// This many looks in a row come to nothing.
    async fn until_failed(&self, service: &Service, times: u32) {
        let mut events = service.events();
        for _ in 0..times {
            service.run_now(&staff(), CycleMode::Full).unwrap();
            loop {
                let event = events.recv().await.unwrap();
                if matches!(event, ServiceEvent::CycleEnded { outcome, .. } if outcome == "failed")
                {
                    break;
                }
            }
        }
    }
}

fn from_raised(body: &Value) -> i64 {
    body["at"].as_i64().unwrap() - body["alert"]["since"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_is_told_once_and_its_end_once() {
    let mut watched = Watched::of(40).await;
    watched.world.first_sync().await;
    let service = watched.start();
    let mut events = service.events();
    held_steps(&watched, &service).await;
    refused_credentials(&watched, &service).await;
    a_directory_that_cannot_be_read(&watched, &service).await;
    steps_that_were_given_up(&watched).await;
    a_channel_that_stopped_itself(&watched).await;
    a_key_that_is_refused(&mut watched, &service).await;
    let mut raised = 0;
    while let Ok(event) = events.try_recv() {
        raised += usize::from(matches!(event, ServiceEvent::AlertRaised { .. }));
    }
    assert_eq!(raised, 7);
    // Nothing else was told by then, to neither of them.
    assert_eq!((watched.told().len(), watched.mail.taken().len()), (14, 14));
    service.stop(SOON).await;
}

async fn held_steps(watched: &Watched, service: &Service) {
    let world = &watched.world;
    let expected = Expected::of(
        "steps_held:staff",
        "Cloud/Staff",
        "30 steps wait for a person in channel Cloud/Staff, 30 of them take access away; the oldest since SINCE",
        "Look at them with `usher status --held` or in the console, then approve or reject them: nothing of them happens before",
    );
    in_filter(world, false);
    world.clock.advance(MINUTE);
    world.until_held(30).await;
    watched.until_told(&["raised steps_held:staff"]).await;
    watched.assert_told("raised", &expected);
    // They are planned anew by each look, and not told of again.
    for _ in 0..3 {
        service.run_now(&staff(), CycleMode::Full).unwrap();
        world.clock.advance(MINUTE);
        let mut ends = service.events();
        while !matches!(ends.recv().await, Ok(ServiceEvent::CycleEnded { .. })) {}
    }
    watched.until_told(&["raised steps_held:staff"]).await;
    in_filter(world, true);
    world.clock.advance(MINUTE);
    watched
        .until_told(&["raised steps_held:staff", "cleared steps_held:staff"])
        .await;
    // Its words are those of the last count.
    watched.assert_mailed(&watched.bodies()[1], expected.remedy);
}

async fn refused_credentials(watched: &Watched, service: &Service) {
    let world = &watched.world;
    let expected = Expected::of(
        "credentials_refused:source:staff",
        "Cloud/Staff",
        "the directory refuses the credentials of channel Cloud/Staff since SINCE: nobody who leaves is noticed",
        "Check the bind DN and its password in the data store; `usher doctor` tries them",
    );
    world.dir().refuses = true;
    world.clock.advance(MINUTE);
    watched.until_failed(service, 3).await;
    watched
        .and_then("raised credentials_refused:source:staff")
        .await;
    watched.assert_told("raised", &expected);
    world.dir().refuses = false;
    // However long it would wait after its last failure.
    service.run_now(&staff(), CycleMode::Full).unwrap();
    watched
        .and_then("cleared credentials_refused:source:staff")
        .await;
    watched.assert_told("cleared", &expected);
}

/// For a quarter of an hour, and then until full reads are missing.
async fn a_directory_that_cannot_be_read(watched: &Watched, service: &Service) {
    let world = &watched.world;
    let unreadable = Expected::of(
        "source_unreadable:staff",
        "Cloud/Staff",
        "the directory of channel Cloud/Staff cannot be read to its end since SINCE: nobody who leaves is noticed",
        "See why with `usher cycles` and `usher doctor`; reading goes on by itself when the directory answers",
    );
    let missed = Expected::of(
        "full_read_missed:staff",
        "Cloud/Staff",
        "two full reads of channel Cloud/Staff are missing: the last complete one ended SINCE",
        "Until one is complete, nobody is removed for being absent. See why with `usher cycles`",
    );
    world.dir().unreachable = true;
    world.clock.advance(MINUTE);
    watched.until_failed(service, 3).await;
    // Not before: what is told at 14 minutes would say so by its time.
    world.clock.advance(14 * MINUTE);
    watched.until_failed(service, 3).await;
    world.clock.advance(MINUTE);
    watched.and_then("raised source_unreadable:staff").await;
    let body = watched.assert_told("raised", &unreadable);
    assert!(from_raised(&body) >= 15 * MINUTE, "{body}");
    world.clock.advance(3 * DAY);
    watched.and_then("raised full_read_missed:staff").await;
    watched.assert_told("raised", &missed);
    let before = watched.told().len();
    world.dir().unreachable = false;
    // However long it would wait after its last failure.
    service.run_now(&staff(), CycleMode::Full).unwrap();
    world
        .until("both ends were told to both", |_| {
            watched.told().len() == before + 2 && watched.mail.taken().len() == before + 2
        })
        .await;
    // They end together: in which order that is told, is nobody's business.
    watched.assert_told("cleared", &unreadable);
    watched.assert_told("cleared", &missed);
}

async fn steps_that_were_given_up(watched: &Watched) {
    let world = &watched.world;
    let expected = |count: u64| {
        let summary = format!(
            "{count} steps of channel Cloud/Staff were given up; more than 2 need a person"
        );
        Expected::of(
            "steps_parked:staff",
            "Cloud/Staff",
            &summary,
            "See why with `usher status --parked`; when the cause is gone, send them again with `usher retry`",
        )
    };
    refuse_bad(world);
    for n in 0..3 {
        world.dir().hire(&format!("bad{n}"));
    }
    world.clock.advance(MINUTE);
    watched.and_then("raised steps_parked:staff").await;
    watched.assert_told("raised", &expected(3));
    // One more is no news.
    world.dir().hire("bad3");
    world.clock.advance(MINUTE);
    watched.until_counted("steps_parked:staff", 4).await;
    world.sandbox.clear_faults();
    world.admin.retry(None, &[]).await.unwrap();
    watched.and_then("cleared steps_parked:staff").await;
    watched.assert_told("cleared", &expected(4));
}

async fn a_channel_that_stopped_itself(watched: &Watched) {
    let expected = Expected::of(
        "channel_stopped:staff",
        "Cloud/Staff",
        "channel Cloud/Staff stopped itself: nothing is read or sent",
        "`usher status` says why; when the cause is gone, set it going again with `usher channels activate`",
    );
    stop(&watched.world, true).await;
    watched.and_then("raised channel_stopped:staff").await;
    watched.assert_told("raised", &expected);
    watched.world.set_mode(ChannelState::Active).await;
    watched.and_then("cleared channel_stopped:staff").await;
    watched.assert_told("cleared", &expected);
}

/// Of the channel that this stops nothing more is said.
async fn a_key_that_is_refused(watched: &mut Watched, service: &Service) {
    let expected = Expected::of(
        "credentials_refused:target:cloud",
        "Cloud",
        "the target of SP connection Cloud refuses the key or the address since SINCE: nothing is sent, leavers keep their access",
        "Enter a valid key or correct the address, try it with `usher doctor`, then set the channels going with `usher channels activate`",
    );
    let world = &watched.world;
    world.sandbox.expire_key();
    for n in 0..3 {
        world.dir().hire(&format!("newcomer{n}"));
    }
    world.clock.advance(MINUTE);
    watched
        .and_then("raised credentials_refused:target:cloud")
        .await;
    watched.assert_told("raised", &expected);
    world
        .until("the channel stopped", |_| {
            let doing = format!("{:?}", service.health().channels[0].doing);
            doing.contains("stopped itself")
        })
        .await;
    watched.until_open(1).await;
    let key = world.sandbox.regenerate_key();
    let key = world.admin.engine.sealer.seal("target_secret", &key);
    let sp = &mut watched.world.configuration.sp_connections[0];
    sp.secrets.values_mut().for_each(|one| *one = key.clone());
    watched.world.save().await;
    watched.world.set_mode(ChannelState::Active).await;
    watched.world.clock.advance(MINUTE);
    watched
        .and_then("cleared credentials_refused:target:cloud")
        .await;
    watched.assert_told("cleared", &expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_told_of_at_each_stage_and_a_new_key_ends_it() {
    let mut watched = Watched::of(3).await;
    let (name, expires_at) = key_that_expires(&mut watched).await;
    let service = watched.start();
    let stage = |stage: &str, when: &str| Expected {
        stage: Some(stage.to_owned()),
        ..Expected::of(
            &format!("key_expiry:cloud:{expires_at}:{stage}"),
            "Cloud",
            &format!(
                "the key of SP connection Cloud {when} ({}): after that nothing is sent, leavers keep their access",
                utc(expires_at)
            ),
            "Make a new key at the target and enter it in the SP connection",
        )
    };
    let stages = [
        stage("60 days", "expires within 60 days"),
        stage("30 days", "expires within 30 days"),
        stage("14 days", "expires within 14 days"),
        stage("7 days", "expires within 7 days"),
        stage("1 day", "expires within 1 day"),
        stage("expired", "has expired"),
    ];
    let at = KEY_STAGES_DAYS
        .into_iter()
        .chain([0])
        .map(|days| expires_at - days * DAY);
    for (expected, at) in stages.iter().zip(at) {
        let clock = &watched.world.clock;
        clock.advance(at - clock.now());
        watched.and_then(&format!("raised {}", expected.key)).await;
        watched.assert_told("raised", expected);
        // A new stage takes the place of the one before.
        watched.until_open(1).await;
    }
    let world = &mut watched.world;
    let now = world.clock.now();
    let sp = &mut world.configuration.sp_connections[0];
    sp.secret_entered_at.insert(name, now);
    world.save().await;
    let last = &stages[5];
    watched.and_then(&format!("cleared {}", last.key)).await;
    watched.assert_told("cleared", last);
    watched.until_open(0).await;
    assert_eq!((watched.told().len(), watched.mail.taken().len()), (7, 7));
    service.stop(SOON).await;
}

/// The name of the key, and when it expires.
async fn key_that_expires(watched: &mut Watched) -> (String, i64) {
    let world = &mut watched.world;
    let now = world.clock.now();
    let sp = &mut world.configuration.sp_connections[0];
    let name = sp.secrets.keys().next().unwrap().clone();
    sp.secret_entered_at.insert(name.clone(), now);
    let cloud = sp.id.clone();
    let told_of = KeyExpiry {
        expires_at: now + 61 * DAY,
        key_entered_at: now,
    };
    let alerts = &mut world.configuration.alerts;
    alerts.keys.insert(cloud, told_of);
    world.save().await;
    // A channel that is off misses no reads.
    stop(world, false).await;
    (name, told_of.expires_at)
}
