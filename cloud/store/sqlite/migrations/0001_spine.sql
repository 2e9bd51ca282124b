-- Times are microseconds since 1970-01-01 UTC, amounts minor units.
CREATE TABLE terminals (
    number        INTEGER PRIMARY KEY,
    id            TEXT    NOT NULL UNIQUE,
    merchant      TEXT    NOT NULL,
    serial_number TEXT    NOT NULL,
    key_version   INTEGER NOT NULL,
    certificate   BLOB    NOT NULL,
    identity      BLOB    NOT NULL,
    state         INTEGER NOT NULL,
    enrolled_at   INTEGER NOT NULL
) STRICT;

CREATE TABLE merchants (
    id               TEXT    PRIMARY KEY,
    name             TEXT    NOT NULL,
    operators        TEXT    NOT NULL,
    fee_basis_points INTEGER NOT NULL,
    jurisdiction     TEXT    NOT NULL,
    created_at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The key is terminal number << 40 | sequence: unique for ever, one tree, and records of a terminal lie together.
CREATE TABLE records (
    id          INTEGER PRIMARY KEY,
    received_at INTEGER NOT NULL,
    bytes       BLOB    NOT NULL
) STRICT;

CREATE TABLE heads (
    terminal     INTEGER PRIMARY KEY,
    revision     INTEGER NOT NULL,
    high_water   INTEGER NOT NULL,
    link         BLOB    NOT NULL,
    highest      INTEGER NOT NULL,
    highest_link BLOB    NOT NULL,
    records      INTEGER NOT NULL,
    spans        BLOB    NOT NULL -- 80 bytes a span: first, last, link before, link of the last
) STRICT;

CREATE TABLE epochs (
    terminal       INTEGER NOT NULL,
    number         INTEGER NOT NULL,
    key_version    INTEGER NOT NULL,
    terminal_nonce BLOB    NOT NULL,
    cloud_nonce    BLOB    NOT NULL,
    opened_at      INTEGER NOT NULL,
    first_sequence INTEGER NOT NULL,
    PRIMARY KEY (terminal, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE payments (
    order_id   BLOB    PRIMARY KEY,
    terminal   INTEGER NOT NULL,
    sequence   INTEGER NOT NULL,
    merchant   TEXT    NOT NULL,
    revision   INTEGER NOT NULL,
    state      INTEGER NOT NULL,
    final      INTEGER NOT NULL,
    next_at    INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    blob       BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX payments_open ON payments (final) WHERE final = 0;

CREATE TABLE accounts (
    number INTEGER PRIMARY KEY,
    name   TEXT    NOT NULL UNIQUE
) STRICT;

CREATE TABLE entries (
    number   INTEGER PRIMARY KEY,
    order_id BLOB    NOT NULL,
    kind     INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    UNIQUE (order_id, kind)
) STRICT;

-- The key is entry number << 3 | line.
CREATE TABLE postings (
    id       INTEGER PRIMARY KEY,
    account  INTEGER NOT NULL,
    amount   INTEGER NOT NULL,
    currency TEXT    NOT NULL
) STRICT;

CREATE TABLE quarantined (
    number      INTEGER PRIMARY KEY,
    terminal    TEXT    NOT NULL,
    epoch       INTEGER NOT NULL,
    sequence    INTEGER NOT NULL,
    cause       TEXT    NOT NULL,
    digest      BLOB    NOT NULL,
    bytes       BLOB    NOT NULL,
    received_at INTEGER NOT NULL,
    UNIQUE (terminal, sequence, digest)
) STRICT;

CREATE TABLE alarms (
    key      TEXT    PRIMARY KEY,
    kind     TEXT    NOT NULL,
    terminal TEXT    NOT NULL,
    detail   TEXT    NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    count    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE leases (
    name  TEXT    PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
