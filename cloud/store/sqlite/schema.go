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

// migrate brings the database to the newest version, or only looks whether it has it.
func migrate(c *connection, asItIs bool) error {
	if !asItIs {
		return migrateTo(c, math.MaxInt)
	}
	names, version, err := versions(c)
	if err == nil && version < len(names) {
		return fmt.Errorf("%w: version %d, this program needs %d", ErrOlder, version, len(names))
	}
	return err
}

// versions returns the migrations there are, in their order, and how many of them the database has. It refuses a database
// from a newer program.
func versions(c *connection) (names []string, version int, err error) {
	if names, err = fs.Glob(migrations, "migrations/*.sql"); err != nil {
		return nil, 0, fmt.Errorf("list migrations: %w", err)
	}
	slices.Sort(names)
	row, err := c.queryRow("PRAGMA user_version", 1)
	if err != nil {
		return nil, 0, fmt.Errorf("read schema version: %w", err)
	}
	applied, _ := row[0].(int64)
	if int(applied) > len(names) {
		return nil, 0, fmt.Errorf("%w: version %d, this program knows %d", ErrNewer, applied, len(names))
	}
	return names, int(applied), nil
}

// migrateTo applies migrations in the order of their names up to a version, each in a transaction of its own;
// user_version holds how many have been applied. It refuses a database from a newer program.
func migrateTo(c *connection, newest int) error {
	names, version, err := versions(c)
	if err != nil {
		return err
	}
	for i := version; i < min(newest, len(names)); i++ {
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
