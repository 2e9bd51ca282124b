package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/yuantill/yuantill/cloud/folder"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
)

// withBooks opens the store, beside a running cloud if need be, and closes it again.
func withBooks(ctx context.Context, s Settings, run func(*sqlite.Store) error) (err error) {
	books, err := openBooks(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, books.Close()) }()
	return run(books)
}

// openBooks opens the store for a command. A database of an older program is brought to this version only while no cloud
// has it: the one that is running would refuse to start again. The log is not filled for a few rows.
func openBooks(ctx context.Context, s Settings) (*sqlite.Store, error) {
	options := sqlite.Options{Logger: slog.New(slog.DiscardHandler), AsItIs: true}
	books, err := sqlite.Open(ctx, s.database(), options)
	if !errors.Is(err, sqlite.ErrOlder) {
		return books, err
	}
	lock, held := folder.Acquire(s.lock())
	if errors.Is(held, folder.ErrHeld) {
		return nil, fmt.Errorf("正在运行的云端使用旧版数据库：用它那个版本的程序执行本命令，或先停止云端再执行 · the running cloud's database "+
			"is an older program's: use that program for this command, or stop the cloud first: %w: %w", held, err)
	}
	if held != nil {
		return nil, errors.Join(err, held)
	}
	options.AsItIs = false
	books, err = sqlite.Open(ctx, s.database(), options)
	return books, errors.Join(err, lock.Release())
}
