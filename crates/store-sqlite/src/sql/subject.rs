//! Reading subjects.

macro_rules! head_columns {
    () => {
        "s.id AS id, s.source_key AS source_key, s.kind AS kind, s.dn_hash AS dn_hash, s.state AS state,
         s.in_scope AS in_scope, s.desired_hash AS desired_hash, s.synced_hash AS synced_hash,
         s.verdict AS verdict, s.dirty AS dirty, s.next_at AS next_at"
    };
}

/// A head as JSON, for `compact`: the words in it are of closed sets, but the key may be anything.
macro_rules! head_json {
    () => {
        "'[' || s.id || ',' || json_quote(s.source_key) || ',\"' || s.kind || '\",\"' || hex(s.dn_hash)
         || '\",\"' || s.state || '\",' || s.in_scope || ',\"' || hex(s.desired_hash) || '\",\"'
         || hex(s.synced_hash) || '\",\"' || s.verdict || '\",' || s.dirty || ','
         || coalesce(s.next_at, 'null') || ']'"
    };
}

macro_rules! subject_select {
    ($from:literal) => {
        concat!(
            "SELECT ", head_columns!(), ", c.uid AS channel, s.dn AS dn, s.display AS display,
            s.target_id AS target_id, s.reason AS reason, s.attempts AS attempts,
            s.parked_hash AS parked_hash, s.left_at AS left_at, s.standing_hold AS standing_hold, s.members_settled AS members_settled,
            s.members_complete AS members_complete, s.members_dirty AS members_dirty, s.version AS version,
            d.desired_json AS desired_json, d.shadow_json AS shadow_json FROM ", $from,
            " CROSS JOIN channel c ON c.id = s.channel CROSS JOIN subject_data d ON d.id = s.id "
        )
    };
}

/// The row of the channel `?1`.
macro_rules! channel {
    () => {
        "(SELECT id FROM channel WHERE uid = ?1)"
    };
}

/// What filters of subjects ask: ?1 channel, ?3 kind, ?4 states, ?5 verdicts. Null = any.
macro_rules! subject_filter {
    () => {
        "(?1 IS NULL OR s.channel = (SELECT id FROM channel WHERE uid = ?1))
         AND (?3 IS NULL OR s.kind = ?3)
         AND (?4 IS NULL OR s.state IN (SELECT value FROM json_each(?4)))
         AND (?5 IS NULL OR s.verdict IN (SELECT value FROM json_each(?5)))
         AND s.id > ?2 ORDER BY s.id LIMIT ?6"
    };
}

statements! {
    /// ?2 = keys. One row with all.
    HEADS = concat!("SELECT 0 AS id, '[' || group_concat(", head_json!(), ") || ']' AS rows_json
        FROM json_each(?2) v CROSS JOIN subject s
        ON s.channel = ", channel!(), " AND s.source_key = v.value");
    /// A list of ids. One row with all.
    HEADS_OF = concat!("SELECT 0 AS id, '[' || group_concat(", head_json!(), ") || ']' AS rows_json
        FROM json_each(?1) v CROSS JOIN subject s ON s.id = v.value");
    /// ?2 = now. One row with all ids.
    CONCERNED = concat!("SELECT 0 AS id, '[' || group_concat(id) || ']' AS ids_json FROM (
            SELECT s.id AS id FROM subject s INDEXED BY subject_counts
            WHERE s.channel = ", channel!(), " AND s.in_scope = 1 AND s.state NOT IN ('removed', 'archived')
            UNION ALL
            SELECT s.id AS id FROM subject s INDEXED BY subject_dirty
            WHERE s.channel = ", channel!(), " AND s.dirty = 1 AND s.state NOT IN ('removed', 'archived')
            UNION ALL
            SELECT s.id AS id FROM subject s INDEXED BY subject_next
            WHERE s.channel = ", channel!(), " AND s.next_at <= ?2 AND s.state NOT IN ('removed', 'archived'))");
    /// ?2 = entries: hash of the DN, hash of the content, both of 32 digits, and key, as one text each (taking lists
    /// apart would cost more than finding the subjects); ?3 = now. One row with all.
    UNCHANGED = concat!("SELECT 0 AS id, '[' || group_concat(
            '[' || v.key || ',' || s.id || ',\"' || s.verdict || '\"]') || ']' AS rows_json
        FROM json_each(?2) v CROSS JOIN subject s
            ON s.channel = ", channel!(), " AND s.source_key = substr(v.value, 65)
        WHERE s.dn_hash = unhex(substr(v.value, 1, 32)) AND s.dirty = 0
            AND s.read_hash = CAST(unhex(substr(v.value, 33, 32)) || s.desired_hash AS BLOB)
            AND (s.next_at IS NULL OR s.next_at > ?3) AND s.state NOT IN ('removed', 'archived')");
    /// Rows: subject, hashes as one; ?2 = target.
    REMEMBER = "UPDATE subject SET read_hash = unhex(v.value ->> 1) FROM json_each(?1) v
        WHERE subject.id = v.value ->> 0 AND subject.channel IN (SELECT id FROM channel WHERE target = ?2)";
    /// A list of ids.
    BY_IDS = subject_select!("json_each(?1) v CROSS JOIN subject s ON s.id = v.value");
    /// ?2 = hashes (hexadecimal). One row with all: hash, subject, kind.
    BY_DN = concat!("SELECT 0 AS id, '[' || group_concat(
            '[\"' || v.value || '\",' || s.id || ',\"' || s.kind || '\"]') || ']' AS rows_json
        FROM json_each(?2) v CROSS JOIN subject s INDEXED BY subject_dn
            ON s.channel = ", channel!(), " AND s.dn_hash = unhex(v.value)
        WHERE s.state NOT IN ('removed', 'archived') AND s.in_scope = 1");
    /// ?2 = hashes (hexadecimal). One row with all, as above.
    BY_FORMER_DN = concat!("SELECT 0 AS id, '[' || group_concat(
            '[\"' || v.value || '\",' || s.id || ',\"' || s.kind || '\"]') || ']' AS rows_json
        FROM json_each(?2) v CROSS JOIN former_name f
            ON f.channel = ", channel!(), " AND f.dn_hash = unhex(v.value)
        CROSS JOIN subject s ON s.id = f.subject
        WHERE s.state NOT IN ('removed', 'archived') AND s.in_scope = 1");
    /// ?1 = SP connection, ?2 = target ids.
    BY_TARGET = concat!(subject_select!("json_each(?2) v CROSS JOIN subject s INDEXED BY subject_target
        ON s.target_id = v.value"),
        "WHERE s.state IN ('linked', 'disabled', 'frozen')
            AND c.target = (SELECT id FROM target WHERE uid = ?1)");
    /// ?2 = after, ?3 = limit. One row with all, in order of the ids.
    SCAN = concat!("SELECT 0 AS id, '[' || group_concat(head) || ']' AS rows_json FROM (
        SELECT ", head_json!(), " AS head FROM subject s NOT INDEXED
        WHERE s.channel = ", channel!(), " AND s.id > ?2 AND s.state NOT IN ('removed', 'archived')
        ORDER BY s.id LIMIT ?3)");

    /// ?2 = now, ?3 = after, ?4 = limit. Ids in order, some twice.
    DUE = concat!("SELECT id FROM (
            SELECT s.id AS id FROM subject s INDEXED BY subject_dirty
            WHERE s.channel = ", channel!(), " AND s.dirty = 1 AND s.id > ?3 AND s.state <> 'archived'
                AND NOT EXISTS (SELECT 1 FROM step e INDEXED BY step_subject WHERE e.subject = s.id AND e.state IN ('claimed', 'unknown', 'pending', 'waiting'))
            ORDER BY s.id LIMIT ?4)
        UNION
        SELECT id FROM (
            SELECT s.id AS id FROM subject s INDEXED BY subject_next
            WHERE s.channel = ", channel!(), " AND s.next_at <= ?2 AND s.id > ?3 AND s.state <> 'archived'
                AND NOT EXISTS (SELECT 1 FROM step e INDEXED BY step_subject WHERE e.subject = s.id AND e.state IN ('claimed', 'unknown', 'pending', 'waiting'))
            ORDER BY s.id LIMIT ?4)
        ORDER BY id LIMIT ?4");
    NEXT_DUE = concat!("SELECT min(next_at) AS next_at FROM subject INDEXED BY subject_next
        WHERE channel = ", channel!(), " AND next_at IS NOT NULL");

    /// ?1 = channel or null, ?2 = text, ?3 = limit: by what is indexed.
    SEARCH_EXACT = "SELECT id FROM (
            SELECT s.id AS id FROM channel c CROSS JOIN subject s ON s.channel = c.id AND s.source_key = ?2
            WHERE ?1 IS NULL OR c.uid = ?1
            UNION
            SELECT s.id AS id FROM subject s INDEXED BY subject_target CROSS JOIN channel c ON c.id = s.channel
            WHERE s.target_id = ?2 AND (?1 IS NULL OR c.uid = ?1))
        ORDER BY id LIMIT ?3";
    /// ?1 = channel or null, ?2 = text, ?3 = limit, ?4 = pattern, ?5 and ?6 = pattern in lower and
    /// upper case (`LIKE` folds ASCII only), ?7 = text in lower case.
    SEARCH = "SELECT s.id AS id FROM subject s NOT INDEXED
        LEFT JOIN (SELECT u.subject AS subject, max(u.folded = ?7) AS equal FROM unique_value u
            WHERE u.folded LIKE ?5 ESCAPE '\\' GROUP BY u.subject) u ON u.subject = s.id
        WHERE (?1 IS NULL OR s.channel = (SELECT id FROM channel WHERE uid = ?1))
            AND (u.subject IS NOT NULL
                OR s.display LIKE ?4 ESCAPE '\\' OR s.dn LIKE ?4 ESCAPE '\\'
                OR s.display LIKE ?5 ESCAPE '\\' OR s.dn LIKE ?5 ESCAPE '\\'
                OR s.display LIKE ?6 ESCAPE '\\' OR s.dn LIKE ?6 ESCAPE '\\')
        ORDER BY CASE WHEN s.display = ?2 OR s.dn = ?2 OR u.equal THEN 0 ELSE 1 END, s.id LIMIT ?3";

    /// By what few subjects have: found in the narrow index first.
    LIST_NARROW = concat!(subject_select!("subject s"), "WHERE s.id IN (
        SELECT s.id FROM subject s INDEXED BY subject_counts
        WHERE s.channel = ", channel!(), " AND ", subject_filter!(), ") ORDER BY s.id");
    LIST = concat!(subject_select!("subject s NOT INDEXED"), "WHERE ", subject_filter!());

    COUNTS = concat!("SELECT 0 AS id, kind, state, in_scope, verdict, dirty, count(*) AS n
        FROM subject INDEXED BY subject_counts WHERE channel = ", channel!(), "
        GROUP BY kind, state, in_scope, verdict, dirty");
    /// One is enough; the index lists those who are disabled at the target first.
    MAY_HAVE_DISABLED = concat!("SELECT s.id AS id FROM subject s INDEXED BY subject_counts
            CROSS JOIN subject_data d ON d.id = s.id
            WHERE s.channel = ", channel!(), " AND s.kind = 'user' AND s.in_scope = 1
                AND s.state NOT IN ('removed', 'archived')
                AND (s.state = 'disabled' OR s.verdict IN ('skipped_by_option', 'invalid')
                    OR d.desired_json ->> 'disabled' IS NOT NULL) LIMIT 1");
    /// ?2 = canonical DNs.
    CONTAINER_SIZES = concat!("SELECT p.id AS id, p.dn AS dn, count(s.id) AS n
        FROM json_each(?2) v CROSS JOIN container p ON p.dn = v.value
        CROSS JOIN subject s INDEXED BY subject_container ON s.container = p.id
        WHERE s.channel = ", channel!(), " AND s.kind = 'user' AND s.state IN ('linked', 'frozen')
        GROUP BY p.id");
    /// ?2 = how many, ?3 = a multiplier from the seed, below 2^31. Those who can be expected to be
    /// there: a disabled one may have left.
    SAMPLE = concat!("SELECT source_key FROM subject WHERE id IN (
        SELECT s.id FROM subject s INDEXED BY subject_counts
        WHERE s.channel = ", channel!(), " AND s.kind = 'user' AND s.state = 'linked' AND s.in_scope = 1
        ORDER BY ((s.id % 2147483647) * ?3) % 2147483647, s.id LIMIT ?2)");

    /// Rows: field, folded value.
    UNIQUE_HOLDERS = concat!("SELECT id, field, folded, dn, state FROM (
        SELECT s.id AS id, u.field AS field, u.folded AS folded, s.dn AS dn, s.state AS state,
            row_number() OVER (PARTITION BY u.field, u.folded,
                s.state IN ('linked', 'disabled', 'frozen') ORDER BY s.dn, s.id) AS place
        FROM json_each(?2) v CROSS JOIN unique_value u
            ON u.channel = ", channel!(), " AND u.field = v.value ->> 0 AND u.folded = v.value ->> 1
        CROSS JOIN subject s ON s.id = u.subject AND s.in_scope = 1) WHERE place <= 2
        ORDER BY field, folded, dn, id");
    /// What is held twice at all is found in the index alone, and is little.
    UNIQUE_DUPLICATES = concat!("SELECT DISTINCT u.subject
        FROM (SELECT t.field AS field, t.folded AS folded
            FROM (SELECT u.field AS field, u.folded AS folded FROM unique_value u INDEXED BY sqlite_autoindex_unique_value_1
                WHERE u.channel = ", channel!(), " GROUP BY u.field, u.folded HAVING count(*) > 1) t
            CROSS JOIN unique_value u ON u.channel = ", channel!(), " AND u.field = t.field AND u.folded = t.folded
            CROSS JOIN subject s ON s.id = u.subject
            WHERE s.in_scope = 1 AND s.state NOT IN ('removed', 'archived', 'rekeying')
            GROUP BY t.field, t.folded HAVING count(*) > 1) t
        CROSS JOIN unique_value u ON u.channel = ", channel!(), " AND u.field = t.field AND u.folded = t.folded
        CROSS JOIN subject s ON s.id = u.subject
        WHERE s.in_scope = 1 AND s.state NOT IN ('removed', 'archived', 'rekeying')
        ORDER BY u.subject");
}
