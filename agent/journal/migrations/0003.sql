-- Where records of rare types stand, so that a shift's beginning, its end and its cash are found without
-- reading everything.
CREATE TABLE landmark (
  type     INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  PRIMARY KEY (type, sequence)
) STRICT, WITHOUT ROWID;
