//! Claiming steps and recording what became of them.

/// Nothing of the subject is in flight, and nothing earlier of it can still be sent. Batches of
/// members wait for none that was put off: one refused member must not hold the group up.
macro_rules! free {
    () => {
        " NOT EXISTS (SELECT 1 FROM step e INDEXED BY step_subject WHERE e.subject = s.subject
            AND e.state IN ('claimed', 'unknown', 'pending', 'waiting')
            AND (e.state IN ('claimed', 'unknown') OR e.id < s.id)
            AND NOT (e.state = 'waiting' AND e.verb IN ('add_members', 'remove_members')
                AND s.verb IN ('add_members', 'remove_members'))) "
    };
}

statements! {
    /// ?1 = channel, ?2 = limit.
    CLAIM_PENDING = concat!("SELECT s.priority AS priority, s.id AS id, s.subject AS subject
        FROM step s INDEXED BY step_pending WHERE s.channel = ?1 AND s.state = 'pending' AND", free!(),
        "ORDER BY s.priority, s.id LIMIT ?2");
    /// ?1 = channel, ?2 = limit, ?3 = now.
    CLAIM_DUE = concat!("SELECT s.priority AS priority, s.id AS id, s.subject AS subject
        FROM step s INDEXED BY step_waiting WHERE s.channel = ?1 AND s.state = 'waiting' AND s.until <= ?3 AND", free!(),
        "ORDER BY s.priority, s.id LIMIT ?2");
    /// A list of subjects; ?2 = limit, ?3 = now, ?4 = target.
    CLAIM_OF = concat!("SELECT s.priority AS priority, s.id AS id, s.subject AS subject
        FROM json_each(?1) v CROSS JOIN step s INDEXED BY step_subject ON s.subject = v.value
        CROSS JOIN channel c ON c.id = s.channel AND c.target = ?4
        WHERE (s.state = 'pending' OR (s.state = 'waiting' AND s.until <= ?3)) AND", free!(),
        "ORDER BY s.priority, s.id LIMIT ?2");
    /// A list of steps; ?2 = limit, ?3 = now, ?4 = target. Steps that nobody named block none.
    CLAIM_STEPS = "SELECT s.priority AS priority, s.id AS id, s.subject AS subject
        FROM json_each(?1) v CROSS JOIN step s ON s.id = v.value
        CROSS JOIN channel c ON c.id = s.channel AND c.target = ?4
        WHERE (s.state = 'pending' OR (s.state = 'waiting' AND s.until <= ?3))
            AND NOT EXISTS (SELECT 1 FROM step e INDEXED BY step_subject WHERE e.subject = s.subject
                AND e.state IN ('claimed', 'unknown', 'pending', 'waiting')
                AND (e.state IN ('claimed', 'unknown')
                    OR e.id < s.id AND e.id IN (SELECT value FROM json_each(?1)))
                AND NOT (e.state = 'waiting' AND e.verb IN ('add_members', 'remove_members')
                    AND s.verb IN ('add_members', 'remove_members')))
        ORDER BY s.priority, s.id LIMIT ?2";
    /// A list of steps; ?2 = now.
    CLAIM = "UPDATE step SET state = 'claimed', state_json = NULL, until = NULL, changed_at = ?2, released_at = ?2
        WHERE id IN (SELECT value FROM json_each(?1))";

    /// ?1 = target, ?2 = now.
    RECOVER = "UPDATE step SET state = 'unknown', changed_at = ?2
        WHERE state = 'claimed' AND channel IN (SELECT id FROM channel WHERE target = ?1)";
    UNKNOWN = "SELECT s.id AS id FROM channel c CROSS JOIN step s ON s.channel = c.id AND s.state = 'unknown'
        WHERE c.target = ?1 ORDER BY s.id";

    /// ?1 = channel. A step that could be claimed now.
    NEXT_PENDING = concat!("SELECT s.changed_at AS due FROM step s INDEXED BY step_pending
        WHERE s.channel = ?1 AND s.state = 'pending' AND", free!(), "ORDER BY s.priority, s.id LIMIT 1");
    /// ?1 = channel, ?2 = now, ?3 = attempts, ?4 = milliseconds.
    WAITING = "SELECT 0 AS id, count(*) AS n, count(CASE WHEN s.attempts > 0 THEN 1 END) AS failed,
            count(CASE WHEN s.attempts > 0 AND (s.attempts >= ?3 OR abs(s.until - ?2) > ?4) THEN 1 END) AS lasting
        FROM step s INDEXED BY step_waiting WHERE s.channel = (SELECT id FROM channel WHERE uid = ?1)
            AND s.state = 'waiting'";
    /// ?1 = channel. The first to be tried again of those that failed.
    NEXT_FAILED = "SELECT s.id AS id, s.until AS until, s.state_json ->> '$.reason' AS reason
        FROM step s INDEXED BY step_waiting WHERE s.channel = (SELECT id FROM channel WHERE uid = ?1)
            AND s.state = 'waiting' AND s.attempts > 0 ORDER BY s.until LIMIT 1";
    NEXT_WAITING = concat!("SELECT s.until AS due FROM step s INDEXED BY step_waiting
        WHERE s.channel = ?1 AND s.state = 'waiting' AND", free!(), "ORDER BY s.until LIMIT 1");

    /// A list of steps; ?2 = target.
    STATES = "SELECT s.id AS id, s.subject AS subject, s.state AS state, s.state_json AS state_json
        FROM json_each(?1) v CROSS JOIN step s ON s.id = v.value CROSS JOIN channel c ON c.id = s.channel
        WHERE c.target = ?2";
    /// Rows: group, member, present, added by us. What is absent and unwanted needs no row.
    PRESENCE = "INSERT INTO membership (group_id, user_id, desired, present, added_by_us)
        SELECT v.value ->> 0, v.value ->> 1, 0, v.value ->> 2, v.value ->> 3 FROM json_each(?1) v WHERE true
        ON CONFLICT (group_id, user_id) DO UPDATE SET present = excluded.present, added_by_us = excluded.added_by_us";
    /// The same rows: groups where somebody is present and not wanted, or wanted and not present. The
    /// plan was made anew meanwhile, without what was in flight.
    PRESENCE_MARK = "UPDATE subject SET members_dirty = CASE WHEN members_dirty = 2 OR EXISTS (
            SELECT 1 FROM cycle y WHERE y.channel = subject.channel AND y.state = 'reading') THEN 2 ELSE 1 END
        WHERE id IN (SELECT m.group_id FROM json_each(?1) v CROSS JOIN membership m
            ON m.group_id = v.value ->> 0 AND m.user_id = v.value ->> 1
            WHERE m.present <> m.desired)";
    PRESENCE_SWEEP = "DELETE FROM membership WHERE id IN (
        SELECT m.id FROM json_each(?1) v CROSS JOIN membership m
            ON m.group_id = v.value ->> 0 AND m.user_id = v.value ->> 1
        WHERE m.desired = 0 AND m.present = 0)";

    /// ?1 = subject, ?2 = limit.
    EXCHANGE_LIST = "SELECT id, step, at, document_json FROM exchange WHERE subject = ?1 ORDER BY id DESC LIMIT ?2";
}
