package payment_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

// preparingBank is a bank that can ready a call before it may leave.
type preparingBank struct {
	*bank
	prepared chan operator.Request
	fail     error
}

var _ operator.Preparer = (*preparingBank)(nil)

func (b *preparingBank) Prepare(r operator.Request) (operator.Prepared, error) {
	b.prepared <- r
	if b.fail != nil {
		return nil, b.fail
	}
	return readied{bank: b.bank, request: r}, nil
}

type readied struct {
	bank    *bank
	request operator.Request
}

func (r readied) Send(ctx context.Context) (operator.Answer, error) {
	return r.bank.call(ctx, "send", r.request)
}

func newPreparingOffice(t *testing.T) (*office, *preparingBank) {
	b := &preparingBank{prepared: make(chan operator.Request, 10)}
	o := newOfficeWith(t, func(o *office) map[string]operator.Connector {
		b.bank = o.icbc
		return map[string]operator.Connector{"ICBC": b, "ABC": o.abc}
	})
	return o, b
}

func next[T any](t *testing.T, from chan T) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(patience):
		require.FailNow(t, "nothing came")
		panic("unreachable")
	}
}

// TestPreparedCallWaitsForTheCommit: the call is readied while the record is on its way to the disk, and leaves after.
func TestPreparedCallWaitsForTheCommit(t *testing.T) {
	o, b := newPreparingOffice(t)
	r := o.verified(record.PaymentRequested, o.request(1))
	change, told := o.service.Requests().Consume(t.Context(), r, []byte(code))
	request := next(t, b.prepared)
	require.Equal(t, code, request.Code)
	require.EqualValues(t, 1250, request.Amount)
	require.Empty(t, o.icbc.calls, "nothing leaves before the commit")

	change.Records = append(change.Records, store.Record{Terminal: till, Sequence: r.Header.Sequence, Bytes: r.Record})
	require.NoError(t, o.store.Commit(t.Context(), change))
	told(nil)
	o.called(o.icbc, "send").says(operator.StatusApproved, operator.ReasonNone)
	o.told(approved)
	require.EqualValues(t, 1250, o.books())
	require.Empty(t, o.icbc.calls, "one call, not two")
}

func TestPreparedCallOfAFailedCommitNeverLeaves(t *testing.T) {
	o, b := newPreparingOffice(t)
	r := o.verified(record.PaymentRequested, o.request(1))
	_, told := o.service.Requests().Consume(t.Context(), r, []byte(code))
	next(t, b.prepared)
	told(store.ErrFull)
	require.Zero(t, o.service.Open())

	require.NoError(t, o.take(o.service.Requests(), r, []byte(code)), "the terminal sends it again")
	next(t, b.prepared)
	o.called(o.icbc, "send").says(operator.StatusApproved, operator.ReasonNone)
	o.told(approved)
	require.Empty(t, o.icbc.calls, "the first one was never sent")
}

func TestCallThatCannotBePreparedGoesToTheBackUp(t *testing.T) {
	o, b := newPreparingOffice(t)
	b.fail = &operator.NotSentError{Operation: "authorise", Cause: errBroken}
	o.pay(1)
	next(t, b.prepared)
	second := o.called(o.abc, "authorise")
	require.Equal(t, code, second.request.Code)
	second.says(operator.StatusApproved, operator.ReasonNone)
	o.told(approved)
	require.Empty(t, o.icbc.calls)
}
