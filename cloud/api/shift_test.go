package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/api"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
)

func TestShifts(t *testing.T) {
	s := newSite(t, "")
	var got []api.Shift
	s.json("/v1/shifts", &got)
	require.Equal(t, []api.Shift{}, got)
	opened, err := proto.Marshal(&message.ShiftOpened{Cashier: "01", Float: 20000, Currency: "CNY"})
	require.NoError(t, err)
	closed, err := proto.Marshal(&message.ShiftClosed{Cashier: "02", Float: 20000, CashMoved: -500, Currency: "CNY", ApprovedBy: "店长",
		OpenOrders: [][]byte{order[:]}, Lines: []*message.ShiftLine{{Method: "code", Sales: 2, SalesAmount: 2500, Refunds: 1,
			RefundsAmount: 100}, {Method: "cash", Counted: proto.Int64(19000)}}})
	require.NoError(t, err)
	require.NoError(t, s.store.Commit(t.Context(), store.Change{Shifts: []store.Shift{
		{Terminal: terminal, ID: store.ShiftID{1}, Batch: 1, Revision: 1, State: store.ShiftDiffers, First: 3, Last: 9, OpenedAt: now,
			ClosedAt: now.Add(time.Hour), Body: closed, Findings: "code: …"},
		{Terminal: terminal, ID: store.ShiftID{2}, Batch: 2, State: store.ShiftOpen, First: 11, OpenedAt: now, Body: opened}}}))
	s.json("/v1/shifts?terminal=10000001", &got)
	require.Len(t, got, 2)
	require.Equal(t, "open", got[0].State)
	require.Nil(t, got[0].ClosedAt)
	require.EqualValues(t, 20000, got[0].Float)
	differs := got[1]
	require.Equal(t, "differs", differs.State)
	require.Equal(t, "code: …", differs.Findings)
	require.Equal(t, now.Add(time.Hour), *differs.ClosedAt)
	require.Equal(t, 1, differs.Open)
	require.Equal(t, "店长", differs.ApprovedBy)
	require.EqualValues(t, 2400, differs.Lines[0].Expected)
	require.Nil(t, differs.Lines[0].Counted)
	require.EqualValues(t, 19500, differs.Lines[1].Expected)
	require.EqualValues(t, 19000, *differs.Lines[1].Counted)
	s.json("/v1/shifts?limit=1", &got)
	require.Len(t, got, 1)
	s.json("/v1/shifts?terminal=10000002", &got)
	require.Empty(t, got)
	status, _, _ := s.get("/v1/shifts?terminal=x", nil)
	require.Equal(t, http.StatusUnprocessableEntity, status)
}
