//! Decisions over held and parked steps, and the rolling window.

statements! {
    /// A list of steps; ?2 = now, ?3 = who.
    APPROVE = "UPDATE step SET state = 'pending', state_json = NULL, changed_at = ?2, released_at = ?2, approved_by = ?3
        WHERE id IN (SELECT value FROM json_each(?1))";
    /// A list of steps; ?2 = now.
    REJECT = "UPDATE step SET state = 'rejected', state_json = NULL, changed_at = ?2
        WHERE id IN (SELECT value FROM json_each(?1))";
    /// A list of steps, all approved: their subjects have nothing held any more.
    APPROVED_SUBJECTS = "UPDATE subject SET verdict = 'stepped', reason = ''
        WHERE verdict = 'held' AND id IN (
            SELECT s.subject FROM json_each(?1) v CROSS JOIN step s ON s.id = v.value)
            AND NOT EXISTS (SELECT 1 FROM step o INDEXED BY step_subject WHERE o.subject = subject.id AND o.state = 'held')";
    /// A list of steps, all rejected: their subjects are dismissed for what they are to be now.
    /// A membership that was rejected says nothing about the group itself.
    REJECTED_SUBJECTS = "UPDATE subject SET parked_hash = desired_hash
        WHERE id IN (SELECT s.subject FROM json_each(?1) v CROSS JOIN step s ON s.id = v.value
            WHERE s.verb NOT IN ('add_members', 'remove_members'))";
    /// A list of steps, all rejected; ?2 = who.
    REJECTED_VERDICTS = "UPDATE subject SET verdict = 'parked', reason = 'rejected by ' || ?2
        WHERE verdict = 'held' AND id IN (
            SELECT s.subject FROM json_each(?1) v CROSS JOIN step s ON s.id = v.value)
            AND NOT EXISTS (SELECT 1 FROM step o INDEXED BY step_subject WHERE o.subject = subject.id AND o.state = 'held')";

    /// ?1 = channel. What a person approved and is not sent yet.
    APPROVED = "SELECT id FROM step WHERE channel = (SELECT id FROM channel WHERE uid = ?1)
        AND state IN ('pending', 'waiting')
        AND approved_by IS NOT NULL ORDER BY id";

    /// A list of steps, all parked; ?2 = now. What made or took over an account all but some fields is not done once
    /// more: its subject is planned again, for those fields.
    RETRY_MADE = "UPDATE step SET state = 'superseded', state_json = NULL, changed_at = ?2
        WHERE id IN (SELECT value FROM json_each(?1)) AND verb IN ('create', 'adopt', 'rekey')
            AND EXISTS (SELECT 1 FROM subject o WHERE o.id = step.subject AND o.state IN ('linked', 'disabled'))";
    /// A list of steps, all parked or superseded; ?2 = now.
    RETRY = "UPDATE step SET state = 'pending', state_json = NULL, attempts = 0, changed_at = ?2, released_at = ?2
        WHERE state = 'parked' AND id IN (SELECT value FROM json_each(?1))";
    RETRIED_SUBJECTS = "UPDATE subject SET verdict = 'stepped', reason = '', parked_hash = NULL, attempts = 0,
            dirty = CASE WHEN state IN ('linked', 'disabled') THEN 1 ELSE dirty END
        WHERE verdict = 'parked' AND id IN (
            SELECT s.subject FROM json_each(?1) v CROSS JOIN step s ON s.id = v.value)";

    /// ?1 = target, ?2 = older than.
    EXPIRING = "SELECT s.id AS id FROM channel c CROSS JOIN step s ON s.channel = c.id AND s.state = 'held'
        WHERE c.target = ?1 AND s.created_at < ?2";
    /// A list of steps; ?2 = now.
    EXPIRE = "UPDATE step SET state = 'expired', state_json = NULL, changed_at = ?2
        WHERE id IN (SELECT value FROM json_each(?1))";
    EXPIRED_SUBJECTS = "UPDATE subject SET dirty = 1 WHERE id IN (
        SELECT s.subject FROM json_each(?1) v CROSS JOIN step s ON s.id = v.value
        WHERE s.verb NOT IN ('add_members', 'remove_members'))";
    EXPIRED_GROUPS = "UPDATE subject SET members_dirty = max(members_dirty, 1) WHERE id IN (
        SELECT s.subject FROM json_each(?1) v CROSS JOIN step s ON s.id = v.value
        WHERE s.verb IN ('add_members', 'remove_members'))";

    /// ?1 = channel, ?2 = since. Without what a person approved, and without what the running cycle
    /// has planned anew: settling supersedes it. Subjects are counted, not the tries it took, and
    /// none that the running cycle's plan counts already.
    WINDOW = "SELECT g.value AS guard, CASE WHEN g.value LIKE 'members.%' THEN sum(s.members)
            ELSE count(DISTINCT s.subject) END AS n
        FROM step s INDEXED BY step_released CROSS JOIN json_each(s.guards_json) g
        WHERE s.channel = (SELECT id FROM channel WHERE uid = ?1) AND s.released_at >= ?2
            AND s.approved_by IS NULL
            AND s.state IN ('pending', 'claimed', 'waiting', 'succeeded', 'unknown')
            AND NOT (s.state IN ('pending', 'waiting') AND EXISTS (
                SELECT 1 FROM cycle y CROSS JOIN touched t ON t.cycle = y.id AND t.subject = s.subject
                WHERE y.channel = s.channel AND y.state = 'reading'
                    AND CASE WHEN s.verb IN ('add_members', 'remove_members') THEN t.members ELSE t.account END = 1))
            AND (g.value LIKE 'members.%' OR NOT EXISTS (
                SELECT 1 FROM step p INDEXED BY step_subject CROSS JOIN json_each(p.guards_json) h
                WHERE p.subject = s.subject AND p.state = 'planned' AND p.hold_json IS NULL
                    AND h.value = g.value))
        GROUP BY g.value";
}
