-- The state of Usher. Times are UTC milliseconds, hashes 16 bytes, truth values 0 or 1.
-- Columns that end in `_json` hold the JSON of a type of the model.

CREATE TABLE health (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    checks INTEGER NOT NULL
) STRICT;
INSERT INTO health (id, checks) VALUES (1, 0);

CREATE TABLE configuration (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    revision      INTEGER NOT NULL,
    document_json TEXT NOT NULL
) STRICT;

-- A target (SP connection) and its lease. `epoch` is the fencing token.
CREATE TABLE target (
    id         INTEGER PRIMARY KEY,
    uid        TEXT NOT NULL UNIQUE,
    owner      TEXT NOT NULL,
    epoch      INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE channel (
    id          INTEGER PRIMARY KEY,
    uid         TEXT NOT NULL UNIQUE,
    target      INTEGER NOT NULL REFERENCES target (id),
    -- Where it is in its life; changed by operators, without a lease.
    state_json  TEXT,
    -- Everything else that is kept; the `state` in it does not count.
    record_json TEXT
) STRICT;
CREATE INDEX channel_target ON channel (target);

-- Canonical DNs of containers, written once each.
CREATE TABLE container (
    id INTEGER PRIMARY KEY,
    dn TEXT NOT NULL UNIQUE
) STRICT;

-- The light part of a subject: what is read in thousands.
CREATE TABLE subject (
    id               INTEGER PRIMARY KEY,
    channel          INTEGER NOT NULL REFERENCES channel (id),
    source_key       TEXT NOT NULL,
    kind             TEXT NOT NULL,
    dn               TEXT NOT NULL,
    dn_hash          BLOB NOT NULL,
    display          TEXT NOT NULL,
    state            TEXT NOT NULL,
    target_id        TEXT,
    in_scope         INTEGER NOT NULL,
    desired_hash     BLOB,
    synced_hash      BLOB,
    verdict          TEXT NOT NULL,
    reason           TEXT NOT NULL,
    attempts         INTEGER NOT NULL,
    next_at          INTEGER,
    parked_hash      BLOB,
    dirty            INTEGER NOT NULL,
    left_at          INTEGER,
    -- What keeps its plan waiting for a person whatever time passes.
    standing_hold    TEXT,
    members_settled  INTEGER NOT NULL,
    members_complete INTEGER NOT NULL,
    -- 0 = in order; 1 = must be planned; 2 = must be planned, marked while a cycle was reading.
    members_dirty    INTEGER NOT NULL,
    -- The cycle in which the set of desired members changed last.
    members_changed  INTEGER,
    container        INTEGER REFERENCES container (id),
    -- The scope group that it was last seen in; its DN stands with the containers.
    scope_group      INTEGER REFERENCES container (id),
    -- What was read, hashed (16 bytes), and the `desired_hash` that came of it: when that is another now, this says nothing.
    read_hash        BLOB,
    -- Grows with every write of the whole subject.
    version          INTEGER NOT NULL DEFAULT 1,
    -- When it became `removed`.
    removed_at       INTEGER,
    UNIQUE (channel, source_key)
) STRICT;
CREATE INDEX subject_dn ON subject (channel, dn_hash);
CREATE INDEX subject_target ON subject (target_id) WHERE target_id IS NOT NULL;
CREATE INDEX subject_dirty ON subject (channel) WHERE dirty = 1;
CREATE INDEX subject_next ON subject (channel, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX subject_counts ON subject (channel, kind, state, in_scope, verdict, dirty);
CREATE INDEX subject_container ON subject (container, channel, kind, state) WHERE container IS NOT NULL;
CREATE INDEX subject_scope_group ON subject (scope_group, channel, kind, state) WHERE scope_group IS NOT NULL;
CREATE INDEX subject_members ON subject (channel) WHERE members_dirty > 0;
CREATE INDEX subject_removed ON subject (removed_at) WHERE removed_at IS NOT NULL;

-- The heavy part of a subject.
CREATE TABLE subject_data (
    id           INTEGER PRIMARY KEY REFERENCES subject (id),
    desired_json TEXT,
    shadow_json  TEXT NOT NULL
) STRICT;

CREATE TABLE unique_value (
    id      INTEGER PRIMARY KEY,
    channel INTEGER NOT NULL REFERENCES channel (id),
    field   TEXT NOT NULL,
    folded  TEXT NOT NULL,
    subject INTEGER NOT NULL REFERENCES subject (id),
    UNIQUE (channel, field, folded, subject)
) STRICT;
CREATE INDEX unique_value_subject ON unique_value (subject);

CREATE TABLE membership (
    id          INTEGER PRIMARY KEY,
    group_id    INTEGER NOT NULL REFERENCES subject (id),
    user_id     INTEGER NOT NULL REFERENCES subject (id),
    desired     INTEGER NOT NULL,
    present     INTEGER NOT NULL,
    added_by_us INTEGER NOT NULL,
    -- The cycle that read it last as desired.
    staged      INTEGER,
    via_json    TEXT,
    UNIQUE (group_id, user_id)
) STRICT;
CREATE INDEX membership_user ON membership (user_id);

CREATE TABLE cycle (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    channel       INTEGER NOT NULL REFERENCES channel (id),
    state         TEXT NOT NULL,
    started_at    INTEGER NOT NULL,
    document_json TEXT NOT NULL
) STRICT;
CREATE INDEX cycle_channel ON cycle (channel, state);

-- Subjects that the open cycle of a channel wrote. Empty between cycles.
CREATE TABLE touched (
    id      INTEGER PRIMARY KEY,
    cycle   INTEGER NOT NULL,
    subject INTEGER NOT NULL,
    -- Its own steps are planned anew.
    account INTEGER NOT NULL,
    -- Its membership is planned anew.
    members INTEGER NOT NULL,
    -- It was written as a subject, rather than only as the owner of a membership.
    written INTEGER NOT NULL,
    UNIQUE (cycle, subject)
) STRICT;

-- Guards that the settling cycle exceeds. Empty between settlings.
CREATE TABLE breach (
    guard     TEXT NOT NULL UNIQUE,
    hold_json TEXT NOT NULL
) STRICT;

CREATE TABLE step (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    channel        INTEGER NOT NULL REFERENCES channel (id),
    cycle          INTEGER NOT NULL,
    subject        INTEGER NOT NULL REFERENCES subject (id),
    kind           TEXT NOT NULL,
    verb           TEXT NOT NULL,
    priority       INTEGER NOT NULL,
    part           INTEGER NOT NULL,
    -- How many members a membership step has.
    members        INTEGER NOT NULL,
    operation_json TEXT NOT NULL,
    reason_json    TEXT NOT NULL,
    expects_json   TEXT NOT NULL,
    -- The hold that the plan gave it.
    hold_json      TEXT,
    guards_json    TEXT NOT NULL,
    state          TEXT NOT NULL,
    -- The whole state, when it has data.
    state_json     TEXT,
    -- When a waiting step is due.
    until          INTEGER,
    attempts       INTEGER NOT NULL,
    approved_by    TEXT,
    -- When it was released or last sent: what the rolling window counts.
    released_at    INTEGER,
    created_at     INTEGER NOT NULL,
    changed_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX step_subject ON step (subject, state);
CREATE INDEX step_state ON step (channel, state);
CREATE INDEX step_cycle ON step (cycle, state);
CREATE INDEX step_pending ON step (channel, priority) WHERE state = 'pending';
CREATE INDEX step_waiting ON step (channel, until) WHERE state = 'waiting';
CREATE INDEX step_released ON step (channel, released_at) WHERE released_at IS NOT NULL;
CREATE INDEX step_changed ON step (changed_at);

CREATE TABLE exchange (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    step          INTEGER NOT NULL,
    subject       INTEGER NOT NULL,
    at            INTEGER NOT NULL,
    document_json TEXT NOT NULL
) STRICT;
CREATE INDEX exchange_subject ON exchange (subject);
CREATE INDEX exchange_at ON exchange (at);

CREATE TABLE audit (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    at        INTEGER NOT NULL,
    actor     TEXT NOT NULL,
    event     TEXT NOT NULL,
    channel   TEXT,
    cycle     INTEGER,
    source_id TEXT,
    target_id TEXT,
    success   INTEGER NOT NULL,
    detail    TEXT NOT NULL
) STRICT;
CREATE INDEX audit_at ON audit (at);

-- The target's resources as last listed or written.
CREATE TABLE target_index (
    id            INTEGER PRIMARY KEY,
    target        INTEGER NOT NULL REFERENCES target (id),
    kind          TEXT NOT NULL,
    target_id     TEXT NOT NULL,
    external_id   TEXT,
    name          TEXT,
    email         TEXT,
    generation    INTEGER NOT NULL,
    -- Written by us since the last complete listing ended: that listing may have passed its place
    -- already, so its end does not delete it.
    own           INTEGER NOT NULL,
    observed_json TEXT NOT NULL,
    UNIQUE (target, kind, target_id)
) STRICT;
CREATE INDEX target_index_external ON target_index (target, kind, external_id)
    WHERE external_id IS NOT NULL;
CREATE INDEX target_index_name ON target_index (target, kind, name) WHERE name IS NOT NULL;
CREATE INDEX target_index_email ON target_index (target, kind, email) WHERE email IS NOT NULL;

-- When the last complete listing of a kind ended.
CREATE TABLE target_listing (
    id          INTEGER PRIMARY KEY,
    target      INTEGER NOT NULL REFERENCES target (id),
    kind        TEXT NOT NULL,
    finished_at INTEGER NOT NULL,
    UNIQUE (target, kind)
) STRICT;
