//! The target index.

use usher_core::model::{ConnectionId, Kind, StepState, TargetId};

use super::Place;
use super::desk::{Desk, T0, outcome, update, write};
use super::recording::row;
use crate::{IndexKey, IndexRow};

impl Desk {
    async fn put(&self, generation: i64, names: &[&str]) {
        let rows: Vec<IndexRow> = names.iter().map(|name| row(Kind::User, name)).collect();
        self.store
            .index_put(&self.fence, generation, &rows)
            .await
            .unwrap();
    }

    async fn listed(&self) -> Vec<String> {
        let rows = self
            .store
            .index_scan(&self.connection, Kind::User, None, 1000)
            .await
            .unwrap();
        rows.into_iter().filter_map(|row| row.name).collect()
    }

    async fn finish_listing(&self, generation: i64) {
        self.store
            .index_finish(&self.fence, Kind::User, generation, T0 + generation)
            .await
            .unwrap();
    }
}

/// Of its kind and target; each row once.
pub async fn resources_are_found_by_each_key(place: &dyn Place) {
    let desk = Desk::at(place).await;
    desk.put(1, &["a", "b", "c", "d"]).await;
    let store = &desk.store;
    let find = async |kind, keys: &[IndexKey]| {
        let found = store.index_find(&desk.connection, kind, keys).await;
        let mut names: Vec<String> = found.unwrap().into_iter().filter_map(|r| r.name).collect();
        names.sort();
        names
    };
    let keys = [
        IndexKey::ExternalId("k-a".to_owned()),
        IndexKey::Name("b".to_owned()),
        IndexKey::Email("c@example.com".to_owned()),
        IndexKey::Id(TargetId::new("t-d")),
    ];
    assert_eq!(find(Kind::User, &keys).await, ["a", "b", "c", "d"]);
    for (key, name) in keys.iter().zip(["a", "b", "c", "d"]) {
        assert_eq!(find(Kind::User, std::slice::from_ref(key)).await, [name]);
    }
    let same = [
        IndexKey::Name("a".to_owned()),
        IndexKey::Id(TargetId::new("t-a")),
    ];
    assert_eq!(find(Kind::User, &same).await, ["a"]);
    assert!(find(Kind::Group, &keys).await.is_empty());
    let wrong = [IndexKey::ExternalId("b".to_owned())];
    assert!(find(Kind::User, &wrong).await.is_empty());
    let other = ConnectionId::new("other");
    let found = store.index_find(&other, Kind::User, &keys).await.unwrap();
    assert_eq!(found, []);
    let mut renamed = row(Kind::User, "a");
    renamed.name = Some("z".to_owned());
    renamed.email = None;
    store
        .index_put(&desk.fence, 1, std::slice::from_ref(&renamed))
        .await
        .unwrap();
    let asked = [IndexKey::Id(TargetId::new("t-a"))];
    let found = store.index_find(&desk.connection, Kind::User, &asked).await;
    assert_eq!(found.unwrap(), [renamed]);
}

/// And is as old as its end.
pub async fn a_complete_listing_deletes_what_it_did_not_see(place: &dyn Place) {
    let desk = Desk::at(place).await;
    let age = async || {
        let age = desk.store.index_age(&desk.connection, Kind::User).await;
        age.unwrap()
    };
    assert_eq!(age().await, None);
    desk.put(1, &["a", "b"]).await;
    assert_eq!(age().await, None);
    desk.finish_listing(1).await;
    assert_eq!(age().await, Some(T0 + 1));
    desk.put(2, &["b", "c"]).await;
    assert_eq!(desk.listed().await, ["a", "b", "c"]);
    desk.finish_listing(2).await;
    assert_eq!(desk.listed().await, ["b", "c"]);
    assert_eq!(age().await, Some(T0 + 2));
    let groups = desk.store.index_age(&desk.connection, Kind::Group).await;
    assert_eq!(groups.unwrap(), None);
}

/// The listing may have passed its place before it was there.
pub async fn what_we_wrote_ourselves_survives_the_listing_under_way(place: &dyn Place) {
    let desk = Desk::at(place).await;
    desk.put(1, &["a"]).await;
    desk.finish_listing(1).await;
    desk.put(2, &["a"]).await;
    let subject = desk.linked_subject(Kind::User, "x");
    desk.plan(&[write(subject, vec![update("x")])]).await;
    let step = desk.claim(1).await.remove(0);
    let mut outcome = outcome(&step, StepState::Succeeded);
    outcome.index = vec![row(Kind::User, "created")];
    desk.finish(outcome).await;
    desk.finish_listing(2).await;
    assert_eq!(desk.listed().await, ["a", "created"]);
    desk.put(3, &["a"]).await;
    desk.finish_listing(3).await;
    assert_eq!(desk.listed().await, ["a"], "the next one saw the whole");
}

/// With the outcome that says so.
pub async fn a_resource_that_is_gone_leaves_the_index(place: &dyn Place) {
    let desk = Desk::at(place).await;
    desk.put(1, &["a", "b"]).await;
    let subject = desk.linked_subject(Kind::User, "x");
    desk.plan(&[write(subject, vec![update("x")])]).await;
    let step = desk.claim(1).await.remove(0);
    let mut outcome = outcome(&step, StepState::Succeeded);
    outcome.index_gone = vec![
        (Kind::User, TargetId::new("t-a")),
        (Kind::Group, TargetId::new("t-b")),
    ];
    desk.finish(outcome).await;
    assert_eq!(desk.listed().await, ["b"]);
}

/// In target id order, in pages.
pub async fn the_index_is_counted_and_scanned(place: &dyn Place) {
    let desk = Desk::at(place).await;
    desk.linked(Kind::User, &["a", "c"]).await;
    desk.put(1, &["c", "a", "d", "b"]).await;
    let store = &desk.store;
    let counts = store.index_count(&desk.connection, Kind::User).await;
    assert_eq!(counts.unwrap(), (4, 2));
    let groups = store.index_count(&desk.connection, Kind::Group).await;
    assert_eq!(groups.unwrap(), (0, 0));
    let after = TargetId::new("t-b");
    let page = store
        .index_scan(&desk.connection, Kind::User, Some(&after), 1)
        .await
        .unwrap();
    assert_eq!(page, [row(Kind::User, "c")]);
    assert_eq!(desk.listed().await, ["a", "b", "c", "d"]);
}
