//! Retention, checks and copies. Each deletion takes at most a thousand rows: it is repeated.

statements! {
    /// ?1 = older than.
    PRUNE_EXCHANGES = "DELETE FROM exchange WHERE id IN (SELECT id FROM exchange WHERE at < ?1 ORDER BY at LIMIT 1000)";
    PRUNE_STEPS = "DELETE FROM step WHERE id IN (SELECT id FROM step INDEXED BY step_ended WHERE changed_at < ?1
        AND state IN ('succeeded', 'replan', 'superseded', 'rejected', 'expired') LIMIT 1000)";
    PRUNE_CYCLES = "DELETE FROM cycle WHERE id IN (SELECT y.id FROM cycle y WHERE y.started_at < ?1 AND y.state <> 'reading'
        AND NOT EXISTS (SELECT 1 FROM step s WHERE s.cycle = y.id) LIMIT 1000)";
    PRUNE_AUDIT = "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ?1 ORDER BY at LIMIT 1000)";
    PRUNE_ALERTS = "DELETE FROM alert WHERE id IN (SELECT id FROM alert WHERE cleared_at < ?1 LIMIT 1000)";
    /// Ids; `removed_at` is cleared with the shadow, so that nothing is found twice.
    PRUNE_REMOVED = "SELECT id FROM subject INDEXED BY subject_removed WHERE removed_at < ?1 LIMIT 1000";
    /// A list of subjects.
    PRUNE_SHADOWS = "UPDATE subject_data SET desired_json = NULL, shadow_json = '{}'
        WHERE id IN (SELECT value FROM json_each(?1))";
    PRUNE_UNIQUE = "DELETE FROM unique_value WHERE subject IN (SELECT value FROM json_each(?1))";
    PRUNE_TOMBSTONES = "UPDATE subject SET dn = '', display = '', reason = '', container = NULL, scope_group = NULL, removed_at = NULL
        WHERE id IN (SELECT value FROM json_each(?1))";

    TOUCH = "UPDATE health SET checks = checks + 1";
    QUICK_CHECK = "PRAGMA quick_check(1)";
    GIVE_BACK = "PRAGMA wal_checkpoint(TRUNCATE)";
    SIZE = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
    BACKUP = "VACUUM INTO ?1";
}
