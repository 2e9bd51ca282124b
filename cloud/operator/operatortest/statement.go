package operatortest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
)

// statementCases are what a connector must hold that reads statements; those without that capability pass without a call.
func statementCases() map[string]func(*testing.T, Stage) {
	return map[string]func(*testing.T, Stage){
		"StatementOfADay":            reads(statesDay),
		"StatementOfManyPages":       reads(statesPages),
		"StatementOfNoLines":         reads(statesNothing),
		"StatementBeforeTheEnd":      reads(refusesOpenDay),
		"StatementLacksALine":        reads(leavesOut),
		"BrokenStatementIsUnknown":   reads(breaksStatements),
		"StatementUnreachableUnsent": reads(unreachableStatement),
	}
}

func reads(check func(*testing.T, Stage, operator.StatementReader)) func(*testing.T, Stage) {
	return func(t *testing.T, s Stage) {
		reader, can := s.Connector.(operator.StatementReader)
		if !can {
			require.Nil(t, s.NextDay, "the stage can end a day, but the connector reads no statement")
			return
		}
		check(t, s, reader)
	}
}

// pageOf asks for one page of a day and checks that it is what was asked for.
func pageOf(t *testing.T, reader operator.StatementReader, day operator.Day, number int) operator.StatementPage {
	t.Helper()
	request := operator.StatementRequest{Day: day, Page: number}
	page, err := reader.StatementPage(call(t), request)
	require.NoError(t, err)
	require.Equal(t, request, page.StatementRequest)
	return page
}

func statesDay(t *testing.T, s Stage, reader operator.StatementReader) {
	day := s.Today()
	paid, back := authorised(t, s, 1000), authorised(t, s, 70)
	_, err := s.Connector.Reverse(call(t), InquiryOf(back))
	require.NoError(t, err)
	s.Arrange("authorise", Decline)
	_, err = s.Connector.Authorise(call(t), NewRequest(t, 5))
	require.NoError(t, err)
	want := map[operator.LineKind]int64{operator.LinePayment: 1070, operator.LineReturn: 70}
	var refund operator.FollowUp
	if follower, can := s.Connector.(operator.Follower); can {
		refund = NewFollowUp(t, paid, operator.KindRefund, 300)
		does(t, follower, refund)
		want[operator.LineReturn] += 300
	}
	if holder, can := s.Connector.(operator.Holder); can {
		does(t, holder, NewFollowUp(t, onHold(t, s, holder, 500), operator.KindComplete, 400))
		want[operator.LineCompletion] = 400
	}
	s.NextDay()
	page := pageOf(t, reader, day, 1)
	require.Equal(t, 1, page.Pages)
	got, sum := map[operator.LineKind]int64{}, operator.StatementTrailer{}
	for _, line := range page.Lines {
		got[line.Kind] += line.Amount
		require.True(t, sum.Add(line))
		require.Equal(t, day, operator.DayOf(line.At))
		require.Equal(t, "CNY", line.Currency)
		require.NotEmpty(t, line.Reference)
		if line.OrderID == paid.OrderID && line.Kind == operator.LineReturn {
			require.Equal(t, refund.ID, line.FollowUp)
		}
	}
	require.Equal(t, want, got)
	require.Equal(t, page.Trailer, sum)
	require.Equal(t, page, pageOf(t, reader, day, 1), "the same for ever")
}

func statesPages(t *testing.T, s Stage, reader operator.StatementReader) {
	day := s.Today()
	for range operator.StatementLinesMax + 1 {
		authorised(t, s, 1)
	}
	s.NextDay()
	first, second := pageOf(t, reader, day, 1), pageOf(t, reader, day, 2)
	require.Equal(t, 2, first.Pages)
	require.Equal(t, first.Trailer, second.Trailer)
	require.Equal(t, operator.StatementLinesMax+1, len(first.Lines)+len(second.Lines))
	orders := map[operator.OrderID]bool{}
	for _, line := range append(first.Lines, second.Lines...) {
		orders[line.OrderID] = true
	}
	require.Len(t, orders, operator.StatementLinesMax+1, "each line is on one page")
	_, err := reader.StatementPage(call(t), operator.StatementRequest{Day: day, Page: 3})
	requireUnknown(t, err)
}

func statesNothing(t *testing.T, s Stage, reader operator.StatementReader) {
	day := s.Today()
	s.NextDay()
	page := pageOf(t, reader, day, 1)
	require.Equal(t, operator.StatementPage{StatementRequest: operator.StatementRequest{Day: day, Page: 1}, Pages: 1}, page)
}

func refusesOpenDay(t *testing.T, s Stage, reader operator.StatementReader) {
	authorised(t, s, 1000)
	_, err := reader.StatementPage(call(t), operator.StatementRequest{Day: s.Today(), Page: 1})
	requireUnknown(t, err)
}

func leavesOut(t *testing.T, s Stage, reader operator.StatementReader) {
	day := s.Today()
	authorised(t, s, 1000)
	s.NextDay()
	s.Arrange("statement", LeaveOut)
	page := pageOf(t, reader, day, 1)
	require.Empty(t, page.Lines)
	require.Equal(t, operator.StatementTrailer{Count: 1, Paid: 1000}, page.Trailer, "what is missing shows")
	require.Len(t, pageOf(t, reader, day, 1).Lines, 1)
}

func breaksStatements(t *testing.T, s Stage, reader operator.StatementReader) {
	day := s.Today()
	s.NextDay()
	for _, behaviour := range []Behaviour{LoseAnswer, Drop, ServerError, WrongSignature, Garbage} {
		s.Arrange("statement", behaviour)
		page, err := reader.StatementPage(call(t), operator.StatementRequest{Day: day, Page: 1})
		requireUnknown(t, err)
		require.Zero(t, page)
	}
	pageOf(t, reader, day, 1)
}

func unreachableStatement(t *testing.T, s Stage, reader operator.StatementReader) {
	s.Stop()
	_, err := reader.StatementPage(call(t), operator.StatementRequest{Day: operator.DayOf(time.Now()) - 1, Page: 1})
	requireNotSent(t, err)
}
