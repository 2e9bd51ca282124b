-- An order may have several entries of one kind: part is the follow-up's id, empty where there can be only one.
CREATE TABLE entries_in_parts (
    number   INTEGER PRIMARY KEY,
    order_id BLOB    NOT NULL,
    kind     INTEGER NOT NULL,
    part     BLOB    NOT NULL,
    at       INTEGER NOT NULL,
    UNIQUE (order_id, kind, part)
) STRICT;

INSERT INTO entries_in_parts (number, order_id, kind, part, at) SELECT number, order_id, kind, x'', at FROM entries;
DROP TABLE entries;
ALTER TABLE entries_in_parts RENAME TO entries;

-- What follows an approval is rare; the checks look at it without looking at every sale.
CREATE INDEX entries_follow_up ON entries (kind) WHERE kind > 4;

-- Ids of follow-ups are unique for ever, on all terminals.
CREATE TABLE follow_ups (
    id       BLOB    PRIMARY KEY,
    order_id BLOB    NOT NULL,
    terminal INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    state    INTEGER NOT NULL,
    reason   INTEGER NOT NULL,
    at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX follow_ups_waiting ON follow_ups (state) WHERE state = 1;

-- Payments in the states after LateRefunded: holds, and what was taken back in parts.
CREATE INDEX payments_followed ON payments (state) WHERE state > 11;

-- 0 for payments that were stored before.
ALTER TABLE payments ADD COLUMN reference INTEGER NOT NULL DEFAULT 0;

-- The way from the number on a receipt to its order. It is filled behind the payments' backs, up to the entry that
-- progress names, so that a sale does not pay for it.
CREATE TABLE payment_references (
    reference INTEGER NOT NULL,
    entry     INTEGER NOT NULL,
    order_id  BLOB    NOT NULL,
    PRIMARY KEY (reference, entry)
) STRICT, WITHOUT ROWID;

CREATE TABLE progress (
    name  TEXT    PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO progress (name, value) SELECT 'references', coalesce(max(number), 0) FROM entries;

-- What a merchant's plan says of holds; 0 leaves it to the defaults.
ALTER TABLE merchants ADD COLUMN completion_percent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE merchants ADD COLUMN hold_days INTEGER NOT NULL DEFAULT 0;
