package crashdisk

/*
#include <stdlib.h>

#include "shim.h"
#include "sqlite3vfs.h"
*/
import "C"

import (
	"errors"
	"runtime/cgo"
	"sync/atomic"
	"time"
	"unsafe"

	_ "github.com/mattn/go-sqlite3" // links SQLite itself
)

// shims numbers the registered VFS names, which are one space in a process.
var shims atomic.Int32

// shim is a Disk's VFS.
type shim struct {
	c      *C.shim
	handle cgo.Handle
	name   string
}

func newShim(d *Disk) (*shim, error) {
	number := C.int(shims.Add(1))
	s := &shim{handle: cgo.NewHandle(d)}
	if s.c = C.shim_new(C.uintptr_t(s.handle), number); s.c == nil {
		s.handle.Delete()
		return nil, errors.New("crashdisk: SQLite takes no VFS")
	}
	s.name = C.GoString(C.shim_name(s.c))
	return s, nil
}

func (s *shim) close() {
	C.shim_free(s.c)
	s.handle.Delete()
}

func (s *shim) power(on bool) {
	off := C.int(1)
	if on {
		off = 0
	}
	C.shim_power(s.c, off)
}

func (s *shim) nextGeneration() { C.shim_next_generation(s.c) }

func (s *shim) synchronous(level Level) { C.shim_synchronous(s.c, C.int(level)) }

// julianEpoch is 1970 in milliseconds of SQLite's Julian day.
const julianEpoch = 210866760000000

func (s *shim) clock(now time.Time) {
	milliseconds := C.int64_t(0)
	if !now.IsZero() {
		milliseconds = C.int64_t(julianEpoch + now.UnixMilli())
	}
	C.shim_clock(s.c, milliseconds)
}

// SeedRandomness makes SQLite's randomness in this process, its own and that of randomblob, follow from a seed; 0 gives
// it back to the system. There is one generator in a process: two databases that run at once take from it in turn.
func SeedRandomness(seed uint64) { C.shim_seed(C.int(int32(seed ^ seed>>32))) }

// code is one of SQLite's result codes.
type code = C.int

func diskOf(handle C.uintptr_t) *Disk { return cgo.Handle(handle).Value().(*Disk) }

//export crashdiskOpened
func crashdiskOpened(handle C.uintptr_t, path *C.char, database C.int) C.int {
	return C.int(diskOf(handle).opened(C.GoString(path), database != 0))
}

//export crashdiskWrite
func crashdiskWrite(handle C.uintptr_t, file C.int, data unsafe.Pointer, n C.int, offset C.longlong) C.int {
	op := Operation{Kind: Write, File: int(file) - 1, Offset: int64(offset), Data: C.GoBytes(data, n)}
	return sqliteCode(diskOf(handle).operate(op), C.SQLITE_IOERR_WRITE)
}

//export crashdiskTruncate
func crashdiskTruncate(handle C.uintptr_t, file C.int, size C.longlong) C.int {
	op := Operation{Kind: Truncate, File: int(file) - 1, Offset: int64(size)}
	return sqliteCode(diskOf(handle).operate(op), C.SQLITE_IOERR_TRUNCATE)
}

//export crashdiskSync
func crashdiskSync(handle C.uintptr_t, file, directory C.int) C.int {
	d := diskOf(handle)
	err := d.operate(Operation{Kind: Sync, File: int(file) - 1})
	if err == nil && directory != 0 {
		err = d.operate(Operation{Kind: SyncDirectory, File: noFile})
	}
	return sqliteCode(err, C.SQLITE_IOERR_FSYNC)
}

//export crashdiskDelete
func crashdiskDelete(handle C.uintptr_t, path *C.char, directory C.int) C.int {
	return sqliteCode(diskOf(handle).remove(C.GoString(path), directory != 0), C.SQLITE_IOERR_DELETE)
}

func sqliteCode(err error, otherwise code) code {
	switch {
	case err == nil:
		return C.SQLITE_OK
	case errors.Is(err, errFull):
		return C.SQLITE_FULL
	default:
		return otherwise
	}
}
