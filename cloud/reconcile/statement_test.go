package reconcile_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/reconcile"
)

var monday = operator.DayOf(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC))

func line(order byte, kind operator.LineKind, amount int64, day operator.Day) operator.StatementLine {
	return operator.StatementLine{OrderID: operator.OrderID{order}, Reference: "R", Kind: kind, Amount: amount, Currency: "CNY",
		At: day.Start().Add(time.Hour)}
}

// paged cuts lines into pages as an honest operator does.
func paged(day operator.Day, lines []operator.StatementLine, each int) []operator.StatementPage {
	var trailer operator.StatementTrailer
	for _, line := range lines {
		trailer.Add(line)
	}
	pages := []operator.StatementPage{{}}
	for i, line := range lines {
		if i > 0 && i%each == 0 {
			pages = append(pages, operator.StatementPage{})
		}
		last := &pages[len(pages)-1]
		last.Lines = append(last.Lines, line)
	}
	for i := range pages {
		pages[i].Day, pages[i].Page, pages[i].Pages, pages[i].Trailer = day, i+1, len(pages), trailer
	}
	return pages
}

// TestOnlyAWholeStatementIsBelieved takes something away from a statement, or alters it, in every way.
func TestOnlyAWholeStatementIsBelieved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var lines []operator.StatementLine
		for i := range rapid.IntRange(0, 12).Draw(t, "lines") {
			kind := operator.LineKind(rapid.IntRange(1, 4).Draw(t, "kind"))
			lines = append(lines, line(byte(i), kind, rapid.Int64Range(1, 500).Draw(t, "amount"), monday))
		}
		pages := paged(monday, lines, rapid.IntRange(1, 5).Draw(t, "each"))
		whole, err := reconcile.Assemble(monday, pages)
		require.NoError(t, err)
		require.Equal(t, lines, whole.Lines)
		require.Equal(t, len(lines), whole.Trailer.Count)

		_, err = reconcile.Assemble(monday+1, pages)
		require.ErrorIs(t, err, reconcile.ErrPartial, "another day's")
		_, err = reconcile.Assemble(monday, pages[:len(pages)-1])
		require.ErrorIs(t, err, reconcile.ErrPartial, "the last page is missing")
		_, err = reconcile.Assemble(monday, append(pages, pages[0]))
		require.ErrorIs(t, err, reconcile.ErrPartial, "a page twice")
		if len(lines) == 0 {
			return
		}
		page := &pages[rapid.IntRange(0, len(pages)-1).Draw(t, "page")]
		at := rapid.IntRange(0, len(page.Lines)-1).Draw(t, "line")
		switch rapid.IntRange(0, 4).Draw(t, "what") {
		case 0:
			page.Lines = append(append([]operator.StatementLine{}, page.Lines[:at]...), page.Lines[at+1:]...)
		case 1:
			page.Lines = append(page.Lines, page.Lines[at])
		case 2:
			page.Lines[at].Amount += rapid.SampledFrom([]int64{1, -page.Lines[at].Amount}).Draw(t, "by")
		case 3:
			page.Lines[at].At = monday.End()
		default:
			page.Trailer.Returned++
		}
		_, err = reconcile.Assemble(monday, pages)
		require.ErrorIs(t, err, reconcile.ErrPartial)
	})
}
