-- What operators have begun to configure and not saved yet. The body is sealed.

CREATE TABLE draft (
    id       INTEGER PRIMARY KEY,
    key      TEXT NOT NULL UNIQUE,
    kind     TEXT NOT NULL,
    about    TEXT,
    name     TEXT NOT NULL,
    operator TEXT NOT NULL,
    at       INTEGER NOT NULL,
    version  INTEGER NOT NULL,
    body     TEXT NOT NULL
) STRICT;
