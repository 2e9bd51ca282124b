-- What is done with approved orders (protocol/SPEC.md 7.6), beside the sales: a plain sale's commit writes no page more.
CREATE TABLE follow_up (
  number         INTEGER PRIMARY KEY, -- 1, 2, 3 … on this journal
  id             BLOB NOT NULL UNIQUE,
  order_id       BLOB NOT NULL,
  open           INTEGER NOT NULL,
  state          BLOB NOT NULL,
  first_sequence INTEGER NOT NULL,
  last_sequence  INTEGER NOT NULL,
  changed_at     INTEGER NOT NULL
) STRICT;

CREATE INDEX follow_up_order ON follow_up (order_id, number);

CREATE INDEX follow_up_open ON follow_up (number) WHERE open = 1;

-- What sales are found by beside their order id. It is filled behind the sales, when the till is idle, up to the number
-- in directory_end; later sales are looked through one by one.
CREATE TABLE directory (
  label  TEXT NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (label, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE directory_end (
  id     INTEGER PRIMARY KEY CHECK (id = 1),
  number INTEGER NOT NULL
) STRICT;

INSERT INTO directory_end (id, number) VALUES (1, 0);
