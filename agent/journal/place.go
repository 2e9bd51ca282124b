package journal

import (
	"errors"
	"fmt"
	"sync/atomic"
	"syscall"
)

// place is where the journal's files were when they were opened. A file that is removed or replaced stays writable for
// whoever has it open: every commit would succeed, and be gone with the process. So it is with one that somebody cuts: what
// SQLite keeps in memory hides it until the next start.
type place struct{ files []placed }

// placed is one file, which one it is, and the longest that it was found to be: none of them ever becomes shorter while it
// is open.
type placed struct {
	path    string
	which   identity
	longest atomic.Int64
}

// identity tells files apart, whatever they are named.
type identity struct{ device, inode uint64 }

// newPlace notes the files as they are now.
func newPlace(paths ...string) (place, error) {
	p := place{files: make([]placed, len(paths))}
	for i, path := range paths {
		which, size, err := identify(path)
		if err != nil {
			return place{}, fmt.Errorf("look at %s: %w", path, err)
		}
		p.files[i].path, p.files[i].which = path, which
		p.files[i].longest.Store(size)
	}
	return p, nil
}

// check returns *DisplacedError for the first file that is not what was opened, or is shorter than it was.
func (p place) check() error {
	for i := range p.files {
		file := &p.files[i]
		longest := file.longest.Load() // before its size is asked for: a checkpoint may make it longer meanwhile
		which, size, err := identify(file.path)
		if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENOTDIR) {
			return &DisplacedError{Path: file.path}
		}
		if err != nil {
			return fmt.Errorf("look at %s: %w", file.path, err)
		}
		if which != file.which {
			return &DisplacedError{Path: file.path}
		}
		if size < longest {
			return &DisplacedError{Path: file.path, Longest: longest, Size: size}
		}
		// Where another has noted more meanwhile, that stays.
		file.longest.CompareAndSwap(longest, size)
	}
	return nil
}

// identify is a bare system call, since it is made before each payment.
func identify(path string) (which identity, size int64, err error) {
	var stat syscall.Stat_t
	if err := syscall.Stat(path, &stat); err != nil {
		return identity{}, 0, err
	}
	return identity{device: uint64(stat.Dev), inode: stat.Ino}, stat.Size, nil
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

// displaced says whether the files are not what was opened. No checkpoint is made then: what it wrote into a file that was cut
// would make it as long as it was, with holes, and what the log has would be written over.
func (j *Journal) displaced() bool {
	var displaced *DisplacedError
	return errors.As(j.inPlace(), &displaced) || errors.As(j.place.check(), &displaced)
}

func (j *Journal) damaged() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.damage
}
