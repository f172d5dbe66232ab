//! Memberships.

statements! {
    /// ?1 = group, ?2 = target: the group's kind, and whether it is one of this target.
    GROUP = "SELECT s.kind AS kind FROM subject s CROSS JOIN channel c ON c.id = s.channel
        WHERE s.id = ?1 AND c.target = ?2";
    /// Rows: member, via or null; ?2 = group: how many of them are not desired yet.
    STAGE_NEW = "SELECT count(*) FROM json_each(?1) v LEFT JOIN membership m
            ON m.group_id = ?2 AND m.user_id = v.value ->> 0
        WHERE m.desired IS NOT 1";
    /// Rows: member, via or null; ?2 = group, ?3 = cycle.
    STAGE = "INSERT INTO membership (group_id, user_id, desired, present, added_by_us, staged, via_json)
        SELECT ?2, v.value ->> 0, 1, 0, 0, ?3, nullif(v.value -> 1, 'null') FROM json_each(?1) v WHERE true
        ON CONFLICT (group_id, user_id) DO UPDATE SET desired = 1, staged = excluded.staged, via_json = excluded.via_json";
    /// ?1 = group, ?2 = cycle.
    CHANGED = "UPDATE subject SET members_dirty = max(members_dirty, 1), members_changed = ?2 WHERE id = ?1";

    /// ?1 = group, ?2 = cycle: those who were not read this time.
    DROP_DESIRED = "UPDATE membership SET desired = 0 WHERE group_id = ?1 AND desired = 1 AND staged IS NOT ?2";
    SWEEP = "DELETE FROM membership WHERE group_id = ?1 AND desired = 0 AND present = 0";
    /// ?1 = group, ?2 = cycle, ?3 = complete, ?4 = members dropped. The row comes back when
    /// anything changed.
    END = "UPDATE subject SET members_complete = ?3, members_dirty = max(members_dirty, 1)
        WHERE id = ?1 AND (members_complete <> ?3 OR ?4 > 0 OR members_changed IS ?2) RETURNING id";

    /// A list of groups. One row with all: group, complete, members with the way they came.
    WANTED = "SELECT 0 AS id, '[' || group_concat('[' || s.id || ',' || s.members_complete || ',[' || coalesce((
            SELECT group_concat('[' || m.user_id || ',' || coalesce(m.via_json, '[]') || ']')
            FROM membership m WHERE m.group_id = s.id AND m.desired = 1), '') || ']]') || ']' AS rows_json
        FROM json_each(?1) v CROSS JOIN subject s ON s.id = v.value";

    DIRTY = "SELECT id FROM subject INDEXED BY subject_members
        WHERE channel = (SELECT id FROM channel WHERE uid = ?1) AND members_dirty > 0
            AND kind = 'group' AND state = 'linked' ORDER BY id";

    MEMBERS = "SELECT m.id AS id, m.group_id AS group_id, m.user_id AS user_id, s.target_id AS target_id,
            s.state AS state, m.desired AS desired, m.present AS present, m.added_by_us AS added_by_us,
            m.via_json AS via_json
        FROM membership m CROSS JOIN subject s ON s.id = m.user_id WHERE m.group_id = ?1 ORDER BY m.user_id";
    GROUPS_OF = "SELECT m.id AS id, m.group_id AS group_id, m.user_id AS user_id, s.target_id AS target_id,
            s.state AS state, m.desired AS desired, m.present AS present, m.added_by_us AS added_by_us,
            m.via_json AS via_json
        FROM membership m INDEXED BY membership_user CROSS JOIN subject s ON s.id = m.user_id
        WHERE m.user_id = ?1 ORDER BY m.group_id";

    /// A list of target ids; ?2 = target, ?3 = group. Resources of people linked in the group's
    /// channel.
    OBSERVE = "INSERT INTO membership (group_id, user_id, desired, present, added_by_us)
        SELECT ?3, s.id, 0, 1, 0 FROM json_each(?1) v CROSS JOIN subject s INDEXED BY subject_target
            ON s.target_id = v.value
        WHERE s.kind = 'user' AND s.state IN ('linked', 'disabled', 'frozen')
            AND s.channel = (SELECT g.channel FROM subject g CROSS JOIN channel c ON c.id = g.channel
                WHERE g.id = ?3 AND c.target = ?2)
        ON CONFLICT (group_id, user_id) DO UPDATE SET present = 1 WHERE present = 0";
    /// A list of target ids; ?2 = group: members whose resource is not among them.
    OBSERVE_ABSENT = "UPDATE membership SET present = 0, added_by_us = 0
        WHERE group_id = ?2 AND present = 1 AND NOT EXISTS (
            SELECT 1 FROM subject s WHERE s.id = membership.user_id
                AND s.state IN ('linked', 'disabled', 'frozen')
                AND s.target_id IN (SELECT value FROM json_each(?1)))";
}
