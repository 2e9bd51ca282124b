package shop

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/yuantill/yuantill/cloud/folder"
)

// markPrefix begins the name of the file that makes a folder a program's own; whoever runs the program there holds its
// lock.
const markPrefix = ".yuantill-"

// ErrNotOurs says that a folder holds something that this program has not put there.
var ErrNotOurs = errors.New("目录非空且不是本程序的 · folder is not empty and not this program's")

// ClaimFolder takes a program's folder, by default one below build, and empties it; the lock is held until the program
// has ended. It refuses, and touches nothing, when the program is running there (folder.ErrHeld) or the folder is not
// its own (ErrNotOurs).
func ClaimFolder(program, dir string) (string, *folder.Lock, error) {
	if dir == "" {
		dir = filepath.Join("build", program)
	}
	mark := markPrefix + program
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", nil, fmt.Errorf("read folder: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, mark)); len(entries) > 0 && err != nil {
		return "", nil, fmt.Errorf("%w: %s", ErrNotOurs, dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", nil, fmt.Errorf("make folder: %w", err)
	}
	lock, err := folder.Acquire(filepath.Join(dir, mark))
	if err != nil {
		return "", nil, describeHeld(program, dir, err)
	}
	if err := empty(dir, mark); err != nil {
		return "", nil, errors.Join(err, lock.Release())
	}
	return dir, lock, nil
}

// describeHeld says who is in the way and what can be done.
func describeHeld(program, dir string, err error) error {
	var held *folder.HeldError
	if !errors.As(err, &held) {
		return err
	}
	return fmt.Errorf("%s 中已有 %s 在运行（进程 %d），可用 --dir 另选目录 · %[2]s is running here (pid %[3]d), --dir chooses another folder: %w",
		dir, program, held.PID, err)
}

// empty removes everything in the folder but the mark, whose lock is held.
func empty(dir, mark string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("read folder: %w", err)
	}
	for _, entry := range entries {
		if entry.Name() == mark {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			return fmt.Errorf("empty folder: %w", err)
		}
	}
	return nil
}
