package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/keyring"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/tools/yuantill/journalfile"
)

// opened is a journal that is open for looking, with what it was opened with.
type opened struct {
	*journal.Journal
	path string
}

func (p *program) withJournal(ctx context.Context, flags *journalFlags, act func(*opened) error) error {
	path, keys, err := p.journalSource(flags)
	if err != nil {
		return err
	}
	o, err := p.openJournal(ctx, path, keys)
	if err != nil {
		return err
	}
	return errors.Join(act(o), o.Close())
}

func (p *program) openJournal(ctx context.Context, path string, keys *keyring.Keyring) (*opened, error) {
	o := &opened{path: path}
	var err error
	if o.Journal, err = journalfile.Open(ctx, path, p.engine, keys); err != nil {
		if errors.Is(err, journal.ErrNoKeys) {
			err = fmt.Errorf("read epochs %s: %w", keys.StatePath(), err)
		}
		return nil, o.failure(err)
	}
	return o, nil
}

// each calls act with every record in order.
func (o *opened) each(ctx context.Context, act func(record.Record) error) error {
	for after, end := uint64(0), o.Tail().Sequence; after < end; {
		records, err := o.Records(ctx, after, readRecords, readBytes)
		if err != nil {
			return o.failure(err)
		}
		if len(records) == 0 {
			return nil
		}
		for _, r := range records {
			header, err := record.ParseHeader(r)
			if err != nil || header.Sequence <= after {
				return o.failure(&journal.DamagedError{Path: o.path, Sequence: after + 1, Cause: errors.Join(err, errOrder)})
			}
			after = header.Sequence
			if err := act(r); err != nil {
				return err
			}
		}
	}
	return nil
}

var errOrder = errors.New("record out of order")

// failure gives an error of the journal its exit code.
func (o *opened) failure(err error) error {
	var failure *Failure
	var damaged *journal.DamagedError
	var foreign *journal.ForeignError
	switch {
	case errors.As(err, &failure):
		return err
	case errors.Is(err, journal.ErrUnsure):
		return &Failure{Code: CodeJournal, Cause: err, Next: catalogue.AcceptJournal()}
	case errors.Is(err, journal.ErrForeignSchema):
		return &Failure{Code: CodeJournal, Cause: err, Next: catalogue.ForeignInJournal()}
	case errors.As(err, &damaged):
		return &Failure{Code: CodeJournal, Cause: err, Next: catalogue.KeepJournal()}
	case errors.As(err, &foreign):
		return &Failure{Code: CodeJournal, Cause: err, Next: catalogue.OtherJournal()}
	case errors.Is(err, journal.ErrNoKeys):
		return &Failure{Code: CodeUnreadable, Cause: err, Next: catalogue.RestoreEpochs()}
	case errors.Is(err, journal.ErrNewer):
		return &Failure{Code: CodeUnreadable, Cause: err, Next: catalogue.NewerJournal()}
	case errors.Is(err, journal.ErrOlder):
		return &Failure{Code: CodeUnreadable, Cause: err, Next: catalogue.OlderJournal()}
	case errors.Is(err, journal.ErrGone):
		return &Failure{Code: CodeUnreadable, Cause: err, Next: catalogue.JournalGone()}
	case errors.Is(err, fs.ErrNotExist):
		return &Failure{Code: CodeUnreadable, Cause: err, Next: catalogue.NoJournalFile()}
	case errors.Is(err, journal.ErrEmpty):
		return &Failure{Code: CodeNoRecord, Text: catalogue.NothingWritten(), Cause: err}
	case errors.Is(err, context.Canceled):
		return &Failure{Code: CodeInternal, Cause: err}
	default:
		return &Failure{Code: CodeUnreadable, Cause: err, Next: catalogue.CheckPath(o.path)}
	}
}
