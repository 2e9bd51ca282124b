package faults_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/shop"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// TestDuplicateTerminal copies a whole till, keys and journal, and runs both copies at once.
func TestDuplicateTerminal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop.Options{Terminals: 2})
	w.sell(t, w.Till, 101)
	require.NoError(t, w.Till.Agent.Stop())
	clone, err := w.Clone(t.Context(), w.Till, "clone")
	require.NoError(t, err)
	require.NoError(t, w.StartAgent(t.Context(), w.Till))
	w.sell(t, w.Till, 102)
	require.NoError(t, w.LaunchAgent(clone))

	t.Run("SomebodyIsTold", func(t *testing.T) {
		await(t, longPatience, "an alarm about two copies", func(ctx context.Context) (bool, string) {
			alarms, err := w.Alarms(ctx)
			for _, alarm := range alarms {
				if alarm.Terminal == w.Till.Terminal {
					return true, ""
				}
			}
			return false, fmt.Sprint(alarms, err)
		})
	})
	t.Run("BothCopiesSayWhatIsWrong", func(t *testing.T) {
		for _, till := range []*shop.Till{w.Till, clone} {
			await(t, longPatience, "a word about the other copy at "+till.Folder, func(ctx context.Context) (bool, string) {
				status, err := till.Station.Status(ctx)
				if err != nil {
					return false, err.Error()
				}
				up := status.Uplink
				return up.Stopped != "" || up.Refused > 0 || strings.Contains(up.LastError, "another machine"), fmt.Sprintf("%+v", up)
			})
		}
	})
	t.Run("TheTillIsCertainOfAnotherMachine", func(t *testing.T) {
		await(t, longPatience, "a till that says that it is another machine, and nothing else", func(ctx context.Context) (bool, string) {
			status, err := w.Till.Station.Status(ctx)
			if err != nil || status.Journal.Notice == nil {
				return false, fmt.Sprint(err)
			}
			said := status.Journal.Notice.English
			return strings.Contains(said, "another machine works with a copy") && !strings.Contains(said, "put back"), said
		})
	})
	t.Run("WhatTheCopiesSellIsInTheBooks", func(t *testing.T) {
		var sold []string
		for i, till := range []*shop.Till{w.Till, clone} {
			sold = append(sold, w.trySale(t, till, 301+int64(i)))
		}
		for i, till := range []*shop.Till{w.Till, clone} {
			if sold[i] != "" {
				w.whatever(t, till, sold[i])
			}
		}
	})
	t.Run("NobodyElseIsDisturbed", func(t *testing.T) { w.sell(t, w.Tills[1], 201) })
	w.books(t)
	w.sameRecords(t, w.Tills[1])
	w.printedOnce(t, w.Till)
	w.printedOnce(t, clone)
}

// TestDuplicateInTheMiddleOfASale has the copy sign in and sell while the till, cut off, holds a sale that was cancelled. The
// cloud refuses for ever what the till recorded of it; the sale ends by itself all the same, over a restart of the till too.
func TestDuplicateInTheMiddleOfASale(t *testing.T) {
	for name, restart := range map[string]bool{"AtOnce": false, "OverARestart": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, shop.Options{Terminals: 1})
			w.sell(t, w.Till, 101)
			require.NoError(t, w.Till.Agent.Stop())
			clone, err := w.Clone(t.Context(), w.Till, "clone")
			require.NoError(t, err)
			require.NoError(t, w.StartAgent(t.Context(), w.Till))
			w.sent(t, w.Till, 2)
			w.Cable.Cut()
			w.connected(t, false)
			sale := w.begin(t, w.Till, 301)
			w.reach(t, w.Till, sale.ID, "authorising", "querying")
			w.cancel(t, sale.ID)
			w.reach(t, w.Till, sale.ID, "reversing")

			require.NoError(t, w.StartAgent(t.Context(), clone))
			w.sent(t, clone, 3)
			for i := range int64(4) { // until the cloud has more records of the copy than the till has
				w.sell(t, clone, 401+i)
			}
			w.sent(t, clone, 3)
			require.NoError(t, clone.Agent.Stop())
			if restart {
				require.NoError(t, w.Till.Agent.Stop())
				require.NoError(t, w.LaunchAgent(w.Till))
			}
			w.Cable.Mend()
			w.end(t, w.Till, sale.ID, "reversed")
			w.alarmed(t, "epoch", w.Till.Terminal)
			w.sell(t, w.Till, 501)
			w.books(t)
			w.printedOnce(t, w.Till)
			w.printedOnce(t, clone)
		})
	}
}

// sent waits until a till has signed in and the cloud has acknowledged all it has.
func (w *world) sent(t *testing.T, till *shop.Till, epoch uint32) {
	t.Helper()
	await(t, longPatience, fmt.Sprintf("epoch %d or a later one, and all acknowledged", epoch), func(ctx context.Context) (bool, string) {
		status, err := till.Station.Status(ctx)
		if err != nil {
			return false, err.Error()
		}
		return status.Uplink.Epoch >= epoch && status.Journal.Unsent == 0, fmt.Sprintf("%+v %+v", status.Uplink, status.Journal)
	})
}

// trySale begins a sale unless the till refuses, with a reason, and returns its id.
func (w *world) trySale(t *testing.T, till *shop.Till, amount int64) string {
	t.Helper()
	sale, err := till.Station.Start(t.Context(), uuid.NewString(), stationclient.Start{Amount: amount, Currency: "CNY"})
	var refused *stationclient.RefusedError
	if errors.As(err, &refused) {
		require.NotEmpty(t, refused.Text.English)
		require.NotEmpty(t, refused.Next.English)
		t.Logf("%s refused: %s", till.Folder, refused.Text.English)
		return ""
	}
	require.NoError(t, err)
	_, err = till.Devices.Scan(t.Context(), w.code())
	require.NoError(t, err)
	return sale.ID
}

// whatever waits until a sale is definite, or its till has stopped since its journal and the cloud's books disagree: then
// it takes no further sale, and nobody has paid for this one.
func (w *world) whatever(t *testing.T, till *shop.Till, id string) {
	t.Helper()
	var sale stationclient.Sale
	await(t, longPatience, "a definite outcome, or a stop", func(ctx context.Context) (bool, string) {
		status, err := till.Station.Status(ctx)
		if err != nil {
			return false, err.Error()
		}
		sale, err = till.Station.Sale(ctx, id)
		return err == nil && (sale.Final || status.Uplink.Stopped != ""), fmt.Sprintf("%s, %+v", sale.State, status.Uplink)
	})
	t.Logf("%s: %s", till.Folder, sale.State)
	switch {
	case sale.Outcome == "approved":
		w.taken.Add(sale.Amount)
	case !sale.Final:
		_, err := w.Payment(t.Context(), id)
		require.ErrorContains(t, err, "404", "the cloud took a payment that its till does not know the end of")
		require.Empty(t, w.trySale(t, till, sale.Amount), "a stopped till begins another sale")
	}
}
