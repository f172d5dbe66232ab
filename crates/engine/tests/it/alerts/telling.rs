//! Receivers that are down, slow or hostile, and a process that dies while it tells.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_was_down_is_told_in_order_once_it_is_up() {
    let watched = Watched::of(3).await;
    let world = &watched.world;
    world.first_sync().await;
    watched.web.answer(Answer::Down);
    watched.mail.answer(Answer::Refuse(451));
    let service = watched.start();
    stop(world, true).await;
    world
        .until("both were asked", |_| {
            watched.web.connections() > 0 && watched.mail.connections() > 0
        })
        .await;
    // The work goes on meanwhile.
    world.set_mode(ChannelState::Active).await;
    world.dir().hire("newcomer");
    world.clock.advance(MINUTE);
    world
        .until("the newcomer is there", |world| world.users().len() == 4)
        .await;
    watched.until_open(0).await;
    assert_eq!(watched.told(), [] as [String; 0]);
    watched.web.answer(Answer::Well);
    watched.mail.answer(Answer::Well);
    world
        .until("both were told everything", |world| {
            // An attempt that began while they were down may end only now, and waits again.
            world.clock.advance(10 * SECOND);
            watched.told().len() == 2 && watched.mail.taken().len() == 2
        })
        .await;
    watched
        .until_told(&[
            "raised channel_stopped:staff",
            "cleared channel_stopped:staff",
        ])
        .await;
    service.stop(SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_day_nobody_tries_any_more_and_the_reason_is_kept() {
    let watched = Watched::of(3).await;
    let world = &watched.world;
    world.first_sync().await;
    watched
        .web
        .answer(Answer::Redirect("http://127.0.0.1:1/".to_owned()));
    stop(world, true).await;
    let service = watched.start();
    watched.until_open(1).await;
    let store = &world.admin.engine.store;
    let alert = store.open_alerts().await.unwrap()[0].id;
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    let web = async |tries: u32| {
        let states = store.deliveries(&[alert]).await.unwrap();
        let mut web = states
            .into_iter()
            .filter(|one| !one.recipient.starts_with("mailto:"));
        web.find(|one| one.tries >= tries && one.error.is_some())
    };
    let first = loop {
        looks.tick().await;
        if let Some(found) = web(1).await {
            break found;
        }
    };
    assert_eq!(first.done_at, None);
    let error = first.error.unwrap();
    assert!(error.contains("redirects are never followed"), "{error}");
    world.clock.advance(DAY);
    let last = loop {
        looks.tick().await;
        if let Some(found) = web(2).await.filter(|one| one.done_at.is_some()) {
            break found;
        }
    };
    assert_eq!(last.tries, 2);
    assert!(last.error.unwrap().contains("redirects"));
    world.clock.advance(DAY);
    assert_eq!(watched.mail.taken().len(), 1);
    service.stop(SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_talks_without_an_end_took_the_message() {
    let watched = Watched::of(1).await;
    watched.web.answer(Answer::Endless);
    let service = watched.start();
    let tried = service.test_alerts(&watched.world.admin).await.unwrap();
    assert_eq!(tried.len(), 2);
    assert!(tried.iter().all(|one| one.error.is_none()), "{tried:?}");
    assert_eq!(watched.mail.taken()[0].subject, "[Usher] a test");
    watched.web.answer(Answer::Refuse(500));
    watched.mail.answer(Answer::Down);
    let tried = service.test_alerts(&watched.world.admin).await.unwrap();
    let errors: Vec<String> = tried.into_iter().filter_map(|one| one.error).collect();
    assert_eq!(errors.len(), 2);
    assert!(errors[0].contains("mail server 127.0.0.1"), "{errors:?}");
    assert!(errors[1].contains("found 500"), "{errors:?}");
    service.stop(SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_while_it_tells_tells_again_under_the_same_id() {
    let mut watched = Watched::of(3).await;
    watched.world.first_sync().await;
    stop(&watched.world, true).await;
    let quiet = ServiceOptions {
        tick: Duration::from_millis(20),
        alert_tick: Duration::from_millis(20),
        // Judges, and never gets to telling.
        notifier: Some(Arc::new(Stuck)),
        ..ServiceOptions::default()
    };
    let service = Service::start(watched.world.admin.clone(), quiet);
    watched.until_open(1).await;
    let store = watched.world.admin.engine.store.clone();
    let alert = store.open_alerts().await.unwrap()[0].clone();
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    while store
        .deliveries(&[alert.id])
        .await
        .unwrap()
        .iter()
        .any(|one| one.tries == 0)
    {
        looks.tick().await;
    }
    // The request left, and then the process died.
    let configuration = watched.world.admin.engine.configuration().await.unwrap();
    let message = usher_core::alerts::Message {
        id: format!("{}-raised", alert.id.0),
        happening: Happening::Raised,
        at: alert.raised_at,
        alert: Some(alert.alert),
    };
    let url = configuration.alerts.webhooks[0].url.clone();
    let sent = watched
        .messenger()
        .send(&url, &message, &configuration)
        .await;
    assert_eq!(sent, Ok(()));
    service.stop(Duration::ZERO).await;
    watched.world.restart().await;
    let service = watched.start();
    watched.world.clock.advance(5 * MINUTE);
    watched
        .world
        .until("it was told again", |_| watched.web.taken().len() == 2)
        .await;
    let ids: Vec<String> = watched.web.taken().into_iter().map(|one| one.id).collect();
    assert_eq!(ids[0], ids[1]);
    service.stop(SOON).await;
}

/// A way to tell that never comes to an end.
struct Stuck;

#[async_trait::async_trait]
impl usher_engine::service::Notifier for Stuck {
    async fn send(
        &self,
        _recipient: &str,
        _message: &usher_core::alerts::Message,
        _configuration: &usher_core::model::Configuration,
    ) -> Result<(), String> {
        std::future::pending().await
    }
}
