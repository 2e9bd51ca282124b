package crashdisk

import (
	"io"
	"os"
	"path/filepath"
)

// File is a file that a program opens by itself. It is an alias, so that production code can ask for its like without
// knowing this package.
type File = interface {
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Sync() error
	Fd() uintptr
}

// handle is a file opened by a program.
type handle struct {
	*os.File
	disk   *Disk
	number int
	life   int
}

var _ File = (*handle)(nil)

// OpenFile is os.OpenFile for the disk's folder.
func (d *Disk) OpenFile(path string, flag int, mode os.FileMode) (File, error) {
	if d.Off() {
		return nil, &os.PathError{Op: "open", Path: path, Err: ErrOff}
	}
	f, err := os.OpenFile(path, flag, mode)
	if err != nil {
		return nil, err
	}
	number, err := d.enter(filepath.Base(path))
	if err != nil {
		_ = f.Close() // it was only looked at
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	h := &handle{File: f, disk: d, number: number, life: d.life()}
	if flag&os.O_TRUNC != 0 {
		err = h.operate(Operation{Kind: Truncate})
	}
	return h, err
}

// operate fails once the file is one of an earlier life.
func (h *handle) operate(op Operation) error {
	if h.disk.life() != h.life {
		return ErrOff
	}
	op.File = h.number
	return h.disk.operate(op)
}

// WriteAt implements File.
func (h *handle) WriteAt(data []byte, offset int64) (int, error) {
	op := Operation{Kind: Write, Offset: offset, Data: append([]byte(nil), data...)}
	if err := h.operate(op); err != nil {
		return 0, &os.PathError{Op: "write", Path: h.Name(), Err: err}
	}
	return h.File.WriteAt(data, offset)
}

// Truncate implements File.
func (h *handle) Truncate(size int64) error {
	if err := h.operate(Operation{Kind: Truncate, Offset: size}); err != nil {
		return &os.PathError{Op: "truncate", Path: h.Name(), Err: err}
	}
	return h.File.Truncate(size)
}

// Sync implements File.
func (h *handle) Sync() error {
	if err := h.operate(Operation{Kind: Sync}); err != nil {
		return &os.PathError{Op: "sync", Path: h.Name(), Err: err}
	}
	return nil
}

// Remove is os.Remove for the disk's folder.
func (d *Disk) Remove(path string) error {
	if err := d.remove(path, false); err != nil {
		return &os.PathError{Op: "remove", Path: path, Err: err}
	}
	return os.Remove(path)
}

// unlimited is the room in bytes on a disk whose capacity nobody has set, whatever this machine's has.
const unlimited = 1 << 40

// Free returns how many bytes there is room for: more than anybody needs, or what the fault leaves of the capacity.
func (d *Disk) Free(string) (int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return 0, ErrOff
	}
	if d.faults.Capacity > 0 {
		return max(d.left(), 0), nil
	}
	return unlimited, nil
}
