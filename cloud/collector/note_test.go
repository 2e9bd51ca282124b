package collector_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/topic"
)

// sickStore is a store that can be told to be full for what comes beside the chains.
type sickStore struct {
	*sqlite.Store
	full    atomic.Bool
	refused atomic.Int64
	reads   atomic.Int64 // of terminals
	unread  atomic.Bool  // no terminal can be read
	// reading is called once, when a terminal has been read and before its reader has it.
	reading atomic.Pointer[func()]
}

// Terminal implements collector.Store.
func (s *sickStore) Terminal(ctx context.Context, id record.Terminal) (store.Terminal, error) {
	s.reads.Add(1)
	if s.unread.Load() {
		return store.Terminal{}, errors.New("input/output error")
	}
	found, err := s.Store.Terminal(ctx, id)
	if meanwhile := s.reading.Swap(nil); meanwhile != nil {
		(*meanwhile)()
	}
	return found, err
}

// Submit implements store.Writer.
func (s *sickStore) Submit(ctx context.Context, change store.Change, done func(error)) error {
	if s.full.Load() && len(change.Alarms)+len(change.Quarantined)+len(change.Decisions) > 0 {
		s.refused.Add(1)
		done(store.ErrFull)
		return nil
	}
	return s.Store.Submit(ctx, change, done)
}

// TestWhatAFullStoreRefused is stored as soon as there is room: the alarm, the record aside and the terminal's state.
func TestWhatAFullStoreRefused(t *testing.T) {
	w := newWorld(t, nil)
	till := newTill(w)
	till.open()
	w.sick.full.Store(true)
	till.link[0] ^= 1
	till.send(topic.Up, till.fault("does not follow"))
	require.Equal(t, message.Refusal_CAUSE_CHAIN, till.refusal().GetCause())
	w.eventually(func() bool { return w.sick.refused.Load() == 2 }, "both changes were tried")
	w.collector.TryAgain(t.Context())
	require.EqualValues(t, 4, w.sick.refused.Load())
	w.collector.TryAgain(t.Context())
	require.EqualValues(t, 4, w.sick.refused.Load(), "not so soon")
	require.Equal(t, 2, w.collector.Sizes()["alarms not stored"])
	require.Equal(t, store.TerminalActive, w.state())

	w.sick.full.Store(false)
	w.clock.advance(time.Minute)
	w.collector.TryAgain(t.Context())
	w.eventually(func() bool { return w.state() == store.TerminalQuarantined }, "the state is stored")
	w.eventually(func() bool { return w.alarms()["chain"] == 1 }, "the alarm is stored")
	aside, err := w.store.Quarantined(t.Context(), terminalID, 10)
	require.NoError(t, err)
	require.Len(t, aside, 1)
	w.clock.advance(time.Minute)
	w.collector.TryAgain(t.Context())
	require.EqualValues(t, 1, w.alarms()["chain"], "once")
	require.Zero(t, w.collector.Sizes()["alarms not stored"])
}

// TestNotesAreBounded: what finds no room even to wait is lost, and then the memory does not say that it was stored.
func TestNotesAreBounded(t *testing.T) {
	const most = 1024
	w := newWorld(t, nil)
	till := newTill(w)
	till.open()
	till.send(topic.Up, till.fault("honest"))
	till.acknowledged(2)
	before := till.records[0].Link(till.engine)
	w.sick.full.Store(true)
	other := func(n int) record.Record {
		return till.forge(till.current, 2, before, record.DeviceFault, &message.DeviceFault{Fault: fmt.Sprint("other ", n)})
	}
	send := func(n int) {
		w.clock.advance(time.Second)
		till.send(topic.Up, other(n))
		require.Equal(t, message.Refusal_CAUSE_OTHER_BYTES, till.refusal().GetCause())
	}
	for n := range most + 300 { // the terminal's own bound of 256 is counted anew whenever it is loaded again
		send(n)
	}
	w.sick.full.Store(false)
	for range most {
		w.clock.advance(time.Minute)
		w.collector.TryAgain(t.Context())
	}
	w.eventually(func() bool {
		aside, err := w.store.Quarantined(t.Context(), terminalID, 2*most)
		return err == nil && len(aside) >= 256 && len(aside) <= most
	}, "what waited is stored")
	require.EqualValues(t, 1, w.alarms()["other-bytes"], "one alarm of a kind waits")
}
