package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/yuantill/yuantill/cloud/folder"
)

// mark is the file that makes a folder the demo's own; whoever runs a demo there holds its lock.
const mark = ".yuantill-demo"

// errNotOurs says that a folder holds something that no demo has put there.
var errNotOurs = errors.New("目录非空且不是演示目录 · folder is not empty and not a demo's")

// claimFolder takes the demo's folder and empties it; the lock is held until the demo has ended. It refuses, and
// touches nothing, when a demo is running there (folder.ErrHeld) or the folder is not the demo's own (errNotOurs).
func claimFolder(dir string) (string, *folder.Lock, error) {
	if dir == "" {
		dir = filepath.Join("build", "demo")
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", nil, fmt.Errorf("read folder: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, mark)); len(entries) > 0 && err != nil {
		return "", nil, fmt.Errorf("%w: %s", errNotOurs, dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", nil, fmt.Errorf("make folder: %w", err)
	}
	lock, err := folder.Acquire(filepath.Join(dir, mark))
	if err != nil {
		return "", nil, describeHeld(dir, err)
	}
	if err := empty(dir); err != nil {
		return "", nil, errors.Join(err, lock.Release())
	}
	return dir, lock, nil
}

// describeHeld says who is in the way and what can be done.
func describeHeld(dir string, err error) error {
	var held *folder.HeldError
	if !errors.As(err, &held) {
		return err
	}
	return fmt.Errorf("%s 中已有演示在运行（进程 %d），可用 --dir 另选目录 · a demo is running here (pid %d), --dir chooses another folder: %w",
		dir, held.PID, held.PID, err)
}

// empty removes everything in the folder but the mark, whose lock is held.
func empty(dir string) error {
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
