-- Shifts as their terminals' newest records tell of them. The key in the order in which they were heard of.
CREATE TABLE shifts (
    number         INTEGER PRIMARY KEY,
    terminal       INTEGER NOT NULL,
    shift_id       BLOB    NOT NULL,
    batch          INTEGER NOT NULL,
    revision       INTEGER NOT NULL,
    state          INTEGER NOT NULL,
    first_sequence INTEGER NOT NULL,
    last_sequence  INTEGER NOT NULL,
    opened_at      INTEGER NOT NULL,
    closed_at      INTEGER NOT NULL,
    body           BLOB    NOT NULL,
    findings       TEXT    NOT NULL,
    UNIQUE (terminal, shift_id)
) STRICT;

CREATE INDEX shifts_waiting ON shifts (number) WHERE state = 3;
