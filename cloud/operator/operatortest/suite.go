// Package operatortest is the conformance suite for connectors: a connector and an operator that can be told how to
// behave enter, and what every connector must hold is checked.
package operatortest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
)

// Behaviour is what the operator does with the next call of an operation.
type Behaviour uint8

// The behaviours a Stage must be able to arrange.
const (
	Decline       Behaviour = iota + 1 // decline for want of funds
	AwaitPassword                      // the customer types for a moment and then approves
	LoseAnswer                         // do it and close the connection
	Drop                               // do nothing and close the connection
	AnswerTwice                        // do it and send the answer twice
	ServerError                        // do it and answer with an internal error
	WrongSignature
	Garbage
	Slow           // answer after a second
	RefuseReversal // say no to a reversal
	LeaveOut       // leave a line out of a statement's page
)

// Stage is one connector with its operator.
type Stage struct {
	Connector operator.Connector
	// Arrange sets what the operator does with the next call of an operation ("authorise", "query", "reverse",
	// "follow_up", …).
	Arrange func(operation string, behaviour Behaviour)
	// Settle returns once pending passwords have been typed.
	Settle func()
	// PayShown plays the customer who scans a shown code; nil when the connector is no CodeIssuer.
	PayShown func(shownCode string)
	// NetDebit is what an order has cost its payer so far, in minor units.
	NetDebit func(operator.OrderID) int64
	// NetHeld is what is held of an order now; nil when the connector is no Holder.
	NetHeld func(operator.OrderID) int64
	// Today is the day by the operator's clock, NextDay lets that day end; both nil when the connector is no StatementReader.
	Today   func() operator.Day
	NextDay func()
	// Stop makes the operator refuse connections for good.
	Stop func()
}

// callTimeout bounds each call of the suite.
const callTimeout = 10 * time.Second

// TestConnector runs the suite; stage makes a fresh connector and operator for each case.
func TestConnector(t *testing.T, stage func(*testing.T) Stage) {
	t.Helper()
	for name, check := range followUpCases() {
		t.Run(name, func(t *testing.T) { check(t, stage(t)) })
	}
	for name, check := range statementCases() {
		t.Run(name, func(t *testing.T) { check(t, stage(t)) })
	}
	for name, check := range map[string]func(*testing.T, Stage){
		"OK":                          approves,
		"PreparedLeavesWhenSent":      prepares,
		"SameOrderSameAnswer":         repeats,
		"OtherContentIsNotDefinite":   conflicts,
		"Declined":                    declines,
		"PasswordThenApproved":        awaitsPassword,
		"NotFoundBeforeSeen":          findsNothing,
		"ReversedOnce":                reverses,
		"ReversedBeforeSeen":          refusesReversed,
		"ReversalRefused":             reportsRefusedReversal,
		"LostAnswerIsUnknown":         losesAnswer,
		"DroppedCallIsUnknown":        dropsCall,
		"AnswerTwiceCountsOnce":       answersTwice,
		"ServerErrorIsUnknown":        unknownAfter(ServerError),
		"WrongSignatureIsUnknown":     unknownAfter(WrongSignature),
		"GarbageIsUnknown":            unknownAfter(Garbage),
		"TimeoutIsUnknown":            timesOut,
		"UnreachableIsNotSent":        unreachable,
		"EndedContextIsNotSent":       endedContext,
		"ErrorsKeepTheCodeSecret":     keepsSecret,
		"ShownCodePaidByTheCustomer":  showsCode,
		"RefundedOnce":                refunds,
		"ConcurrentCallsDoNotMingle":  mingles,
		"UsableAfterManyBrokenAnswer": survives,
	} {
		t.Run(name, func(t *testing.T) { check(t, stage(t)) })
	}
}

// NewRequest returns a request for a fresh order of a code payment.
func NewRequest(t *testing.T, amount int64) operator.Request {
	t.Helper()
	var id operator.OrderID
	_, err := rand.Read(id[:])
	require.NoError(t, err)
	var tail uint64
	for _, b := range id[:8] {
		tail = tail<<8 | uint64(b)
	}
	return operator.Request{OrderID: id, Merchant: "102290058120001", Terminal: "T0000001", Method: operator.MethodCode,
		Amount: amount, Currency: "CNY", Code: fmt.Sprintf("01%017d", tail%100_000_000_000_000_000)}
}

// InquiryOf returns the inquiry for a request's order.
func InquiryOf(r operator.Request) operator.Inquiry {
	return operator.Inquiry{OrderID: r.OrderID, Merchant: r.Merchant, Amount: r.Amount, Currency: r.Currency}
}

func call(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), callTimeout)
	t.Cleanup(cancel)
	return ctx
}

func approves(t *testing.T, s Stage) {
	request := NewRequest(t, 1250)
	answer, err := s.Connector.Authorise(call(t), request)
	require.NoError(t, err)
	require.Equal(t, operator.StatusApproved, answer.Status)
	require.Equal(t, request.OrderID, answer.OrderID)
	require.Equal(t, int64(1250), answer.Amount)
	require.Equal(t, "CNY", answer.Currency)
	require.Len(t, answer.AuthCode, 6)
	require.NotEmpty(t, answer.Reference)
	require.Regexp(t, `^\d{6}\*{6}\d{4}$`, answer.WalletMasked)
	require.WithinDuration(t, time.Now(), answer.At, time.Minute)
	require.Equal(t, int64(1250), s.NetDebit(request.OrderID))
}

func prepares(t *testing.T, s Stage) {
	preparer, can := s.Connector.(operator.Preparer)
	if !can {
		return // a capability that only some offer
	}
	request := NewRequest(t, 1250)
	prepared, err := preparer.Prepare(request)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), callTimeout)
	defer cancel()
	answer, err := s.Connector.Query(ctx, InquiryOf(request))
	require.NoError(t, err)
	require.Equal(t, operator.StatusNotFound, answer.Status, "nothing leaves before Send")
	answer, err = prepared.Send(ctx)
	require.NoError(t, err)
	require.Equal(t, operator.StatusApproved, answer.Status)
	require.Equal(t, request.Amount, s.NetDebit(request.OrderID))
}

func repeats(t *testing.T, s Stage) {
	request := NewRequest(t, 700)
	first, err := s.Connector.Authorise(call(t), request)
	require.NoError(t, err)
	second, err := s.Connector.Authorise(call(t), request)
	require.NoError(t, err)
	first.At, second.At = time.Time{}, time.Time{}
	require.Equal(t, first, second)
	require.Equal(t, int64(700), s.NetDebit(request.OrderID))
}

func conflicts(t *testing.T, s Stage) {
	request := NewRequest(t, 700)
	_, err := s.Connector.Authorise(call(t), request)
	require.NoError(t, err)
	request.Amount = 701
	_, err = s.Connector.Authorise(call(t), request)
	requireUnknown(t, err)
	require.Equal(t, int64(700), s.NetDebit(request.OrderID))
}

func declines(t *testing.T, s Stage) {
	s.Arrange("authorise", Decline)
	request := NewRequest(t, 900)
	answer, err := s.Connector.Authorise(call(t), request)
	require.NoError(t, err)
	require.Equal(t, operator.StatusDeclined, answer.Status)
	require.Equal(t, operator.ReasonInsufficientFunds, answer.Reason)
	require.Zero(t, s.NetDebit(request.OrderID))
}

func awaitsPassword(t *testing.T, s Stage) {
	s.Arrange("authorise", AwaitPassword)
	request := NewRequest(t, 200_000)
	answer, err := s.Connector.Authorise(call(t), request)
	require.NoError(t, err)
	require.Equal(t, operator.StatusAwaitingPassword, answer.Status)
	require.Zero(t, s.NetDebit(request.OrderID))
	s.Settle()
	answer, err = s.Connector.Query(call(t), InquiryOf(request))
	require.NoError(t, err)
	require.Equal(t, operator.StatusApproved, answer.Status)
}

func findsNothing(t *testing.T, s Stage) {
	answer, err := s.Connector.Query(call(t), InquiryOf(NewRequest(t, 100)))
	require.NoError(t, err)
	require.Equal(t, operator.StatusNotFound, answer.Status)
}

func reverses(t *testing.T, s Stage) {
	request := NewRequest(t, 4200)
	_, err := s.Connector.Authorise(call(t), request)
	require.NoError(t, err)
	for range 2 {
		answer, err := s.Connector.Reverse(call(t), InquiryOf(request))
		require.NoError(t, err)
		require.Equal(t, operator.StatusReversed, answer.Status)
		require.Zero(t, s.NetDebit(request.OrderID))
	}
}

func refusesReversed(t *testing.T, s Stage) {
	request := NewRequest(t, 4200)
	answer, err := s.Connector.Reverse(call(t), InquiryOf(request))
	require.NoError(t, err)
	require.Equal(t, operator.StatusReversed, answer.Status)
	answer, err = s.Connector.Authorise(call(t), request)
	require.NoError(t, err)
	require.Equal(t, operator.StatusReversed, answer.Status)
	require.Zero(t, s.NetDebit(request.OrderID))
}

func reportsRefusedReversal(t *testing.T, s Stage) {
	request := NewRequest(t, 4200)
	_, err := s.Connector.Authorise(call(t), request)
	require.NoError(t, err)
	s.Arrange("reverse", RefuseReversal)
	answer, err := s.Connector.Reverse(call(t), InquiryOf(request))
	require.NoError(t, err)
	require.Equal(t, operator.StatusReversalRefused, answer.Status)
	require.Equal(t, int64(4200), s.NetDebit(request.OrderID))
}

func losesAnswer(t *testing.T, s Stage) {
	s.Arrange("authorise", LoseAnswer)
	request := NewRequest(t, 310)
	_, err := s.Connector.Authorise(call(t), request)
	requireUnknown(t, err)
	answer, err := s.Connector.Query(call(t), InquiryOf(request))
	require.NoError(t, err)
	require.Equal(t, operator.StatusApproved, answer.Status)
	require.Equal(t, int64(310), s.NetDebit(request.OrderID))
}

func dropsCall(t *testing.T, s Stage) {
	// A used connection tempts HTTP libraries to send again on a fresh one.
	_, err := s.Connector.Query(call(t), InquiryOf(NewRequest(t, 100)))
	require.NoError(t, err)
	s.Arrange("authorise", Drop)
	request := NewRequest(t, 310)
	_, err = s.Connector.Authorise(call(t), request)
	requireUnknown(t, err)
	require.Zero(t, s.NetDebit(request.OrderID), "the connector sent the call again")
}

func answersTwice(t *testing.T, s Stage) {
	s.Arrange("authorise", AnswerTwice)
	first, second := NewRequest(t, 310), NewRequest(t, 320)
	answer, err := s.Connector.Authorise(call(t), first)
	require.NoError(t, err)
	require.Equal(t, operator.StatusApproved, answer.Status)
	// The stale second answer may spoil the next call's connection, but must never be taken for its answer.
	answer, err = s.Connector.Authorise(call(t), second)
	if err == nil {
		require.Equal(t, second.OrderID, answer.OrderID)
		require.Equal(t, int64(320), answer.Amount)
	}
	require.Equal(t, int64(310), s.NetDebit(first.OrderID))
}

func unknownAfter(behaviour Behaviour) func(*testing.T, Stage) {
	return func(t *testing.T, s Stage) {
		s.Arrange("authorise", behaviour)
		request := NewRequest(t, 555)
		answer, err := s.Connector.Authorise(call(t), request)
		requireUnknown(t, err)
		require.Zero(t, answer)
		require.Equal(t, int64(555), s.NetDebit(request.OrderID))
	}
}

func timesOut(t *testing.T, s Stage) {
	s.Arrange("authorise", Slow)
	ctx, cancel := context.WithTimeout(call(t), 100*time.Millisecond)
	defer cancel()
	_, err := s.Connector.Authorise(ctx, NewRequest(t, 555))
	requireUnknown(t, err)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func unreachable(t *testing.T, s Stage) {
	s.Stop()
	request := NewRequest(t, 555)
	_, err := s.Connector.Authorise(call(t), request)
	requireNotSent(t, err)
}

func endedContext(t *testing.T, s Stage) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	request := NewRequest(t, 555)
	_, err := s.Connector.Authorise(ctx, request)
	requireNotSent(t, err)
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, s.NetDebit(request.OrderID))
}

func keepsSecret(t *testing.T, s Stage) {
	for _, behaviour := range []Behaviour{LoseAnswer, ServerError, WrongSignature, Garbage} {
		s.Arrange("authorise", behaviour)
		request := NewRequest(t, 555)
		_, err := s.Connector.Authorise(call(t), request)
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), request.Code)
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", request, request, request), request.Code)
	}
}

func showsCode(t *testing.T, s Stage) {
	issuer, ok := s.Connector.(operator.CodeIssuer)
	if !ok {
		require.Nil(t, s.PayShown, "the stage can pay shown codes, but the connector makes none")
		return
	}
	request := NewRequest(t, 8800)
	request.Method, request.Code = operator.MethodShown, ""
	answer, err := issuer.Order(call(t), request)
	require.NoError(t, err)
	require.Equal(t, operator.StatusAwaitingCustomer, answer.Status)
	require.NotEmpty(t, answer.ShownCode)
	s.PayShown(answer.ShownCode)
	answer, err = s.Connector.Query(call(t), InquiryOf(request))
	require.NoError(t, err)
	require.Equal(t, operator.StatusApproved, answer.Status)
	require.Equal(t, int64(8800), s.NetDebit(request.OrderID))
}

func refunds(t *testing.T, s Stage) {
	refunder, ok := s.Connector.(operator.Refunder)
	if !ok {
		_, err := s.Connector.Reverse(call(t), InquiryOf(NewRequest(t, 100)))
		require.NoError(t, err, "a connector without refunds must at least reverse")
		return
	}
	request := NewRequest(t, 600)
	_, err := s.Connector.Authorise(call(t), request)
	require.NoError(t, err)
	for range 2 {
		answer, err := refunder.Refund(call(t), InquiryOf(request))
		require.NoError(t, err)
		require.Equal(t, operator.StatusRefunded, answer.Status)
		require.Zero(t, s.NetDebit(request.OrderID))
	}
}

func mingles(t *testing.T, s Stage) {
	const callers, each = 16, 10
	failures := make(chan error, callers)
	for i := range callers {
		go func() {
			for j := range each {
				request := NewRequest(t, int64(1+i*each+j))
				answer, err := s.Connector.Authorise(t.Context(), request)
				if err == nil && (answer.OrderID != request.OrderID || answer.Amount != request.Amount) {
					err = errors.New("answer of another call")
				}
				if err != nil {
					failures <- err
					return
				}
			}
			failures <- nil
		}()
	}
	for range callers {
		require.NoError(t, <-failures)
	}
}

func survives(t *testing.T, s Stage) {
	for range 5 {
		for _, behaviour := range []Behaviour{LoseAnswer, Drop, Garbage, WrongSignature, ServerError} {
			s.Arrange("query", behaviour)
			_, err := s.Connector.Query(call(t), InquiryOf(NewRequest(t, 1)))
			requireUnknown(t, err)
		}
	}
	approves(t, s)
}

func requireUnknown(t *testing.T, err error) {
	t.Helper()
	var unknown *operator.UnknownOutcomeError
	require.ErrorAs(t, err, &unknown)
}

func requireNotSent(t *testing.T, err error) {
	t.Helper()
	var notSent *operator.NotSentError
	require.ErrorAs(t, err, &notSent)
}
