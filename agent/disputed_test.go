package agent_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
)

// TestOperatorGivesBackNoMore: a dispute that no statement has told of yet. Screen and paper say so, not that the wallet is at
// its limit.
func TestOperatorGivesBackNoMore(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		order := s.paid(t, "k1", 1250, false)
		s.cloud.change(func() { b.disputed = true })
		f := s.done(t, order, "r1", refund, 500)
		require.Equal(t, followup.Declined, f.State)
		view, err := s.till.Follow(t.Context(), f.ID)
		require.NoError(t, err)
		require.Equal(t, catalogue.NoMoreBack(), view.Reason)
		_, err = s.till.ReprintFollowUp(t.Context(), f.ID, checkout.CustomerCopy)
		require.NoError(t, err)
		synctest.Wait()
		slips := s.printer.Documents()
		require.Contains(t, text(slips[len(slips)-1]), catalogue.NoMoreBack().Chinese)
	})
}
