-- An alarm is settled by a person; one that happens again after that is another row. Of those with the same key at most one
-- is open.
CREATE TABLE alarms_numbered (
    number     INTEGER PRIMARY KEY,
    key        TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    terminal   TEXT    NOT NULL,
    detail     TEXT    NOT NULL,
    first_at   INTEGER NOT NULL,
    last_at    INTEGER NOT NULL,
    count      INTEGER NOT NULL,
    settled_at INTEGER NOT NULL DEFAULT 0, -- 0 while it is open
    settled_by TEXT    NOT NULL DEFAULT '',
    note       TEXT    NOT NULL DEFAULT ''
) STRICT;

INSERT INTO alarms_numbered (key, kind, terminal, detail, first_at, last_at, count)
SELECT key, kind, terminal, detail, first_at, last_at, count FROM alarms ORDER BY first_at, key;
DROP TABLE alarms;
ALTER TABLE alarms_numbered RENAME TO alarms;

CREATE UNIQUE INDEX alarms_open ON alarms (key) WHERE settled_at = 0;
CREATE INDEX alarms_key ON alarms (key);
