package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/yuantill/yuantill/cloud/store"
)

// rest returns when the writer has nothing to do, and will have nothing for idleAfter.
func (s *Store) rest() error {
	ctx := context.Background()
	return errors.Join(s.Commit(ctx, store.Change{}), s.upToDate(ctx))
}

// LimitPages bounds the database's size, to act out a full disk.
func (s *Store) LimitPages(pages int) error {
	if err := s.rest(); err != nil {
		return err
	}
	_, err := s.writer.conn.queryRow(fmt.Sprintf("PRAGMA max_page_count = %d", pages), 1)
	return err
}

// Break acts out a disk that failed under a commit. Nothing may be on its way.
func (s *Store) Break() error {
	err := s.rest()
	_ = s.writer.broken(errors.New("input/output error"))
	return err
}

// OpenAt makes an empty database as the program with so many migrations left it.
func OpenAt(path string, version int) (err error) {
	c, err := connect(location(machineDisk{}, path, "_journal_mode=WAL"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	return migrateTo(c, version)
}
