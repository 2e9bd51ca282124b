-- A hard wallet's numbers, each used once for ever. since is 0 for payments that the terminal asked about.
CREATE TABLE spent (
    wallet   BLOB    NOT NULL,
    counter  INTEGER NOT NULL,
    order_id BLOB    NOT NULL,
    digest   BLOB    NOT NULL,
    terminal INTEGER NOT NULL,
    amount   INTEGER NOT NULL,
    since    INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (wallet, counter)
) STRICT, WITHOUT ROWID;

CREATE INDEX spent_offline ON spent (terminal, since) WHERE since <> 0;

CREATE TABLE blocked_wallets (
    number   INTEGER PRIMARY KEY,
    wallet   BLOB    NOT NULL UNIQUE,
    reason   TEXT    NOT NULL,
    order_id BLOB    NOT NULL,
    at       INTEGER NOT NULL
) STRICT;

CREATE TABLE offline_limits (
    id   BLOB    PRIMARY KEY,
    body BLOB    NOT NULL,
    at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
