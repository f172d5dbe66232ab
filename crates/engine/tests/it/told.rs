//! What is told of a look and of a decision beside its outcome.

use std::sync::Arc;

use usher_core::model::{CycleMode, StepId};
use usher_engine::Silent;
use usher_engine::admin::Selection;

use crate::world::World;

#[tokio::test]
async fn a_default_that_stands_in_for_a_failed_expression_is_counted_and_told() {
    let mut world = World::of(7).await;
    world.dir().person("u003").title = "Lead".to_owned();
    let rule = world
        .channel()
        .mapping
        .iter_mut()
        .find(|rule| rule.field == "title");
    let rule = rule.unwrap();
    rule.expression = Some("title | lookup({'Lead': 'L'})".to_owned());
    rule.default = Some("none".to_owned());
    world.save().await;
    let planned = world.plan().await.cycle.remarks.join("; ");
    for word in ["`title`", "for 6 of", "lookup", "u000"] {
        assert!(planned.contains(word), "{word}: {planned}");
    }
    let doctor = world.admin.doctor(None).await.unwrap();
    let checks = format!("{:?}", doctor.channels);
    assert!(checks.contains("gets its default"), "{checks}");
    world.sync(CycleMode::Full).await;
    let kept = world.admin.engine.store.cycles(None, None, 10).await;
    let kept = kept.unwrap();
    assert!(
        kept.iter().any(|cycle| cycle.remarks.len() == 1),
        "{kept:?}"
    );
}

#[tokio::test]
async fn numbers_that_are_not_held_are_told_and_begin_nothing() {
    let world = World::of(20).await;
    world.first_sync().await;
    world.dir().person("u001").title = "Lead".to_owned();
    let named = Selection {
        steps: vec![StepId(1), StepId(9_999)],
        ..Selection::default()
    };
    let stale = [(1, "succeeded".to_owned()), (9_999, "gone".to_owned())];
    let send = usher_engine::SendOptions::default();
    let approved = world
        .admin
        .approve(None, &named, Some(&send), Arc::new(Silent));
    let approved = approved.await.unwrap();
    assert_eq!(approved.stale, stale);
    assert!(approved.sync.is_none(), "{approved:?}");
    assert_eq!(world.admin.reject(None, &named).await.unwrap().stale, stale);
    let retried = world.admin.retry(None, &named.steps).await.unwrap();
    assert_eq!(retried.stale, stale);
}
