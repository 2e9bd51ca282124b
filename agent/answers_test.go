package agent_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/message"
)

// noticed counts how often a phrase was told outside any sale so far.
func (s *shop) noticed(t *testing.T, phrase catalogue.Phrase) int {
	t.Helper()
	count := 0
	for event := range strings.SplitSeq(s.told(t), "\n\n") {
		if strings.Contains(event, "event: notice") && strings.Contains(event, phrase.Text().Chinese) {
			count++
		}
	}
	return count
}

// TestAnswersForWhatIsNotHereAreTold: money has moved under this terminal's name, and its journal does not know of it.
func TestAnswersForWhatIsNotHereAreTold(t *testing.T) {
	t.Run("Sale", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			known := s.sell(t, "k1").Sale.OrderID
			s.cloud.results <- approve(sent{order: known[:]})
			synctest.Wait()
			require.Zero(t, s.noticed(t, catalogue.NoticeStrangeAnswer))
			s.cloud.results <- approve(sent{order: elsewhere})
			synctest.Wait()
			require.Equal(t, 1, s.noticed(t, catalogue.NoticeStrangeAnswer))
		})
	})
	t.Run("FollowUp", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			s.cloud.follow <- &message.FollowUpResult{FollowUpId: elsewhere, OrderId: elsewhere}
			synctest.Wait()
			require.Equal(t, 1, s.noticed(t, catalogue.NoticeStrangeAnswer))
		})
	})
}
