use sqlx::{Executor as _, SqlSafeStr as _};

use super::empty;
use crate::sql;

#[tokio::test]
async fn every_statement_is_accepted_by_the_migrated_schema() {
    let (_dir, store) = empty().await;
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

#[tokio::test]
async fn every_table_is_strict_and_has_row_ids() {
    let (_dir, store) = empty().await;
    let loose: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main'
            AND (strict = 0 OR wr = 1) AND name NOT LIKE 'sqlite%' AND name NOT LIKE '_sqlx%'",
    )
    .fetch_all(&store.readers)
    .await
    .unwrap();
    assert_eq!(loose, Vec::<String>::new());
}
