//! Reading steps.

/// The columns that make a step.
macro_rules! step_columns {
    () => {
        "s.id AS id, c.uid AS channel, s.cycle AS cycle, s.subject AS subject, s.kind AS kind,
         s.part AS part, s.operation_json AS operation_json, s.reason_json AS reason_json,
         s.expects_json AS expects_json, s.hold_json AS hold_json, s.guards_json AS guards_json,
         s.state AS state, s.state_json AS state_json, s.attempts AS attempts,
         s.created_at AS created_at, s.changed_at AS changed_at"
    };
}

/// What every filter asks: ?3 channels, ?4 states, ?5 verbs, ?6 cycle, ?7 subjects, ?8 ids. Null =
/// any.
macro_rules! step_filter {
    () => {
        " s.id > ?1
          AND (?3 IS NULL OR s.channel IN (SELECT value FROM json_each(?3)))
          AND (?4 IS NULL OR s.state IN (SELECT value FROM json_each(?4)))
          AND (?5 IS NULL OR s.verb IN (SELECT value FROM json_each(?5)))
          AND (?6 IS NULL OR s.cycle = ?6)
          AND (?7 IS NULL OR s.subject IN (SELECT value FROM json_each(?7)))
          AND (?8 IS NULL OR s.id IN (SELECT value FROM json_each(?8)))"
    };
}

macro_rules! step_list {
    ($from:literal, $where:literal) => {
        concat!(
            "SELECT ",
            step_columns!(),
            " FROM ",
            $from,
            " CROSS JOIN channel c ON c.id = s.channel WHERE ",
            $where,
            step_filter!(),
            " ORDER BY s.id LIMIT ?2"
        )
    };
}

macro_rules! step_count {
    ($from:literal, $where:literal) => {
        concat!(
            "SELECT 0 AS id, s.kind AS kind, s.verb AS verb, s.state AS state, count(*) AS n,
                sum(s.members) AS members FROM ",
            $from,
            " WHERE ?2 >= 0 AND ",
            $where,
            step_filter!(),
            " GROUP BY s.kind, s.verb, s.state"
        )
    };
}

statements! {
    LIST_IDS = step_list!("json_each(?8) v CROSS JOIN step s ON s.id = v.value", "");
    LIST_SUBJECT = step_list!("json_each(?7) w CROSS JOIN step s INDEXED BY step_subject ON s.subject = w.value", "");
    LIST_CYCLE = step_list!("step s INDEXED BY step_cycle", "s.cycle = ?6 AND ");
    LIST_STATES = step_list!("json_each(?3) h CROSS JOIN json_each(?4) t CROSS JOIN step s INDEXED BY step_state
        ON s.channel = h.value AND s.state = t.value", "");
    LIST_ALL = step_list!("step s NOT INDEXED", "");

    COUNT_IDS = step_count!("json_each(?8) v CROSS JOIN step s ON s.id = v.value", "");
    COUNT_SUBJECT = step_count!("json_each(?7) w CROSS JOIN step s INDEXED BY step_subject ON s.subject = w.value", "");
    COUNT_CYCLE = step_count!("step s INDEXED BY step_cycle", "s.cycle = ?6 AND ");
    COUNT_STATES = step_count!("json_each(?3) h CROSS JOIN json_each(?4) t CROSS JOIN step s INDEXED BY step_state
        ON s.channel = h.value AND s.state = t.value", "");
    COUNT_ALL = step_count!("step s NOT INDEXED", "");

    /// ?1 = cycle, ?2 = after, ?3 = limit. What settling that cycle does not supersede.
    STANDING = concat!("SELECT ", step_columns!(), " FROM cycle y CROSS JOIN step s INDEXED BY step_state
            ON s.channel = y.channel AND s.state IN ('pending', 'waiting', 'held', 'claimed', 'unknown')
        CROSS JOIN channel c ON c.id = s.channel LEFT JOIN touched t ON t.cycle = y.id AND t.subject = s.subject
        WHERE y.id = ?1 AND s.cycle <> y.id AND s.id > ?2 AND (s.state IN ('claimed', 'unknown')
            OR coalesce(CASE WHEN s.verb IN ('add_members', 'remove_members') THEN t.members ELSE t.account END, 0) <> 1)
        ORDER BY s.id LIMIT ?3");

    /// A list of ids, in its order.
    BY_IDS = concat!("SELECT ", step_columns!(), " FROM json_each(?1) v
        CROSS JOIN step s ON s.id = v.value CROSS JOIN channel c ON c.id = s.channel ORDER BY v.id");
}
