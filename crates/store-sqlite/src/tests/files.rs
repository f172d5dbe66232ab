use sqlx::Row as _;
use usher_store::Administration as _;

use super::empty;
use crate::open::SqliteStore;

#[cfg(unix)]
#[tokio::test]
async fn folder_and_file_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;

    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("a/state");
    let store = SqliteStore::open(&state).await.unwrap();
    store.check().await.unwrap();
    let mode = |path: &std::path::Path| {
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        mode & 0o777
    };
    assert_eq!(mode(&state), 0o700);
    for entry in std::fs::read_dir(&state).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    let copy = dir.path().join("copy.db");
    store.backup(&copy).await.unwrap();
    assert_eq!(mode(&copy), 0o600);
}

#[tokio::test]
async fn a_backup_into_a_folder_can_be_opened_there() {
    let (_dir, store) = empty().await;
    let to = tempfile::tempdir().unwrap();
    store.backup(to.path()).await.unwrap();
    let copy = SqliteStore::open(to.path()).await.unwrap();
    assert_eq!(copy.configuration().await.unwrap().revision, 0);
}

#[tokio::test]
async fn a_backup_tells_which_file_is_in_the_way() {
    let (dir, store) = empty().await;
    let to = dir.path().join("there");
    std::fs::write(&to, "something else").unwrap();
    let error = store.backup(&to).await.unwrap_err();
    assert!(error.to_string().contains("there"), "{error}");
    assert_eq!(std::fs::read_to_string(&to).unwrap(), "something else");
}

/// What is not whole has not the name of a copy.
#[tokio::test]
async fn a_backup_has_its_name_when_it_is_whole_and_two_do_not_write_one() {
    let (_dir, store) = empty().await;
    let to = tempfile::tempdir().unwrap();
    let unfinished = to.path().join("state.db.unfinished");
    // Somebody else is writing there.
    std::fs::write(&unfinished, "half of one").unwrap();
    let other = std::fs::File::open(&unfinished).unwrap();
    other.lock().unwrap();
    let error = store.backup(to.path()).await.unwrap_err();
    assert!(error.to_string().contains("somebody else"), "{error}");
    assert!(!to.path().join("state.db").exists());
    assert_eq!(std::fs::read_to_string(&unfinished).unwrap(), "half of one");
    // That process was killed.
    drop(other);
    store.backup(to.path()).await.unwrap();
    assert!(!unfinished.exists());
    let copy = SqliteStore::open(to.path()).await.unwrap();
    assert_eq!(copy.configuration().await.unwrap().revision, 0);
}

#[tokio::test]
async fn below_the_floor_nothing_begins_and_what_is_under_way_is_recorded() {
    use usher_core::model::{ChannelId, ConnectionId, CycleMode};
    use usher_store::{NewCycle, Outbox as _, StoreError};

    let (dir, store) = empty().await;
    let target = ConnectionId::new("target");
    let fence = store.take_lease(&target, "a", 0, 1_000).await.unwrap();
    let fence = fence.unwrap();
    let channel = ChannelId::new("channel");
    let mut record = store.channel(&channel).await.unwrap();
    record.connection = target;
    store.save_channel(&fence, &record).await.unwrap();
    let new = NewCycle {
        channel: channel.clone(),
        mode: CycleMode::Full,
        now: 1,
        revision: 1,
    };
    let cycle = store.begin_cycle(&fence, &new).await.unwrap();
    assert!(store.free().unwrap() > 0);
    let journal = || {
        std::fs::metadata(dir.path().join("state.db-wal"))
            .unwrap()
            .len()
    };
    assert!(journal() > 0);
    store.keep_free(u64::MAX);
    assert!(store.room().await.is_err());
    assert_eq!(journal(), 0, "it gives back what it takes");
    let begun = store.begin_cycle(&fence, &new).await.unwrap_err();
    assert!(matches!(begun, StoreError::Full(_)), "{begun}");
    assert!(begun.to_string().contains("are kept free"), "{begun}");
    let claimed = store.claim(&fence, &[channel], 2, 10).await.unwrap_err();
    assert!(matches!(claimed, StoreError::Full(_)), "{claimed}");
    for refused in [store.room().await.err(), store.check().await.err()] {
        assert!(matches!(refused, Some(StoreError::Full(_))), "{refused:?}");
    }
    store.touch().await.unwrap();
    let aborted = store.abort_cycle(&fence, cycle, "no room", 2).await;
    aborted.unwrap();
    store.keep_free(1);
    store.begin_cycle(&fence, &new).await.unwrap();
}

#[tokio::test]
async fn opening_again_keeps_what_is_there() {
    let (dir, store) = empty().await;
    let target = usher_core::model::ConnectionId::new("target");
    let lease = store.take_lease(&target, "a", 0, 1000).await.unwrap();
    assert!(lease.is_some());
    store.close().await;
    let store = SqliteStore::open(dir.path()).await.unwrap();
    let lease = store.take_lease(&target, "b", 1, 1000).await.unwrap();
    assert_eq!(lease, None);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("state.db"), "no database ".repeat(100)).unwrap();
    assert!(SqliteStore::open(dir.path()).await.is_err());
}

#[tokio::test]
async fn connections_are_set_up_for_durability() {
    let (_dir, store) = empty().await;
    for (pool, cache) in [(&*store.writer, -32768), (&store.readers, -4096)] {
        let mut conn = pool.acquire().await.unwrap();
        let mut pragma = async |text: &'static str| {
            let row = sqlx::query(text).fetch_one(&mut *conn).await.unwrap();
            row.try_get::<i64, _>(0).unwrap()
        };
        assert_eq!(pragma("PRAGMA synchronous").await, 2);
        assert_eq!(pragma("PRAGMA foreign_keys").await, 1);
        assert_eq!(pragma("PRAGMA cache_size").await, cache);
        assert_eq!(pragma("PRAGMA wal_autocheckpoint").await, 16384);
        assert!(pragma("PRAGMA busy_timeout").await >= 10_000);
    }
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&store.readers)
        .await
        .unwrap();
    assert_eq!(mode, "wal");
    let wrote = sqlx::query("UPDATE health SET checks = 7")
        .execute(&store.readers)
        .await;
    assert!(wrote.is_err(), "readers never write");
}

/// A disk that was full for a while must not end the one connection that writes.
#[tokio::test]
async fn what_a_full_disk_refused_is_written_once_there_is_room() {
    let (_dir, store) = empty().await;
    most_pages(&store, 1).await;
    let event = usher_store::AuditEvent {
        detail: "x".repeat(100_000),
        ..usher_store::AuditEvent::default()
    };
    for _ in 0..2 {
        let full = store.audit(std::slice::from_ref(&event)).await.unwrap_err();
        assert!(full.to_string().contains("full"), "{full}");
        assert!(matches!(full, usher_store::StoreError::Full(_)), "{full:?}");
    }
    most_pages(&store, 1_000_000).await;
    store.audit(&[event]).await.unwrap();
    assert_eq!(store.audit_log(None, 10).await.unwrap().len(), 1);
}

/// What is written to a file that no path leads to is lost.
#[tokio::test]
async fn a_file_that_was_moved_away_or_replaced_is_not_written_to() {
    let (dir, store) = empty().await;
    let (file, elsewhere) = (dir.path().join("state.db"), dir.path().join("moved"));
    let refused = async || {
        let refused = store.touch().await.unwrap_err().to_string();
        assert!(
            refused.contains("state.db` was removed, moved"),
            "{refused}"
        );
        store.audit(&[]).await.unwrap_err();
        store.backup(&dir.path().join("copy")).await.unwrap_err();
        store.configuration().await.unwrap();
    };
    std::fs::rename(&file, &elsewhere).unwrap();
    refused().await;
    std::fs::copy(&elsewhere, &file).unwrap();
    refused().await;
    std::fs::rename(&elsewhere, &file).unwrap();
    store.touch().await.unwrap();
}

/// As SQLite does by itself where a write to the disk fails: the library in between does not notice.
#[tokio::test]
async fn a_transaction_that_ended_by_itself_stops_nobody_after_it() {
    let (_dir, store) = empty().await;
    let mut tx = crate::tx::Tx::begin(&store.writer).await.unwrap();
    sqlx::query("ROLLBACK").execute(tx.conn()).await.unwrap();
    drop(tx);
    let event = usher_store::AuditEvent::default();
    store.audit(&[event]).await.unwrap();
    assert_eq!(store.audit_log(None, 10).await.unwrap().len(), 1);
}

/// Lets the file grow to so many pages, or to what it has.
async fn most_pages(store: &SqliteStore, pages: u32) {
    let mut writer = store.writer.acquire().await.unwrap();
    let limit = format!("PRAGMA max_page_count = {pages}");
    sqlx::query(sqlx::AssertSqlSafe(limit))
        .execute(&mut *writer)
        .await
        .unwrap();
}
