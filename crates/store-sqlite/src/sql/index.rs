//! The target index.

macro_rules! index_columns {
    () => {
        "i.id AS id, i.kind AS kind, i.external_id AS external_id, i.name AS name, i.email AS email,
         i.observed_json AS observed_json"
    };
}

/// ?1 = SP connection, ?2 = kind, ?3 = a list of keys.
macro_rules! find {
    ($index:literal, $column:literal) => {
        concat!(
            "SELECT ",
            index_columns!(),
            " FROM json_each(?3) v CROSS JOIN target_index i ",
            $index,
            " ON i.target = (SELECT id FROM target WHERE uid = ?1) AND i.kind = ?2 AND i.",
            $column,
            " = v.value"
        )
    };
}

statements! {
    /// Rows: kind, target id, external id, name, e-mail, observed; ?2 = target, ?3 = generation.
    PUT = "INSERT INTO target_index (target, kind, target_id, external_id, name, email, generation, own, observed_json)
        SELECT ?2, v.value ->> 0, v.value ->> 1, v.value ->> 2, v.value ->> 3, v.value ->> 4, ?3, 0, v.value -> 5
        FROM json_each(?1) v WHERE true
        ON CONFLICT (target, kind, target_id) DO UPDATE SET external_id = excluded.external_id,
            name = excluded.name, email = excluded.email, generation = excluded.generation,
            own = excluded.own, observed_json = excluded.observed_json";
    /// Rows: kind, target id; ?2 = target.
    REMOVE = "DELETE FROM target_index WHERE id IN (
        SELECT i.id FROM json_each(?1) v CROSS JOIN target_index i
            ON i.target = ?2 AND i.kind = v.value ->> 0 AND i.target_id = v.value ->> 1)";
    /// ?1 = target, ?2 = kind, ?3 = generation.
    FINISH = "DELETE FROM target_index WHERE target = ?1 AND kind = ?2 AND generation < ?3 AND own = 0";
    FINISH_OWN = "UPDATE target_index SET own = 0 WHERE target = ?1 AND kind = ?2 AND own = 1";
    /// ?1 = target, ?2 = kind, ?3 = now.
    FINISHED = "INSERT INTO target_listing (target, kind, finished_at) VALUES (?1, ?2, ?3)
        ON CONFLICT (target, kind) DO UPDATE SET finished_at = excluded.finished_at";
    AGE = "SELECT finished_at FROM target_listing
        WHERE target = (SELECT id FROM target WHERE uid = ?1) AND kind = ?2";

    FIND_EXTERNAL = find!("INDEXED BY target_index_external", "external_id");
    FIND_NAME = find!("INDEXED BY target_index_name", "name");
    FIND_EMAIL = find!("INDEXED BY target_index_email", "email");
    FIND_ID = find!("", "target_id");

    COUNT = "SELECT 0 AS id, count(*) AS n, coalesce(sum(NOT EXISTS (
            SELECT 1 FROM subject s CROSS JOIN channel c ON c.id = s.channel
            WHERE s.target_id = i.target_id AND c.target = i.target
                AND s.state IN ('linked', 'disabled', 'frozen'))), 0) AS unlinked
        FROM target_index i WHERE i.target = (SELECT id FROM target WHERE uid = ?1) AND i.kind = ?2";
    /// ?1 = SP connection, ?2 = kind, ?3 = after, ?4 = limit.
    SCAN = concat!("SELECT ", index_columns!(), " FROM target_index i
        WHERE i.target = (SELECT id FROM target WHERE uid = ?1) AND i.kind = ?2 AND i.target_id > ?3
        ORDER BY i.target_id LIMIT ?4");
}
