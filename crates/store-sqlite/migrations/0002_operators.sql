-- Operators: accounts, attempts to sign in, sessions, API tokens, the first link. Tokens are SHA-256, 32 bytes.
-- What changed in the configuration, for the audit log.

CREATE TABLE account (
    -- AUTOINCREMENT: a removed account's id never means somebody else.
    id                  INTEGER PRIMARY KEY AUTOINCREMENT,
    name                TEXT NOT NULL UNIQUE COLLATE NOCASE,
    password            TEXT NOT NULL,
    roles_json          TEXT NOT NULL,
    auditor             INTEGER NOT NULL,
    active              INTEGER NOT NULL,
    description         TEXT NOT NULL,
    phone               TEXT NOT NULL,
    email               TEXT NOT NULL,
    department          TEXT NOT NULL,
    created_at          INTEGER NOT NULL,
    modified_at         INTEGER NOT NULL,
    password_changed_at INTEGER NOT NULL
) STRICT;

-- `revision` grows with every change to any account or to the first link.
CREATE TABLE accounts (
    id              INTEGER PRIMARY KEY CHECK (id = 1),
    revision        INTEGER NOT NULL,
    link            BLOB,
    link_expires_at INTEGER
) STRICT;
INSERT INTO accounts (id, revision) VALUES (1, 0);

-- Failures to sign in since the last success, per name, whether there is such an account or not.
CREATE TABLE sign_in (
    id           INTEGER PRIMARY KEY,
    name         TEXT NOT NULL UNIQUE COLLATE NOCASE,
    failures     INTEGER NOT NULL,
    locked_until INTEGER NOT NULL,
    at           INTEGER NOT NULL
) STRICT;
CREATE INDEX sign_in_at ON sign_in (at);

CREATE TABLE session (
    id         INTEGER PRIMARY KEY,
    token      BLOB NOT NULL UNIQUE,
    account    INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX session_account ON session (account);
CREATE INDEX session_expires ON session (expires_at);

CREATE TABLE api_token (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL,
    token      BLOB NOT NULL UNIQUE,
    account    INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    roles_json TEXT NOT NULL,
    read_only  INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT;
CREATE INDEX api_token_account ON api_token (account);

ALTER TABLE audit ADD COLUMN changes_json TEXT;
