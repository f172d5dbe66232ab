-- Until when a target is left alone, UTC milliseconds, and whether it asked for that itself.

ALTER TABLE target ADD COLUMN paused_until INTEGER;
ALTER TABLE target ADD COLUMN pause_told INTEGER;
