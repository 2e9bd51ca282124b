-- What each intent's idempotency key began, for ever: key is the start of a hash over the key and what it names, kind 0 a
-- sale, 1 a follow-up, 2 shift-opened, 3 cash-moved, 4 shift-closed; number is the sale's or follow-up's, or the record's
-- sequence. It is filled behind the intents, when the till is idle, up to the numbers in intent_end; later ones are in the
-- agent's memory.
CREATE TABLE intent (
  key    BLOB PRIMARY KEY,
  kind   INTEGER NOT NULL,
  number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE intent_end (
  kind   INTEGER PRIMARY KEY,
  number INTEGER NOT NULL
) STRICT;

INSERT INTO intent_end (kind, number) VALUES (0, 0), (1, 0), (2, 0), (3, 0), (4, 0);
