package collector_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/merchant"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/topic"
)

// breakChain sends a record that does not follow, and waits until everything about it is stored.
func (t *till) breakChain() {
	t.w.tb.Helper()
	t.link[0] ^= 1
	t.send(topic.Up, t.fault("does not follow"))
	require.Equal(t.w.tb, message.Refusal_CAUSE_CHAIN, t.refusal().GetCause())
	t.w.eventually(func() bool {
		row, err := t.w.store.Terminal(t.w.tb.Context(), terminalID)
		return err == nil && !row.AsideAt.IsZero()
	}, "that it is set aside is durable")
}

func (w *world) state() store.TerminalState {
	w.tb.Helper()
	row, err := w.store.Terminal(w.tb.Context(), terminalID)
	require.NoError(w.tb, err)
	return row.State
}

// TestBrokenChainLeavesABlock: a person blocks the terminal in another process, and before the collector has noticed its
// chain breaks.
func TestBrokenChainLeavesABlock(t *testing.T) {
	w := newWorld(t, nil)
	till := newTill(w)
	till.open()
	require.NoError(t, merchant.Block(t.Context(), w.store, terminalID, w.clock.Now()))
	till.breakChain()
	require.Equal(t, store.TerminalBlocked, w.state())
	require.NoError(t, merchant.Lift(t.Context(), w.store, terminalID, w.clock.Now()))
	require.Equal(t, store.TerminalQuarantined, w.state(), "a lifted block does not mend the chain")
}

// TestFullQuarantineIsNotForgotten: the chain breaks when there is no room for one more record aside.
func TestFullQuarantineIsNotForgotten(t *testing.T) {
	const most = 256
	w := newWorld(t, nil)
	till := newTill(w)
	till.open()
	till.send(topic.Up, till.fault("honest"))
	till.acknowledged(2)
	before := till.records[0].Link(till.engine)
	for i := range most {
		w.clock.advance(time.Second)
		other := &message.DeviceFault{Device: "printer", Fault: fmt.Sprint("other ", i)}
		till.send(topic.Up, till.forge(till.current, 2, before, record.DeviceFault, other))
		require.Equal(t, message.Refusal_CAUSE_OTHER_BYTES, till.refusal().GetCause())
	}
	w.clock.advance(time.Second)
	till.breakChain()
	aside, err := w.store.Quarantined(t.Context(), terminalID, 2*most)
	require.NoError(t, err)
	require.Len(t, aside, most)
	require.Equal(t, store.TerminalQuarantined, w.state())
	require.NoError(t, merchant.Block(t.Context(), w.store, terminalID, w.clock.Now()))
	require.NoError(t, merchant.Lift(t.Context(), w.store, terminalID, w.clock.Now()))
	require.Equal(t, store.TerminalQuarantined, w.state())
}

// TestSignInAfterAnotherEnrolment: a terminal that was enrolled again while the collector had it in memory signs in, if not
// at the first try.
func TestSignInAfterAnotherEnrolment(t *testing.T) {
	w := newWorld(t, nil)
	till := newTill(w)
	till.version = 2
	row, err := w.store.Terminal(t.Context(), terminalID)
	require.NoError(t, err)
	row.KeyVersion = 2
	w.deliver(topic.SignIn, []byte("loads the terminal"))
	w.eventually(func() bool { return w.alarms()["sign-in"] == 1 }, "loaded")
	require.NoError(t, w.store.Commit(t.Context(), store.Change{Terminals: []store.Terminal{row}}))
	w.deliver(topic.SignIn, till.signInRequest([16]byte{9}))
	w.clock.advance(time.Minute)
	till.open()
}

// TestRetiredTerminal is heard no more: neither its records nor its sign-ins are taken.
func TestRetiredTerminal(t *testing.T) {
	w := newWorld(t, nil)
	till := newTill(w)
	till.open()
	till.breakChain()
	require.NoError(t, merchant.Retire(t.Context(), w.store, terminalID, "王芳", "克隆", w.clock.Now()))
	w.collector.Refresh(terminalID)
	till.send(topic.Up, till.fault("again"))
	require.Equal(t, message.Refusal_CAUSE_TERMINAL, till.refusal().GetCause())
	w.deliver(topic.SignIn, till.signInRequest([16]byte{9}))
	w.eventually(func() bool { return w.alarms()["sign-in"] == 1 }, "refused")
	epochs, err := w.store.Epochs(t.Context(), terminalID)
	require.NoError(t, err)
	require.Len(t, epochs, 1)
	require.Equal(t, store.TerminalRetired, w.state())
}
