-- That a terminal's chain broke is kept beside its state, so that a block and its end do not undo it; 0 for one that is whole.
ALTER TABLE terminals ADD COLUMN aside_at INTEGER NOT NULL DEFAULT 0;

-- What was decided about terminals' states, by whom and why.
CREATE TABLE decisions (
    number   INTEGER PRIMARY KEY,
    terminal INTEGER NOT NULL,
    kind     INTEGER NOT NULL,
    said_by  TEXT    NOT NULL,
    why      TEXT    NOT NULL,
    at       INTEGER NOT NULL
) STRICT;

CREATE INDEX decisions_terminal ON decisions (terminal);

-- Until now the records kept aside said it, as long as there was room for them.
UPDATE terminals SET aside_at = max(1, coalesce((SELECT min(received_at) FROM quarantined
    WHERE quarantined.terminal = terminals.id AND cause = 'chain'), enrolled_at))
WHERE state = 3 OR EXISTS (SELECT 1 FROM quarantined WHERE quarantined.terminal = terminals.id AND cause = 'chain');
