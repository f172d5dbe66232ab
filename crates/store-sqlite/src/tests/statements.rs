use sqlx::{Executor as _, SqlSafeStr as _};

use crate::open::SqliteStore;
use crate::sql;

#[tokio::test]
async fn every_statement_is_accepted_by_the_migrated_schema() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path()).await.unwrap();
    let mut conn = store.writer.acquire().await.unwrap();
    let mut seen = 0;
    for (name, text) in sql::all() {
        if let Err(error) = (&mut *conn).prepare(text.into_sql_str()).await {
            panic!("{name}: {error}");
        }
        seen += 1;
    }
    assert!(seen > 80, "only {seen} statements are listed");
}
