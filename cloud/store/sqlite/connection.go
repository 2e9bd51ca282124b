package sqlite

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"github.com/mattn/go-sqlite3"
)

// connection is the writer's own connection, used by one goroutine without the pool in between: a statement costs
// half of what it does through database/sql.
type connection struct {
	driver     *sqlite3.SQLiteConn
	statements map[string]*sqlite3.SQLiteStmt
}

func connect(path string) (*connection, error) {
	opened, err := (&sqlite3.SQLiteDriver{}).Open(path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	conn, ok := opened.(*sqlite3.SQLiteConn)
	if !ok {
		return nil, fmt.Errorf("open database: unexpected driver %T", opened)
	}
	return &connection{driver: conn, statements: make(map[string]*sqlite3.SQLiteStmt)}, nil
}

// exec runs a script without parameters.
func (c *connection) exec(script string) error {
	_, err := c.driver.Exec(script, nil)
	return err
}

// statement returns the prepared statement of a query; queries are constants of this package, so the map is bounded.
func (c *connection) statement(query string) (*sqlite3.SQLiteStmt, error) {
	if s, ok := c.statements[query]; ok {
		return s, nil
	}
	prepared, err := c.driver.Prepare(query)
	if err != nil {
		return nil, fmt.Errorf("prepare statement: %w", err)
	}
	s, ok := prepared.(*sqlite3.SQLiteStmt)
	if !ok {
		return nil, fmt.Errorf("prepare statement: unexpected driver %T", prepared)
	}
	c.statements[query] = s
	return s, nil
}

// run executes a prepared statement and returns how many rows it changed.
func (c *connection) run(query string, args values) (int64, error) {
	s, err := c.statement(query)
	if err != nil {
		return 0, err
	}
	result, err := s.Exec(args)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// queryRow returns the one row of a query, or nil when there is none.
func (c *connection) queryRow(query string, columns int, args ...driver.Value) (row values, err error) {
	s, err := c.statement(query)
	if err != nil {
		return nil, err
	}
	rows, err := s.Query(args)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row = make(values, columns)
	if err := rows.Next(row); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	return row, nil
}

func (c *connection) close() error {
	var errs []error
	for _, s := range c.statements {
		errs = append(errs, s.Close())
	}
	clear(c.statements)
	return errors.Join(append(errs, c.driver.Close())...)
}

// isConstraint reports whether a row broke a UNIQUE promise.
func isConstraint(err error) bool {
	var failure sqlite3.Error
	return errors.As(err, &failure) && failure.Code == sqlite3.ErrConstraint
}

// isFull reports whether there was no room; SQLite has then rolled the transaction back.
func isFull(err error) bool {
	var failure sqlite3.Error
	return errors.As(err, &failure) && failure.Code == sqlite3.ErrFull
}

// isBusy reports whether another connection was in the way.
func isBusy(err error) bool {
	var failure sqlite3.Error
	return errors.As(err, &failure) && failure.Code == sqlite3.ErrBusy
}
