//! Writing subjects, their unique values and their steps.

statements! {
    /// Rows: channel id, source key. What is stored of them before they are written.
    BEFORE = "SELECT s.id AS id, s.channel AS channel, s.source_key AS source_key,
            s.target_id AS target_id, s.state AS state
        FROM json_each(?1) v CROSS JOIN subject s
            ON s.channel = v.value ->> 0 AND s.source_key = v.value ->> 1";

    /// A list of subjects.
    VERSIONS = "SELECT s.id AS id, s.version AS version
        FROM json_each(?1) v CROSS JOIN subject s ON s.id = v.value";
    /// A list of subjects whose plan was made from an older version: they are planned again.
    STALE = "UPDATE subject SET dirty = 1 WHERE id IN (SELECT value FROM json_each(?1))";

    /// A list of canonical DNs.
    CONTAINERS = "INSERT INTO container (dn) SELECT DISTINCT v.value FROM json_each(?1) v WHERE true
        ON CONFLICT (dn) DO NOTHING";

    /// Rows as `given::SubjectRow` makes them; ?2 = now. What belongs to a group's membership
    /// (`members_*`) is only ever raised here: `end_members` and `write_members` own it.
    SUBJECTS = "INSERT INTO subject (channel, source_key, kind, dn, dn_hash, display, state, target_id,
            in_scope, desired_hash, synced_hash, verdict, reason, attempts, next_at, parked_hash,
            dirty, left_at, members_settled, members_complete, members_dirty, container, standing_hold, removed_at)
        SELECT v.value ->> 0, v.value ->> 1, v.value ->> 2, v.value ->> 3, unhex(v.value ->> 4),
            v.value ->> 5, v.value ->> 6, v.value ->> 7, v.value ->> 8, unhex(v.value ->> 9),
            unhex(v.value ->> 10), v.value ->> 11, v.value ->> 12, v.value ->> 13, v.value ->> 14,
            unhex(v.value ->> 15), v.value ->> 16, v.value ->> 17, v.value ->> 18, v.value ->> 19,
            v.value ->> 20, (SELECT id FROM container WHERE dn = v.value ->> 21),
            v.value ->> 22,
            CASE WHEN v.value ->> 6 = 'removed' THEN ?2 END
        FROM json_each(?1) v WHERE true
        ON CONFLICT (channel, source_key) DO UPDATE SET
            dn = excluded.dn, dn_hash = excluded.dn_hash, display = excluded.display,
            state = excluded.state, target_id = excluded.target_id, in_scope = excluded.in_scope,
            desired_hash = excluded.desired_hash, synced_hash = excluded.synced_hash,
            verdict = excluded.verdict, reason = excluded.reason, attempts = excluded.attempts,
            next_at = excluded.next_at, parked_hash = excluded.parked_hash, dirty = excluded.dirty,
            left_at = excluded.left_at, standing_hold = excluded.standing_hold, version = version + 1,
            members_settled = max(members_settled, excluded.members_settled),
            members_dirty = max(members_dirty, excluded.members_dirty),
            container = excluded.container,
            removed_at = CASE WHEN excluded.removed_at IS NOT NULL
                THEN coalesce(removed_at, excluded.removed_at) END
        RETURNING id, channel, source_key";

    /// Rows: subject, desired or null, shadow.
    DATA = "INSERT INTO subject_data (id, desired_json, shadow_json)
        SELECT v.value ->> 0, nullif(v.value -> 1, 'null'), v.value -> 2 FROM json_each(?1) v WHERE true
        ON CONFLICT (id) DO UPDATE SET desired_json = excluded.desired_json, shadow_json = excluded.shadow_json";

    /// Rows: subject, account, members, written; ?2 = cycle.
    TOUCHED = "INSERT INTO touched (cycle, subject, account, members, written)
        SELECT ?2, v.value ->> 0, v.value ->> 1, v.value ->> 2, v.value ->> 3 FROM json_each(?1) v WHERE true
        ON CONFLICT (cycle, subject) DO UPDATE SET account = max(account, excluded.account),
            members = max(members, excluded.members), written = max(written, excluded.written)";

    /// A list of subjects.
    UNIQUE_CLEAR = "DELETE FROM unique_value WHERE subject IN (SELECT value FROM json_each(?1))";
    /// Rows: channel, field, folded value, subject.
    UNIQUE_ADD = "INSERT INTO unique_value (channel, field, folded, subject)
        SELECT v.value ->> 0, v.value ->> 1, v.value ->> 2, v.value ->> 3 FROM json_each(?1) v WHERE true
        ON CONFLICT (channel, field, folded, subject) DO NOTHING";

    /// A list of subjects; ?2 = cycle: what this cycle planned for their accounts before.
    STEPS_DROP_ACCOUNT = "DELETE FROM step WHERE id IN (
        SELECT s.id FROM json_each(?1) v CROSS JOIN step s INDEXED BY step_subject ON s.subject = v.value AND s.state = 'planned'
        WHERE s.cycle = ?2 AND s.verb NOT IN ('add_members', 'remove_members'))";
    /// A list of groups; ?2 = cycle: what this cycle planned for their members before.
    STEPS_DROP_MEMBERS = "DELETE FROM step WHERE id IN (
        SELECT s.id FROM json_each(?1) v CROSS JOIN step s INDEXED BY step_subject ON s.subject = v.value AND s.state = 'planned'
        WHERE s.cycle = ?2 AND s.verb IN ('add_members', 'remove_members'))";

    /// Rows as `given::step_row` makes them; ?2 = cycle, ?3 = channel, ?4 = now.
    STEPS = "INSERT INTO step (channel, cycle, subject, kind, verb, priority, part, members,
            operation_json, reason_json, expects_json, hold_json, guards_json, state, attempts,
            created_at, changed_at)
        SELECT ?3, ?2, v.value ->> 0, v.value ->> 1, v.value ->> 2, v.value ->> 3, v.value ->> 4,
            v.value ->> 5, v.value -> 6, v.value -> 7, v.value -> 8, nullif(v.value -> 9, 'null'),
            v.value -> 10, 'planned', 0, ?4, ?4
        FROM json_each(?1) v";

    /// Rows: group, settled. Clears the mark, unless an outcome set it while this cycle was
    /// reading: then the plan may have been made without that outcome.
    GROUPS_PLANNED = "UPDATE subject SET
            members_dirty = CASE WHEN subject.members_dirty = 2 THEN 1 ELSE 0 END,
            members_settled = max(subject.members_settled, v.value ->> 1)
        FROM json_each(?1) v WHERE subject.id = v.value ->> 0";

    /// A list of members whose link changed: their groups must be planned.
    LINK_MARK = "UPDATE subject SET members_dirty = CASE WHEN members_dirty = 2 OR EXISTS (
            SELECT 1 FROM cycle y WHERE y.channel = subject.channel AND y.state = 'reading') THEN 2 ELSE 1 END
        WHERE id IN (SELECT m.group_id FROM json_each(?1) v CROSS JOIN membership m ON m.user_id = v.value
            WHERE m.desired = 1 OR m.present = 1)";
    /// A list of members that no longer have the resource that was a member.
    LINK_LOST = "UPDATE membership SET present = 0, added_by_us = 0
        WHERE user_id IN (SELECT value FROM json_each(?1)) AND present = 1";
    /// A list of members that are not in scope.
    LINK_UNWANTED = "UPDATE membership SET desired = 0
        WHERE user_id IN (SELECT value FROM json_each(?1)) AND desired = 1";
    /// A list of members: rows that say nothing any more.
    LINK_SWEEP = "DELETE FROM membership
        WHERE user_id IN (SELECT value FROM json_each(?1)) AND desired = 0 AND present = 0";
    /// A list of members that are gone for good.
    LINK_GONE = "DELETE FROM membership WHERE user_id IN (SELECT value FROM json_each(?1))";

    /// A list of groups that have another resource, or none.
    GROUP_LOST = "UPDATE membership SET present = 0, added_by_us = 0
        WHERE group_id IN (SELECT value FROM json_each(?1)) AND present = 1";
    GROUP_SWEEP = "DELETE FROM membership
        WHERE group_id IN (SELECT value FROM json_each(?1)) AND desired = 0 AND present = 0";
    GROUP_GONE = "DELETE FROM membership WHERE group_id IN (SELECT value FROM json_each(?1))";
    GROUP_MARK = "UPDATE subject SET members_settled = 0,
            members_dirty = CASE WHEN members_dirty = 2 OR EXISTS (
                SELECT 1 FROM cycle y WHERE y.channel = subject.channel AND y.state = 'reading') THEN 2 ELSE 1 END
        WHERE id IN (SELECT value FROM json_each(?1))";
}
