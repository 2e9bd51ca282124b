package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/api"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/reconcile"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
)

func TestReconciliationsCommand(t *testing.T) {
	s := prepared(t)
	require.Equal(t, "还没有对账 · nothing was compared yet\n", s.must("reconciliations"))
	settings, err := ReadSettings(s.settings)
	require.NoError(t, err)
	at, err := settings.Reconcile.at()
	require.NoError(t, err)
	require.Equal(t, 2*time.Hour, at, "unless the file says otherwise")
	day := operator.DayOf(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC))
	id := operator.OrderID{7}.String()
	body := `{"count":3,"differences":[{"kind":"debited-though-declined","order":"` + id + `","day":"2026-11-22","theirs":1250,"currency":"CNY","reference":"R1"}]}`
	require.NoError(t, withBooks(t.Context(), settings, func(books *sqlite.Store) error {
		return books.Commit(t.Context(), store.Change{Reconciliations: []store.Reconciliation{
			{Operator: "ICBC", Day: int32(day), State: store.ReconciliationDiffers, Lines: 9, Paid: 5000, Returned: 70, Body: []byte(body), At: day.End()},
			{Operator: "CCB", Day: int32(day), State: store.ReconciliationWaiting, Attempts: 8, NextAt: day.End(), Detail: "no answer", At: day.End()}}})
	}))
	s.serving()
	said := s.must("reconciliations")
	require.Contains(t, said, "2026-11-23  ICBC  不符 differs  9 行 lines  +¥50.00 −¥0.70 拒付 disputed ¥0.00\n")
	require.Contains(t, said, id+"  答复拒绝却扣了款 · debited though it was declined  机构 operator ¥12.50  我方 ours ¥0.00 R1\n    → ")
	require.Contains(t, said, "另有 2 笔不符 · 2 more differ\n")
	require.Contains(t, said, "attempt 8 failed, next 2026-11-23T16:00:00Z: no answer\n")
	require.NotContains(t, s.must("reconciliations", "--operator", "ICBC"), "CCB")
	var listed []api.Reconciliation
	require.NoError(t, json.Unmarshal([]byte(s.must("reconciliations", "--json")), &listed))
	require.Len(t, listed, 2)
	require.JSONEq(t, s.must("reconciliations", "--json"), string(s.get("/v1/reconciliations")), "the same as over HTTP")
}

// TestForgoCommand: a person gives a statement up, and whoever looks sees who and why.
func TestForgoCommand(t *testing.T) {
	s := prepared(t)
	s.serving()
	settings, err := ReadSettings(s.settings)
	require.NoError(t, err)
	day := operator.DayOf(time.Now()) - 3
	wait := func(attempts uint32) {
		require.NoError(t, withBooks(t.Context(), settings, func(books *sqlite.Store) error {
			return books.Commit(t.Context(), store.Change{Reconciliations: []store.Reconciliation{{Operator: "GONE", Day: int32(day),
				State: store.ReconciliationWaiting, Attempts: attempts, NextAt: time.Now().Add(time.Hour), Detail: "no answer", At: time.Now()}}})
		}))
	}
	forgo := func(more ...string) (string, error) {
		return s.run(t.Context(), append([]string{"forgo", "--operator", "GONE", "--by", "王芳"}, more...)...)
	}
	_, err = forgo("--day", "23.11.2026", "--why", "机构停业")
	require.ErrorContains(t, err, "--day must be a business day")
	_, err = forgo("--day", day.String(), "--why", "机构停业")
	require.ErrorIs(t, err, reconcile.ErrNotWaiting)
	wait(7)
	_, err = forgo("--day", day.String(), "--why", "机构停业")
	require.ErrorIs(t, err, reconcile.ErrTooEarly)
	wait(8)
	_, err = forgo("--day", day.String())
	require.ErrorIs(t, err, reconcile.ErrReason)
	said, err := forgo("--day", day.String(), "--why", "机构停业")
	require.NoError(t, err)
	require.Contains(t, said, "放弃 forgone")
	require.Contains(t, said, "王芳: 机构停业 (not compared: 0 of ours")
	require.Equal(t, said, s.must("reconciliations", "--operator", "GONE"))
	require.Contains(t, string(s.get("/v1/reconciliations")), `"state":"forgone"`)
}
