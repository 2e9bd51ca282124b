package agent_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/record"
)

// A till whose clock is two minutes slow must not ask for something that is over before it begins: the cloud gives up
// payments by its own clock.
func TestGiveUpIsToldInTheCloudsTime(t *testing.T) {
	inShop(t, approve, func(t *testing.T, s *shop) {
		s.cloud.change(func() { s.cloud.clockOffset = 2 * time.Minute })
		s.begin(t, "k1")
		asked := time.Now()
		s.scanner.Scan(customerCode)
		synctest.Wait()
		require.Equal(t, 1, s.cloud.count(record.PaymentRequested))
		want := asked.Add(2*time.Minute + checkout.DefaultTiming().GiveUp)
		for _, one := range s.cloud.sent {
			if one.payment != nil {
				require.Equal(t, want.UnixMicro(), one.payment.GetGiveUp())
			}
		}
	})
}

// TestGiveUpIsLeftToTheCloudWhoseTimeIsNotKnown: by a slow till's own clock it would be over before it begins.
func TestGiveUpIsLeftToTheCloudWhoseTimeIsNotKnown(t *testing.T) {
	inShop(t, showing, func(t *testing.T, s *shop) {
		s.cloud.change(func() { s.cloud.clockUnknown = true })
		s.show(t, "k1")
		s.scanner.Scan(customerCode) // takes the shown code's place
		synctest.Wait()
		require.Equal(t, 2, s.cloud.count(record.PaymentRequested))
		for _, one := range s.cloud.sent {
			require.Zero(t, one.payment.GetGiveUp())
		}
	})
}
