// Package plainfile reads the files that settings name: a path comes in, the bytes of a regular file leave, never more than
// were asked for. A named pipe in its place would hold the program up for ever, and a device may have no end.
package plainfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// The errors of this package, within an *fs.PathError.
var (
	// ErrNotRegular: a pipe, a socket or a device.
	ErrNotRegular = errors.New("not a regular file")
	// ErrTooLarge: more bytes than the file may have.
	ErrTooLarge = errors.New("file is too large")
)

// Read returns what is in a file, at most limit bytes. Errors: ErrNotRegular, ErrTooLarge, EISDIR for a folder, and the file
// system's.
func Read(path string, limit int64) ([]byte, fs.FileInfo, error) {
	if err := check(os.Stat(path)); err != nil { // a device may do something as it is opened
		return nil, nil, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	// Not to be held up where it was replaced since; O_NONBLOCK means nothing to a regular file.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	text, info, err := read(f, limit)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, nil, &fs.PathError{Op: "read", Path: path, Err: err}
	}
	return text, info, nil
}

func read(f *os.File, limit int64) ([]byte, fs.FileInfo, error) {
	info, err := f.Stat()
	if err := check(info, err); err != nil {
		return nil, nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("%w: it may have %d bytes", ErrTooLarge, limit)
	}
	return text, info, err
}

// check says why a file cannot be read.
func check(info fs.FileInfo, err error) error {
	var known *fs.PathError
	switch {
	case errors.As(err, &known):
		return known.Err
	case err != nil:
		return err
	case info.IsDir():
		return syscall.EISDIR
	case !info.Mode().IsRegular():
		return ErrNotRegular
	default:
		return nil
	}
}
