package uplink_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/keyring"
	"github.com/yuantill/yuantill/agent/uplink"
	"github.com/yuantill/yuantill/protocol/enrolment/enrolmenttest"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/topic"
	"github.com/yuantill/yuantill/tools/crashdisk"
)

// stepped is a terminal whose connection and steady clock move when the test says so.
type stepped struct {
	*till
	steady     time.Time
	connection *uplink.Connection
	lanes      []topic.Lane // that something was published on
}

func newStepped(t *testing.T) *stepped {
	s := &stepped{till: newTill(t, enrolmenttest.NewAuthority(t), "cloud:8883"), steady: time.Unix(1_000_000, 0)}
	s.config.Steady = func() time.Time { return s.steady }
	return s
}

// attach connects to a cloud; nil for one that never answers.
func (s *stepped) attach(c *cloud) {
	var err error
	s.uplink, err = uplink.New(s.config, s.journal, s.ring)
	require.NoError(s.t, err)
	s.connection, err = s.uplink.Attach("cloud:8883", func(lane topic.Lane, payload []byte) error {
		s.lanes = append(s.lanes, lane)
		if c != nil {
			c.receive(lane, payload)
		}
		return nil
	})
	require.NoError(s.t, err)
	if c != nil {
		c.deliver = s.connection.Receive
	}
}

// step does what can be done, lets the time pass until there is more, and returns it.
func (s *stepped) step() time.Duration {
	next, err := s.connection.Step(s.t.Context())
	require.NoError(s.t, err)
	s.steady = s.steady.Add(next)
	return next
}

// TestLostSignInAnswerIsNotWaitedForBusily: a sign-in that silence asked for and nobody answered is needed no more once
// something is heard. Its time-out used to come due every millisecond from then on.
func TestLostSignInAnswerIsNotWaitedForBusily(t *testing.T) {
	s, c := newStepped(t), newCloud(t)
	s.attach(c)
	for range 10 {
		s.step()
	}
	require.Zero(t, s.uplink.Status().Unsent)
	c.set(func() { c.silent = true })
	s.faults(1)
	for before := c.signIns; c.signIns == before; {
		s.step()
	}
	require.Equal(t, 1, s.connection.Sizes()["batches on their way"])
	c.set(func() {
		c.silent = false
		c.acknowledge()
	})
	s.step()
	require.Zero(t, s.uplink.Status().Unsent)
	for what, size := range s.connection.Sizes() {
		require.Zero(t, size, what)
	}
	for range 5 {
		require.GreaterOrEqual(t, s.step(), 50*time.Millisecond)
	}
}

// TestFailedJournalSignsInNoMore: each try left an epoch among the keys that no record ever came under, until after some
// days the keys' file was full and the terminal could not sign in for ever.
func TestFailedJournalSignsInNoMore(t *testing.T) {
	s := newStepped(t)
	disk, err := crashdisk.New(t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, disk.Close()) })
	config := journal.DefaultConfig()
	config.Path, config.Disk = disk.Path("journal.db"), disk
	config.Terminal, config.KeyVersion, config.Keyring = terminal, s.ring.KeyVersion(), s.ring
	config.RoomMin, config.BallastSize, config.Logger = 0, 4096, s.config.Logger
	s.journal, err = journal.Open(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.journal.Close() })
	disk.SetFaults(crashdisk.Faults{FailSync: 1})
	_, err = s.journal.OpenEpoch(t.Context(), journal.EpochOpening{Keys: s.ring.Derive(keyring.Epoch{Number: 1})})
	require.ErrorIs(t, err, journal.ErrFailed)
	s.attach(nil)
	for range 5 {
		require.GreaterOrEqual(t, s.step(), 50*time.Millisecond)
	}
	require.Empty(t, s.lanes)
}

// TestSignInDailyWhateverTheClock: a clock that was ahead at a sign-in, and was then set right, dates the epoch to come.
func TestSignInDailyWhateverTheClock(t *testing.T) {
	s, c := newStepped(t), newCloud(t)
	ahead := 10 * 365 * 24 * time.Hour
	s.config.Clock = func() time.Time { return time.Now().Add(ahead) }
	s.attach(c)
	for range 10 {
		s.step()
	}
	require.Equal(t, 1, c.signIns)
	ahead = 0
	s.steady = s.steady.Add(23 * time.Hour)
	for range 10 {
		s.step()
	}
	require.Equal(t, 1, c.signIns, "not before a day has passed")
	s.steady = s.steady.Add(time.Hour)
	for range 10 {
		s.step()
	}
	require.Equal(t, 2, c.signIns)
}

// TestAppendedWhileAnOldCopyIsLeft: a record that comes between an old copy's comparison with the cloud's books and its new
// epoch would stand under a sequence that the cloud has another record for.
func TestAppendedWhileAnOldCopyIsLeft(t *testing.T) {
	s, c := newStepped(t), newCloud(t)
	armed := false
	s.config.Clock = func() time.Time { // it dates the epoch after the comparison
		if armed && s.lanes[len(s.lanes)-1] == topic.SignIn {
			armed = false
			s.faults(1)
		}
		return time.Now()
	}
	s.attach(c)
	for range 10 {
		s.step()
	}
	last := s.journal.Tail().Sequence
	c.set(func() { c.base, c.baseEnd = last+5, seal.Hash{9} }) // another copy went on
	armed = true
	s.attach(c)
	var err error
	for err == nil {
		_, err = s.connection.Step(t.Context())
	}
	require.ErrorIs(t, err, journal.ErrAppended)
	require.Equal(t, last+1, s.journal.Tail().Sequence)
	s.attach(c)
	for range 10 {
		s.step()
	}
	require.Equal(t, last+6, s.journal.Tail().Sequence, "the new epoch stands behind all that the cloud has")
	report, err := s.journal.Verify(t.Context())
	require.NoError(t, err)
	require.Equal(t, []journal.Range{{First: last + 2, Last: last + 5}}, report.Lost, "what came meanwhile is not lost")
}
