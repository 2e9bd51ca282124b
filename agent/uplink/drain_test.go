package uplink_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/uplink"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

func TestDrain(t *testing.T) {
	t.Run("a backlog arrives once, in order and complete", func(t *testing.T) {
		_, c, tl := world(t, (*till).unhurried)
		tl.stop()
		for range 30 {
			entries := make([]journal.Entry, 100)
			for i := range entries {
				entries[i] = journal.Entry{Type: record.DeviceFault, Body: &message.DeviceFault{Device: "scanner"}}
			}
			tl.add(entries...)
		}
		tl.run()
		tl.until("all sent", func(s uplink.Status) bool { return s.Unsent == 0 })
		c.set(func() {
			require.Equal(t, uint64(3002), c.high, "and the restart's epoch-opened")
			for n := uint64(2); n <= 3001; n++ {
				require.Equal(t, 1, c.seen[n], "record %d", n)
			}
			require.Less(t, c.messages, 70, "in batches")
		})
	})
	t.Run("lost records are sent again until the gaps are closed", func(t *testing.T) {
		_, c, tl := world(t)
		c.set(func() { c.dropped[3], c.dropped[5], c.dropped[9] = 1, 2, 1 })
		tl.faults(10)
		tl.until("all sent", func(s uplink.Status) bool { return s.Unsent == 0 })
		c.set(func() {
			require.Equal(t, uint64(11), c.high)
			require.Equal(t, 3, c.seen[5])
			require.Equal(t, 2, c.seen[9])
		})
	})
	t.Run("a silent cloud is sent to again, and its late acknowledgement counts", func(t *testing.T) {
		_, c, tl := world(t)
		c.set(func() { c.silent = true })
		tl.faults(3)
		c.until("sent again", func() bool { return c.seen[2] >= 3 })
		require.Equal(t, uint64(3), tl.uplink.Status().Unsent)
		c.set(func() { c.silent = false })
		tl.until("all sent", func(s uplink.Status) bool { return s.Unsent == 0 })
	})
	t.Run("a refused record is told and stops nothing else", func(t *testing.T) {
		_, c, tl := world(t)
		c.set(func() { c.refused[3] = message.Refusal_CAUSE_TAG })
		tl.faults(20)
		tl.until("only the refused one is left", func(s uplink.Status) bool { return s.Unsent == 1 && s.Refused > 0 })
		refusal := <-tl.uplink.Refusals()
		require.Equal(t, uint64(3), refusal.Sequence)
		require.Equal(t, message.Refusal_CAUSE_TAG, refusal.Cause)
		tl.faults(5)
		tl.until("and still", func(s uplink.Status) bool { return s.Unsent == 1 })
		c.set(func() { require.LessOrEqual(t, c.seen[3], 2, "it is not repeated for ever") })
	})
	t.Run("a wrong acknowledgement stops everything and is told", func(t *testing.T) {
		_, c, tl := world(t)
		c.set(func() { c.forged = true })
		tl.faults(1)
		tl.until("stopped", func(s uplink.Status) bool { return s.Stopped != "" })
		require.Equal(t, uint64(1), tl.uplink.Status().Unsent)
		r := tl.add(payment(1))[0]
		require.ErrorIs(t, tl.uplink.SendNow(r, nil), uplink.ErrStopped)
		c.set(func() { require.Zero(t, c.seen[sequence(t, r)]) })
	})
	t.Run("a payment does not wait for the back-off", func(t *testing.T) {
		b, c, tl := world(t)
		tl.stop()
		tl.config.Timings.BackoffBase, tl.config.Timings.BackoffMax = time.Hour, time.Hour
		tl.config.Random = func(n int64) int64 { return n - 1 }
		tl.run()
		tl.until("connected", func(s uplink.Status) bool { return s.Connected })
		b.stop()
		tl.until("offline", func(s uplink.Status) bool { return !s.Connected && s.LastError != "" })
		again := startBroker(t, tl.authority, b.port, &admission{})
		c.attach(again)
		require.ErrorIs(t, tl.uplink.SendNow(tl.add(payment(1))[0], []byte("code")), uplink.ErrOffline)
		tl.until("connected for the payment", func(s uplink.Status) bool { return s.Connected && s.Unsent == 0 })
	})
	t.Run("a broker that restarts empty loses nothing", func(t *testing.T) {
		b, c, tl := world(t)
		port := b.port
		for round := range 3 {
			tl.faults(20)
			b.stop()
			tl.faults(20)
			b = startBroker(t, tl.authority, port, &admission{})
			c.attach(b)
			tl.until(fmt.Sprintf("all sent after restart %d", round),
				func(s uplink.Status) bool { return s.Connected && s.Unsent == 0 })
		}
		c.set(func() { require.Equal(t, uint64(121), c.high) })
	})
}
