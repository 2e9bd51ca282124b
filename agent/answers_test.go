package agent_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/message"
)

// TestAnswersForWhatIsNotHereAreTold: money has moved under this terminal's name, and its journal does not know of it.
func TestAnswersForWhatIsNotHereAreTold(t *testing.T) {
	times := func(t *testing.T, s *shop) int {
		synctest.Wait()
		return strings.Count(s.told(t), catalogue.NoticeStrangeAnswer.Text().Chinese)
	}
	t.Run("Sale", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			known := s.sell(t, "k1").Sale.OrderID
			s.cloud.results <- approve(sent{order: known[:]})
			require.Zero(t, times(t, s))
			s.cloud.results <- approve(sent{order: elsewhere})
			require.Equal(t, 1, times(t, s))
		})
	})
	t.Run("FollowUp", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			s.cloud.follow <- &message.FollowUpResult{FollowUpId: elsewhere, OrderId: elsewhere}
			require.Equal(t, 1, times(t, s))
		})
	})
}
