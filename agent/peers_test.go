package agent_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/checkout"
)

// btcpayserver#5379: after a blip of the line or a page loaded again, a cashier in a hurry could not see whether the sale before
// had gone through. The till lists its latest sales, whatever happened to it in between, and never without a state.
func TestLatestSalesAfterABlip(t *testing.T) {
	inShop(t, approve, func(t *testing.T, s *shop) {
		paid := s.paid(t, "k1", 1250, false)
		s.cloud.say(silence)
		view, err := s.start("k2", 1250)
		require.NoError(t, err)
		s.scanner.Scan(customerCode)
		synctest.Wait()
		require.Equal(t, []listed{{view.Sale.OrderID, checkout.Authorising}, {paid, checkout.Approved}}, s.latest(t))
		s.stop()
		s.cloud.Forget(s.cloud.sent[1].sequence) // the code was in memory
		s.cloud.say(approve)
		s.open(t)
		synctest.Wait()
		require.Equal(t, []listed{{view.Sale.OrderID, checkout.Approved}, {paid, checkout.Approved}}, s.latest(t))
	})
}

// listed is one line of the latest sales.
type listed struct {
	order checkout.OrderID
	state checkout.State
}

func (s *shop) latest(t *testing.T) []listed {
	t.Helper()
	views, err := s.till.Sales(context.Background(), 10, false)
	require.NoError(t, err)
	var lines []listed
	for _, v := range views {
		lines = append(lines, listed{v.Sale.OrderID, v.Sale.State})
	}
	return lines
}

// erpnext#12971: with several tills at work, one press in fifteen made two invoices, with numbers one after the other. The same
// press, however often and however closely together it arrives, is one sale, also when that is over or the till was started anew.
func TestOnePressIsOneSale(t *testing.T) {
	const presses = 8
	inShop(t, approve, func(t *testing.T, s *shop) {
		var orders [presses]checkout.OrderID
		var pressing sync.WaitGroup
		for i := range orders {
			pressing.Go(func() {
				view, err := s.start("k1", 1250)
				if err != nil {
					t.Errorf("press %d: %v", i, err)
				}
				orders[i] = view.Sale.OrderID
			})
		}
		pressing.Wait()
		for _, order := range orders {
			require.Equal(t, orders[0], order)
		}
		s.scanner.Scan(customerCode)
		synctest.Wait()
		for _, when := range []string{"when it is over", "after a start"} {
			again, err := s.start("k1", 1250)
			require.NoError(t, err, when)
			require.Equal(t, orders[0], again.Sale.OrderID, when)
			s.stop()
			s.open(t)
			synctest.Wait()
		}
		require.Len(t, s.latest(t), 1)
		require.Equal(t, 1, countOf(s.journal.types(t), "payment-requested"))
	})
}
