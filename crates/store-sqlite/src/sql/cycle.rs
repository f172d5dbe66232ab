//! Cycles: begin, plan, settle, abort.

statements! {
    /// Cycles of a channel that never ended: their process died.
    OPEN_OF_CHANNEL = "SELECT id FROM cycle WHERE channel = ?1 AND state = 'reading'";
    /// Marks that were made before this cycle reads are planned by it.
    MARKS_SEEN = "UPDATE subject SET members_dirty = 1 WHERE channel = ?1 AND members_dirty > 0 AND members_dirty = 2";
    BEGIN = "INSERT INTO cycle (channel, state, started_at, document_json) VALUES (?1, 'reading', ?2, '{}')";
    SAVE = "UPDATE cycle SET state = ?2, document_json = ?3 WHERE id = ?1";
    /// ?1 = cycle, ?2 = state, ?3 = document, ?4 = channel.
    UPDATE = "UPDATE cycle SET state = ?2, document_json = ?3
        WHERE id = ?1 AND channel = ?4 AND state IN ('completed', 'incomplete')";
    DOCUMENT = "SELECT id, document_json FROM cycle WHERE id = ?1";
    /// ?1 = channel or null, ?2 = limit.
    LIST = "SELECT id, document_json FROM cycle
        WHERE id < ?2 AND (?1 IS NULL OR channel = (SELECT id FROM channel WHERE uid = ?1))
        ORDER BY id DESC LIMIT ?3";

    PLANNED_GUARDS = "SELECT g.value AS guard,
            sum(CASE WHEN g.value LIKE 'members.%' THEN s.members ELSE 1 END) AS n
        FROM step s CROSS JOIN json_each(s.guards_json) g
        WHERE s.cycle = ?1 AND s.state = 'planned' AND s.hold_json IS NULL GROUP BY g.value";

    /// ?1 = cycle, ?2 = now. Older steps of what this cycle planned anew.
    SUPERSEDE = "UPDATE step SET state = 'superseded', state_json = NULL, until = NULL, changed_at = ?2
        WHERE id IN (
            SELECT s.id FROM touched t CROSS JOIN step s INDEXED BY step_subject ON s.subject = t.subject
                AND s.state IN ('planned', 'pending', 'waiting', 'held', 'parked')
            WHERE t.cycle = ?1 AND s.cycle <> ?1
                AND CASE WHEN s.verb IN ('add_members', 'remove_members') THEN t.members ELSE t.account END = 1)";

    /// Rows: guard, hold.
    BREACHES = "INSERT INTO breach (guard, hold_json)
        SELECT v.value ->> 0, v.value -> 1 FROM json_each(?1) v";
    BREACHES_CLEAR = "DELETE FROM breach";
    /// ?1 = cycle, ?2 = now. What the plan held.
    HOLD_OWN = "UPDATE step SET state = 'held', changed_at = ?2,
            state_json = json_object('state', 'held', 'hold', json(hold_json))
        WHERE cycle = ?1 AND state = 'planned' AND hold_json IS NOT NULL";
    /// ?1 = cycle, ?2 = now. What a guard holds: the first of its guards that is exceeded.
    HOLD_GUARDED = "UPDATE step SET state = 'held', changed_at = ?2,
            state_json = json_object('state', 'held', 'hold', json((
                SELECT b.hold_json FROM json_each(step.guards_json) g CROSS JOIN breach b ON b.guard = g.value
                ORDER BY g.id LIMIT 1)))
        WHERE cycle = ?1 AND state = 'planned' AND EXISTS (
            SELECT 1 FROM json_each(step.guards_json) g CROSS JOIN breach b ON b.guard = g.value)";
    /// ?1 = cycle. Subjects of this cycle with a held step are held, in the words of the first.
    VERDICTS = "UPDATE subject SET verdict = 'held', reason = coalesce((
            SELECT CASE s.state_json ->> '$.hold.hold'
                WHEN 'guard' THEN s.state_json ->> '$.hold.reason'
                WHEN 'conflict' THEN 'the ' || (s.state_json ->> '$.hold.field') || ' is also that of '
                    || (s.state_json ->> '$.hold.other')
                WHEN 'swap' THEN 'two changes would exchange the same ' || (s.state_json ->> '$.hold.field')
                ELSE 'waits for a decision: ' || replace(s.state_json ->> '$.hold.hold', '_', ' ') END
            FROM step s INDEXED BY step_subject WHERE s.subject = subject.id AND s.state = 'held' AND s.cycle = ?1
            ORDER BY s.id LIMIT 1), reason)
        WHERE verdict = 'stepped' AND id IN (
            SELECT t.subject FROM touched t WHERE t.cycle = ?1 AND t.written = 1 AND EXISTS (
                SELECT 1 FROM step s INDEXED BY step_subject WHERE s.subject = t.subject AND s.state = 'held' AND s.cycle = ?1))
        RETURNING id";
    /// ?1 = cycle, ?2 = now.
    RELEASE = "UPDATE step SET state = 'pending', changed_at = ?2, released_at = ?2
        WHERE cycle = ?1 AND state = 'planned'";
    TOUCHED_CLEAR = "DELETE FROM touched WHERE cycle = ?1";

    ABORT_STEPS = "DELETE FROM step WHERE cycle = ?1 AND state = 'planned'";
    ABORT_SUBJECTS = "UPDATE subject SET dirty = 1
        WHERE id IN (SELECT subject FROM touched WHERE cycle = ?1 AND written = 1)
            AND state <> 'archived'";
    ABORT_GROUPS = "UPDATE subject SET members_dirty = 1
        WHERE id IN (SELECT subject FROM touched WHERE cycle = ?1 AND members = 1)";
}
