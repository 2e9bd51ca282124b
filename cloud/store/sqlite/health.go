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

// Health returns nil while changes can be stored, else why not (store.HealthReader).
func (s *Store) Health() error {
	if cause := s.writer.health.cause.Load(); cause != nil {
		return *cause
	}
	return nil
}
