package sqlite

import (
	"database/sql/driver"
	"embed"
	"fmt"
	"io/fs"
	"math"
	"slices"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the database to the newest version.
func migrate(c *connection) error { return migrateTo(c, math.MaxInt) }

// migrateTo applies migrations in the order of their names up to a version, each in a transaction of its own;
// user_version holds how many have been applied. It refuses a database from a newer program.
func migrateTo(c *connection, newest int) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return fmt.Errorf("list migrations: %w", err)
	}
	slices.Sort(names)
	row, err := c.queryRow("PRAGMA user_version", 1)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	version, _ := row[0].(int64)
	if int(version) > len(names) {
		return fmt.Errorf("%w: version %d, this program knows %d", ErrNewer, version, len(names))
	}
	for i := int(version); i < min(newest, len(names)); i++ {
		text, err := migrations.ReadFile(names[i])
		if err != nil {
			return fmt.Errorf("read migration: %w", err)
		}
		script := fmt.Sprintf("BEGIN IMMEDIATE;\n%s\nPRAGMA user_version = %d;\nCOMMIT;", text, i+1)
		if err := c.exec(script); err != nil {
			return fmt.Errorf("apply migration %s: %w", names[i], err)
		}
	}
	return nil
}

// values is a row of parameters.
type values = []driver.Value
