package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/keyring"
	"github.com/yuantill/yuantill/agent/yuantill-agent/settings"
	"github.com/yuantill/yuantill/protocol/seal"
)

// checkSettings reads the file, and opens what the till would open, for reading. Devices and network are not touched.
func checkSettings(ctx context.Context, path string, out io.Writer) error {
	s, err := load(path)
	if err != nil {
		return err
	}
	found := &settings.Error{}
	var files *settings.Error
	if errors.As(s.CheckFiles(), &files) {
		found.Mistakes = files.Mistakes
	}
	wrong := func(key string, what catalogue.Text) {
		for _, known := range found.Mistakes {
			if known.Key == key { // nothing more can be said of it
				return
			}
		}
		found.Mistakes = append(found.Mistakes, s.Wrong(key, what))
	}
	if _, err := openIssuers(s); err != nil {
		wrong("reader.issuers", catalogue.IssuersWrong(err.Error()))
	}
	checkJournal(ctx, s, checkKeys(s, wrong), wrong)
	if len(found.Mistakes) > 0 {
		return &stageError{exit: ExitSettings, cause: found}
	}
	_, err = fmt.Fprintf(out, "%s: %s\n", path, line(catalogue.SettingsRight()))
	return err
}

// checkKeys opens the keys, as far as they open, and says what is wrong with them.
func checkKeys(s settings.Settings, wrong func(string, catalogue.Text)) *keyring.Keyring {
	keys, err := keyring.Open(keyring.Config{EnrolmentPath: s.Keys.Enrolment, StatePath: s.Keys.Epochs, Engine: seal.Portable()})
	switch {
	case errors.Is(err, keyring.ErrState):
		wrong("keys.epochs", catalogue.KeysMalformed(err.Error()))
	case err != nil:
		wrong("keys.enrolment", catalogue.KeysMalformed(err.Error()))
	case keys.Terminal().String() != s.Terminal:
		wrong("terminal", catalogue.OtherTerminal(s.Terminal, keys.Terminal().String(), s.Keys.Enrolment))
	default:
		return keys
	}
	return nil
}

// checkJournal opens the journal where there is one. Without keys it could only say what has to do with them.
func checkJournal(ctx context.Context, s settings.Settings, keys *keyring.Keyring, wrong func(string, catalogue.Text)) {
	if keys == nil {
		return
	}
	look, err := journal.OpenReadOnly(ctx, s.Journal.Path, seal.Portable(), keys)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, journal.ErrEmpty), errors.Is(err, journal.ErrOlder):
		return // the till makes it, or brings it up to date
	case errors.Is(err, journal.ErrNoKeys):
		wrong("keys.epochs", catalogue.RestoreEpochs())
		return
	case errors.Is(err, journal.ErrGone):
		wrong("journal.path", catalogue.JournalGone())
		return
	case err != nil:
		wrong("journal.path", catalogue.JournalRefused(err.Error()))
		return
	}
	if owner := look.Terminal(); owner != keys.Terminal() {
		err = &journal.ForeignError{Path: s.Journal.Path, Owner: owner, Mine: keys.Terminal()}
	}
	if err = errors.Join(err, look.Close()); err != nil {
		wrong("journal.path", catalogue.JournalRefused(err.Error()))
	}
}
