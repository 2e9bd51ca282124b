package uplink_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/uplink"
	"github.com/yuantill/yuantill/protocol/enrolment/enrolmenttest"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

func TestWindow(t *testing.T) {
	t.Run("grows on a line that keeps up, whatever its delay", func(t *testing.T) {
		w, size := uplink.NewWindow(), 0
		for range 100 {
			size = w.Answered(80 * time.Millisecond)
		}
		require.Equal(t, uplink.WindowMax, size)
	})
	t.Run("shrinks when answers queue", func(t *testing.T) {
		w, size := uplink.NewWindow(), 0
		for range 100 {
			w.Answered(time.Millisecond)
		}
		for range 100 {
			size = w.Answered(10 * time.Millisecond)
		}
		require.Equal(t, uplink.WindowMin, size)
	})
	t.Run("stays within its bounds", func(t *testing.T) {
		rapid.Check(t, func(r *rapid.T) {
			w := uplink.NewWindow()
			for _, took := range rapid.SliceOfN(rapid.Int64Range(0, int64(time.Minute)), 1, 50).Draw(r, "took") {
				size := w.Answered(time.Duration(took))
				require.GreaterOrEqual(r, size, uplink.WindowMin)
				require.LessOrEqual(r, size, uplink.WindowMax)
			}
		})
	})
}

// TestOnTheWay: what is on its way on both lanes together stays within the protocol's bound while nothing is acknowledged.
func TestOnTheWay(t *testing.T) {
	grown := func(t *testing.T) (*stepped, *cloud) {
		s, c := newStepped(t), newCloud(t)
		s.attach(c)
		for s.journal.Tail().Epoch == 0 {
			s.step()
		}
		s.faults(2400) // answered at once: the window opens as far as it does
		for s.uplink.Status().Unsent > 0 {
			s.step()
		}
		c.set(func() { c.silent = true })
		return s, c
	}
	urgent := func(s *stepped, n int) (busy int) {
		entries := make([]journal.Entry, n)
		for i := range entries {
			entries[i] = journal.Entry{Type: record.FollowUpRequested, Body: &message.FollowUpRequested{}}
		}
		for _, r := range s.add(entries...) {
			if err := s.uplink.SendNow(r, nil); err != nil {
				require.ErrorIs(s.t, err, uplink.ErrBusy)
				busy++
			}
		}
		return busy
	}
	onWay := func(c *cloud) int { return len(c.records) - int(c.acked) }
	t.Run("PaymentsLeaveLessToTheRest", func(t *testing.T) {
		s, c := grown(t)
		require.Zero(t, urgent(s, 100))
		s.faults(1200)
		for range 20 {
			s.step()
		}
		require.LessOrEqual(t, onWay(c), uplink.OnWayMax)
		require.Greater(t, onWay(c), uplink.WindowMax-100, "it is used")
	})
	t.Run("TooManyUrgentOnesGoInTheirTurn", func(t *testing.T) {
		s, c := grown(t)
		const more = 40
		require.Equal(t, more, urgent(s, uplink.NowMax+more))
		for range 20 {
			s.step()
		}
		require.LessOrEqual(t, onWay(c), uplink.OnWayMax)
		c.set(func() { c.silent = false })
		for s.uplink.Status().Unsent > 0 {
			s.step()
		}
		require.Zero(t, urgent(s, 1), "there is room again")
	})
	t.Run("RefusedOnesAreNotOnTheirWay", func(t *testing.T) {
		s, c := grown(t)
		c.set(func() {
			c.silent = false
			for n := range uint64(uplink.NowMax + 10) {
				c.refused[c.top+1+n] = message.Refusal_CAUSE_TAG
			}
		})
		require.Zero(t, urgent(s, uplink.NowMax+10))
	})
}

func TestBackoff(t *testing.T) {
	c := uplink.DefaultConfig()
	rapid.Check(t, func(r *rapid.T) {
		rounds := rapid.IntRange(0, 1000).Draw(r, "rounds")
		c.Random = func(n int64) int64 { return n - 1 }
		longest := uplink.Backoff(c, rounds)
		require.LessOrEqual(r, longest, c.Timings.BackoffMax)
		require.GreaterOrEqual(r, longest, min(c.Timings.BackoffMax, c.Timings.BackoffBase<<min(rounds, 10)))
		c.Random = func(int64) int64 { return 0 }
		require.Zero(r, uplink.Backoff(c, rounds), "full jitter begins at nothing")
	})
}

func TestSecrets(t *testing.T) {
	tl := newTill(t, enrolmenttest.NewAuthority(t), "127.0.0.1:1")
	u, err := uplink.New(tl.config, tl.journal, tl.ring)
	require.NoError(t, err)
	tl.uplink = u
	openEpoch(t, tl)
	t.Run("are overwritten when forgotten", func(t *testing.T) {
		r := tl.add(payment(1))[0]
		code := []byte("280012345678901234")
		require.ErrorIs(t, u.SendNow(r, code), uplink.ErrOffline)
		kept := uplink.KeptSecret(u, sequence(t, r))
		require.Equal(t, code, kept)
		u.Forget(sequence(t, r))
		require.Equal(t, make([]byte, len(code)), kept)
		require.Equal(t, "280012345678901234", string(code), "the caller's own copy is the caller's")
		require.Zero(t, uplink.Kept(u))
	})
	t.Run("are overwritten when there are too many payments in doubt", func(t *testing.T) {
		var oldest []byte
		for n := range uplink.UrgentMax + 5 {
			r := tl.add(payment(byte(n)))[0]
			require.ErrorIs(t, u.SendNow(r, fmt.Appendf(nil, "code-%d", n)), uplink.ErrOffline)
			if n == 0 {
				oldest = uplink.KeptSecret(u, sequence(t, r))
			}
		}
		require.Equal(t, uplink.UrgentMax, uplink.Kept(u))
		require.Equal(t, make([]byte, len("code-0")), oldest)
	})
	t.Run("may come with the second call", func(t *testing.T) {
		r := tl.add(payment(9))[0]
		require.ErrorIs(t, u.SendNow(r, nil), uplink.ErrOffline)
		require.ErrorIs(t, u.SendNow(r, []byte("late")), uplink.ErrOffline)
		require.Equal(t, []byte("late"), uplink.KeptSecret(u, sequence(t, r)))
	})
	t.Run("are all overwritten when the uplink ends", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		require.NoError(t, u.Run(ctx))
		require.Zero(t, uplink.Kept(u))
	})
}

// TestSecondMachine: two machines with one enrolment push each other out; both say so.
func TestSecondMachine(t *testing.T) {
	_, _, tl := world(t)
	twin := newTill(t, tl.authority, tl.config.Brokers...)
	twin.run()
	tl.until("suspicion", func(s uplink.Status) bool {
		return len(s.LastError) > 0 && s.LastError[len(s.LastError)-1] == ')'
	})
	require.Contains(t, tl.uplink.Status().LastError, "another machine use terminal id 10000001")
}
