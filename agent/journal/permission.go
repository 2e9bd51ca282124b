package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	sqlite "github.com/mattn/go-sqlite3"
)

// The rights that access(2) asks for.
const (
	mayWrite = 2
	mayRead  = 4
)

// permission names the file and the right that are missing when SQLite only says that it cannot open or write; nil when
// it is not about rights. The error is fs.ErrPermission, or EROFS on a file system for reading only.
func (j *Journal) permission(err error) error {
	var problem sqlite.Error
	if !errors.As(err, &problem) {
		return nil
	}
	switch problem.Code {
	case sqlite.ErrCantOpen, sqlite.ErrReadonly, sqlite.ErrPerm, sqlite.ErrIoErr:
	default:
		return nil
	}
	need := uint32(mayRead | mayWrite)
	if j.readOnly {
		need = mayRead
	}
	for _, suffix := range []string{"", walSuffix, shmSuffix} {
		denied := access(j.config.Path+suffix, need)
		if errors.Is(denied, fs.ErrNotExist) && suffix != "" {
			denied = access(filepath.Dir(j.config.Path), mayWrite) // SQLite has to make it
		}
		if errors.Is(denied, fs.ErrPermission) || errors.Is(denied, syscall.EROFS) {
			return fmt.Errorf("%w: %w", denied, err)
		}
	}
	return nil
}

// access is nil when this process has the rights.
func access(path string, need uint32) error {
	if err := syscall.Access(path, need); err != nil {
		operation := "read"
		if need&mayWrite != 0 {
			operation = "write"
		}
		return &fs.PathError{Op: operation, Path: path, Err: err}
	}
	return nil
}
