//! Hot statements find their rows by index, whatever statistics say.

use sqlx::{AssertSqlSafe, Row as _};

use super::empty;
use crate::open::SqliteStore;
use crate::sql::{cycle, index, member, release, scope, send, sent, step, subject, write};

/// The lines of a statement's plan.
async fn plan(store: &SqliteStore, text: &str) -> Vec<String> {
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}"));
    let rows = sqlx::query(explain)
        .fetch_all(&store.readers)
        .await
        .unwrap();
    rows.iter().map(|row| row.get::<String, _>(3)).collect()
}

/// Whole tables are read by none of these, and each uses the index named.
#[tokio::test]
async fn hot_statements_use_their_indexes() {
    let (_dir, store) = empty().await;
    let hot = [
        ("heads", subject::HEADS, "sqlite_autoindex_subject_1"),
        (
            "unchanged",
            subject::UNCHANGED,
            "sqlite_autoindex_subject_1",
        ),
        ("heads of", subject::HEADS_OF, "INTEGER PRIMARY KEY"),
        (
            "concerned",
            subject::CONCERNED,
            "COVERING INDEX subject_counts",
        ),
        ("by_dn", subject::BY_DN, "subject_dn"),
        ("by_target", subject::BY_TARGET, "subject_target"),
        ("due", subject::DUE, "subject_next"),
        ("next_due", subject::NEXT_DUE, "subject_next"),
        ("counts", subject::COUNTS, "COVERING INDEX subject_counts"),
        (
            "disabled",
            subject::MAY_HAVE_DISABLED,
            "SEARCH d USING INTEGER PRIMARY KEY",
        ),
        (
            "sizes",
            subject::CONTAINER_SIZES,
            "COVERING INDEX subject_container",
        ),
        (
            "scope groups",
            scope::SIZES,
            "COVERING INDEX subject_scope_group",
        ),
        ("holders", subject::UNIQUE_HOLDERS, "unique_value"),
        ("before", write::BEFORE, "sqlite_autoindex_subject_1"),
        ("mark", write::LINK_MARK, "membership_user"),
        ("members", member::MEMBERS, "sqlite_autoindex_membership_1"),
        ("wanted", member::WANTED, "sqlite_autoindex_membership_1"),
        ("groups_of", member::GROUPS_OF, "membership_user"),
        ("dirty", member::DIRTY, "subject_members"),
        ("observe", member::OBSERVE, "subject_target"),
        ("claim", send::CLAIM_PENDING, "step_pending"),
        ("claim due", send::CLAIM_DUE, "step_waiting"),
        ("next", send::NEXT_PENDING, "step_pending"),
        ("waiting", send::WAITING, "step_waiting"),
        ("next failed", send::NEXT_FAILED, "step_waiting"),
        ("recover", send::RECOVER, "step_state"),
        (
            "states",
            sent::OUTCOMES,
            "SEARCH step USING INTEGER PRIMARY KEY",
        ),
        (
            "sent",
            sent::SUBJECTS,
            "SEARCH subject USING INTEGER PRIMARY KEY",
        ),
        (
            "shadows",
            sent::DATA,
            "SEARCH subject_data USING INTEGER PRIMARY KEY",
        ),
        ("window", release::WINDOW, "step_released"),
        ("expiring", release::EXPIRING, "step_state"),
        ("approved", release::APPROVED, "step_state"),
        ("guards", cycle::PLANNED_GUARDS, "step_cycle"),
        ("supersede", cycle::SUPERSEDE, "step_subject"),
        ("hold", cycle::HOLD_GUARDED, "step_cycle"),
        ("verdicts", cycle::VERDICTS, "step_subject"),
        ("release", cycle::RELEASE, "step_cycle"),
        ("listing", step::LIST_STATES, "step_state"),
        ("external", index::FIND_EXTERNAL, "target_index_external"),
        ("name", index::FIND_NAME, "target_index_name"),
        ("email", index::FIND_EMAIL, "target_index_email"),
        ("id", index::FIND_ID, "sqlite_autoindex_target_index_1"),
        ("scan", index::SCAN, "sqlite_autoindex_target_index_1"),
    ];
    for (name, text, expected) in hot {
        let plan = plan(&store, text).await;
        assert!(
            plan.iter().any(|line| line.contains(expected)),
            "{name} does not use {expected}: {plan:#?}"
        );
        let whole: Vec<&String> = plan.iter().filter(|line| is_whole_table(line)).collect();
        assert!(whole.is_empty(), "{name} reads a whole table: {plan:#?}");
    }
}

/// Every cycle asks for them, and there are hardly any.
#[tokio::test]
async fn values_that_are_held_twice_are_found_in_the_index_alone() {
    let (_dir, store) = empty().await;
    let plan = plan(&store, subject::UNIQUE_DUPLICATES).await;
    assert!(
        plan.iter()
            .any(|line| line.contains("COVERING INDEX sqlite_autoindex_unique_value_1 (channel=?)")),
        "{plan:#?}"
    );
}

/// Lists that came with the statement, results of its own parts, and the few channels and breaches
/// may be read from end to end.
fn is_whole_table(line: &str) -> bool {
    line.starts_with("SCAN ")
        && !line.contains("VIRTUAL TABLE")
        && !line.contains("VALUES CLAUSE")
        && !line.contains("COVERING INDEX")
        && !line.contains("USING INDEX")
        && !line.starts_with("SCAN (")
        && !line.starts_with("SCAN b")
}

/// A page of claims needs no sorting of all that is pending.
#[tokio::test]
async fn claims_are_read_in_the_order_of_their_index() {
    let (_dir, store) = empty().await;
    for text in [send::CLAIM_PENDING, send::NEXT_PENDING, send::NEXT_WAITING] {
        let plan = plan(&store, text).await;
        assert!(
            !plan.iter().any(|line| line.contains("TEMP B-TREE")),
            "{plan:#?}"
        );
    }
}
