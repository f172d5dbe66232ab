-- Alerts, what receivers are told of them, and since when something is amiss.

CREATE TABLE alert (
    -- AUTOINCREMENT: receivers know a message by the id of its alert.
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    key        TEXT NOT NULL,
    matter     TEXT NOT NULL,
    body_json  TEXT NOT NULL,
    raised_at  INTEGER NOT NULL,
    cleared_at INTEGER
) STRICT;
CREATE UNIQUE INDEX alert_open ON alert (key) WHERE cleared_at IS NULL;
CREATE INDEX alert_cleared ON alert (cleared_at) WHERE cleared_at IS NOT NULL;

-- `done_at` without an error: delivered; with one: given up. `tries` counts claims.
CREATE TABLE delivery (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    alert         INTEGER NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
    happening     TEXT NOT NULL,
    recipient     TEXT NOT NULL,
    at            INTEGER NOT NULL,
    due_at        INTEGER NOT NULL,
    tries         INTEGER NOT NULL DEFAULT 0,
    claimed_until INTEGER,
    done_at       INTEGER,
    error         TEXT
) STRICT;
CREATE UNIQUE INDEX delivery_alert ON delivery (alert, recipient, happening);
CREATE INDEX delivery_due ON delivery (due_at) WHERE done_at IS NULL;

CREATE TABLE trouble (
    id    INTEGER PRIMARY KEY,
    key   TEXT NOT NULL UNIQUE,
    since INTEGER NOT NULL
) STRICT;
