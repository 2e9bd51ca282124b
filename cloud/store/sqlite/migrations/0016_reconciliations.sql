-- How operators' statements of a day compare with the ledger. day counts from 1970-01-01, in China.
CREATE TABLE reconciliations (
    operator TEXT    NOT NULL,
    day      INTEGER NOT NULL,
    state    INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    next_at  INTEGER NOT NULL,
    detail   TEXT    NOT NULL,
    lines    INTEGER NOT NULL,
    paid     INTEGER NOT NULL,
    returned INTEGER NOT NULL,
    disputed INTEGER NOT NULL,
    entry    INTEGER NOT NULL,
    body     BLOB    NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (operator, day)
) STRICT, WITHOUT ROWID;
