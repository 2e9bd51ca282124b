package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// OpenReadOnly opens a journal for looking: it takes no lock and may stand beside the running agent that holds it.
// Without a keyring nothing under the terminal's keys is checked, only form and chain. What writes returns ErrReadOnly.
// It returns *DamagedError, ErrGone, ErrEmpty, ErrNewer, ErrOlder, ErrNoKeys and the file system's errors; a damaged sale does
// not keep it from opening, Verify tells it.
func OpenReadOnly(ctx context.Context, path string, engine seal.Engine, keyring Keyring) (*Journal, error) {
	info, err := os.Stat(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) { // SQLite would only say "unable to open"
		return nil, fmt.Errorf("open journal: %w", err)
	}
	j := &Journal{
		config: Config{
			Path: path, Disk: machineDisk{}, Engine: engine, Keyring: keyring, Clock: time.Now, Boot: ThisBoot(),
			Logger: slog.New(slog.DiscardHandler),
		},
		readOnly: true, logger: slog.New(slog.DiscardHandler),
		appended: make(chan struct{}), done: make(chan struct{}),
	}
	if err != nil || info.Size() == 0 {
		return nil, j.lookAtNothing(err)
	}
	if info.Size() < headerSize && info.Mode().IsRegular() {
		return nil, j.short(info.Size())
	}
	if err := j.checkLogBeside(ctx); err != nil {
		return nil, err
	}
	if err := j.openReadOnly(ctx, "ro"); err != nil {
		return nil, errors.Join(j.explain(err), j.release())
	}
	return j, nil
}

// ReadKeys has Verify look for idempotency keys too, as Config.SaleKey and FollowUpKey have it. It is for a journal that was just
// opened for looking.
func (j *Journal) ReadKeys(sale, followUp func(state []byte) (string, error)) {
	j.config.SaleKey, j.config.FollowUpKey = sale, followUp
}

func (j *Journal) openReadOnly(ctx context.Context, mode string) (err error) {
	if j.reader, err = openReader(j.config.Disk, j.config.Path, mode); err != nil {
		return err
	}
	conn, err := j.reader.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect to journal: %w", err)
	}
	defer conn.Close()
	// One transaction, so that the head row and the records are of the same moment.
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return fmt.Errorf("begin reading: %w", err)
	}
	version, err := schemaVersion(ctx, conn)
	if err != nil {
		return err
	}
	if version == 0 {
		return &DamagedError{Path: j.config.Path, Cause: errors.New("no journal in this file")}
	}
	if version < migrationCount {
		return fmt.Errorf("%w: version %d", ErrOlder, version)
	}
	if _, err := j.checkSchema(ctx, conn); err != nil {
		return err
	}
	var owner string
	err = conn.QueryRowContext(ctx, "SELECT terminal FROM owner").Scan(&owner)
	if errors.Is(err, sql.ErrNoRows) {
		return &DamagedError{Path: j.config.Path, Cause: fmt.Errorf("%w: it has no owner", errCut)}
	}
	if err != nil {
		return fmt.Errorf("read owner: %w", err)
	}
	if j.config.Terminal, err = record.ParseTerminal(owner); err != nil {
		return &DamagedError{Path: j.config.Path, Cause: err}
	}
	if err := j.load(ctx, conn); err != nil {
		return err
	}
	if err := j.loadSnapshots(ctx, conn); err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
		return fmt.Errorf("end reading: %w", err)
	}
	return nil
}

// Terminal returns whose journal it is.
func (j *Journal) Terminal() record.Terminal { return j.config.Terminal }
