-- The last record that the terminal named when it signed in: one that names less later is an old copy.
ALTER TABLE epochs ADD COLUMN named INTEGER NOT NULL DEFAULT 0;
