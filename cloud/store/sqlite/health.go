package sqlite

import (
	"errors"
	"sync/atomic"

	"github.com/yuantill/yuantill/cloud/store"
)

// health remembers what is wrong with the store, for readers on other goroutines.
type health struct{ cause atomic.Pointer[error] }

// note takes the result of a commit in. A store that failed stays so; one that was full is well again as soon as a
// commit succeeds. What is about single changes, or passes by itself, says nothing.
func (h *health) note(err error) {
	switch {
	case errors.Is(err, store.ErrFull), errors.Is(err, store.ErrFailed):
		h.cause.Store(&err)
	case err == nil && h.cause.Load() != nil:
		h.cause.Store(nil)
	}
}

// stuck remembers why the log could not be carried over, for readers on other goroutines.
type stuck struct{ why atomic.Pointer[error] }

// note takes the result of a try in and returns that of the one before.
func (s *stuck) note(err error) (before error) {
	var old *error
	if err == nil {
		old = s.why.Swap(nil)
	} else {
		old = s.why.Swap(&err)
	}
	if old == nil {
		return nil
	}
	return *old
}

func (s *stuck) cause() error {
	if why := s.why.Load(); why != nil {
		return *why
	}
	return nil
}

// Health returns nil while changes can be stored and will be, else why not (store.HealthReader). While there is no room to carry
// the log over, or soon will be none, changes are stored as long as the log has room, and payments begin in the first half of
// it.
func (s *Store) Health() error {
	if cause := s.writer.health.cause.Load(); cause != nil {
		return *cause
	}
	if cause := s.writer.log.stuck.cause(); cause != nil {
		return cause
	}
	return s.writer.log.free.cause()
}
