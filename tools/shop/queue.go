package shop

import (
	"context"
	"log/slog"
	"path/filepath"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/keyring"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// Keyring opens a till's keys, for looking.
func (s *Shop) Keyring(till *Till) (*keyring.Keyring, error) {
	return keyring.Open(keyring.Config{EnrolmentPath: s.path(filepath.Join("enrolment", till.Terminal+".json")),
		StatePath: filepath.Join(s.path(till.Folder), "epochs.json"), Engine: seal.Portable()})
}

// FillQueue appends records to the journal of a till whose agent is not running, as a long outage would.
func (s *Shop) FillQueue(ctx context.Context, till *Till, count int) (err error) {
	keys, err := s.Keyring(till)
	if err != nil {
		return err
	}
	config := journal.DefaultConfig()
	config.Path, config.Terminal, config.KeyVersion, config.Keyring = till.Journal, keys.Terminal(), keys.KeyVersion(), keys
	config.Logger = slog.New(slog.DiscardHandler)
	j, err := journal.Open(ctx, config)
	if err != nil {
		return err
	}
	defer func() {
		if closed := j.Close(); err == nil {
			err = closed
		}
	}()
	batch := make([]journal.Entry, journal.EntriesMax)
	for i := range batch {
		batch[i] = journal.Entry{Type: record.DeviceFault, Body: &message.DeviceFault{Device: "printer", Fault: "paper out"}}
	}
	for range count / journal.EntriesMax {
		if _, err := j.Append(ctx, batch...); err != nil {
			return err
		}
	}
	return nil
}
