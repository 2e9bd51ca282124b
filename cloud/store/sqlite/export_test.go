package sqlite

import "fmt"

// LimitPages bounds the database's size, to act out a full disk.
func (s *Store) LimitPages(pages int) error {
	_, err := s.writer.conn.queryRow(fmt.Sprintf("PRAGMA max_page_count = %d", pages), 1)
	return err
}
