package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/cloud/api"
	"github.com/yuantill/yuantill/cloud/folder"
	"github.com/yuantill/yuantill/cloud/ledger"
	"github.com/yuantill/yuantill/cloud/merchant"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/seal/fast"
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

// errNotSetUp says that there was never a cloud here.
var errNotSetUp = errors.New("no root key and no database")

// existing opens a database that is there, and was used under this folder's root key. Where the key is not, as with a copy of
// the database alone, nobody asks whose it is.
func (s *Settings) existing(ctx context.Context, options sqlite.Options) (*sqlite.Store, error) {
	root, err := merchant.OpenRoot(s.rootKey(), fast.Engine())
	switch {
	case err == nil:
		owner := root.CheckValue()
		options.Owner = owner[:]
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	options.Existing = true
	books, gone := sqlite.Open(ctx, s.database(), options)
	if err != nil && errors.Is(gone, sqlite.ErrGone) {
		return nil, fmt.Errorf("%w: %w", errNotSetUp, err)
	}
	return books, gone
}

// lockBooks takes the database itself, which may have another name in another data folder. Of one that is missing existing says
// what that means.
func (s *Settings) lockBooks() (release func() error, err error) {
	file, err := folder.AcquireFile(s.database())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return func() error { return nil }, nil
	case err != nil:
		return nil, fmt.Errorf("数据库已被另一个云端使用 · use database: %w", err)
	default:
		return file.Release, nil
	}
}

// openBooks opens the store for a command. A database of an older program is brought to this version only while no cloud
// has it: the one that is running would refuse to start again. The log is not filled for a few rows.
func openBooks(ctx context.Context, s Settings) (*sqlite.Store, error) {
	options := sqlite.Options{Logger: slog.New(slog.DiscardHandler), AsItIs: true}
	books, err := s.existing(ctx, options)
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
	books, err = s.existing(ctx, options)
	return books, errors.Join(err, lock.Release())
}

func checkCommand(with configured) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{Use: "check", Args: cobra.NoArgs,
		Short: "检查设置，核对账目是否平衡 · Check the settings, and that the books balance; exit code 3 when they do not"}
	command.Flags().BoolVar(&asJSON, "json", false, "输出 JSON，同 GET /v1/ledger/check?full=true · as JSON, like GET /v1/ledger/check?full=true")
	command.RunE = with(func(command *cobra.Command, s Settings) error {
		if err := s.missing(); err != nil {
			return err
		}
		return withBooks(command.Context(), s, func(books *sqlite.Store) error {
			report, err := checkBooks(command.Context(), books)
			if err != nil {
				return err
			}
			return sayReport(command.OutOrStdout(), report, asJSON)
		})
	})
	return command
}

func checkBooks(ctx context.Context, books *sqlite.Store) (ledger.Report, error) {
	checker, err := ledger.NewChecker(ledger.Config{Books: books, Standings: payment.Standings(), Clock: time.Now,
		Logger: slog.New(slog.DiscardHandler), Every: time.Hour})
	if err != nil {
		return ledger.Report{}, err
	}
	return checker.Check(ctx)
}

// sayReport writes what a check found. Its error is errUnbalanced when that is anything.
func sayReport(out io.Writer, report ledger.Report, asJSON bool) error {
	var verdict error
	if !report.Balanced() {
		verdict = errUnbalanced
	}
	if asJSON {
		return errors.Join(verdict, json.NewEncoder(out).Encode(api.NewCheckResult(report)))
	}
	for _, finding := range report.Findings {
		fmt.Fprintf(out, "%s: %s %v\n", finding.Kind, finding.Detail, finding.Orders)
	}
	if verdict == nil {
		fmt.Fprintf(out, "平衡 balanced: %d entries\n", report.Entries)
	}
	return verdict
}
