package journal

import (
	"errors"
	"fmt"
	"syscall"
)

// place is where the journal's files were when they were opened. A file that is removed or replaced stays writable for
// whoever has it open: every commit would succeed, and be gone with the process.
type place struct{ files []placed }

// placed is one file and which one it is.
type placed struct {
	path          string
	device, inode uint64
}

// newPlace notes the files as they are now.
func newPlace(paths ...string) (place, error) {
	var p place
	for _, path := range paths {
		device, inode, err := identify(path)
		if err != nil {
			return place{}, fmt.Errorf("look at %s: %w", path, err)
		}
		p.files = append(p.files, placed{path: path, device: device, inode: inode})
	}
	return p, nil
}

// check returns *DisplacedError for the first file that is not where it was opened.
func (p place) check() error {
	for i := range p.files {
		file := &p.files[i]
		device, inode, err := identify(file.path)
		if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENOTDIR) {
			return &DisplacedError{Path: file.path}
		}
		if err != nil {
			return fmt.Errorf("look at %s: %w", file.path, err)
		}
		if device != file.device || inode != file.inode {
			return &DisplacedError{Path: file.path}
		}
	}
	return nil
}

// identify is a bare system call, since it is made before each payment.
func identify(path string) (device, inode uint64, err error) {
	var stat syscall.Stat_t
	if err := syscall.Stat(path, &stat); err != nil {
		return 0, 0, err
	}
	return uint64(stat.Dev), stat.Ino, nil
}

// inPlace is nil, what was found earlier, or what the files say now. A displacement is kept for ever: a file that is put
// back may have been written to by others, and our readers may have opened the one that stood in for it.
func (j *Journal) inPlace() error {
	if err := j.damaged(); err != nil {
		return err
	}
	err := j.place.check()
	var displaced *DisplacedError
	if !errors.As(err, &displaced) {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.damage == nil {
		j.damage = err
		j.logger.Error("journal file displaced: no further payments", "path", displaced.Path, "error", err)
	}
	return j.damage
}

func (j *Journal) damaged() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.damage
}
