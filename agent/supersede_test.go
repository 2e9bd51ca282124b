package agent_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent"
	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/tools/fakedevice/hardcard"
)

// showing answers a shown code's request with the code, a customer's code with approval, a reversal with its end.
func showing(s sent) *message.PaymentResult {
	switch {
	case s.kind == record.ReversalRequested:
		return result(s, message.Stage_STAGE_FINAL, message.Outcome_OUTCOME_REVERSED, 3)
	case s.payment.GetMethod() == message.Method_METHOD_SHOWN:
		r := result(s, message.Stage_STAGE_AWAITING_CUSTOMER, message.Outcome_OUTCOME_UNKNOWN, 1)
		r.ShownCode = "https://pay.example/1"
		return r
	default:
		return approve(s)
	}
}

// show begins a sale and puts its code before the customer.
func (s *shop) show(t *testing.T, key string) checkout.OrderID {
	t.Helper()
	begun := s.begin(t, key)
	_, err := s.till.Press(context.Background(), begun.Sale.OrderID, checkout.CodeWanted{})
	require.NoError(t, err)
	synctest.Wait()
	require.Equal(t, checkout.AwaitingScan, s.sale(t, begun.Sale.OrderID).Sale.State)
	return begun.Sale.OrderID
}

func TestScanTakesTheShownCodesPlace(t *testing.T) {
	inShiftShop(t, showing, func(t *testing.T, s *shop) {
		first := s.show(t, "k1")
		s.scanner.Scan(customerCode)
		synctest.Wait()
		old := s.sale(t, first)
		require.Equal(t, checkout.Reversed, old.Sale.State)
		require.NotEqual(t, checkout.OrderID{}, old.Sale.SupersededBy)
		paid := s.sale(t, old.Sale.SupersededBy)
		require.Equal(t, checkout.Approved, paid.Sale.State)
		require.Equal(t, first, paid.Sale.Supersedes)
		require.Equal(t, uint32(2), paid.Sale.Voucher)
		require.Equal(t, []string{"payment-requested", "outcome-shown", "reversal-requested", "payment-requested"},
			s.journal.types(t)[:4])
		require.Len(t, s.printer.Documents(), 2, "the receipt of what was paid, and nothing of what was not")
		last := s.cloud.sent[len(s.cloud.sent)-1]
		require.Equal(t, customerCode, last.secret, "the code goes with the new order")
		require.Equal(t, first[:], last.payment.GetSupersedes())

		again, err := s.start("k1", 1250)
		require.NoError(t, err)
		require.Equal(t, paid.Sale.OrderID, again.Sale.OrderID, "the same key finds what stands for the sale now")
		s.stop()
		s.open(t)
		synctest.Wait()
		again, err = s.start("k1", 1250)
		require.NoError(t, err)
		require.Equal(t, paid.Sale.OrderID, again.Sale.OrderID)

		closed, err := s.shifts().CloseShift(t.Context(), counted(0, ""))
		require.NoError(t, err)
		require.Equal(t, int64(1250), lineOf(t, closed, closing.Code).Expected)
		for _, line := range closed.Lines {
			require.NotEqual(t, closing.Shown, line.Method)
		}
	})
}

func TestOtherCodesLeaveTheShownCode(t *testing.T) {
	inShiftShop(t, showing, func(t *testing.T, s *shop) {
		first := s.show(t, "k1")
		s.scanner.Scan("130000000000000000") // WeChat
		synctest.Wait()
		view := s.sale(t, first)
		require.Equal(t, checkout.AwaitingScan, view.Sale.State)
		require.Equal(t, catalogue.NoticeWeChat.Text(), view.Notice)
	})
}

// TestSupersedingFailsWhole: when the journal does not take both, nothing has happened and nothing is sent.
func TestSupersedingFailsWhole(t *testing.T) {
	inShiftShop(t, showing, func(t *testing.T, s *shop) {
		first := s.show(t, "k1")
		sent := len(s.cloud.sent)
		s.journal.change(func() { s.journal.fail = journal.ErrNoRoom })
		s.scanner.Scan(customerCode)
		synctest.Wait()
		view := s.sale(t, first)
		require.Equal(t, checkout.AwaitingScan, view.Sale.State)
		require.Equal(t, checkout.OrderID{}, view.Sale.SupersededBy)
		require.Equal(t, catalogue.NoticeJournal.Text(), view.Notice)
		require.Len(t, s.cloud.sent, sent)
		s.journal.change(func() { s.journal.fail = nil })
		s.scanner.Scan(customerCode)
		synctest.Wait()
		require.Equal(t, checkout.Reversed, s.sale(t, first).Sale.State)
	})
}

// TestSupersededOverARestart: a power cut right behind the commit leaves one order that is taken back and one that is
// asked about; neither is charged anew.
func TestSupersededOverARestart(t *testing.T) {
	inShiftShop(t, showing, func(t *testing.T, s *shop) {
		first := s.show(t, "k1")
		s.cloud.say(silence)
		s.scanner.Scan(customerCode)
		synctest.Wait()
		s.stop()
		s.open(t)
		synctest.Wait()
		old := s.sale(t, first)
		require.Equal(t, checkout.Reversing, old.Sale.State)
		require.NotZero(t, old.Sale.ReversalSequence)
		next := s.sale(t, old.Sale.SupersededBy)
		require.Equal(t, checkout.Querying, next.Sale.State)
		require.NotZero(t, next.Sale.PaymentSequence)
		s.cloud.say(showing)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, checkout.Reversed, s.sale(t, first).Sale.State)
		require.Equal(t, checkout.Approved, s.sale(t, old.Sale.SupersededBy).Sale.State)
		payments := 0
		for _, kind := range s.journal.types(t) {
			if kind == "payment-requested" {
				payments++
			}
		}
		require.Equal(t, 2, payments)
	})
}

// TestCancelOfASupersededSale reaches the sale that is paid instead.
func TestCancelOfASupersededSale(t *testing.T) {
	inShiftShop(t, showing, func(t *testing.T, s *shop) {
		first := s.show(t, "k1")
		s.cloud.say(silence)
		s.scanner.Scan(customerCode)
		synctest.Wait()
		next := s.sale(t, first).Sale.SupersededBy
		view, err := s.till.Press(t.Context(), first, checkout.CancelPressed{})
		require.NoError(t, err)
		require.Equal(t, next, view.Sale.OrderID)
		require.Equal(t, message.Reason_REASON_CASHIER_CANCELLED, view.Sale.Reversal)
		status, err := s.till.Status(t.Context())
		require.NoError(t, err)
		require.Empty(t, status.Sale, "neither holds the till")
		require.Equal(t, 2, status.Pending)
	})
}

// TestBarredTillTakesNothingElse: where the cloud takes no new payments, the shown code stays.
func TestBarredTillTakesNothingElse(t *testing.T) {
	inShiftShop(t, showing, func(t *testing.T, s *shop) {
		first := s.show(t, "k1")
		s.cloud.mu.Lock()
		s.cloud.stopped = "journals disagree"
		s.cloud.mu.Unlock()
		s.scanner.Scan(customerCode)
		synctest.Wait()
		view := s.sale(t, first)
		require.Equal(t, checkout.AwaitingScan, view.Sale.State)
		require.Equal(t, catalogue.RefuseStopped.Text(), view.Notice)
	})
}

// TestTapTakesTheShownCodesPlace: the card is asked for the new order, and only for that.
func TestTapTakesTheShownCodesPlace(t *testing.T) {
	tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
		s.cloud.say(showing)
		first := s.show(t, "k1")
		s.place(applet(card))
		synctest.Wait()
		old := s.sale(t, first)
		require.Equal(t, checkout.Reversed, old.Sale.State)
		paid := s.sale(t, old.Sale.SupersededBy)
		require.Equal(t, checkout.Approved, paid.Sale.State)
		require.Equal(t, message.Method_METHOD_TAP, paid.Sale.Method)
		var transaction hardwallet.Transaction
		require.NoError(t, transaction.UnmarshalBinary(paid.Sale.Card.Transaction))
		require.NoError(t, transaction.Verify(s.issuers))
		require.Equal(t, [16]byte(paid.Sale.OrderID), transaction.Request.Order)
		require.Equal(t, int64(100_00-1250), card.Balance())
		require.Equal(t, []string{"payment-requested", "outcome-shown", "reversal-requested", "outcome-shown"},
			s.journal.types(t)[:4], "the doubt about the card is recorded with the reversal, before the card is asked")
	})
}

// TestBarredTapLeavesTheShownCode: a card that may not be asked takes nothing's place, and everybody is told why.
func TestBarredTapLeavesTheShownCode(t *testing.T) {
	for name, test := range map[string]struct {
		bar    func(s *shop)
		notice catalogue.Phrase
	}{
		"NoConnection": {func(s *shop) { s.cloud.disconnect(true) }, catalogue.NoticeOfflineNoLimits},
		"NoRoom": {func(s *shop) {
			s.journal.change(func() { s.journal.room = journal.ErrNoRoom })
		}, catalogue.RefuseNoRoom},
	} {
		t.Run(name, func(t *testing.T) {
			tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
				s.cloud.say(showing)
				first := s.show(t, "k1")
				test.bar(s)
				s.place(applet(card))
				time.Sleep(500 * time.Millisecond)
				view := s.sale(t, first)
				require.Equal(t, checkout.AwaitingScan, view.Sale.State)
				require.Equal(t, checkout.OrderID{}, view.Sale.SupersededBy)
				require.Equal(t, test.notice.Text(), view.Notice)
				require.EqualValues(t, 100_00, card.Balance())
			})
		})
	}
}

// TestOfflinePaymentsDoNotHoldTheShownCode: those that the cloud has not answered yet are nobody's doubt.
func TestOfflinePaymentsDoNotHoldTheShownCode(t *testing.T) {
	offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
		require.Equal(t, checkout.ApprovedOffline, s.tap(t, "k1", card).Sale.State)
		s.stop()
		s.journal.repeatSale(t, agent.OpenMax)
		s.cloud.disconnect(false)
		s.cloud.say(func(p sent) *message.PaymentResult {
			if p.payment.GetOffline() != nil {
				return nil
			}
			return showing(p)
		})
		s.open(t)
		synctest.Wait()
		first := s.show(t, "k2")
		s.scanner.Scan(customerCode)
		synctest.Wait()
		require.Equal(t, checkout.Reversed, s.sale(t, first).Sale.State)
		require.Equal(t, checkout.Approved, s.sale(t, s.sale(t, first).Sale.SupersededBy).Sale.State)
	})
}
