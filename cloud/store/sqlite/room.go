package sqlite

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/yuantill/yuantill/cloud/store"
)

// roomEvery is how often the free room of the disk is looked at.
const roomEvery = 2 * time.Second

// freeRoom watches whether the disk has room for all that the log may hold: it has to be carried over into the database
// sometime, and what the log itself takes is its own already.
type freeRoom struct {
	disk   Disk
	path   string
	least  int64 // bytes; 0 watches nothing
	logger *slog.Logger
	low    atomic.Pointer[error]
}

// look asks the disk, and logs when its answer is another than before. An eighth more than the least ends it, so that a disk
// at the edge is not told of again and again.
func (r *freeRoom) look() {
	if r.least == 0 {
		return
	}
	free, err := r.disk.Free(r.path)
	before := r.cause()
	switch {
	case err != nil:
		r.logger.LogAttrs(context.Background(), slog.LevelWarn, "measure free room", slog.Any("cause", err))
	case free < r.least && before == nil:
		why := fmt.Errorf("%w: %d KiB free, %d needed for what the log may hold", store.ErrFull, free>>10, r.least>>10)
		r.low.Store(&why)
		r.logger.LogAttrs(context.Background(), slog.LevelError, "disk is nearly full: payments stop when half of the log is used",
			slog.Any("cause", why))
	case free >= r.least+r.least/8 && before != nil:
		r.low.Store(nil)
		r.logger.LogAttrs(context.Background(), slog.LevelInfo, "disk has room again")
	}
}

func (r *freeRoom) cause() error {
	if why := r.low.Load(); why != nil {
		return *why
	}
	return nil
}

// Room says what may begin (store.RoomReader).
func (s *Store) Room() store.Room { return store.Room(s.writer.log.standing.Load()) }

// standingOf is what there is room for while the log cannot be carried over and so many of its pages are in use. The last
// quarter is for what has begun alone.
func (l *writeAheadLog) standingOf(used int64) store.Room {
	switch {
	case l.stuck.cause() == nil || used < l.half:
		return store.RoomToBegin
	case used < l.half+l.half/2:
		return store.RoomToDecline
	default:
		return store.RoomToEnd
	}
}
