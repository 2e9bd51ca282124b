package journal

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// lock is the file beside the journal that one agent holds. Its text is the holder's process id and, while the journal
// is in use, the size that its write-ahead log must at least have:
//
//	4711 open 4194304
//	4711 closed
//
// After a clean close everything is in the database and the log may be missing. After anything else a missing or
// shorter log means that committed records were taken away.
type lock struct {
	path string
	file File
	// walSize is what a previous holder that did not close left to be found; 0 after a clean close.
	walSize int64
	// used says that the journal was opened before.
	used bool
}

const lockSizeMax = 64

// takeLock returns *HeldError when another process has it.
func takeLock(disk Disk, path string) (*lock, error) {
	f, err := disk.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	text := make([]byte, lockSizeMax)
	n, err := syscall.Pread(int(f.Fd()), text, 0)
	if err != nil {
		return nil, fmt.Errorf("read lock: %w", errors.Join(err, f.Close()))
	}
	pid, walSize, used := parseLock(string(text[:n]))
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errors.Join(&HeldError{Path: strings.TrimSuffix(path, lockSuffix), PID: pid}, f.Close())
	}
	if err != nil {
		return nil, fmt.Errorf("take lock: %w", errors.Join(err, f.Close()))
	}
	return &lock{path: path, file: f, walSize: walSize, used: used}, nil
}

func parseLock(text string) (pid int, walSize int64, used bool) {
	fields := strings.Fields(text)
	if len(fields) > 0 {
		pid, _ = strconv.Atoi(fields[0]) // an unreadable number is "nobody known"
	}
	if len(fields) > 2 && fields[1] == "open" {
		walSize, _ = strconv.ParseInt(fields[2], 10, 64)
	}
	return pid, walSize, len(fields) > 1
}

// reserve makes sure of the file's room before the log takes what there is.
func (l *lock) reserve() error {
	if l.used {
		return nil // a mark is written over the one before
	}
	if _, err := l.file.WriteAt([]byte(strings.Repeat(" ", lockSizeMax)), 0); err != nil {
		return fmt.Errorf("reserve lock: %w", err)
	}
	return nil
}

func (l *lock) markOpen(walSize int64) error { return l.mark(fmt.Sprintf("open %d", walSize)) }

func (l *lock) markClosed() error { return l.mark("closed") }

func (l *lock) mark(state string) error {
	text := fmt.Sprintf("%d %s\n", os.Getpid(), state)
	_, err := l.file.WriteAt([]byte(text), 0)
	if err == nil {
		err = l.file.Truncate(int64(len(text)))
	}
	if err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("mark journal %s: %w", state, err)
	}
	return nil
}

func (l *lock) release() error { return l.file.Close() }
