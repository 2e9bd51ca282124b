package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/api"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/store"
)

func TestReconciliations(t *testing.T) {
	s := newSite(t, "")
	var got []api.Reconciliation
	s.json("/v1/reconciliations", &got)
	require.Equal(t, []api.Reconciliation{}, got)
	day := int32(operator.DayOf(now))
	differs := `{"count":1,"differences":[{"kind":"missing-there","order":"` + order.String() + `","day":"2026-11-22","ours":1250,"theirs":0,"currency":"CNY"}],
		"carried":[{"order":"` + order.String() + `","day":"2026-11-23","amount":5,"currency":"CNY"}]}`
	require.NoError(t, s.store.Commit(t.Context(), store.Change{Reconciliations: []store.Reconciliation{
		{Operator: "ICBC", Day: day, State: store.ReconciliationDiffers, Lines: 9, Paid: 5000, Disputed: 70, Entry: 8, Body: []byte(differs), At: now},
		{Operator: "CCB", Day: day + 1, State: store.ReconciliationWaiting, Attempts: 3, NextAt: now, Detail: "no answer", At: now}}}))
	s.json("/v1/reconciliations", &got)
	require.Len(t, got, 2)
	require.Equal(t, "waiting", got[0].State)
	require.Equal(t, "2026-11-24", got[0].Day)
	require.Equal(t, now, *got[0].NextAt)
	require.Equal(t, []api.Difference{}, got[0].Differences)
	got = nil
	s.json("/v1/reconciliations?operator=ICBC&limit=1", &got)
	require.Len(t, got, 1)
	require.Equal(t, 1, got[0].Carried)
	require.Nil(t, got[0].NextAt)
	d := got[0].Differences[0]
	require.Equal(t, order.String(), d.Order)
	require.EqualValues(t, 1250, d.Ours)
	require.Contains(t, d.Title.Chinese, "运营机构没有这笔收款")
	require.NotEmpty(t, d.Next.English)
	status, _, _ := s.get("/v1/reconciliations?limit=0", nil)
	require.Equal(t, http.StatusUnprocessableEntity, status)
}
