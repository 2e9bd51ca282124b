package collector_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/topic"
)

// TestEndedEpochMovesNothing: two copies of a terminal, one of which has ended the other's epoch. What the other made behind
// that place reaches nobody, even where it was stored before; what it makes anew under its next epoch does.
func TestEndedEpochMovesNothing(t *testing.T) {
	c := &consumer{told: make(chan error, 10), again: make(chan []byte, 10)}
	w := newWorld(t, map[record.Type]collector.Consumer{record.ReversalRequested: c})
	till := newTill(w)
	till.open()
	old, link := till.current, till.link
	order := &message.ReversalRequested{OrderId: make([]byte, 16)}
	early := till.forge(old, 5, link, record.ReversalRequested, order)
	till.send(topic.Now, early) // overtakes 2 to 4
	require.EqualValues(t, 5, till.acknowledgement().GetHighest())
	require.NoError(t, <-c.told)

	w.clock.advance(time.Minute)
	till.signIn() // a copy's, which has nothing but the first record
	till.send(topic.Up, till.epochOpened())
	till.acknowledged(2)
	for _, sequence := range []uint64{3, 5} {
		r := early
		if sequence != 5 {
			r = till.forge(old, sequence, link, record.ReversalRequested, order)
		}
		till.send(topic.Now, r)
		refusal := till.refusal()
		require.Equal(t, message.Refusal_CAUSE_EPOCH, refusal.GetCause())
		require.Equal(t, []uint64{sequence, 1}, []uint64{refusal.GetSequence(), uint64(refusal.GetEpoch())})
	}
	require.Empty(t, c.told, "a copy's word moves nothing")
	require.Empty(t, c.again, "and is not answered")
	w.eventually(func() bool { return w.alarms()["epoch"] == 1 }, "somebody is told")

	anew := till.record(record.ReversalRequested, &message.ReversalRequested{OrderId: order.GetOrderId(), Again: 5})
	till.send(topic.Now, anew)
	till.acknowledged(3)
	require.NoError(t, <-c.told)
}
