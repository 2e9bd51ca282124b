-- Where records of rare types stand, so that a start finds a shift's beginning without reading everything before it.
CREATE TABLE landmark (
  type     INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  PRIMARY KEY (type, sequence)
) STRICT, WITHOUT ROWID;
