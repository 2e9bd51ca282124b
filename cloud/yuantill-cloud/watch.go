package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/cloud/merchant"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/record"
)

const (
	// watchEvery is how soon a running cloud notices what changed in the store behind its back.
	watchEvery = 2 * time.Second
	// blockedPage and blockedMax bound the blocked terminals read at once and remembered.
	blockedPage = 1_000
	blockedMax  = 1_000_000
	// merchantsPage and merchantPagesMax bound the changed merchants read in one look.
	merchantsPage    = 1_000
	merchantPagesMax = 1_000
)

// watchedStore is what a watch reads, and where it raises its alarm.
type watchedStore interface {
	store.BlockReader
	store.MerchantChangeReader
	store.HealthReader
	Commit(ctx context.Context, change store.Change) error
}

// watch notices blocked terminals and changed merchants, which another process writes into the store, and a store without
// room.
type watch struct {
	store  watchedStore
	logger *slog.Logger
	clock  func() time.Time
	// changed is called for each terminal that was blocked or whose block was lifted.
	changed func(id record.Terminal, blocked bool) error
	shut    map[record.Terminal]bool
	// merchantChanged is called for each merchant that was changed behind the number seen.
	merchantChanged func(id string)
	seen            uint64
	full            bool // the store has no room, which was logged
	told            bool // and the alarm is stored
	// keepRoom is called while the store has room, for what others will need of it.
	keepRoom func() error
}

// run looks until the context ends. What it cannot read now it reads next time.
func (w *watch) run(ctx context.Context) error {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		if err := errors.Join(w.lookAtBlocks(ctx), w.lookAtMerchants(ctx), w.lookAtHealth(ctx)); err != nil && ctx.Err() == nil {
			w.logger.LogAttrs(ctx, slog.LevelWarn, "watch store", slog.Any("cause", err))
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (w *watch) lookAtBlocks(ctx context.Context) error {
	found := make(map[record.Terminal]bool, len(w.shut))
	var after record.Terminal
	for len(found) < blockedMax {
		page, err := w.store.Blocked(ctx, after, blockedPage)
		if err != nil {
			return err
		}
		for _, id := range page {
			found[id], after = true, id
		}
		if len(page) < blockedPage {
			break
		}
	}
	var failures []error
	for id := range found {
		if !w.shut[id] {
			failures = append(failures, w.changed(id, true))
		}
	}
	for id := range w.shut {
		if !found[id] {
			failures = append(failures, w.changed(id, false))
		}
	}
	w.shut = found
	return errors.Join(failures...)
}

func (w *watch) lookAtMerchants(ctx context.Context) error {
	for range merchantPagesMax {
		page, err := w.store.ChangedMerchants(ctx, w.seen, merchantsPage)
		if err != nil {
			return err
		}
		for _, change := range page {
			w.merchantChanged(change.Merchant)
			w.seen = change.Number
		}
		if len(page) < merchantsPage {
			return nil
		}
	}
	return nil // the rest next time
}

// lookAtHealth tries an alarm's row while the store has no room, until it is stored: as soon as there is room, and with it
// the store is well again although no terminal dares to send; or at once, while the log still has some.
func (w *watch) lookAtHealth(ctx context.Context) error {
	cause := w.store.Health()
	if !errors.Is(cause, store.ErrFull) {
		w.full, w.told = false, false
		return w.keepRoom()
	}
	if !w.full {
		w.full = true
		w.logger.LogAttrs(ctx, slog.LevelError, "disk is full: no payment is taken, or soon none", slog.Any("cause", cause))
	}
	if w.told {
		return nil
	}
	err := w.store.Commit(ctx, store.Change{Alarms: []store.Alarm{{Key: "store-full", Kind: "store-full",
		Detail: "the disk has no room left: payments begin only as long as the write-ahead log has room", At: w.clock()}}})
	w.told = err == nil
	if errors.Is(err, store.ErrFull) {
		return nil // said already
	}
	return err
}

// watch makes the watch of a running cloud.
func (c *cloud) watch() *watch {
	return &watch{store: c.books, logger: c.logger, clock: time.Now, keepRoom: c.broker.KeepReserve,
		merchantChanged: c.directory.ForgetMerchant, changed: func(id record.Terminal, blocked bool) error {
			c.directory.Forget(id)
			c.collector.Refresh(id)
			c.logger.Info("terminal's block changed", "terminal", id.String(), "blocked", blocked)
			if !blocked {
				return nil
			}
			return c.broker.Disconnect(id)
		}}
}

func blockCommand(with configured) *cobra.Command {
	var terminal string
	var lift bool
	command := &cobra.Command{Use: "block", Args: cobra.NoArgs,
		Short: "停用终端，--lift 恢复 · Block a terminal, or lift its block; a running cloud notices within seconds"}
	command.Flags().StringVar(&terminal, "terminal", "", "终端号 8 位 · terminal id, 8 characters")
	command.Flags().BoolVar(&lift, "lift", false, "恢复 · lift the block")
	command.RunE = with(func(command *cobra.Command, s Settings) error {
		id, err := record.ParseTerminal(terminal)
		if err != nil {
			return err
		}
		change, word := merchant.Block, "已停用 blocked"
		if lift {
			change, word = merchant.Lift, "已恢复 block lifted"
		}
		untold := 0
		err = withBooks(command.Context(), s, func(books *sqlite.Store) error {
			if err := change(command.Context(), books, id, time.Now()); err != nil || lift {
				return err
			}
			untold, err = merchant.TellUntold(command.Context(), books, id, time.Now())
			return err
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(command.OutOrStdout(), "%s: %s\n", id, word)
		return sayUntold(command.OutOrStdout(), untold)
	})
	return command
}
