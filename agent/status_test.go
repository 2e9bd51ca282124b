package agent_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/journal"
)

func TestStatusOfTheConnection(t *testing.T) {
	for name, c := range map[string]struct {
		offline bool
		want    string
	}{
		"ErrorWhileOffline":    {true, "no route to host"},
		"NoErrorOnceConnected": {false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inShop(t, approve, func(t *testing.T, s *shop) {
				s.cloud.mu.Lock()
				s.cloud.offline, s.cloud.lastError = c.offline, "no route to host"
				s.cloud.mu.Unlock()
				status, err := s.till.Status(context.Background())
				require.NoError(t, err)
				require.Equal(t, !c.offline, status.Uplink.Connected)
				require.Equal(t, c.want, status.Uplink.LastError)
			})
		})
	}
}

func TestStatusSaysThatTheJournalIsGone(t *testing.T) {
	inShop(t, approve, func(t *testing.T, s *shop) {
		require.Nil(t, s.refusing(t))
		s.journal.change(func() { s.journal.room = &journal.DisplacedError{Path: "journal.db"} })
		require.Equal(t, catalogue.RefuseJournalMoved.Text(), *s.refusing(t))
	})
}

// TestPendingIsMoneyThatMayHaveMoved: a sale that waits for its customer has asked nobody for anything.
func TestPendingIsMoneyThatMayHaveMoved(t *testing.T) {
	inShop(t, silence, func(t *testing.T, s *shop) {
		pending := func() int {
			status, err := s.till.Status(context.Background())
			require.NoError(t, err)
			return status.Pending
		}
		require.Zero(t, pending())
		begun := s.begin(t, "k1")
		require.Equal(t, checkout.Waiting, begun.Sale.State)
		require.Zero(t, pending())
		s.scanner.Scan(customerCode)
		synctest.Wait()
		require.Equal(t, checkout.Authorising, s.sale(t, begun.Sale.OrderID).Sale.State)
		require.Equal(t, 1, pending())
		s.cloud.say(approve)
		time.Sleep(time.Minute) // of the bubble's clock: it asks
		require.Equal(t, checkout.Approved, s.sale(t, begun.Sale.OrderID).Sale.State)
		require.Zero(t, pending())
	})
}
