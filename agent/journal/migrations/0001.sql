-- The journal's first shape. record.bytes is the stored record (protocol/SPEC.md): never altered, never deleted.
CREATE TABLE owner (
  id         INTEGER PRIMARY KEY CHECK (id = 1),
  terminal   TEXT NOT NULL,
  created_at INTEGER NOT NULL -- microseconds since 1970-01-01 UTC
) STRICT;

CREATE TABLE record (
  sequence INTEGER PRIMARY KEY,
  bytes    BLOB NOT NULL
) STRICT;

CREATE TABLE sale (
  number         INTEGER PRIMARY KEY, -- 1, 2, 3 … on this journal
  order_id       BLOB NOT NULL UNIQUE,
  open           INTEGER NOT NULL,
  state          BLOB NOT NULL,
  first_sequence INTEGER NOT NULL,
  last_sequence  INTEGER NOT NULL,
  changed_at     INTEGER NOT NULL
) STRICT;

CREATE INDEX sale_open ON sale (number) WHERE open = 1;

-- Sequences that were lost with an older journal; the EpochOpened record behind each is the proof.
CREATE TABLE lost (
  first INTEGER PRIMARY KEY,
  last  INTEGER NOT NULL
) STRICT;

-- Where the chain ends, written in every commit and tagged, so that a journal cut short is noticed at once.
CREATE TABLE head (
  id           INTEGER PRIMARY KEY CHECK (id = 1),
  sequence     INTEGER NOT NULL,
  link         BLOB NOT NULL,
  sales        INTEGER NOT NULL,
  acknowledged INTEGER NOT NULL,
  tag          BLOB NOT NULL
) STRICT;
