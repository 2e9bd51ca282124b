package shop

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// ErrNoMount says that this machine does not let us mount a small disk.
var ErrNoMount = errors.New("shop: mounting a small disk is not allowed here")

// filler is the file that fills a disk, blockSize in what pieces it grows.
const (
	filler    = "filler"
	blockSize = 64 << 10
)

// Disk is a small disk below the folder of one terminal's journal.
type Disk struct{ folder string }

// SmallDisk mounts a disk of so many bytes over a till's folder, whose agent is stopped, and moves what is in it there.
// roomMin is what the till then wants to have free. Unmount ends it. Errors: ErrNoMount, the file system's.
func (s *Shop) SmallDisk(till *Till, size, roomMin int64) (*Disk, error) {
	folder := s.path(till.Folder)
	aside := folder + ".aside"
	if err := os.Rename(folder, aside); err != nil {
		return nil, fmt.Errorf("make small disk: %w", err)
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		return nil, fmt.Errorf("make small disk: %w", err)
	}
	err := syscall.Mount("tmpfs", folder, "tmpfs", 0, fmt.Sprintf("size=%d", size))
	if errors.Is(err, syscall.EPERM) {
		return nil, errors.Join(ErrNoMount, os.Remove(folder), os.Rename(aside, folder))
	}
	if err != nil {
		return nil, fmt.Errorf("mount small disk: %w", err)
	}
	disk := &Disk{folder: folder}
	if err := errors.Join(move(aside, folder), limitRoom(till.Settings, roomMin)); err != nil {
		return nil, errors.Join(err, disk.Unmount())
	}
	return disk, nil
}

// move copies files and links; the devices' links are made anew, and so still lead to their terminals.
func move(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return fmt.Errorf("read folder: %w", err)
	}
	for _, entry := range entries {
		source, target := filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name())
		switch {
		case entry.Type()&os.ModeSymlink != 0:
			var leads string
			if leads, err = os.Readlink(source); err == nil {
				err = os.Symlink(leads, target)
			}
		case entry.Type().IsRegular():
			var content []byte
			if content, err = os.ReadFile(source); err == nil {
				err = os.WriteFile(target, content, 0o600)
			}
		}
		if err != nil {
			return fmt.Errorf("move to small disk: %w", err)
		}
	}
	return nil
}

func limitRoom(settings string, roomMin int64) error {
	text, err := os.ReadFile(settings)
	if err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	changed := strings.Replace(string(text), "journal.db\"\n", fmt.Sprintf("journal.db\"\nroom_min = %d\n", roomMin), 1)
	if err := os.WriteFile(settings, []byte(changed), 0o600); err != nil {
		return fmt.Errorf("write settings: %w", err)
	}
	return nil
}

// Fill leaves no room on the disk.
func (d *Disk) Fill() error {
	file, err := os.OpenFile(filepath.Join(d.folder, filler), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("fill disk: %w", err)
	}
	block := make([]byte, blockSize)
	for err == nil {
		_, err = file.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		return errors.Join(fmt.Errorf("fill disk: %w", err), file.Close())
	}
	return file.Close()
}

// Free gives the room back that Fill took.
func (d *Disk) Free() error {
	err := os.Remove(filepath.Join(d.folder, filler))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("free disk: %w", err)
	}
	return nil
}

// Unmount takes the disk away with all that is on it, once nobody uses it any more.
func (d *Disk) Unmount() error {
	if err := syscall.Unmount(d.folder, syscall.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount small disk: %w", err)
	}
	return nil
}
