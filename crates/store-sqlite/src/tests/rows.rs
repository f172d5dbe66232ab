//! A row that somebody damaged is named, never guessed at.

use usher_core::model::{
    ChannelId, ConnectionId, CycleMode, Hash128, Kind, Operation, PlannedStep, Reason, SourceKey,
    StepId, Subject, SubjectId, TargetId,
};
use usher_store::{
    Administration as _, Approval, AuditEvent, NewCycle, Outbox as _, StepFilter, StoreError,
    SubjectWrite, Subjects as _,
};

use super::empty;
use crate::open::SqliteStore;

async fn one_subject(store: &SqliteStore) -> SubjectId {
    let target = ConnectionId::new("target");
    let fence = store.take_lease(&target, "a", 0, 1000).await.unwrap();
    let fence = fence.unwrap();
    let channel = ChannelId::new("channel");
    let cycle = NewCycle {
        channel: channel.clone(),
        mode: CycleMode::Full,
        now: 0,
        revision: 1,
    };
    let cycle = store.begin_cycle(&fence, &cycle).await.unwrap();
    let key = SourceKey::new("key");
    let write = SubjectWrite {
        subject: Subject::new(channel, key, Kind::User, "cn=a", Hash128::of(b"a")),
        container: String::new(),
        replanned: true,
        steps: vec![PlannedStep {
            operation: Operation::Disable {
                target_id: TargetId::new("t"),
            },
            part: 0,
            reason: Reason::SourceDisabled,
            expects: usher_core::model::Expectation::default(),
            hold: None,
            guards: Vec::new(),
        }],
        unique: None,
    };
    store.write(&fence, cycle, &[write]).await.unwrap()[0]
}

fn named(error: &StoreError) -> (&'static str, &'static str, String) {
    match error {
        StoreError::Inconsistent {
            table, column, row, ..
        } => (table, column, row.clone()),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_damaged_subject_is_named() {
    let damages = [
        ("UPDATE subject SET state = 'married'", "state"),
        ("UPDATE subject SET verdict = ''", "verdict"),
        ("UPDATE subject SET kind = 'robot'", "kind"),
        ("UPDATE subject SET dn_hash = x'00'", "dn_hash"),
        ("UPDATE subject SET synced_hash = x'0102'", "synced_hash"),
        ("UPDATE subject SET attempts = -1", "attempts"),
        ("UPDATE subject_data SET shadow_json = '['", "shadow_json"),
        (
            "UPDATE subject_data SET desired_json = '{}'",
            "desired_json",
        ),
    ];
    for (damage, expected) in damages {
        let (_dir, store) = empty().await;
        let id = one_subject(&store).await;
        sqlx::query(damage).execute(&*store.writer).await.unwrap();
        let error = store.subjects(&[id]).await.unwrap_err();
        let (table, column, row) = named(&error);
        assert!(table.starts_with("subject"), "{error}");
        assert_eq!((column, row), (expected, id.to_string()));
    }
}

#[tokio::test]
async fn a_damaged_head_is_named() {
    let damages = [
        ("UPDATE subject SET state = 'married'", "state"),
        ("UPDATE subject SET verdict = ''", "verdict"),
        ("UPDATE subject SET kind = 'robot'", "kind"),
        ("UPDATE subject SET dn_hash = x'00'", "dn_hash"),
        ("UPDATE subject SET dn_hash = x''", "dn_hash"),
        ("UPDATE subject SET synced_hash = x'0102'", "synced_hash"),
        ("UPDATE subject SET state = '\"'", "rows_json"),
    ];
    for (damage, expected) in damages {
        let (_dir, store) = empty().await;
        let id = one_subject(&store).await;
        sqlx::query(damage).execute(&*store.writer).await.unwrap();
        let (channel, key) = (ChannelId::new("channel"), SourceKey::new("key"));
        let error = store.heads(&channel, &[key]).await.unwrap_err();
        let (table, column, row) = named(&error);
        assert_eq!((table, column), ("subject", expected));
        assert!(column == "rows_json" || row == id.to_string(), "{error}");
    }
}

#[tokio::test]
async fn a_damaged_step_is_named() {
    let damages = [
        ("UPDATE step SET state = 'lost'", "state"),
        ("UPDATE step SET state = 'held'", "state"),
        (
            "UPDATE step SET state_json = '{\"state\":\"pending\"}'",
            "state_json",
        ),
        ("UPDATE step SET operation_json = '{}'", "operation_json"),
        ("UPDATE step SET reason_json = ''", "reason_json"),
        ("UPDATE step SET guards_json = '{}'", "guards_json"),
        ("UPDATE step SET hold_json = '1'", "hold_json"),
    ];
    for (damage, expected) in damages {
        let (_dir, store) = empty().await;
        one_subject(&store).await;
        sqlx::query(damage).execute(&*store.writer).await.unwrap();
        let filter = StepFilter::default();
        let error = store.steps(&filter, StepId(0), 10).await.unwrap_err();
        let (table, column, row) = named(&error);
        assert_eq!((table, column, row.as_str()), ("step", expected, "1"));
    }
}

#[tokio::test]
async fn a_decision_that_cannot_be_told_in_the_audit_log_is_not_taken() {
    let (_dir, store) = empty().await;
    one_subject(&store).await;
    let fence = store
        .take_lease(&ConnectionId::new("target"), "a", 0, 1000)
        .await
        .unwrap()
        .unwrap();
    let set = |text: &'static str| sqlx::query(text).execute(&*store.writer);
    set("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'full'); END")
        .await
        .unwrap();
    let approval = Approval {
        steps: vec![StepId(1)],
        event: AuditEvent::default(),
    };
    for state in ["held", "parked"] {
        let text = format!("UPDATE step SET state = '{state}'");
        sqlx::query(sqlx::AssertSqlSafe(text))
            .execute(&*store.writer)
            .await
            .unwrap();
        let decided = if state == "held" {
            assert!(store.approve(&fence, &approval).await.is_err());
            store.reject(&fence, &approval).await
        } else {
            store.retry_parked(&fence, &approval).await
        };
        assert!(decided.is_err());
        let kept: String = sqlx::query_scalar("SELECT state FROM step")
            .fetch_one(&store.readers)
            .await
            .unwrap();
        assert_eq!(kept, state);
    }
}
