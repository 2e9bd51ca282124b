package tally_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/chaos/tally"
)

func approved(amount int64) tally.Word {
	return tally.Word{State: "approved", Outcome: "approved", Final: true, Amount: amount}
}

func TestTally(t *testing.T) {
	book := tally.New()
	book.Begin("1", "a", 100)
	book.Begin("1", "a", 100) // asked again with the same key
	book.Begin("1", "b", 200)
	book.Begin("2", "c", 300)
	book.Hear("a", tally.Word{State: "querying", Outcome: "unknown", Amount: 100})
	book.Hear("a", approved(100))
	book.Hear("a", approved(100))
	book.Hear("c", tally.Word{State: "abandoned", Outcome: "none", Final: true, Amount: 300})
	require.Equal(t, []tally.Sale{
		{Order: "a", Terminal: "1", Amount: 100, Outcome: "approved", Doubt: true},
		{Order: "b", Terminal: "1", Amount: 200, Outcome: "unknown"},
		{Order: "c", Terminal: "2", Amount: 300, Outcome: "abandoned"},
	}, book.Sales())
	require.Equal(t, map[string]int{"approved": 1, "unknown": 1, "abandoned": 1}, book.Count())
	require.Equal(t, []string{"b"}, book.Open("1"))
	require.Empty(t, book.Open("2"))
	require.Empty(t, book.Lies())
}

func TestReturns(t *testing.T) {
	book := tally.New()
	book.Begin("1", "a", 100)
	book.Hear("a", approved(100))
	book.Begin("1", "b", 50)
	book.Hear("b", tally.Word{State: "declined", Outcome: "declined", Final: true, Amount: 50})
	book.Return("r", "a", "refund")
	book.Return("r", "a", "refund") // asked again with the same key
	book.HearReturn("r", tally.Word{State: "unknown", Outcome: "unknown", Amount: 30})
	require.Equal(t, []string{"r"}, book.OpenReturns("1"))
	require.Empty(t, book.OpenReturns("2"))
	for range 2 {
		book.HearReturn("r", tally.Word{State: "approved", Outcome: "approved", Final: true, Amount: 30})
	}
	require.Empty(t, book.OpenReturns("1"))
	paid := book.Paid("1")
	require.Len(t, paid, 1, "what was declined cannot go back")
	require.EqualValues(t, 30, paid[0].Returned, "once")
	book.Return("s", "a", "refund")
	book.HearReturn("s", tally.Word{State: "approved", Outcome: "approved", Final: true, Amount: 70})
	require.Empty(t, book.Paid("1"), "all of it has gone back")
	require.Empty(t, book.Lies())
}

// TestHolds: of a hold nothing is paid but what is completed, and nothing of it is a sale that could be brought back.
func TestHolds(t *testing.T) {
	book := tally.New()
	book.BeginHold("1", "h", 100)
	book.BeginHold("1", "h", 100) // asked again with the same key
	book.Hear("h", approved(100))
	require.Empty(t, book.Paid("1"))
	for _, step := range []struct {
		id, kind string
		amount   int64
	}{{"t", "top-up", 50}, {"c", "complete", 120}, {"u", "undo", 120}, {"d", "complete", 70}, {"r", "refund", 10}, {"x", "cancel", 80}} {
		book.Return(step.id, "h", step.kind)
		book.HearReturn(step.id, approved(step.amount))
	}
	sales := book.Sales()
	require.True(t, sales[0].Hold)
	require.EqualValues(t, -60, sales[0].Returned)
	require.Empty(t, book.Lies())
}

func TestLies(t *testing.T) {
	for name, c := range map[string]struct {
		say  func(book *tally.Tally)
		lies string
	}{
		"AnotherOutcome": {func(b *tally.Tally) {
			b.Hear("a", tally.Word{State: "reversed", Outcome: "reversed", Final: true, Amount: 100})
		}, "order a was approved, and then reversed"},
		"NotFinalAnyMore": {func(b *tally.Tally) {
			b.Hear("a", tally.Word{State: "querying", Outcome: "unknown", Amount: 100})
		}, "order a was approved, and then unknown"},
		"AnotherAmount":   {func(b *tally.Tally) { b.Hear("a", approved(101)) }, "order a was begun over 100 fen, the till says 101"},
		"NobodysOrder":    {func(b *tally.Tally) { b.Hear("z", approved(1)) }, "a till speaks of order z, which nobody began"},
		"Forgotten":       {func(b *tally.Tally) { b.Missing("a") }, "order a was begun, and its till does not know it any more"},
		"ReturnOfNothing": {func(b *tally.Tally) { b.Return("r", "z", "refund") }, "something is given back of order z, which nobody began"},
		"NobodysReturn":   {func(b *tally.Tally) { b.HearReturn("r", approved(1)) }, "a till speaks of r, which nobody began"},
		"AnotherReturn": {func(b *tally.Tally) {
			b.Return("r", "a", "refund")
			b.HearReturn("r", approved(5))
			b.HearReturn("r", tally.Word{State: "declined", Outcome: "declined", Final: true, Amount: 5})
		}, "r was approved over 5 fen, and then declined over 5"},
		"BegunTwice": {func(b *tally.Tally) { b.Begin("2", "a", 100) }, "order a was begun at 1 for 100 fen, and again at 2 for 100"},
	} {
		t.Run(name, func(t *testing.T) {
			book := tally.New()
			book.Begin("1", "a", 100)
			book.Hear("a", approved(100))
			for range 3 {
				c.say(book)
			}
			require.Equal(t, []string{c.lies}, book.Lies(), "each is told once")
			require.Equal(t, "approved", book.Sales()[0].Outcome, "the first word stands")
		})
	}
}

func TestManyCashiers(t *testing.T) {
	book := tally.New()
	var wait sync.WaitGroup
	for _, terminal := range []string{"1", "2", "3"} {
		wait.Go(func() {
			for i := range 100 {
				order := terminal + string(rune('0'+i%10)) + string(rune('0'+i/10))
				book.Begin(terminal, order, 5)
				book.Hear(order, approved(5))
				_ = book.Count()
			}
		})
	}
	wait.Wait()
	require.Equal(t, map[string]int{"approved": 300}, book.Count())
}
