package broker

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// reserveSize is the room that is kept for the broker's own files, in bytes: without any it takes no connection after a
// start, and what has begun could not be finished.
const reserveSize = 4 << 20

func (b *Broker) reserve() string { return filepath.Join(b.config.Dir, "reserve") }

// giveUpReserve frees the room for whatever the start writes.
func (b *Broker) giveUpReserve() error {
	if err := os.Remove(b.reserve()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: %w", ErrFolder, err)
	}
	return nil
}

// KeepReserve takes the room for the next start, if it is not taken yet. It is for when the disk has some, and leaves nothing
// half-done when it has not. Errors: those of the file system.
func (b *Broker) KeepReserve() error {
	if info, err := os.Stat(b.reserve()); err == nil && info.Size() >= reserveSize {
		return nil
	}
	err := allocate(b.reserve())
	if err != nil {
		err = fmt.Errorf("keep room for broker: %w", errors.Join(err, b.giveUpReserve()))
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return nil // the disk is watched elsewhere
	}
	return err
}

func allocate(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	err = syscall.Fallocate(int(file.Fd()), 0, 0, reserveSize)
	if errors.Is(err, syscall.EOPNOTSUPP) { // a file system that cannot reserve: really write
		_, err = file.WriteAt(make([]byte, reserveSize), 0)
	}
	return errors.Join(err, file.Close())
}
