package journal

import (
	"errors"
	"fmt"
	"syscall"

	sqlite "github.com/mattn/go-sqlite3"
)

// outOfSpace says that something could not be done for want of space, be it SQLite's own doing or not. Unlike isFull it
// does not say that nothing was written: only opening and closing may go by it, a commit may not.
func outOfSpace(err error) bool {
	var problem sqlite.Error
	if errors.As(err, &problem) && noSpaceLeft(problem.SystemErrno) {
		return true
	}
	return isFull(err) || noSpaceLeft(err)
}

func noSpaceLeft(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// sayFull makes an error for want of space an ErrFull; others stay as they are.
func sayFull(err error) error {
	if !outOfSpace(err) || errors.Is(err, ErrFull) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrFull, err)
}
