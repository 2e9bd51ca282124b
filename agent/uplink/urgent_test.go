package uplink_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/uplink"
)

// TestHold keeps the rest of the journal away from a payment under way, and never for long.
func TestHold(t *testing.T) {
	began := time.UnixMicro(1_795_000_000_000_000)
	after := func(ms int) time.Time { return began.Add(time.Duration(ms) * time.Millisecond) }
	t.Run("nothing is held back without a payment", func(t *testing.T) {
		require.Zero(t, uplink.NewUrgent().Hold(began))
	})
	t.Run("a payment holds until its result and a moment longer", func(t *testing.T) {
		u := uplink.NewUrgent()
		u.Sent(began)
		require.Equal(t, uplink.HoldMax-10*time.Millisecond, u.Hold(after(10)))
		require.True(t, u.Answered(after(20)), "the drainer is to be woken")
		require.Equal(t, uplink.HoldAfter, u.Hold(after(20)))
		require.Zero(t, u.Hold(after(20).Add(uplink.HoldAfter)))
	})
	t.Run("a result that nothing waited for wakes nobody", func(t *testing.T) {
		u := uplink.NewUrgent()
		u.Sent(began)
		require.False(t, u.Answered(after(5)))
	})
	t.Run("a payment without a result does not hold for ever", func(t *testing.T) {
		u := uplink.NewUrgent()
		u.Sent(began)
		require.Zero(t, u.Hold(began.Add(uplink.HoldMax)))
		require.False(t, u.Answered(after(5000)))
	})
	t.Run("the next payment holds anew", func(t *testing.T) {
		u := uplink.NewUrgent()
		u.Sent(began)
		u.Answered(after(1))
		u.Sent(after(2))
		require.Equal(t, uplink.HoldMax, u.Hold(after(2)))
	})
}
