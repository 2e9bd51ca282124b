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
// that place reaches nobody, but for what was stored before, which is answered again: so a refusal means that nothing was
// begun. What it makes anew under its next epoch is taken.
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
	other := &message.ReversalRequested{OrderId: order.GetOrderId(), Reason: message.Reason_REASON_OTHER}
	for _, refused := range []record.Record{
		till.forge(old, 3, link, record.ReversalRequested, order),
		till.forge(old, 5, link, record.ReversalRequested, other), // under the number of what is stored
	} {
		header, err := record.ParseHeader(refused)
		require.NoError(t, err)
		till.send(topic.Now, refused)
		refusal := till.refusal()
		require.Equal(t, message.Refusal_CAUSE_EPOCH, refusal.GetCause())
		require.Equal(t, []uint64{header.Sequence, 1}, []uint64{refusal.GetSequence(), uint64(refusal.GetEpoch())})
	}
	require.Empty(t, c.told, "a copy's word moves nothing")
	require.Empty(t, c.again, "and is not answered")
	till.send(topic.Now, early)
	select {
	case <-c.again:
	case <-time.After(patience):
		require.FailNow(t, "what was stored is not answered")
	}
	require.Empty(t, c.told)
	w.eventually(func() bool { return w.alarms()["epoch"] == 1 }, "somebody is told")

	anew := till.record(record.ReversalRequested, &message.ReversalRequested{OrderId: order.GetOrderId(), Again: 5})
	till.send(topic.Now, anew)
	till.acknowledged(3)
	require.NoError(t, <-c.told)
}
