//! What saving another configuration would cause, before it is saved (behaviour §14).

use std::collections::BTreeMap;
use std::sync::Arc;

use usher_core::model::{ChannelId, CycleMode, MappingRule};
use usher_engine::Silent;
use usher_engine::admin::PlanOptions;

use crate::world::World;

#[tokio::test]
async fn a_draft_is_rehearsed_without_being_saved_or_sent() {
    let world = World::of(30).await;
    world.first_sync().await;
    world.forget_requests();
    let before = world.admin.engine.configuration().await.unwrap();
    let mut draft = before.clone();
    let channel = &mut draft.sp_connections[0].channels[0];
    channel.mapping.push(MappingRule {
        field: "nickName".to_owned(),
        default: Some("employee".to_owned()),
        ..MappingRule::default()
    });
    let id = ChannelId::new(channel.id.as_str());
    let options = PlanOptions {
        mode: CycleMode::Full,
        only: None,
        full: false,
    };
    let plan = world
        .admin
        .plan_draft_and_keep(draft, &id, &options, Arc::new(Silent))
        .await
        .unwrap();
    assert!(plan.of_draft());
    let totals = plan.report.totals.iter();
    let totals: BTreeMap<String, u64> = totals
        .map(|one| (format!("{:?}", one.verb), one.count))
        .collect();
    assert_eq!(totals, BTreeMap::from([("Update".to_owned(), 30)]));
    assert_eq!(world.admin.engine.configuration().await.unwrap(), before);
    assert!(world.writes().is_empty(), "nothing was sent");
    let after = world.sync(CycleMode::Full).await;
    assert_eq!(after.cycle.unwrap().verdicts["unchanged"], 30);
}
