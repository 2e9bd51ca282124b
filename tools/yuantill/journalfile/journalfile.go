// Package journalfile opens a journal for looking, with keys where there are some: a path comes in, an open journal or
// a plain word about what is wrong with it leaves.
package journalfile

import (
	"context"
	"errors"
	"io/fs"

	"github.com/yuantill/yuantill/agent"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/keyring"
	"github.com/yuantill/yuantill/protocol/seal"
)

// Open opens the journal beside a running agent; keys may be nil, then form and chain alone are checked. It returns
// *journal.ForeignError, *journal.DamagedError, journal.ErrGone, journal.ErrEmpty and the file system's errors.
func Open(ctx context.Context, path string, engine seal.Engine, keys *keyring.Keyring) (*journal.Journal, error) {
	if keys == nil {
		return look(ctx, path, engine, nil)
	}
	// Another terminal's journal would only look altered under these keys: first without, to see whose it is.
	j, err := journal.OpenReadOnly(ctx, path, engine, nil)
	nothing := errors.Is(err, journal.ErrEmpty) || errors.Is(err, fs.ErrNotExist) // the keys know whether there was ever more
	if err != nil && !journal.IsDamaged(err) && !nothing {
		return nil, err
	}
	if err == nil {
		owner := j.Terminal()
		if err := j.Close(); err != nil {
			return nil, err
		}
		if owner != keys.Terminal() {
			return nil, &journal.ForeignError{Path: path, Owner: owner, Mine: keys.Terminal()}
		}
	}
	// Of a damaged one too: with keys it is the altered record that is named, and not the one behind it.
	j, keyed := look(ctx, path, engine, keys)
	if keyed == nil && err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return j, keyed
}

// look opens it so that a verification covers what the agent's does.
func look(ctx context.Context, path string, engine seal.Engine, keys journal.Keyring) (*journal.Journal, error) {
	j, err := journal.OpenReadOnly(ctx, path, engine, keys)
	if err == nil {
		j.ReadKeys(agent.SaleKey, agent.FollowUpKey)
	}
	return j, err
}
