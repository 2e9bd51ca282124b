package sqlite

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Disk is what the store asks of the file system, so that a test can be the disk.
type Disk interface {
	// VFS names the SQLite VFS that the database is opened with; "" is SQLite's own.
	VFS() string
	// OpenFile is os.OpenFile, for what is done to a file behind SQLite's back.
	OpenFile(path string, flag int, mode fs.FileMode) (File, error)
	// Free is how many bytes there is room for beside a file.
	Free(path string) (int64, error)
}

// File is an open file of a Disk; *os.File is one. It is an alias so that a Disk need not know this package.
type File = interface {
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Sync() error
	Fd() uintptr
}

// machineDisk is the operating system's.
type machineDisk struct{}

var _ Disk = machineDisk{}

func (machineDisk) VFS() string { return "" }

func (machineDisk) OpenFile(path string, flag int, mode fs.FileMode) (File, error) {
	f, err := os.OpenFile(path, flag, mode)
	if err != nil {
		return nil, err // not a File that holds a nil *os.File
	}
	return f, nil
}

func (machineDisk) Free(path string) (int64, error) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(path), &stat); err != nil {
		return 0, fmt.Errorf("look at free space: %w", err)
	}
	return int64(stat.Bavail) * int64(stat.Bsize), nil
}
