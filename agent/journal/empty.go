package journal

import (
	"errors"
	"fmt"
	"os"
)

// headerSize is that of a database's header, in bytes: a shorter file is no database. Of one byte SQLite says that it is an
// empty database, since it once made such files itself, and writes over it.
const headerSize = 100

// signedIn is a Keyring that knows whether the terminal has ever signed in. Who has, has had a journal.
type signedIn interface{ SignedIn() bool }

// begun says whether there has been a journal here, whatever its file says.
func (j *Journal) begun(lockUsed bool) bool {
	ring, can := j.config.Keyring.(signedIn)
	return lockUsed || can && ring.SignedIn()
}

// keyless makes the error of an epoch without keys ErrNoKeys where there are keys of none: that says nothing of the record.
func (j *Journal) keyless(err error) error {
	if ring, can := j.config.Keyring.(signedIn); can && !ring.SignedIn() {
		return fmt.Errorf("%w: %w", ErrNoKeys, err)
	}
	return err
}

// emptied is the error of a file that has lost all that was in it.
func (j *Journal) emptied() error {
	return &DamagedError{Path: j.config.Path, Cause: fmt.Errorf("%w: there is nothing left in it", errCut)}
}

// short is the error of a file of some bytes that are less than a database's header: no journal was ever so short.
func (j *Journal) short(size int64) error {
	return &DamagedError{Path: j.config.Path, Cause: fmt.Errorf("%w: only %d bytes are left of it", errCut, size)}
}

// checkFile refuses a file of which there is too little, or none where there was one: SQLite would begin a new journal in
// its place. It deletes the log of a database that is not there, and with it what is nowhere else.
func (j *Journal) checkFile(logged int64) error {
	info, err := os.Stat(j.config.Path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return j.missing(logged, j.lock.left.used)
	case err != nil:
		return fmt.Errorf("look at journal: %w", err)
	case info.Size() == 0 && (logged > 0 || j.begun(j.lock.left.used)):
		return j.emptied()
	case info.Size() > 0 && info.Size() < headerSize && info.Mode().IsRegular():
		return j.short(info.Size())
	default:
		return nil
	}
}

// missing is nil where no file is there and none was ever. Where the folder is another one than before, a disk that is not
// mounted, the lock file is missing too, and the keys alone know: a journal begun anew would know no key of an intent.
func (j *Journal) missing(logged int64, lockUsed bool) error {
	switch {
	case logged > 0:
		return j.emptied()
	case j.begun(lockUsed):
		return fmt.Errorf("%w: %s is not there, and this terminal has had a journal", ErrGone, j.config.Path)
	default:
		return nil
	}
}

// lookAtNothing is the error of a journal that is opened for looking, and of which no file is there or nothing in it: what the
// agent would say, or ErrEmpty, or absent, the file system's error, where the agent would begin one.
func (j *Journal) lookAtNothing(absent error) error {
	logged, err := j.walFileSize()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(j.config.Path + lockSuffix)
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("read lock: %w", err)
	}
	used := parseLock(string(text)).used
	switch {
	case absent != nil:
		if gone := j.missing(logged, used); gone != nil {
			return gone
		}
		return fmt.Errorf("open journal: %w", absent)
	case logged > 0 || j.begun(used):
		return j.emptied()
	default:
		return fmt.Errorf("%w: %s", ErrEmpty, j.config.Path)
	}
}
