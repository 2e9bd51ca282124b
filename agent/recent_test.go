package agent_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent"
	"github.com/yuantill/yuantill/agent/catalogue"
)

// TestFollowUpsLeaveTheKeysOfSales: whatever was done with orders since, a sale that was just begun is found by its key.
func TestFollowUpsLeaveTheKeysOfSales(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, _ *books) {
		old := s.sell(t, "old").Sale.OrderID
		s.done(t, old, "r", refund, 10)
		s.journal.repeatFollowUp(t, agent.KeysMax)
		newest := s.sell(t, "newest").Sale.OrderID
		s.stop()
		s.open(t)
		synctest.Wait()
		require.Equal(t, newest, s.begin(t, "newest").Sale.OrderID)
		require.Equal(t, old, s.begin(t, "old").Sale.OrderID)
		_, err := s.start("r1", 1250)
		requireRefused(t, err, catalogue.RefuseKeyReused)
	})
}
