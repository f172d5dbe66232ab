//! Configuration, leases, channels, audit.

statements! {
    CONFIGURATION = "SELECT 1 AS id, revision, document_json FROM configuration WHERE id = 1";
    CONFIGURATION_SAVE = "INSERT INTO configuration (id, revision, document_json) VALUES (1, ?1, ?2)
        ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, document_json = excluded.document_json";

    /// ?1 target, ?2 owner, ?3 now, ?4 when it expires. No row: somebody else holds it.
    LEASE_TAKE = "INSERT INTO target (uid, owner, epoch, expires_at) VALUES (?1, ?2, 1, ?4)
        ON CONFLICT (uid) DO UPDATE SET
            epoch = CASE WHEN target.owner = excluded.owner THEN target.epoch ELSE target.epoch + 1 END,
            owner = excluded.owner,
            expires_at = excluded.expires_at
        WHERE target.owner = excluded.owner OR target.expires_at <= ?3
        RETURNING epoch";
    /// The epoch grows, so that what the former holder still has in hand is refused.
    LEASE_RELEASE = "UPDATE target SET owner = '', epoch = epoch + 1, expires_at = 0
        WHERE uid = ?1 AND epoch = ?2";
    LEASE_BREAK = "UPDATE target SET expires_at = 0 WHERE uid = ?1";
    /// A target that nobody has taken yet.
    TARGET_ENSURE = "INSERT INTO target (uid, owner, epoch, expires_at) VALUES (?1, '', 0, 0)
        ON CONFLICT (uid) DO NOTHING";
    /// ?1 = target.
    PAUSE = "SELECT id, paused_until, pause_told FROM target WHERE uid = ?1 AND paused_until IS NOT NULL";
    PAUSE_KEEP = "UPDATE target SET paused_until = ?2, pause_told = ?3 WHERE id = ?1";
    TARGET_ID = "SELECT id FROM target WHERE uid = ?1";
    FENCE = "SELECT id FROM target WHERE uid = ?1 AND epoch = ?2";

    CHANNEL_ENSURE = "INSERT INTO channel (uid, target) VALUES (?1, ?2) ON CONFLICT (uid) DO NOTHING";
    CHANNEL_ID = "SELECT id, target FROM channel WHERE uid = ?1";
    CHANNEL = "SELECT c.id AS id, c.state_json AS state_json, c.record_json AS record_json, t.uid AS target
        FROM channel c CROSS JOIN target t ON t.id = c.target WHERE c.uid = ?1";
    CHANNEL_SAVE = "UPDATE channel SET record_json = ?2 WHERE id = ?1";
    CHANNEL_STATE_SAVE = "UPDATE channel SET state_json = ?2 WHERE id = ?1";
    /// The channels of an SP connection.
    CHANNELS_OF_TARGET = "SELECT id FROM channel WHERE target = (SELECT id FROM target WHERE uid = ?1)";
    /// ?1 = channel, ?2 = its SP connection or null.
    CHANNEL_IN = "SELECT c.id FROM channel c CROSS JOIN target t ON t.id = c.target
        WHERE c.uid = ?1 AND (?2 IS NULL OR t.uid = ?2)";
    CHANNELS = "SELECT id FROM channel";
    /// Ids of the channels named (JSON), of one target.
    CHANNELS_NAMED = "SELECT c.id FROM json_each(?1) v CROSS JOIN channel c ON c.uid = v.value
        WHERE c.target = (SELECT id FROM target WHERE uid = ?2)";

    CYCLE_OPEN = "SELECT y.channel, y.started_at FROM cycle y CROSS JOIN channel c ON c.id = y.channel
        WHERE y.id = ?1 AND c.target = ?2 AND y.state = 'reading'";

    ARCHIVE_STEPS = "UPDATE step SET state = 'superseded', state_json = NULL, until = NULL
        WHERE channel = ?1 AND state IN ('planned', 'pending', 'waiting', 'held', 'parked')";
    ARCHIVE_MEMBERS = "DELETE FROM membership WHERE group_id IN
        (SELECT id FROM subject WHERE channel = ?1 AND kind = 'group')";
    ARCHIVE_UNIQUE = "DELETE FROM unique_value WHERE channel = ?1";
    ARCHIVE_SUBJECTS = "UPDATE subject SET state = 'archived', dirty = 0, next_at = NULL,
            members_dirty = 0, container = NULL
        WHERE channel = ?1 AND state <> 'archived'";

    AUDIT_ADD = "INSERT INTO audit (at, actor, event, channel, cycle, source_id, target_id, success, detail, changes_json)
        SELECT v.value ->> 'at', v.value ->> 'actor', v.value ->> 'event', v.value ->> 'channel',
            v.value ->> 'cycle', v.value ->> 'source_id', v.value ->> 'target_id',
            v.value ->> 'success', v.value ->> 'detail', v.value -> 'changes'
        FROM json_each(?1) v";
    /// ?1 = before (or the greatest number), ?2 = limit.
    AUDIT_LOG = "SELECT id, at, actor, event, channel, cycle, source_id, target_id, success, detail, changes_json
        FROM audit WHERE id < ?1 ORDER BY id DESC LIMIT ?2";
}
