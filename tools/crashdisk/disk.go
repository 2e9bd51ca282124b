package crashdisk

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// The errors of this package.
var (
	// ErrOff says that the power was cut.
	ErrOff = fmt.Errorf("crashdisk: the power is off: %w", syscall.EIO)
	// ErrFault says that an operation failed because a fault was set.
	ErrFault = fmt.Errorf("crashdisk: a fault was asked for: %w", syscall.EIO)

	errFull = fmt.Errorf("crashdisk: full: %w", syscall.ENOSPC)
)

// shmSuffix is that of SQLite's shared memory, which no power cut leaves.
const shmSuffix = "-shm"

// Disk is a folder of files whose power can be cut. It may be used by several goroutines.
type Disk struct {
	folder string
	shim   *shim

	mu        sync.Mutex
	platter   *Platter
	lives     int          // counts loads and kills
	databases map[int]bool // numbers of the files that SQLite opened as a database
	base      Image
	recording bool
	recorded  []Operation
	cutAfter  int // operations until the power is cut, negative for never
	off       bool
	faults    Faults
	lies      Lies
	gate      *gate
	watch     func(Operation)
}

// New makes an empty disk of a folder, which must exist; what is in it is removed. Close it.
func New(folder string) (*Disk, error) {
	absolute, err := filepath.Abs(folder)
	if err != nil {
		return nil, fmt.Errorf("make disk: %w", err)
	}
	if absolute, err = filepath.EvalSymlinks(absolute); err != nil { // SQLite follows links before it opens a file
		return nil, fmt.Errorf("make disk: %w", err)
	}
	d := &Disk{folder: absolute, cutAfter: -1}
	if d.shim, err = newShim(d); err != nil {
		return nil, err
	}
	if err := d.Load(nil); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Close takes the VFS away; every database on it must have been closed. It is idempotent.
func (d *Disk) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.shim != nil {
		d.shim.close()
		d.shim = nil
	}
	return nil
}

// VFS returns the name under which SQLite knows the disk.
func (d *Disk) VFS() string { return d.shim.name }

// Path returns where a file of the disk is.
func (d *Disk) Path(name string) string { return filepath.Join(d.folder, name) }

// SetClock gives SQLite a time; the zero time gives it the real one again.
func (d *Disk) SetClock(now time.Time) { d.shim.clock(now) }

// Load replaces everything on the disk by an image, all of it durable, and switches the power on. Files still open from
// before fail from now on. A recording ends.
func (d *Disk) Load(image Image) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shim.nextGeneration()
	entries, err := os.ReadDir(d.folder)
	if err != nil {
		return fmt.Errorf("load image: %w", err)
	}
	for _, entry := range entries {
		if err := os.RemoveAll(d.Path(entry.Name())); err != nil {
			return fmt.Errorf("load image: %w", err)
		}
	}
	for name, content := range image {
		if err := os.WriteFile(d.Path(name), content, 0o600); err != nil {
			return fmt.Errorf("load image: %w", err)
		}
	}
	d.platter, d.databases = NewPlatter(image), make(map[int]bool)
	d.lives++
	d.base, d.recording, d.recorded = image, false, nil
	d.off, d.cutAfter, d.gate = false, -1, nil
	d.shim.power(true)
	return nil
}

// Snapshot returns all files as they are, synced or not, as somebody who copies the folder gets them.
func (d *Disk) Snapshot() (Image, error) {
	entries, err := os.ReadDir(d.folder)
	if err != nil {
		return nil, fmt.Errorf("take snapshot: %w", err)
	}
	image := make(Image)
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), shmSuffix) {
			continue
		}
		if image[entry.Name()], err = os.ReadFile(d.Path(entry.Name())); err != nil {
			return nil, fmt.Errorf("take snapshot: %w", err)
		}
	}
	return image, nil
}

// Record notes every operation from now on, beginning with what Load or New put on the disk. It must be called before
// anything else is done to the disk.
func (d *Disk) Record() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.recording, d.recorded = true, nil
}

// Mark notes what the program says of itself, such as that so many commits were acknowledged.
func (d *Disk) Mark(number int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.recording && !d.off {
		d.recorded = append(d.recorded, Operation{Kind: Mark, File: noFile, Offset: int64(number)})
	}
}

// Trace returns what was recorded.
func (d *Disk) Trace() Trace {
	d.mu.Lock()
	defer d.mu.Unlock()
	return Trace{Base: d.base, Operations: slices.Clone(d.recorded)}
}

// life tells the files of one load or kill from those of the next.
func (d *Disk) life() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lives
}

// opened is SQLite's opening of a file, after it has succeeded; it returns the file's number plus one, or 0.
func (d *Disk) opened(path string, isDatabase bool) int {
	number, err := d.enter(filepath.Base(path))
	if err != nil {
		return 0
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if isDatabase {
		d.databases[number] = true
	}
	return number + 1
}

// enter returns the number of the file of a name, which is there by now; it is Create when nobody knew of it.
func (d *Disk) enter(name string) (int, error) {
	d.mu.Lock()
	number, known := d.platter.find(name)
	d.mu.Unlock()
	if known {
		return number, nil
	}
	if err := d.operate(Operation{Kind: Create, Name: name}); err != nil {
		return 0, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	number, _ = d.platter.find(name)
	return number, nil
}

// remove takes a name away. A file that nobody knows of is not looked after.
func (d *Disk) remove(path string, directory bool) error {
	name := filepath.Base(path)
	d.mu.Lock()
	number, known := d.platter.find(name)
	d.mu.Unlock()
	if !known {
		return nil
	}
	err := d.operate(Operation{Kind: Delete, File: number, Name: name})
	if err == nil && directory {
		err = d.operate(Operation{Kind: SyncDirectory, File: noFile})
	}
	return err
}

// operate lets an operation happen: it is on its way to the platter when operate returns nil.
func (d *Disk) operate(op Operation) error {
	d.wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return ErrOff
	}
	if op.Kind == Create {
		op.File = len(d.platter.files)
	} else if op.File != noFile {
		op.Name = d.platter.files[op.File].name
	}
	if d.cutAfter == 0 {
		return d.cutDuring(op)
	}
	d.cutAfter = max(d.cutAfter-1, -1)
	if err := d.fault(op); err != nil {
		return err
	}
	if !d.lies.about(op, d.databases) {
		d.take(op)
	}
	return nil
}

// take passes an operation on to the platter. mu is held.
func (d *Disk) take(op Operation) {
	if d.recording {
		d.recorded = append(d.recorded, op)
	}
	d.platter.Step(op)
	if d.watch != nil {
		d.watch(op)
	}
}
