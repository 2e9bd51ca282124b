package sqlite

import (
	"errors"
	"fmt"
)

// LimitPages bounds the database's size, to act out a full disk.
func (s *Store) LimitPages(pages int) error {
	_, err := s.writer.conn.queryRow(fmt.Sprintf("PRAGMA max_page_count = %d", pages), 1)
	return err
}

// Break acts out a disk that failed under a commit. Nothing may be on its way.
func (s *Store) Break() { _ = s.writer.broken(errors.New("input/output error")) }
