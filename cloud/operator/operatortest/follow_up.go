package operatortest

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
)

// followUpCases are what a connector must hold that carries out what follows an approval; those without that capability
// pass without a call.
func followUpCases() map[string]func(*testing.T, Stage) {
	return map[string]func(*testing.T, Stage){
		"RefundedInParts":                 follows(refundsInParts),
		"FollowUpOnceUnderItsID":          follows(followsOnce),
		"OtherFollowUpUnderItsID":         follows(followsConflict),
		"Voided":                          follows(voids),
		"FollowUpRefused":                 follows(refusesFollowUp),
		"FollowUpOfNothing":               follows(followsNothing),
		"NeverMoreBackThanPaid":           follows(limitsRefunds),
		"LostFollowUpIsAskedAgain":        follows(losesFollowUp),
		"DroppedFollowUpIsAskedAgain":     follows(dropsFollowUp),
		"BrokenFollowUpAnswersAreUnknown": follows(breaksFollowUps),
		"FollowUpTimesOut":                follows(timesOutFollowUp),
		"FollowUpUnreachableIsNotSent":    follows(unreachableFollowUp),
		"FollowedOrderIsNotReversed":      follows(keepsFollowed),
		"HeldThenCompleted":               holds(completesHold),
		"HeldThenUndone":                  holds(undoesCompletion),
		"HeldThenCancelled":               holds(cancelsHold),
		"HeldThenReversed":                holds(reversesHold),
		"HeldByAShownCode":                holds(holdsShown),
		"CompletedNoMoreThanHeld":         holds(limitsCompletions),
	}
}

func follows(check func(*testing.T, Stage, operator.Follower)) func(*testing.T, Stage) {
	return func(t *testing.T, s Stage) {
		if follower, can := s.Connector.(operator.Follower); can {
			check(t, s, follower)
		}
	}
}

func holds(check func(*testing.T, Stage, operator.Holder)) func(*testing.T, Stage) {
	return func(t *testing.T, s Stage) {
		holder, can := s.Connector.(operator.Holder)
		if !can {
			require.Nil(t, s.NetHeld, "the stage knows what is held, but the connector holds nothing")
			return
		}
		check(t, s, holder)
	}
}

// NewFollowUp returns a fresh follow-up of a request's order.
func NewFollowUp(t *testing.T, of operator.Request, kind operator.FollowUpKind, amount int64) operator.FollowUp {
	t.Helper()
	f := operator.FollowUp{OrderID: of.OrderID, Merchant: of.Merchant, Kind: kind, Amount: amount, Currency: of.Currency}
	_, err := rand.Read(f.ID[:])
	require.NoError(t, err)
	return f
}

func authorised(t *testing.T, s Stage, amount int64) operator.Request {
	t.Helper()
	request := NewRequest(t, amount)
	answer, err := s.Connector.Authorise(call(t), request)
	require.NoError(t, err)
	require.Equal(t, operator.StatusApproved, answer.Status)
	return request
}

// does carries a follow-up out and checks the answer.
func does(t *testing.T, follower operator.Follower, f operator.FollowUp) operator.FollowUpAnswer {
	t.Helper()
	answer, err := follower.FollowUp(call(t), f)
	require.NoError(t, err)
	require.Equal(t, operator.FollowUpDone, answer.Status, answer.Reason.String())
	require.Equal(t, f.ID, answer.ID)
	require.Equal(t, f.OrderID, answer.OrderID)
	require.Equal(t, f.Amount, answer.Amount)
	require.Equal(t, f.Currency, answer.Currency)
	require.WithinDuration(t, time.Now(), answer.At, time.Minute)
	return answer
}

// refuses asks for a follow-up and returns why it is refused.
func refuses(t *testing.T, follower operator.Follower, f operator.FollowUp) operator.Reason {
	t.Helper()
	answer, err := follower.FollowUp(call(t), f)
	require.NoError(t, err)
	require.Equal(t, operator.FollowUpRefused, answer.Status)
	require.Equal(t, f.ID, answer.ID)
	require.Equal(t, f.OrderID, answer.OrderID)
	return answer.Reason
}

func refundsInParts(t *testing.T, s Stage, follower operator.Follower) {
	request := authorised(t, s, 1000)
	does(t, follower, NewFollowUp(t, request, operator.KindRefund, 300))
	require.EqualValues(t, 700, s.NetDebit(request.OrderID))
	does(t, follower, NewFollowUp(t, request, operator.KindRefund, 700))
	require.Zero(t, s.NetDebit(request.OrderID))
}

func followsOnce(t *testing.T, s Stage, follower operator.Follower) {
	request := authorised(t, s, 1000)
	f := NewFollowUp(t, request, operator.KindRefund, 300)
	first := does(t, follower, f)
	second := does(t, follower, f)
	first.At, second.At = time.Time{}, time.Time{}
	require.Equal(t, first, second)
	require.EqualValues(t, 700, s.NetDebit(request.OrderID))
}

func followsConflict(t *testing.T, s Stage, follower operator.Follower) {
	request := authorised(t, s, 1000)
	f := NewFollowUp(t, request, operator.KindRefund, 300)
	does(t, follower, f)
	f.Amount++
	_, err := follower.FollowUp(call(t), f)
	requireUnknown(t, err)
	require.EqualValues(t, 700, s.NetDebit(request.OrderID))
}

func voids(t *testing.T, s Stage, follower operator.Follower) {
	request := authorised(t, s, 1000)
	does(t, follower, NewFollowUp(t, request, operator.KindVoid, 1000))
	require.Zero(t, s.NetDebit(request.OrderID))
	refuses(t, follower, NewFollowUp(t, request, operator.KindRefund, 1))
	partly := authorised(t, s, 1000)
	does(t, follower, NewFollowUp(t, partly, operator.KindRefund, 1))
	refuses(t, follower, NewFollowUp(t, partly, operator.KindVoid, 1000))
	require.EqualValues(t, 999, s.NetDebit(partly.OrderID))
}

func refusesFollowUp(t *testing.T, s Stage, follower operator.Follower) {
	request := authorised(t, s, 1000)
	f := NewFollowUp(t, request, operator.KindRefund, 300)
	s.Arrange("follow_up", Decline)
	require.Equal(t, operator.ReasonInsufficientFunds, refuses(t, follower, f))
	require.Equal(t, operator.ReasonInsufficientFunds, refuses(t, follower, f), "a refusal stays")
	require.EqualValues(t, 1000, s.NetDebit(request.OrderID))
	does(t, follower, NewFollowUp(t, request, operator.KindRefund, 300))
}

func followsNothing(t *testing.T, s Stage, follower operator.Follower) {
	require.Equal(t, operator.ReasonUnknownOrder, refuses(t, follower, NewFollowUp(t, NewRequest(t, 100), operator.KindRefund, 100)))
	s.Arrange("authorise", Decline)
	request := NewRequest(t, 100)
	_, err := s.Connector.Authorise(call(t), request)
	require.NoError(t, err)
	require.Equal(t, operator.ReasonNotPaid, refuses(t, follower, NewFollowUp(t, request, operator.KindRefund, 100)))
}

func limitsRefunds(t *testing.T, s Stage, follower operator.Follower) {
	request := authorised(t, s, 1000)
	require.Equal(t, operator.ReasonLimitExceeded, refuses(t, follower, NewFollowUp(t, request, operator.KindRefund, 1001)))
	does(t, follower, NewFollowUp(t, request, operator.KindRefund, 600))
	require.Equal(t, operator.ReasonLimitExceeded, refuses(t, follower, NewFollowUp(t, request, operator.KindRefund, 401)))
	require.EqualValues(t, 400, s.NetDebit(request.OrderID))
}

func losesFollowUp(t *testing.T, s Stage, follower operator.Follower) {
	request := authorised(t, s, 1000)
	f := NewFollowUp(t, request, operator.KindRefund, 300)
	s.Arrange("follow_up", LoseAnswer)
	_, err := follower.FollowUp(call(t), f)
	requireUnknown(t, err)
	does(t, follower, f)
	require.EqualValues(t, 700, s.NetDebit(request.OrderID), "done once")
}

func dropsFollowUp(t *testing.T, s Stage, follower operator.Follower) {
	request := authorised(t, s, 1000)
	f := NewFollowUp(t, request, operator.KindRefund, 300)
	s.Arrange("follow_up", Drop)
	_, err := follower.FollowUp(call(t), f)
	requireUnknown(t, err)
	require.EqualValues(t, 1000, s.NetDebit(request.OrderID), "the connector sent the call again")
	does(t, follower, f)
}

func breaksFollowUps(t *testing.T, s Stage, follower operator.Follower) {
	for _, behaviour := range []Behaviour{ServerError, WrongSignature, Garbage} {
		request := authorised(t, s, 1000)
		f := NewFollowUp(t, request, operator.KindRefund, 300)
		s.Arrange("follow_up", behaviour)
		answer, err := follower.FollowUp(call(t), f)
		requireUnknown(t, err)
		require.Zero(t, answer)
		does(t, follower, f)
		require.EqualValues(t, 700, s.NetDebit(request.OrderID))
	}
	s.Arrange("follow_up", AnswerTwice)
	request := authorised(t, s, 1000)
	does(t, follower, NewFollowUp(t, request, operator.KindRefund, 300))
	require.EqualValues(t, 700, s.NetDebit(request.OrderID))
}

func timesOutFollowUp(t *testing.T, s Stage, follower operator.Follower) {
	request := authorised(t, s, 1000)
	s.Arrange("follow_up", Slow)
	ctx, cancel := context.WithTimeout(call(t), 100*time.Millisecond)
	defer cancel()
	_, err := follower.FollowUp(ctx, NewFollowUp(t, request, operator.KindRefund, 300))
	requireUnknown(t, err)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func unreachableFollowUp(t *testing.T, s Stage, follower operator.Follower) {
	s.Stop()
	_, err := follower.FollowUp(call(t), NewFollowUp(t, NewRequest(t, 100), operator.KindRefund, 100))
	requireNotSent(t, err)
}

func keepsFollowed(t *testing.T, s Stage, follower operator.Follower) {
	request := authorised(t, s, 1000)
	does(t, follower, NewFollowUp(t, request, operator.KindRefund, 300))
	answer, err := s.Connector.Reverse(call(t), InquiryOf(request))
	require.NoError(t, err)
	require.Equal(t, operator.StatusReversalRefused, answer.Status)
	require.EqualValues(t, 700, s.NetDebit(request.OrderID))
}

// onHold returns a request whose amount is held.
func onHold(t *testing.T, s Stage, holder operator.Holder, amount int64) operator.Request {
	t.Helper()
	request := NewRequest(t, amount)
	request.Hold = true
	answer, err := holder.Hold(call(t), request)
	require.NoError(t, err)
	require.Equal(t, operator.StatusApproved, answer.Status)
	require.Equal(t, amount, answer.Amount)
	require.Len(t, answer.AuthCode, 6)
	require.Zero(t, s.NetDebit(request.OrderID), "held is not paid")
	require.Equal(t, amount, s.NetHeld(request.OrderID))
	return request
}

func completesHold(t *testing.T, s Stage, holder operator.Holder) {
	request := onHold(t, s, holder, 1000)
	does(t, holder, NewFollowUp(t, request, operator.KindTopUp, 500))
	require.EqualValues(t, 1500, s.NetHeld(request.OrderID))
	does(t, holder, NewFollowUp(t, request, operator.KindComplete, 600))
	require.EqualValues(t, 600, s.NetDebit(request.OrderID))
	require.EqualValues(t, 900, s.NetHeld(request.OrderID))
	last := NewFollowUp(t, request, operator.KindComplete, 100)
	last.Last = true
	does(t, holder, last)
	require.EqualValues(t, 700, s.NetDebit(request.OrderID))
	require.Zero(t, s.NetHeld(request.OrderID))
	require.Equal(t, operator.ReasonHoldEnded, refuses(t, holder, NewFollowUp(t, request, operator.KindComplete, 1)))
	does(t, holder, NewFollowUp(t, request, operator.KindRefund, 700))
	require.Zero(t, s.NetDebit(request.OrderID))
}

func undoesCompletion(t *testing.T, s Stage, holder operator.Holder) {
	request := onHold(t, s, holder, 1000)
	completion := NewFollowUp(t, request, operator.KindComplete, 1000)
	does(t, holder, completion)
	undo := NewFollowUp(t, request, operator.KindUndo, 1000)
	undo.Undoes = completion.ID
	does(t, holder, undo)
	does(t, holder, undo)
	require.Zero(t, s.NetDebit(request.OrderID))
	require.EqualValues(t, 1000, s.NetHeld(request.OrderID))
	undo = NewFollowUp(t, request, operator.KindUndo, 1000)
	undo.Undoes = completion.ID
	require.Equal(t, operator.ReasonLimitExceeded, refuses(t, holder, undo))
}

func cancelsHold(t *testing.T, s Stage, holder operator.Holder) {
	request := onHold(t, s, holder, 1000)
	does(t, holder, NewFollowUp(t, request, operator.KindComplete, 400))
	does(t, holder, NewFollowUp(t, request, operator.KindCancel, 600))
	require.EqualValues(t, 400, s.NetDebit(request.OrderID))
	require.Zero(t, s.NetHeld(request.OrderID))
}

func reversesHold(t *testing.T, s Stage, holder operator.Holder) {
	request := onHold(t, s, holder, 1000)
	answer, err := s.Connector.Reverse(call(t), InquiryOf(request))
	require.NoError(t, err)
	require.Equal(t, operator.StatusReversed, answer.Status)
	require.Zero(t, s.NetHeld(request.OrderID))
	require.Equal(t, operator.ReasonNotPaid, refuses(t, holder, NewFollowUp(t, request, operator.KindComplete, 1)))
}

func holdsShown(t *testing.T, s Stage, holder operator.Holder) {
	if s.PayShown == nil {
		return
	}
	request := NewRequest(t, 1000)
	request.Method, request.Code, request.Hold = operator.MethodShown, "", true
	answer, err := holder.Hold(call(t), request)
	require.NoError(t, err)
	require.Equal(t, operator.StatusAwaitingCustomer, answer.Status)
	s.PayShown(answer.ShownCode)
	answer, err = s.Connector.Query(call(t), InquiryOf(request))
	require.NoError(t, err)
	require.Equal(t, operator.StatusApproved, answer.Status)
	require.EqualValues(t, 1000, s.NetHeld(request.OrderID))
	require.Zero(t, s.NetDebit(request.OrderID))
}

func limitsCompletions(t *testing.T, s Stage, holder operator.Holder) {
	request := onHold(t, s, holder, 1000)
	require.Equal(t, operator.ReasonLimitExceeded, refuses(t, holder, NewFollowUp(t, request, operator.KindComplete, 100_000)))
	does(t, holder, NewFollowUp(t, request, operator.KindComplete, 1000))
	require.EqualValues(t, 1000, s.NetDebit(request.OrderID))
	require.Equal(t, operator.ReasonLimitExceeded, refuses(t, holder, NewFollowUp(t, request, operator.KindRefund, 1001)))
}
