-- The check value of the root key that the database is used under: books under another key are another cloud's. No row until
-- a cloud has served it.
CREATE TABLE owner (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    root_check BLOB    NOT NULL
) STRICT;
