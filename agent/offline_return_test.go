package agent_test

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/sign"
	"github.com/yuantill/yuantill/tools/fakedevice/hardcard"
)

// returns lets the cloud answer what was given back offline.
func (s *shop) returns(outcome message.Outcome) {
	s.cloud.change(func() {
		s.cloud.answerFollow = func(f *message.FollowUpRequested, _ int) *message.FollowUpResult {
			r := &message.FollowUpResult{
				FollowUpId: f.GetFollowUpId(), OrderId: f.GetOrderId(), Kind: f.GetKind(), Outcome: outcome, Amount: f.GetAmount(),
				Currency: "CNY", Reference: "260502000001", Revision: 1, DecidedAt: time.Now().UnixMicro(),
				Standing: &message.Standing{Paid: 12_50, Refunded: f.GetAmount()},
			}
			if outcome == message.Outcome_OUTCOME_DECLINED {
				r.Reason = message.Reason_REASON_NOT_PAID
			}
			return r
		}
	})
}

// acknowledge has the cloud acknowledge everything.
func (s *shop) acknowledge() {
	s.journal.change(func() { s.journal.acknowledged = uint64(len(s.journal.records)) })
}

func (s *shop) exposure(t *testing.T) int64 {
	t.Helper()
	status, err := s.till.Status(t.Context())
	require.NoError(t, err)
	require.Zero(t, status.Pursued, "nobody at the counter waits for it")
	return status.Offline.Taken
}

func TestOfflineReturnIsGivenAtOnceAndCompletedByTheCloud(t *testing.T) {
	offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
		order := s.tap(t, "k1", card).Sale.OrderID
		before := len(s.journal.types(t))
		f := s.done(t, order, "r1", refund, 500)
		require.Equal(t, followup.TakenOffline, f.State)
		require.Zero(t, f.Unprinted)
		require.Equal(t, []string{"follow-up-requested", "follow-up-shown", "receipt-printed", "receipt-printed"}, s.journal.types(t)[before:])
		require.Zero(t, s.cloud.count(record.FollowUpRequested), "nobody is asked without a connection")
		slips := s.printer.Documents()
		require.Len(t, slips, 4)
		for _, words := range []string{"退货 REFUND", "脱机 OFFLINE", "¥5.00", "原凭证号 ORIG VOUCHER 000001", "剩余可退 REFUNDABLE ¥7.50",
			"001234******1234", "脱机受理"} {
			require.Contains(t, text(slips[2]), words)
		}
		require.EqualValues(t, 12_50, s.exposure(t), "what goes back frees nothing")
		found, err := s.till.Lookup(t.Context(), station.Wanted{Order: order})
		require.NoError(t, err)
		require.EqualValues(t, 750, found.Left.Refund)
		require.Len(t, found.FollowUps, 1)
		again, err := s.do(order, "r1", station.FollowUpWish{Kind: refund, Amount: 500})
		require.NoError(t, err)
		require.Equal(t, f.ID, again.FollowUp.ID, "a second press is the same")

		s.returns(message.Outcome_OUTCOME_APPROVED)
		s.cloud.disconnect(false)
		time.Sleep(31 * time.Second)
		synctest.Wait()
		f = s.followUp(t, f.ID)
		require.Equal(t, followup.Approved, f.State)
		require.Equal(t, "260502000001", f.Result.GetReference())
		require.Len(t, s.printer.Documents(), 4, "nothing is printed again")
	})
}

// TestOfflineReturnBeforeItsSlipIsPrinted: it belongs to the line of what it gives back, also while nothing but the payment
// itself is in the journal.
func TestOfflineReturnBeforeItsSlipIsPrinted(t *testing.T) {
	offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
		s.printer.Stall(true)
		order := s.tap(t, "k1", card).Sale.OrderID
		_, err := s.do(order, "r1", station.FollowUpWish{Kind: refund, Amount: 500})
		require.NoError(t, err)
		current, err := s.shifts().CurrentShift(t.Context(), false)
		require.NoError(t, err)
		line := lineOf(t, current, closing.OfflineTap)
		require.EqualValues(t, 1, line.Refunds)
		require.EqualValues(t, 500, line.RefundsAmount)
		s.printer.Stall(false)
	})
}

// requireLeft requires that more than is left was asked for and that it says what is.
func requireLeft(t *testing.T, err error, minor int64) {
	t.Helper()
	requireRefused(t, err, catalogue.RefuseMoreThanLeft)
	var refusal *station.Refusal
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, catalogue.Refundable(money.Money{Minor: minor, Currency: money.CNY}), refusal.More)
}

func TestOfflineReturnsNeverExceedWhatWasPaid(t *testing.T) {
	offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
		order := s.tap(t, "k1", card).Sale.OrderID
		require.Equal(t, followup.TakenOffline, s.done(t, order, "r1", refund, 1000).State)
		_, err := s.do(order, "r2", station.FollowUpWish{Kind: refund, Amount: 251})
		requireLeft(t, err, 250)
		_, err = s.do(order, "v1", station.FollowUpWish{Kind: void})
		requireLeft(t, err, 250)
		require.Equal(t, followup.TakenOffline, s.done(t, order, "r3", refund, 250).State)
		_, err = s.do(order, "r4", station.FollowUpWish{Kind: refund, Amount: 1})
		requireRefused(t, err, catalogue.RefuseNothingLeft)
		require.Contains(t, text(s.printer.Documents()[4]), "剩余可退 REFUNDABLE ¥0.00")

		voided := s.tap(t, "k2", card).Sale.OrderID
		require.Equal(t, followup.TakenOffline, s.done(t, voided, "v2", void, 0).State)
		_, err = s.do(voided, "r5", station.FollowUpWish{Kind: refund, Amount: 1})
		requireRefused(t, err, catalogue.RefuseNothingLeft)
		_, err = s.do(voided, "c1", station.FollowUpWish{Kind: complete, Amount: 1})
		requireRefused(t, err, catalogue.RefuseKindUnfit)
	})
}

// TestOfflineReturnsFreeNothing: the limits hold as if nothing had gone back, over a restart as well.
func TestOfflineReturnsFreeNothing(t *testing.T) {
	offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
		for _, key := range []string{"k1", "k2", "k3", "k4"} { // 4 × 12.50 is the whole of 50.00
			order := s.tap(t, key, card).Sale.OrderID
			require.Equal(t, followup.TakenOffline, s.done(t, order, "v"+key, void, 0).State)
		}
		require.EqualValues(t, 50_00, s.exposure(t))
		require.Equal(t, catalogue.NoticeOfflineTotal.Text(), s.tap(t, "k5", card).Notice)
		s.stop()
		s.cloud.heard(time.Time{})
		s.open(t)
		synctest.Wait()
		require.EqualValues(t, 50_00, s.exposure(t), "after a restart too")
		require.Equal(t, catalogue.NoticeOfflineTotal.Text(), s.tap(t, "k6", card).Notice)
	})
}

func TestOfflineReturnOutlivesARestart(t *testing.T) {
	for name, printer := range map[string]bool{"printed": true, "without a printer": false} {
		t.Run(name, func(t *testing.T) {
			offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
				if !printer {
					s.stop()
					s.openWith(t, opener[drivers.Scanner](s.scanner), opener[drivers.CardReader](s.reader), nil)
					synctest.Wait()
				}
				order := s.tap(t, "k1", card).Sale.OrderID
				f := s.done(t, order, "r1", refund, 500)
				documents := len(s.printer.Documents())
				s.stop()
				s.open(t)
				synctest.Wait()
				require.Equal(t, followup.TakenOffline, s.followUp(t, f.ID).State)
				_, err := s.do(order, "r2", station.FollowUpWish{Kind: refund, Amount: 751})
				requireLeft(t, err, 750)
				s.returns(message.Outcome_OUTCOME_APPROVED)
				s.cloud.disconnect(false)
				time.Sleep(31 * time.Second)
				synctest.Wait()
				require.Equal(t, followup.Approved, s.followUp(t, f.ID).State, "it is asked for with its own record")
				require.Equal(t, checkout.Approved, s.sale(t, order).Sale.State, "and so is the payment")
				require.Len(t, s.printer.Documents(), documents)
			})
		})
	}
}

func TestOfflineReturnThatIsNotCarriedOutIsTold(t *testing.T) {
	offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
		order := s.tap(t, "k1", card).Sale.OrderID
		f := s.done(t, order, "r1", refund, 500)
		s.cloud.say(decline)
		s.returns(message.Outcome_OUTCOME_DECLINED)
		s.cloud.disconnect(false)
		time.Sleep(31 * time.Second)
		synctest.Wait()
		view, err := s.till.Follow(t.Context(), f.ID)
		require.NoError(t, err)
		require.Equal(t, followup.NotCarriedOut, view.FollowUp.State)
		require.Equal(t, catalogue.TitleReturnNotDone.Text(), view.Title)
		require.Equal(t, checkout.NotHonoured, s.sale(t, order).Sale.State)
	})
}

// TestReturnOfWhatTheCloudHasIsAsked: from the acknowledgement on the cloud decides.
func TestReturnOfWhatTheCloudHasIsAsked(t *testing.T) {
	offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
		order := s.tap(t, "k1", card).Sale.OrderID
		s.acknowledge()
		f := s.done(t, order, "r1", refund, 500)
		require.Equal(t, followup.Asking, f.State)
		require.False(t, f.Offline)
	})
}

// TestOfflineReturnWithoutTheJournal: what is not recorded is not given back.
func TestOfflineReturnWithoutTheJournal(t *testing.T) {
	offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
		order := s.tap(t, "k1", card).Sale.OrderID
		s.journal.change(func() { s.journal.fail = errors.New("disk") })
		_, err := s.do(order, "r1", station.FollowUpWish{Kind: refund, Amount: 500})
		requireRefused(t, err, catalogue.RefuseJournal)
		require.Len(t, s.printer.Documents(), 2)
		s.journal.change(func() { s.journal.fail = nil })
		require.Equal(t, followup.TakenOffline, s.done(t, order, "r1", refund, 500).State)
	})
}

// TestOfflineReturnsOfOnePaymentAreBounded: the cloud takes so many of an order, and has to carry all of them out.
func TestOfflineReturnsOfOnePaymentAreBounded(t *testing.T) {
	offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
		order := s.tap(t, "k1", card).Sale.OrderID
		for n := range followup.OfflineMax {
			require.Equal(t, followup.TakenOffline, s.done(t, order, "r"+string(rune('a'+n)), refund, 1).State)
		}
		_, err := s.do(order, "rz", station.FollowUpWish{Kind: refund, Amount: 1})
		requireRefused(t, err, catalogue.RefuseManyReturns)
		for _, wish := range []station.FollowUpWish{{Kind: refund, Amount: 12_43}, {Kind: void}} {
			_, err = s.do(order, "ry", wish)
			requireLeft(t, err, 12_50-followup.OfflineMax)
		}
		s.acknowledge()
		require.Equal(t, followup.Asking, s.done(t, order, "rx", refund, 1).State, "once the cloud has the payment it decides")
	})
}

// TestOfflineVoidOfAClosedShift: the shift that took the payment has ended. Only a refund is possible from then on, and the
// void that is refused opens no shift.
func TestOfflineVoidOfAClosedShift(t *testing.T) {
	offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
		identity, err := sign.NewKey(bytes.NewReader(bytes.Repeat([]byte{5}, 64)))
		require.NoError(t, err)
		s.stop()
		s.identity = identity
		s.open(t)
		order := s.tap(t, "k1", card).Sale.OrderID
		_, err = s.shifts().CloseShift(t.Context(), counted(0, "店长"))
		require.NoError(t, err)
		before := s.journal.types(t)
		_, err = s.do(order, "v1", station.FollowUpWish{Kind: void})
		requireRefused(t, err, catalogue.RefuseShiftClosed)
		require.Equal(t, before, s.journal.types(t))

		next := s.tap(t, "k2", card).Sale
		require.EqualValues(t, 2, next.Batch)
		_, err = s.do(order, "v2", station.FollowUpWish{Kind: void})
		requireRefused(t, err, catalogue.RefuseShiftClosed)
		require.Equal(t, followup.TakenOffline, s.done(t, next.OrderID, "v3", void, 0).State, "its own shift's is voided")
		require.Equal(t, followup.TakenOffline, s.done(t, order, "r1", refund, 500).State, "and what is older is refunded")
	})
}
