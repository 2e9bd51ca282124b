package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"github.com/yuantill/yuantill/protocol/plainfile"
)

// hold locks the database file itself. The lock file keeps out who comes by the same name; the file may have others, by a
// hard link or a mount, each with a lock file and a write-ahead log beside it, and two logs of one database destroy it. The
// lock is flock(2)'s, of which SQLite's, fcntl(2)'s, know nothing on a local file system.
//
// Closing any descriptor of a file lets go of all that this process has locked in it by fcntl: so this one is opened before
// SQLite opens the file, and closed after SQLite has closed it. flag is 0, which passes over a file that is not there, or
// O_CREATE, which makes it for its owner only; SQLite gives its other files the same mode. It returns *HeldError.
func (j *Journal) hold(flag int) error {
	if j.file != nil {
		return nil
	}
	if info, err := os.Stat(j.config.Path); err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		return &fs.PathError{Op: "open", Path: j.config.Path, Err: plainfile.ErrNotRegular}
	}
	f, err := j.config.Disk.OpenFile(j.config.Path, os.O_RDWR|flag, 0o600)
	if errors.Is(err, fs.ErrNotExist) && flag&os.O_CREATE == 0 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("create journal: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errors.Join(&HeldError{Path: j.config.Path}, f.Close())
	}
	if err != nil {
		return fmt.Errorf("lock journal: %w", errors.Join(err, f.Close()))
	}
	j.file = f
	return nil
}
