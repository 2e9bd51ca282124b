package reconcile_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/reconcile"
	"github.com/yuantill/yuantill/cloud/store"
)

// silent is an office whose operator states nothing of Monday.
func silent(t *testing.T) *office {
	o := newOffice(t)
	o.operator.spoil = func(p *operator.StatementPage) error {
		if p.Day == monday {
			return errors.New("no such day")
		}
		return nil
	}
	return o
}

func (o *office) forgo(day operator.Day, by, why string) (store.Reconciliation, error) {
	return reconcile.Forgo(o.t.Context(), o.store, reconcile.Decision{Operator: "ICBC", Day: day, By: by, Why: why, At: o.now})
}

// TestForgoneDayBlocksNoOther: the days behind a statement that never comes are compared once a person has given it up, and what is
// wrong there is told of.
func TestForgoneDayBlocksNoOther(t *testing.T) {
	o := silent(t)
	o.pay(1, 500, payment.Approved)
	o.pay(2, 60, payment.Approved)
	o.until((monday + 1).Start().Add(time.Hour))
	o.state(monday+1, 2, operator.LinePayment, 60, "R2") // crossed midnight there
	o.now = o.now.Add(time.Hour)
	o.pay(3, 700, payment.Approved)
	o.state(monday+1, 4, operator.LinePayment, 90, "R4")
	o.until((monday + 4).Start().Add(time.Hour))
	require.Len(t, o.rows(), 2, "nothing behind it is compared")
	require.Equal(t, []string{"statement-missing/ICBC/" + monday.String()}, o.alarms())

	row, err := o.forgo(monday, " 王芳 ", "机构停业")
	require.NoError(t, err)
	require.Equal(t, store.ReconciliationForgone, row.State)
	require.True(t, strings.HasPrefix(row.Detail, "王芳: 机构停业 (not compared: 2 of ours, +560 -0 minor units; before: "), row.Detail)
	o.restart()
	o.until((monday + 4).Start().Add(3 * time.Hour))
	rows := o.rows()
	require.Len(t, rows, 5)
	require.Equal(t, store.ReconciliationForgone, rows[3].State, "it stays so")
	id := func(n byte) string { return operator.OrderID{n}.String() }
	require.ElementsMatch(t, []string{"statement-missing/ICBC/" + monday.String(), "reconcile-missing-there/" + id(3),
		"reconcile-unknown-to-us/" + id(4)}, o.alarms(), "of the day given up itself there is nothing to tell")
}

// TestForgoneDayCarriesTheOneBefore: what waited for that day's statement is told of with the next one.
func TestForgoneDayCarriesTheOneBefore(t *testing.T) {
	o := silent(t)
	o.now = monday.Start().Add(-10 * time.Minute)
	o.pay(1, 500, payment.Approved)
	o.pay(2, 60, payment.Approved)
	o.until((monday + 2).Start().Add(time.Hour))
	o.state(monday+1, 2, operator.LinePayment, 60, "R2")
	_, err := o.forgo(monday, "王芳", "机构停业")
	require.NoError(t, err)
	o.until((monday + 2).Start().Add(3 * time.Hour))
	require.ElementsMatch(t, []string{"statement-missing/ICBC/" + monday.String(), "reconcile-missing-there/" + operator.OrderID{1}.String()}, o.alarms())
}

func TestForgoRefuses(t *testing.T) {
	o := silent(t)
	o.until(monday.End().Add(reconcile.DefaultAt - time.Minute))
	_, err := o.forgo(monday, "王芳", "机构停业")
	require.ErrorIs(t, err, reconcile.ErrNotWaiting, "it was not even asked for")
	o.until(monday.End().Add(reconcile.DefaultAt + 10*time.Minute))
	_, err = o.forgo(monday, "王芳", "机构停业")
	require.ErrorIs(t, err, reconcile.ErrTooEarly, "nobody was told")
	o.until((monday + 2).Start().Add(time.Hour))
	for name, c := range map[string][2]string{"Nobody": {" ", "机构停业"}, "NoReason": {"王芳", ""}, "TwoLines": {"王芳", "a\nb"},
		"TooLong": {strings.Repeat("王", 65), "a"}, "LongReason": {"王芳", strings.Repeat("a", 201)}, "NoText": {"\xff", "a"}} {
		t.Run(name, func(t *testing.T) {
			_, err := o.forgo(monday, c[0], c[1])
			require.ErrorIs(t, err, reconcile.ErrReason)
		})
	}
	_, err = o.forgo(monday+1, "王芳", "机构停业")
	require.ErrorIs(t, err, reconcile.ErrNotWaiting, "one day after another")
	_, err = o.forgo(monday-1, "王芳", "机构停业")
	require.ErrorIs(t, err, reconcile.ErrNotWaiting, "it was compared")
	require.Equal(t, store.ReconciliationWaiting, o.rows()[0].State)
	_, err = o.forgo(monday, "王芳", "机构停业")
	require.NoError(t, err)
	_, err = o.forgo(monday, "王芳", "机构停业")
	require.ErrorIs(t, err, reconcile.ErrNotWaiting, "once")
}

// overtaken is a store in which the service is quicker.
type overtaken struct {
	reconcile.ForgoStore
	with store.Reconciliation
}

// Commit implements store.Writer.
func (s *overtaken) Commit(ctx context.Context, change store.Change) error {
	if err := s.ForgoStore.Commit(ctx, store.Change{Reconciliations: []store.Reconciliation{s.with}}); err != nil {
		return err
	}
	return s.ForgoStore.Commit(ctx, change)
}

// TestComparedAtTheSameMoment: what the service has compared meanwhile is not given up.
func TestComparedAtTheSameMoment(t *testing.T) {
	o := silent(t)
	o.until((monday + 1).Start().Add(8 * time.Hour))
	waiting := o.rows()[0]
	require.Equal(t, store.ReconciliationWaiting, waiting.State)
	compared := waiting
	compared.State, compared.Lines = store.ReconciliationAgrees, 7
	books := &overtaken{ForgoStore: o.store, with: compared}
	_, err := reconcile.Forgo(t.Context(), books, reconcile.Decision{Operator: "ICBC", Day: monday, By: "王芳", Why: "机构停业", At: o.now})
	require.ErrorIs(t, err, reconcile.ErrNotWaiting)
	require.Equal(t, compared.State, o.rows()[0].State)
	require.EqualValues(t, 7, o.rows()[0].Lines)
}
