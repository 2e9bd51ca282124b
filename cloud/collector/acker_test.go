package collector_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/topic"
)

func TestAcker(t *testing.T) {
	t.Run("AtOnce", func(t *testing.T) {
		a, one := collector.NewAcker(), &collector.Tracker{}
		a.Add(one)
		a.Add(one)
		require.Equal(t, []*collector.Tracker{one}, a.Round())
		require.Empty(t, a.Round())
	})
	t.Run("LaterSharesTheNextRecords", func(t *testing.T) {
		a, one := collector.NewAcker(), &collector.Tracker{}
		a.AddLater(one)
		require.Empty(t, a.Round())
		a.Add(one)
		require.Equal(t, []*collector.Tracker{one}, a.Round())
		require.True(t, a.TurnOver())
		require.False(t, a.TurnOver())
		require.Empty(t, a.Round())
	})
	t.Run("LaterAloneInTheSecondTurn", func(t *testing.T) {
		a, one := collector.NewAcker(), &collector.Tracker{}
		a.AddLater(one)
		require.True(t, a.TurnOver())
		require.Empty(t, a.Round())
		require.False(t, a.TurnOver())
		require.Equal(t, []*collector.Tracker{one}, a.Round())
	})
	t.Run("LaterAgainWaitsAnew", func(t *testing.T) {
		a, one := collector.NewAcker(), &collector.Tracker{}
		a.AddLater(one)
		a.Add(one)
		a.Round()
		a.TurnOver()
		a.AddLater(one)
		a.TurnOver()
		require.Empty(t, a.Round(), "its first turn is over, but that one was served")
		a.TurnOver()
		require.Equal(t, []*collector.Tracker{one}, a.Round())
	})
}

// Whatever comes in whatever order, nobody waits for more than two turns, and nobody is served who does not wait.
func TestAckerServesEverybody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := collector.NewAcker()
		trackers := []*collector.Tracker{{}, {}, {}}
		waits := map[*collector.Tracker]int{} // turns so far
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			one := trackers[rapid.IntRange(0, 2).Draw(t, "terminal")]
			_, waiting := waits[one]
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				a.Add(one)
				waits[one] = 2
			case 1:
				a.AddLater(one)
				if !waiting {
					waits[one] = 0
				}
			case 2:
				a.TurnOver()
				for waiter := range waits {
					waits[waiter]++
				}
			default:
				for _, served := range a.Round() {
					require.Contains(t, waits, served)
					delete(waits, served)
				}
				for _, turns := range waits {
					require.Less(t, turns, 2)
				}
			}
		}
	})
}

func TestAckerTogether(t *testing.T) {
	a, one := collector.NewAcker(), &collector.Tracker{}
	for range 7 {
		a.AddLater(one)
		require.Empty(t, a.Round())
	}
	a.AddLater(one)
	require.Equal(t, []*collector.Tracker{one}, a.Round(), "eight records do not wait for more")
	a.AddLater(one)
	require.Empty(t, a.Round(), "the count begins again")
}

// TestAcknowledgementOfASale: a sale's records share one acknowledgement, which comes although nothing follows them;
// other records do not wait.
func TestAcknowledgementOfASale(t *testing.T) {
	w := newWorld(t, nil)
	till := newTill(w)
	till.open()
	w.byHand = true
	w.restart()
	till.send(topic.Now, till.record(record.PaymentRequested, &message.PaymentRequested{}))
	till.send(topic.Up, till.record(record.OutcomeShown, &message.OutcomeShown{}))
	till.send(topic.Up, till.record(record.ReceiptPrinted, &message.ReceiptPrinted{}))
	require.Equal(t, 1, w.collector.Sizes()["acknowledgements"])
	require.True(t, w.collector.TurnOver())
	require.Empty(t, w.wire.messages)
	w.collector.TurnOver()
	w.collector.Acknowledge(t.Context())
	require.Equal(t, uint64(4), till.acknowledgement().GetHighWater())
	require.Empty(t, w.wire.messages, "one for all three")
	for what, size := range w.collector.Sizes() {
		require.Zero(t, size, what)
	}

	till.send(topic.Up, till.record(record.OutcomeShown, &message.OutcomeShown{}))
	require.Empty(t, w.wire.messages)
	till.send(topic.Up, till.fault("does not wait, and takes the one before with it"))
	require.Equal(t, uint64(6), till.acknowledgement().GetHighWater())
	require.Empty(t, w.wire.messages)
}

// TestAcknowledgementOfASaleByItself: the same by time.
func TestAcknowledgementOfASaleByItself(t *testing.T) {
	w := newWorld(t, nil)
	till := newTill(w)
	till.open()
	till.send(topic.Now, till.record(record.PaymentRequested, &message.PaymentRequested{}))
	till.acknowledged(2)
	till.send(topic.Up, till.record(record.OutcomeShown, &message.OutcomeShown{}))
	till.acknowledged(3)
}
