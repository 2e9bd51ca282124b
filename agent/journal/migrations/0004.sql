-- A tag over every row of a sale and of a follow-up, and in the tagged head row how many there are and the sum of the
-- open ones' tags: a row that is altered, lost or put back is noticed. NULL in head: the rows have no tags yet.
ALTER TABLE sale ADD COLUMN tag BLOB NOT NULL DEFAULT x'';

ALTER TABLE follow_up ADD COLUMN tag BLOB NOT NULL DEFAULT x'';

ALTER TABLE head ADD COLUMN follow_ups INTEGER;

ALTER TABLE head ADD COLUMN open_rows INTEGER;

ALTER TABLE head ADD COLUMN open_sum BLOB;
