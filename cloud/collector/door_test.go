package collector_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/topic"
)

// spoiled is a batch of so many frames with wrong tags.
func (t *till) spoiled(frames int) []byte {
	bad := t.frame(t.forge(t.current, 99, t.link, record.DeviceFault, &message.DeviceFault{}), nil)
	bad[len(bad)-1] ^= 1
	return record.AppendBatch(nil, slices.Repeat([]record.Frame{bad}, frames)...)
}

// raised are the alarms but for the barriers of a collector that is worked step by step.
func (w *world) raised() map[string]uint64 {
	counts := w.alarms()
	delete(counts, "")
	return counts
}

// flood delivers garbage until the cloud shuts its door, which it has to within so many batches.
func (t *till) flood(batch []byte) {
	t.w.tb.Helper()
	for range 1000 {
		if t.w.door.Shut(t.id) {
			return
		}
		t.w.deliver(topic.Up, batch)
	}
	require.True(t.w.tb, t.w.door.Shut(t.id), "it may go on for ever")
}

func TestAFloodIsKeptOut(t *testing.T) {
	for name, batch := range map[string]func(*till) []byte{
		"WrongTags": func(till *till) []byte { return till.spoiled(512) },
		"Malformed": func(*till) []byte { return make([]byte, 60_000) },
		"UnknownEpoch": func(till *till) []byte {
			other := *till.current
			other.Epoch = 77
			till.keys[77] = &other
			f := till.frame(till.forge(&other, 9, till.link, record.DeviceFault, &message.DeviceFault{}), nil)
			return record.AppendBatch(nil, slices.Repeat([]record.Frame{f}, 512)...)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var gone atomic.Int32
			w := newWorldByHand(t)
			w.disconnect = func(id record.Terminal) error {
				require.Equal(t, terminalID, id)
				gone.Add(1)
				return nil
			}
			w.restart()
			till := newTill(w)
			till.open()
			sent := batch(till)
			till.flood(sent)
			require.EqualValues(t, 1, gone.Load())
			require.EqualValues(t, 1, w.alarms()["flood"])

			before := w.raised()
			w.clock.advance(30 * time.Second)
			till.w.deliver(topic.Up, sent)
			require.Equal(t, before, w.raised(), "it is not even looked at")
			kept := till.fault("made while it was kept out")
			till.send(topic.Up, kept)
			require.Len(t, w.stored(), 1)

			w.clock.advance(collector.ShutFor)
			require.False(t, w.door.Shut(terminalID))
			till.send(topic.Up, kept)
			require.Len(t, w.stored(), 2)
			require.EqualValues(t, 1, gone.Load())
		})
	}
}

// TestWrongKeysAreNoFlood: a terminal whose keys are wrong sends what it may have on its way, again and again.
func TestWrongKeysAreNoFlood(t *testing.T) {
	w := newWorldByHand(t)
	till := newTill(w)
	till.open()
	batch := till.spoiled(512)
	for range 50 {
		till.w.deliver(topic.Up, batch)
		till.w.deliver(topic.Up, batch)
		w.clock.advance(2 * time.Second)
	}
	require.False(t, w.door.Shut(terminalID))
	till.send(topic.Up, till.fault("at last"))
	require.Len(t, w.stored(), 2)
	require.Zero(t, w.alarms()["flood"])
}

// TestTheDoorForgetsNobodyElse: more flooding terminals than are told of at once are kept out all the same.
func TestTheDoorForgetsNobodyElse(t *testing.T) {
	w := newWorldByHand(t)
	door := collector.NewDoor(w.clock.Now)
	for n := range 200 {
		id := record.Terminal([]byte(fmt.Sprintf("%08d", 30000000+n)))
		door.Charge(id, 9<<20)
		require.True(t, door.Shut(id))
	}
	require.False(t, door.Shut(terminalID))
	w.clock.advance(-time.Hour)
	require.False(t, door.Shut(record.Terminal([]byte("30000001"))), "a clock that was set back keeps nobody out for longer")
}

// TestOneTerminalHoldsUpNobody: nothing is being worked on here, so whatever waits goes on waiting.
func TestOneTerminalHoldsUpNobody(t *testing.T) {
	w := newWorldByHand(t)
	batch := make([]byte, 60_000)
	delivered := make(chan struct{})
	go func() {
		defer close(delivered)
		for range 20_000 {
			w.collector.Deliver(collector.Message{Subject: topic.Subject(terminalID, topic.Up), Data: batch})
			w.collector.Deliver(collector.Message{Subject: topic.Subject(terminalID, topic.Now), Data: batch[:1]})
		}
		w.collector.Deliver(collector.Message{Subject: topic.Subject(record.Terminal([]byte("10000002")), topic.Up), Data: batch})
	}()
	select {
	case <-delivered:
	case <-time.After(patience):
		require.FailNow(t, "one terminal holds up the broker's subscription")
	}
	messages, bytes := w.collector.Waiting()
	require.LessOrEqual(t, bytes, 5<<20)
	require.LessOrEqual(t, messages, 3*2048)
}

// TestAFullIntakeWaits: many terminals together wait for room, and are let go at the end.
func TestAFullIntakeWaits(t *testing.T) {
	w := newWorldByHand(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	delivered := make(chan struct{})
	go func() {
		defer close(delivered)
		for n := range 20 {
			id := record.Terminal([]byte(fmt.Sprintf("%08d", 30000000+n)))
			for range 30 {
				w.collector.Deliver(collector.Message{Subject: topic.Subject(id, topic.Up), Data: make([]byte, 60_000)})
			}
		}
	}()
	require.Eventually(t, func() bool {
		_, bytes := w.collector.Waiting()
		return bytes > 31<<20
	}, patience, time.Millisecond)
	select {
	case <-delivered:
		require.FailNow(t, "36 MB wait")
	default:
	}
	_, bytes := w.collector.Waiting()
	require.LessOrEqual(t, bytes, 32<<20)
	require.NoError(t, w.collector.Run(ctx))
	<-delivered
}
