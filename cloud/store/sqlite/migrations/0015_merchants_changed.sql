-- Which merchants were added or changed last: a running cloud asks for those behind the number that it has seen.
ALTER TABLE merchants ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX merchants_changed ON merchants (changed);
