-- Only steps that ended are ever looked for by when they changed: those on their way, which change often, need no place in
-- the index.

DROP INDEX step_changed;
CREATE INDEX step_ended ON step (changed_at)
    WHERE state IN ('succeeded', 'replan', 'superseded', 'rejected', 'expired');
