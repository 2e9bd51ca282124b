package crashdisk

import (
	"os"
	"strings"
)

// Faults are what a disk may do while the power is on. The zero value is a good disk.
type Faults struct {
	// Capacity is how many bytes all files may have together; writes that make a file longer fail beyond it. 0 is
	// without bound.
	Capacity int64
	// FailWrite and FailSync make the nth write (or truncation) and sync from now fail, 1 being the next, once. What a
	// failed sync was to make durable stays in doubt.
	FailWrite, FailSync int
}

// SetFaults switches faults on, and those before off.
func (d *Disk) SetFaults(faults Faults) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = faults
}

// fault returns the error of an operation that is to fail. mu is held.
func (d *Disk) fault(op Operation) error {
	switch op.Kind {
	case Write, Truncate:
		if countDown(&d.faults.FailWrite) {
			return ErrFault
		}
		if op.Kind == Write && d.faults.Capacity > 0 && d.growth(op) > d.left() {
			return errFull
		}
	case Sync:
		if countDown(&d.faults.FailSync) {
			return ErrFault
		}
	case Create, Delete, SyncDirectory, Mark:
	}
	return nil
}

// countDown says that a countdown has arrived.
func countDown(n *int) bool {
	if *n == 0 {
		return false
	}
	*n--
	return *n == 0
}

// growth returns how much longer a write makes its file.
func (d *Disk) growth(op Operation) int64 {
	info, err := os.Stat(d.Path(op.Name))
	if err != nil {
		return 0
	}
	return max(op.Offset+int64(len(op.Data))-info.Size(), 0)
}

// left returns how many bytes there is room for.
func (d *Disk) left() int64 {
	entries, err := os.ReadDir(d.folder)
	if err != nil {
		return 0
	}
	left := d.faults.Capacity
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && !strings.HasSuffix(entry.Name(), shmSuffix) {
			left -= info.Size()
		}
	}
	return left
}

// Level is what PRAGMA synchronous is turned down to.
type Level uint8

// The levels.
const (
	AsAsked Level = iota // what the program asks for
	Normal               // NORMAL at most
	Never                // OFF
)

// Lies are what takes the meaning from a sync: each is a mistake that a crash test has to find. The zero value is the
// truth.
type Lies struct {
	// Syncs of these do nothing and say they did: of databases, of write-ahead logs, of the directory, and of the
	// files that SQLite knows nothing of.
	Database, Log, Directory, Other bool
	// Synchronous turns the pragma down, for connections opened from now on.
	Synchronous Level
}

// SetLies makes the disk lie, or be honest again.
func (d *Disk) SetLies(lies Lies) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lies = lies
	d.shim.synchronous(lies.Synchronous)
}

// about says whether an operation is one that does nothing.
func (l Lies) about(op Operation, databases map[int]bool) bool {
	switch {
	case op.Kind == SyncDirectory:
		return l.Directory
	case op.Kind != Sync:
		return false
	case databases[op.File]:
		return l.Database
	}
	switch classOf(op.Name) {
	case log:
		return l.Log
	case plain:
		return l.Other
	default:
		return false
	}
}
