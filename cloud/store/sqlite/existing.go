package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"os"
)

// headerSize is that of a database's header, in bytes: a shorter file is no database. SQLite takes one of no bytes, or of
// one, for an empty database and writes over it.
const headerSize = 100

// Present returns ErrGone for a file of which there is nothing, and ErrDamaged for one of which there is too little: SQLite would
// begin new books in its place. It deletes the log of a database that is not there, and with it what is nowhere else.
func Present(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%w: %s is not there", ErrGone, path)
	case err != nil:
		return fmt.Errorf("look at database: %w", err)
	case info.Size() == 0:
		return fmt.Errorf("%w: there is nothing left in %s", ErrGone, path)
	case info.Size() < headerSize && info.Mode().IsRegular():
		return fmt.Errorf("%w: only %d bytes are left of %s", ErrDamaged, info.Size(), path)
	default:
		return nil
	}
}

// checkOwner returns ErrForeign for a database that was used under another root key. It reports whether the database has an
// owner; one of an older program, or that nobody has served, has none.
func checkOwner(c *connection, owner []byte) (owned bool, err error) {
	if owner == nil {
		return false, nil
	}
	table, err := c.queryRow("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'owner'", 1)
	if err != nil || table == nil {
		return false, err
	}
	row, err := c.queryRow("SELECT root_check FROM owner", 1)
	if err != nil || row == nil {
		return false, err
	}
	if known, _ := row[0].([]byte); !bytes.Equal(known, owner) {
		return true, fmt.Errorf("%w: root key's check value is %X, here it is %X", ErrForeign, known, owner)
	}
	return true, nil
}

// claim notes the owner of a database that has none.
func claim(c *connection, owner []byte) error {
	if owner == nil {
		return nil
	}
	if _, err := c.run("INSERT INTO owner (one, root_check) VALUES (1, ?) ON CONFLICT DO NOTHING", values{owner}); err != nil {
		return fmt.Errorf("note owner: %w", err)
	}
	return nil
}
