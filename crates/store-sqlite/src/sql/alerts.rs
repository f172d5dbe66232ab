//! Alerts, their deliveries, troubles.

/// The columns of an alert; their names do not meet those of a delivery.
macro_rules! alert {
    () => {
        "a.id AS alert_id, a.body_json AS body_json, a.raised_at AS raised_at, a.cleared_at AS cleared_at"
    };
}

statements! {
    TROUBLES = "SELECT id, key, since FROM trouble";
    TROUBLE_BEGIN = "INSERT INTO trouble (key, since) VALUES (?1, ?2)
        ON CONFLICT (key) DO UPDATE SET since = excluded.since WHERE excluded.since < since";
    TROUBLE_END = "DELETE FROM trouble WHERE key = ?1";

    /// ?1 = channel, ?2 = names of holds that are left out.
    HELD = "SELECT 0 AS id, count(*) AS n, count(*) FILTER (WHERE verb IN ('disable', 'delete', 'remove_members')) AS removals,
            coalesce(min(created_at) FILTER (WHERE verb IN ('disable', 'delete', 'remove_members')), min(created_at)) AS since
        FROM step INDEXED BY step_state WHERE channel = (SELECT id FROM channel WHERE uid = ?1) AND state = 'held'
            AND state_json ->> '$.hold.hold' NOT IN (SELECT value FROM json_each(?2))";

    OPEN = concat!("SELECT ", alert!(), " FROM alert a WHERE a.cleared_at IS NULL ORDER BY a.id");
    /// ?1 = before this id or null, ?2 = how many.
    PAGE = concat!("SELECT ", alert!(), " FROM alert a WHERE ?1 IS NULL OR a.id < ?1 ORDER BY a.id DESC LIMIT ?2");
    /// ?1 key, ?2 matter, ?3 body, ?4 now. No row when the key is open already.
    RAISE = "INSERT INTO alert (key, matter, body_json, raised_at) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (key) WHERE cleared_at IS NULL DO NOTHING RETURNING id";
    /// ?1 alert, ?2 list of recipients, ?3 now.
    TELL_RAISED = "INSERT INTO delivery (alert, happening, recipient, at, due_at)
        SELECT DISTINCT ?1, 'raised', value, ?3, ?3 FROM json_each(?2)";
    UPDATE = "UPDATE alert SET body_json = ?2 WHERE id = ?1 AND cleared_at IS NULL";
    CLEAR = "UPDATE alert SET cleared_at = ?2 WHERE id = ?1 AND cleared_at IS NULL";
    /// What was never tried.
    DROP_RAISED = "DELETE FROM delivery WHERE alert = ?1 AND happening = 'raised' AND tries = 0 AND done_at IS NULL";
    /// ?1 alert, ?2 now. Whose beginning was given up hears nothing.
    TELL_CLEARED = "INSERT INTO delivery (alert, happening, recipient, at, due_at)
        SELECT ?1, 'cleared', recipient, ?2, ?2 FROM delivery WHERE alert = ?1 AND happening = 'raised'
            AND (done_at IS NULL OR error IS NULL) ORDER BY id";

    /// ?1 = now, ?2 = claimed until.
    CLAIM = "UPDATE delivery SET tries = tries + 1, claimed_until = ?2 WHERE id = (
            SELECT d.id FROM delivery d INDEXED BY delivery_due
            WHERE d.done_at IS NULL AND d.due_at <= ?1 AND (d.claimed_until IS NULL OR d.claimed_until <= ?1)
                AND NOT EXISTS (SELECT 1 FROM delivery e WHERE e.alert = d.alert AND e.recipient = d.recipient
                    AND e.id < d.id AND e.done_at IS NULL)
            ORDER BY d.due_at, d.id LIMIT 1)
        RETURNING id";
    DELIVERY = concat!("SELECT d.id AS id, d.happening AS happening, d.recipient AS recipient, d.at AS at,
            d.tries AS tries, ", alert!(), " FROM delivery d CROSS JOIN alert a ON a.id = d.alert WHERE d.id = ?1");
    /// ?1 delivery, ?2 due, ?3 error.
    AGAIN = "UPDATE delivery SET due_at = ?2, error = ?3, claimed_until = NULL WHERE id = ?1 AND done_at IS NULL";
    /// ?1 delivery, ?2 now, ?3 error or null.
    DONE = "UPDATE delivery SET done_at = ?2, error = ?3, claimed_until = NULL WHERE id = ?1 AND done_at IS NULL";
    /// The end, for whom the beginning was given up. ?1 = delivery of the beginning.
    DROP_CLEARED = "DELETE FROM delivery WHERE happening = 'cleared' AND done_at IS NULL
        AND (alert, recipient) = (SELECT alert, recipient FROM delivery
            WHERE id = ?1 AND happening = 'raised' AND done_at IS NOT NULL AND error IS NOT NULL)";
    /// ?1 = list of alerts.
    DELIVERIES = "SELECT id, alert, happening, recipient, tries, done_at, error FROM delivery
        WHERE alert IN (SELECT value FROM json_each(?1)) ORDER BY id";
}
