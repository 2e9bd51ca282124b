package journal

import (
	"fmt"
	"os"
)

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

// lookAtEmpty returns ErrEmpty for a file of no bytes that nothing has been written to yet, as the agent would take it, and
// *DamagedError for one that something was taken from.
func (j *Journal) lookAtEmpty() error {
	logged, err := j.walFileSize()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(j.config.Path + lockSuffix)
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("read lock: %w", err)
	}
	if _, _, used := parseLock(string(text)); logged > 0 || j.begun(used) {
		return j.emptied()
	}
	return fmt.Errorf("%w: %s", ErrEmpty, j.config.Path)
}
