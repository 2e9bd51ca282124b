package agent_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/drivers/drivertest"
)

// again asks for the customer's copy of an order once more, and returns what became of it, at once and in the end.
func (s *shop) again(t *testing.T, order checkout.OrderID) (atOnce, after checkout.Reprint) {
	t.Helper()
	view, err := s.till.Press(context.Background(), order, checkout.ReprintPressed{Copies: checkout.CustomerCopy})
	require.NoError(t, err)
	synctest.Wait()
	return view.Reprint, s.sale(t, order).Reprint
}

// TestWhatBecameOfAReprint: whoever asks for a copy can hear whether it is on paper.
func TestWhatBecameOfAReprint(t *testing.T) {
	for name, c := range map[string]struct {
		harm func(p *drivertest.Printer)
		want checkout.Reprint
	}{
		"Printed":     {func(*drivertest.Printer) {}, checkout.Reprint{Printed: checkout.CustomerCopy}},
		"PaperOut":    {func(p *drivertest.Printer) { p.PaperOut(true) }, checkout.Reprint{NotPrinted: checkout.CustomerCopy}},
		"CoverOpen":   {func(p *drivertest.Printer) { p.CoverOpen(true) }, checkout.Reprint{NotPrinted: checkout.CustomerCopy}},
		"CutMidJob":   {(*drivertest.Printer).PaperOutInNext, checkout.Reprint{Unconfirmed: checkout.CustomerCopy}},
		"CablePulled": {(*drivertest.Printer).HangUp, checkout.Reprint{NotPrinted: checkout.CustomerCopy}},
	} {
		t.Run(name, func(t *testing.T) {
			inShop(t, approve, func(t *testing.T, s *shop) {
				order := s.paid(t, "k1", 1250, false)
				require.Zero(t, s.sale(t, order).Reprint, "the first copies are none")
				c.harm(s.printer)
				_, after := s.again(t, order)
				require.Equal(t, c.want, after)
			})
		})
	}
	t.Run("NoPrinterIsToldAtOnce", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			order := s.paid(t, "k1", 1250, false)
			s.printer.HangUp()
			s.again(t, order)
			atOnce, _ := s.again(t, order)
			require.Equal(t, checkout.Reprint{NotPrinted: checkout.CustomerCopy}, atOnce)
		})
	})
	t.Run("OfAFollowUpThatIsOver", func(t *testing.T) {
		inDesk(t, func(t *testing.T, s *shop, b *books) {
			f := s.done(t, s.paid(t, "k1", 1250, false), "r1", refund, 100)
			s.printer.PaperOut(true)
			_, err := s.till.ReprintFollowUp(t.Context(), f.ID, checkout.CustomerCopy|checkout.MerchantCopy)
			require.NoError(t, err)
			synctest.Wait()
			view, err := s.till.Follow(t.Context(), f.ID)
			require.NoError(t, err)
			require.Equal(t, checkout.Reprint{NotPrinted: checkout.CustomerCopy | checkout.MerchantCopy}, view.Reprint)
		})
	})
	t.Run("NothingIsKnownAfterARestart", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			order := s.paid(t, "k1", 1250, false)
			s.again(t, order)
			s.stop()
			s.open(t)
			synctest.Wait()
			require.Zero(t, s.sale(t, order).Reprint)
		})
	})
}

// TestReprintWaitsForItsOwnReport: of two that were asked for, the first one's report is not the second one's.
func TestReprintWaitsForItsOwnReport(t *testing.T) {
	inShop(t, approve, func(t *testing.T, s *shop) {
		order := s.paid(t, "k1", 1250, false)
		s.printer.Stall(true)
		atOnce, _ := s.again(t, order)
		require.Equal(t, checkout.CustomerCopy, atOnce.Waiting())
		s.again(t, order)
		time.Sleep(45 * time.Second) // the first is given up
		waiting := s.sale(t, order).Reprint
		require.Equal(t, checkout.CustomerCopy, waiting.Waiting())
		s.printer.Stall(false)
		synctest.Wait()
		require.Equal(t, checkout.Reprint{Printed: checkout.CustomerCopy}, s.sale(t, order).Reprint)
	})
}

// TestReprintsAreRememberedWithinABound: of the oldest nothing is said any more, and nothing wrong.
func TestReprintsAreRememberedWithinABound(t *testing.T) {
	inShop(t, approve, func(t *testing.T, s *shop) {
		var orders []checkout.OrderID
		for n := range 70 {
			orders = append(orders, s.paid(t, fmt.Sprint("k", n), 1250, false))
			s.again(t, orders[n])
		}
		require.Zero(t, s.sale(t, orders[0]).Reprint)
		require.Equal(t, checkout.Reprint{Printed: checkout.CustomerCopy}, s.sale(t, orders[69]).Reprint)
		require.Len(t, s.printer.Documents(), 3*70)
	})
}
