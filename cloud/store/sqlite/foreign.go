package sqlite

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// ErrForeignSchema says that somebody has put a trigger, a view or a unique index into the database, or has changed a table
// or index of ours. A trigger can take away a row while it is written, and everything else still looks right.
var ErrForeignSchema = errors.New("sqlite: the database's schema is not this program's own")

// object is a table, an index or whatever else a schema has; its text is SQLite's, spaces and lines aside.
type object struct{ kind, name, text string }

// schemaMax bounds the objects that are looked at.
const schemaMax = 1024

// checkSchema holds the schema against what the migrations make. It returns ErrForeignSchema for what is missing or was
// changed, and for what others have added that may change what is written or keep it from being written. Their tables and
// plain indexes, such as those of whoever makes reports, do neither and are left alone.
func checkSchema(c *connection) (err error) {
	fresh, err := connect(":memory:")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, fresh.close()) }()
	if err := migrateTo(fresh, math.MaxInt); err != nil {
		return err
	}
	ours, err := objects(fresh)
	if err != nil {
		return err
	}
	there, err := objects(c)
	if err != nil {
		return err
	}
	for _, own := range ours {
		at := slices.IndexFunc(there, func(o object) bool { return o.name == own.name })
		switch {
		case at < 0:
			return fmt.Errorf("%w: there is no %s %s", ErrForeignSchema, own.kind, own.name)
		case there[at] != own:
			return fmt.Errorf("%w: somebody has changed the %s %s", ErrForeignSchema, there[at].kind, own.name)
		}
		there = slices.Delete(there, at, at+1)
	}
	for _, other := range there {
		if mayInterfere(other) {
			return fmt.Errorf("%w: somebody has added the %s %q", ErrForeignSchema, other.kind, other.name)
		}
	}
	return nil
}

// mayInterfere says whether an object of others may change or refuse what is written.
func mayInterfere(o object) bool {
	return o.kind != "table" && (o.kind != "index" || strings.HasPrefix(strings.ToUpper(o.text), "CREATE UNIQUE"))
}

// objects are those of a database but SQLite's own, by name.
func objects(c *connection) (all []object, err error) {
	const query = "SELECT type, name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name LIMIT ?"
	s, err := c.statement(query)
	if err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	rows, err := s.Query([]driver.Value{int64(schemaMax)})
	if err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for row := make(values, 3); ; {
		if err := rows.Next(row); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("read schema: %w", err)
		}
		kind, _ := row[0].(string)
		name, _ := row[1].(string)
		text, _ := row[2].(string)
		all = append(all, object{kind, name, strings.Join(strings.Fields(text), " ")})
	}
}
