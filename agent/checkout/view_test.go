package checkout_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
)

// TestWhyASaleWasAbandoned: whoever gave it up, or the time that was up, is told with the end, after a restart too.
func TestWhyASaleWasAbandoned(t *testing.T) {
	for name, test := range map[string]struct {
		event checkout.Event
		after time.Duration
		want  message.Reason
	}{
		"by the cashier":   {checkout.CancelPressed{Cashier: "01"}, time.Minute, message.Reason_REASON_CASHIER_CANCELLED},
		"by a program":     {checkout.CancelPressed{TimedOut: true}, time.Minute, message.Reason_REASON_TIMED_OUT},
		"nobody presented": {checkout.Tick{}, time.Hour, message.Reason_REASON_TIMED_OUT},
	} {
		t.Run(name, func(t *testing.T) {
			sale, _ := rules.Step(checkout.Sale{}, started(money.Money{Minor: 1250, Currency: money.CNY}), epoch)
			sale, _ = rules.Step(sale, test.event, epoch.Add(test.after))
			require.Equal(t, checkout.Abandoned, sale.State)
			require.Equal(t, catalogue.Reason(test.want), rules.View(sale, catalogue.None).Reason)
			kept, err := sale.MarshalBinary()
			require.NoError(t, err)
			var read checkout.Sale
			require.NoError(t, read.UnmarshalBinary(kept))
			require.Equal(t, catalogue.Reason(test.want), rules.View(read, catalogue.None).Reason)
		})
	}
}
