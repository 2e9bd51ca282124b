package collector_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/cloud/collector"
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
	t.Run("UrgentSharesTheNextRecords", func(t *testing.T) {
		a, one := collector.NewAcker(), &collector.Tracker{}
		a.AddLater(one)
		require.Empty(t, a.Round())
		a.Add(one)
		require.Equal(t, []*collector.Tracker{one}, a.Round())
		require.True(t, a.TurnOver())
		require.False(t, a.TurnOver())
		require.Empty(t, a.Round())
	})
	t.Run("UrgentAloneInTheSecondTurn", func(t *testing.T) {
		a, one := collector.NewAcker(), &collector.Tracker{}
		a.AddLater(one)
		require.True(t, a.TurnOver())
		require.Empty(t, a.Round())
		require.False(t, a.TurnOver())
		require.Equal(t, []*collector.Tracker{one}, a.Round())
	})
	t.Run("UrgentAgainWaitsAnew", func(t *testing.T) {
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

func TestUrgentAcknowledgement(t *testing.T) {
	w := newWorld(t, nil)
	till := newTill(w)
	till.open()
	till.send(topic.Now, till.fault("nothing follows it"))
	till.acknowledged(2)
	till.send(topic.Now, till.fault("a"))
	till.send(topic.Up, till.fault("b"))
	till.acknowledged(4)
}
