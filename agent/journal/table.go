package journal

import (
	"context"
	"fmt"
)

// tablesOf are the tables that each migration makes; a journal at a version has those of all up to it.
func tablesOf(step int) []string {
	return [migrationCount + 1][]string{
		1: {"owner", "record", "sale", "lost", "head"}, 2: {"follow_up", "directory", "directory_end"}, 3: {"landmark"},
		5: {"intent", "intent_end"},
	}[step]
}

// checkTables returns *DamagedError when a table of the version is missing. SQLite would say so only where it is asked for
// it, and not that this is no journal any more.
func (j *Journal) checkTables(ctx context.Context, db querier, version int) error {
	for step := 1; step <= version; step++ {
		for _, table := range tablesOf(step) {
			var found int
			const count = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?"
			if err := db.QueryRowContext(ctx, count, table).Scan(&found); err != nil {
				return fmt.Errorf("look for table %s: %w", table, err)
			}
			if found == 0 {
				return &DamagedError{Path: j.config.Path, Cause: fmt.Errorf("%w: there is no table %s", errCut, table)}
			}
		}
	}
	return nil
}
