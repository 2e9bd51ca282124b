package front_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/operatortest"
)

// TestDisputeIsOnTheStatement has a customer take his money back through his bank.
func TestDisputeIsOnTheStatement(t *testing.T) {
	w := newWorld(t, nil)
	request := operatortest.NewRequest(t, 1000)
	day := operator.DayOf(w.clock.now())
	body := map[string]any{"order": request.OrderID.String(), "amount": 400}
	status, _ := w.tell(t, http.MethodPost, "/dispute", body)
	require.Equal(t, http.StatusConflict, status, "nothing was paid")
	_, err := w.connector.Authorise(t.Context(), request)
	require.NoError(t, err)
	status, _ = w.tell(t, http.MethodPost, "/dispute", map[string]any{"order": "7", "amount": 400})
	require.Equal(t, http.StatusBadRequest, status)
	status, _ = w.tell(t, http.MethodPost, "/dispute", body)
	require.Equal(t, http.StatusNoContent, status)
	w.clock.add(24 * time.Hour)
	page, err := w.connector.StatementPage(t.Context(), operator.StatementRequest{Day: day, Page: 1})
	require.NoError(t, err)
	require.Equal(t, operator.StatementTrailer{Count: 2, Paid: 1000, Disputed: 400}, page.Trailer)
}
