-- Names that people had before. A group may go on naming somebody by one of them: a directory does not have to change the
-- members of its groups when an entry is renamed or moved.

CREATE TABLE former_name (
    id      INTEGER PRIMARY KEY,
    channel INTEGER NOT NULL REFERENCES channel (id),
    dn_hash BLOB NOT NULL,
    subject INTEGER NOT NULL REFERENCES subject (id) ON DELETE CASCADE,
    UNIQUE (channel, dn_hash, subject)
) STRICT;
CREATE INDEX former_name_subject ON former_name (subject);

CREATE TRIGGER subject_renamed AFTER UPDATE OF dn_hash ON subject
WHEN OLD.dn_hash <> NEW.dn_hash AND NEW.kind = 'user'
BEGIN
    INSERT INTO former_name (channel, dn_hash, subject) VALUES (OLD.channel, OLD.dn_hash, OLD.id)
    ON CONFLICT (channel, dn_hash, subject) DO NOTHING;
END;
