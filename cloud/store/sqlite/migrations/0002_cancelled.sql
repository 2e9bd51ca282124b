-- Orders that were cancelled before their payment was seen. The first cancellation of an order counts.
CREATE TABLE cancelled (
    number   INTEGER PRIMARY KEY,
    order_id BLOB    NOT NULL UNIQUE,
    terminal INTEGER NOT NULL,
    reason   INTEGER NOT NULL,
    at       INTEGER NOT NULL
) STRICT;
