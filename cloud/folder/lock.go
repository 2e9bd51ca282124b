// Package folder gives a folder to one process at a time: the name of a lock file comes in, and the lock or the id of
// the process that has it leaves.
package folder

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// ErrHeld says that another process has the lock. The error is a *HeldError.
var ErrHeld = errors.New("folder: in use by another process")

// HeldError says who has a lock.
type HeldError struct {
	Path string // of the file that is locked
	PID  int    // 0 in the moment before the holder has written it, and for AcquireFile
}

// Error returns the holder as text.
func (e *HeldError) Error() string {
	if e.PID == 0 {
		return fmt.Sprintf("%v (%s)", ErrHeld, e.Path)
	}
	return fmt.Sprintf("%v (pid %d, %s)", ErrHeld, e.PID, e.Path)
}

// Is makes errors.Is find ErrHeld.
func (e *HeldError) Is(target error) bool { return target == ErrHeld }

// pidSizeMax bounds what is read of a lock file.
const pidSizeMax = 32

// Lock is held until it is released, or the process ends in whatever way: the kernel lets go of it.
type Lock struct {
	file *os.File
	once sync.Once
	err  error
}

// Acquire takes the lock in a file, which it makes when it is missing; its folder must exist. It never waits. Errors:
// *HeldError when another process, or another Lock of this one, has it; those of the file.
func Acquire(path string) (*Lock, error) {
	file, err := open(path, os.O_CREATE, holder)
	if err != nil {
		return nil, err
	}
	if err := sign(file); err != nil {
		return nil, errors.Join(fmt.Errorf("write lock: %w", err), file.Close())
	}
	return &Lock{file: file}, nil
}

// AcquireFile takes a file itself, which must be there, and writes nothing into it: whoever comes
// to it by a hard link or a mount, with a lock file beside that name, finds it taken. The lock is flock(2)'s, of which those of
// SQLite know nothing on a local file system; but closing any descriptor lets go of what this process has locked by fcntl(2),
// as SQLite does. So acquire it before SQLite opens the file, and release it after SQLite has closed it. Errors: as Acquire,
// and fs.ErrNotExist.
func AcquireFile(path string) (*Lock, error) {
	file, err := open(path, 0, func(*os.File) int { return 0 })
	if err != nil {
		return nil, err
	}
	return &Lock{file: file}, nil
}

// open opens and locks a file; its holder is what the function reads in it.
func open(path string, create int, holder func(*os.File) int) (*os.File, error) {
	file, err := os.OpenFile(path, create|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	switch err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return nil, errors.Join(&HeldError{Path: path, PID: holder(file)}, file.Close())
	case err != nil:
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
	}
	return file, nil
}

// sign leaves this process's id for whoever comes second. The lock holds without it, so that a full disk keeps nobody
// from starting: what is wrong with the disk is said where it matters.
func sign(file *os.File) error {
	err := file.Truncate(0)
	if err == nil {
		_, err = file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return nil
	}
	return err
}

// holder reads the id that the holder left, or 0.
func holder(file *os.File) int {
	text, err := io.ReadAll(io.LimitReader(file, pidSizeMax))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0
	}
	return pid
}

// Release lets go of the lock. The file stays: removing it would let two processes lock two files of one name. It may
// be called again.
func (l *Lock) Release() error {
	l.once.Do(func() { l.err = l.file.Close() })
	return l.err
}
