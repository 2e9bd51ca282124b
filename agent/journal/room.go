package journal

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
)

// ballast is a file that takes up room until the disk is full and what has begun must be finished.
type ballast struct {
	disk Disk
	path string
	size int64

	mu      sync.Mutex
	missing bool
}

// ensure sets the reserve aside when there is room for it and roomMin besides; otherwise it stays missing.
func (b *ballast) ensure(roomMin int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	info, err := os.Stat(b.path)
	if err == nil && info.Size() >= b.size {
		b.missing = false
		return nil
	}
	b.missing = true
	free, err := b.disk.Free(b.path)
	if err != nil {
		return err
	}
	if free < roomMin+b.size {
		return fmt.Errorf("%w: %d bytes free", ErrNoRoom, free)
	}
	if err := b.allocate(); err != nil {
		return fmt.Errorf("allocate reserve: %w", errors.Join(err, b.disk.Remove(b.path)))
	}
	b.missing = false
	return nil
}

func (b *ballast) allocate() error {
	f, err := b.disk.OpenFile(b.path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if b.size > 0 {
		err = syscall.Fallocate(int(f.Fd()), 0, 0, b.size)
	}
	if errors.Is(err, syscall.EOPNOTSUPP) { // a file system that cannot reserve: really write
		_, err = f.WriteAt(make([]byte, b.size), 0)
	}
	return errors.Join(err, f.Sync(), f.Close())
}

// giveUp frees the reserve; false when it was gone already.
func (b *ballast) giveUp() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.missing = true
	return b.disk.Remove(b.path) == nil
}

func (b *ballast) gone() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.missing
}

// GiveUpReserve frees the reserve for what must be written beside the journal on a full disk; false when it was gone
// already. Payments are refused until there is room for it again.
func (j *Journal) GiveUpReserve() bool {
	if !j.ballast.giveUp() {
		return false
	}
	j.logger.Error("disk is full: journal reserve given up, no further payments", "path", j.config.Path)
	return true
}

// Room says whether a payment would be taken: nil, ErrNoRoom, ErrFailed, *DisplacedError, or the *DamagedError that the
// background verification has found. What is in progress may still be finished except after ErrFailed. It costs about
// 5 µs (BenchmarkRoom).
func (j *Journal) Room() error {
	if j.readOnly {
		return ErrReadOnly
	}
	if err := j.failed(); err != nil {
		return err
	}
	if err := j.inPlace(); err != nil {
		return err
	}
	if j.ballast.gone() {
		return fmt.Errorf("%w: the reserve is used up: free space on the disk", ErrNoRoom)
	}
	free, err := j.config.Disk.Free(j.config.Path)
	if err != nil {
		return err
	}
	if free < j.config.RoomMin {
		return fmt.Errorf("%w: %d KiB free, %d needed", ErrNoRoom, free>>10, j.config.RoomMin>>10)
	}
	return nil
}
