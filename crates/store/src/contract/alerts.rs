//! Alerts, their deliveries, troubles.

use usher_core::alerts::Happening::{self, Cleared, Raised};
use usher_core::model::{Alert, AlertKind, ChannelId, Hold, Kind, Millis, PlannedStep};

use super::Place;
use super::desk::{Desk, T0, disable, update, write};
use crate::{
    AlertChange, AlertId, Delivery, DeliveryEnd, HeldSteps, Over, Raise, Retention, Store,
    StoredAlert,
};

const LATER: Millis = T0 + 60_000;
const DAY: Millis = 24 * 60 * 60 * 1000;

fn alert(key: &str) -> Alert {
    Alert {
        key: key.to_owned(),
        matter: format!("matter of {key}"),
        kind: AlertKind::StepsHeld,
        about: "Cloud/\"staff\"".to_owned(),
        stage: Some("14 days".to_owned()),
        since: T0 - 1,
        count: Some(3),
        summary: "3 steps wait".to_owned(),
        next: "Look".to_owned(),
    }
}

async fn raise(store: &dyn Store, key: &str, recipients: &[&str]) -> StoredAlert {
    let raise = Raise {
        alert: alert(key),
        recipients: recipients.iter().map(|&one| one.to_owned()).collect(),
    };
    let change = AlertChange {
        raise: vec![raise],
        ..AlertChange::default()
    };
    store.change_alerts(&change, T0).await.unwrap();
    let open = store.open_alerts().await.unwrap();
    open.into_iter().find(|one| one.alert.key == key).unwrap()
}

async fn over(store: &dyn Store, id: AlertId, told: bool) {
    let change = AlertChange {
        over: vec![Over { id, told }],
        ..AlertChange::default()
    };
    store.change_alerts(&change, T0 + 5).await.unwrap();
}

async fn claim(store: &dyn Store, now: Millis) -> Option<Delivery> {
    store.claim_delivery(now, now + 1_000).await.unwrap()
}

/// Delivers everything that is due; to whom and what.
async fn deliver(store: &dyn Store, now: Millis) -> Vec<(String, Happening)> {
    let mut told = Vec::new();
    while let Some(one) = claim(store, now).await {
        let end = DeliveryEnd::Done;
        store.settle_delivery(one.id, &end, now).await.unwrap();
        told.push((one.recipient, one.happening));
    }
    told
}

/// The first moment counts; what ended may begin again.
pub async fn a_trouble_keeps_its_earliest_time(place: &dyn Place) {
    let store = place.open().await;
    assert!(store.troubles().await.unwrap().is_empty());
    for since in [T0 + 2, T0, T0 + 1] {
        store.set_trouble("a:'1'", Some(since)).await.unwrap();
    }
    store.set_trouble("b", Some(T0 + 9)).await.unwrap();
    let found = store.troubles().await.unwrap();
    let expected = [("a:'1'".to_owned(), T0), ("b".to_owned(), T0 + 9)];
    assert_eq!(found, expected.clone().into());
    store.set_trouble("a:'1'", None).await.unwrap();
    store.set_trouble("never began", None).await.unwrap();
    let [_, b] = expected;
    assert_eq!(store.troubles().await.unwrap(), [b].into());
}

/// Removals say since when, and what nobody can decide is left out.
pub async fn held_steps_are_counted_for_a_person(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let count = async |left_out: &[&str]| {
        let store = &desk.store;
        store.held_steps(&desk.channel, left_out).await.unwrap()
    };
    assert_eq!(count(&[]).await, HeldSteps::default());
    let held = |name: &str, step: PlannedStep, hold: Hold| {
        let step = PlannedStep {
            hold: Some(hold),
            ..step
        };
        write(desk.linked_subject(Kind::User, name), vec![step])
    };
    let protected = Hold::ProtectedName {
        pattern: "adm*".to_owned(),
    };
    desk.plan(&[
        held("a", update("a"), Hold::Adoption),
        held("b", disable("b"), Hold::Missing),
        held("c", disable("c"), protected),
        write(desk.linked_subject(Kind::User, "d"), vec![disable("d")]),
    ])
    .await;
    let created = desk.steps().await[0].created_at;
    let expected = |count, removals| HeldSteps {
        count,
        removals,
        since: Some(created),
    };
    assert_eq!(count(&[]).await, expected(3, 2));
    assert_eq!(count(&Hold::NOT_APPROVABLE).await, expected(2, 1));
    assert_eq!(count(&["protected_name", "missing"]).await, expected(1, 0));
    let nobody = ChannelId::new("nobody");
    let none = desk.store.held_steps(&nobody, &[]).await.unwrap();
    assert_eq!(none, HeldSteps::default());
}

/// Raised once as long as it lasts, in its latest words; after that anew.
pub async fn an_alert_is_open_until_it_is_over(place: &dyn Place) {
    let store = place.open().await;
    let first = raise(&*store, "a", &[]).await;
    let expected = StoredAlert {
        id: first.id,
        alert: alert("a"),
        raised_at: T0,
        cleared_at: None,
    };
    assert_eq!(first, expected);
    assert_eq!(raise(&*store, "a", &["x"]).await, first);
    assert_eq!(claim(&*store, LATER).await, None);
    let other = raise(&*store, "b", &[]).await;
    let mut words = alert("a");
    words.summary = "4 steps wait".to_owned();
    let update = AlertChange {
        update: vec![(first.id, words.clone())],
        ..AlertChange::default()
    };
    store.change_alerts(&update, T0 + 1).await.unwrap();
    over(&*store, first.id, true).await;
    let ended = StoredAlert {
        alert: words,
        cleared_at: Some(T0 + 5),
        ..first.clone()
    };
    let late = AlertChange {
        update: vec![(first.id, alert("a"))],
        over: vec![Over {
            id: first.id,
            told: true,
        }],
        ..AlertChange::default()
    };
    store.change_alerts(&late, LATER).await.unwrap();
    let again = raise(&*store, "a", &[]).await;
    assert_eq!(
        store.open_alerts().await.unwrap(),
        [other.clone(), again.clone()]
    );
    let page = store.alerts(None, 2).await.unwrap();
    assert_eq!(page, [again, other.clone()]);
    assert_eq!(store.alerts(Some(other.id), 2).await.unwrap(), [ended]);
}

/// Each receiver once; `cleared` after `raised`.
pub async fn receivers_are_told_once_and_in_order(place: &dyn Place) {
    let store = place.open().await;
    let one = raise(&*store, "a", &["x", "y", "x"]).await;
    assert_eq!(claim(&*store, T0 - 1).await, None);
    let first = claim(&*store, T0).await.unwrap();
    let expected = (&one, Raised, T0, "x", 1);
    let found = (
        &first.alert,
        first.happening,
        first.at,
        &*first.recipient,
        first.tries,
    );
    assert_eq!(found, expected);
    let second = claim(&*store, T0).await.unwrap();
    assert_eq!(second.recipient, "y");
    assert_eq!(claim(&*store, T0).await, None);
    let end = DeliveryEnd::Done;
    store.settle_delivery(second.id, &end, T0).await.unwrap();
    over(&*store, one.id, true).await;
    let cleared = claim(&*store, LATER - DAY).await;
    assert_eq!(cleared, None);
    let again = DeliveryEnd::Again {
        due_at: LATER,
        error: "down".to_owned(),
    };
    store.settle_delivery(first.id, &again, T0).await.unwrap();
    // Of `x` the earlier message is not through: `y` only.
    let x_and_y = deliver(&*store, LATER - 1).await;
    assert_eq!(x_and_y, [("y".to_owned(), Cleared)]);
    let x = deliver(&*store, LATER).await;
    assert_eq!(x, [("x".to_owned(), Raised), ("x".to_owned(), Cleared)]);
    assert_eq!(deliver(&*store, LATER + DAY).await, []);
}

/// Nobody hears of the end of something whose beginning nobody tried to tell.
pub async fn what_was_over_before_it_was_told_is_not_told(place: &dyn Place) {
    let store = place.open().await;
    let one = raise(&*store, "a", &["x", "y"]).await;
    let tried = claim(&*store, T0).await.unwrap();
    over(&*store, one.id, true).await;
    let end = DeliveryEnd::GivenUp {
        error: "down".to_owned(),
    };
    store.settle_delivery(tried.id, &end, T0 + 6).await.unwrap();
    // Settling anew changes nothing.
    let late = DeliveryEnd::Done;
    store.settle_delivery(tried.id, &late, LATER).await.unwrap();
    // Neither of something whose beginning never arrived.
    assert_eq!(deliver(&*store, LATER).await, []);
    let states = store.deliveries(&[one.id]).await.unwrap();
    let states: Vec<_> = states
        .into_iter()
        .map(|one| {
            (
                one.recipient,
                one.happening,
                one.tries,
                one.done_at,
                one.error,
            )
        })
        .collect();
    let down = Some("down".to_owned());
    let expected = [("x".to_owned(), Raised, 1, Some(T0 + 6), down)];
    assert_eq!(states, expected);
    assert_eq!(store.deliveries(&[]).await.unwrap(), []);
}

/// Whoever the beginning was given up for is not told of the end; all others are.
pub async fn what_never_arrived_is_not_told_to_be_over(place: &dyn Place) {
    let store = place.open().await;
    let one = raise(&*store, "a", &["x", "y"]).await;
    let first = claim(&*store, T0).await.unwrap();
    assert_eq!(first.recipient, "x");
    let end = DeliveryEnd::GivenUp {
        error: "down".to_owned(),
    };
    store.settle_delivery(first.id, &end, T0 + 1).await.unwrap();
    assert_eq!(deliver(&*store, T0 + 1).await, [("y".to_owned(), Raised)]);
    over(&*store, one.id, true).await;
    assert_eq!(deliver(&*store, LATER).await, [("y".to_owned(), Cleared)]);
    // To give up the end takes nothing back.
    let two = raise(&*store, "b", &["x"]).await;
    assert_eq!(deliver(&*store, LATER).await, [("x".to_owned(), Raised)]);
    over(&*store, two.id, true).await;
    let cleared = claim(&*store, LATER).await.unwrap();
    store
        .settle_delivery(cleared.id, &end, LATER)
        .await
        .unwrap();
    assert_eq!(store.deliveries(&[two.id]).await.unwrap().len(), 2);
}

/// The stage before is over without a word.
pub async fn a_new_stage_takes_the_place_of_the_one_before(place: &dyn Place) {
    let store = place.open().await;
    let before = raise(&*store, "key:14", &["x"]).await;
    assert_eq!(deliver(&*store, T0).await, [("x".to_owned(), Raised)]);
    over(&*store, before.id, false).await;
    raise(&*store, "key:7", &["x"]).await;
    assert_eq!(deliver(&*store, LATER).await, [("x".to_owned(), Raised)]);
}

/// A process that died between sending and settling: the receiver may be told twice, never not at all.
pub async fn a_claim_that_was_not_settled_is_free_again(place: &dyn Place) {
    let store = place.open().await;
    raise(&*store, "a", &["x"]).await;
    let first = claim(&*store, T0).await.unwrap();
    drop(store);
    let store = place.open().await;
    assert_eq!(claim(&*store, T0 + 999).await, None);
    let second = claim(&*store, T0 + 1_000).await.unwrap();
    assert_eq!((second.id, second.tries), (first.id, 2));
}

/// With the audit log, once they are over.
pub async fn old_alerts_are_pruned_with_their_deliveries(place: &dyn Place) {
    let store = place.open().await;
    let gone = raise(&*store, "gone", &["x"]).await;
    let stays = raise(&*store, "stays", &[]).await;
    deliver(&*store, T0).await;
    over(&*store, gone.id, true).await;
    let retention = Retention::default();
    let prune = async |days: i64| store.prune(&retention, T0 + days * DAY).await.unwrap();
    assert_eq!((prune(399).await, prune(401).await), (0, 1));
    assert_eq!(store.alerts(None, 9).await.unwrap(), [stays]);
    assert_eq!(store.deliveries(&[gone.id]).await.unwrap(), []);
    assert_eq!(deliver(&*store, T0 + 402 * DAY).await, []);
}
