package agent_test

import (
	"crypto/rand"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/sign"
	"github.com/yuantill/yuantill/tools/fakedevice/hardcard"
)

// payments returns what all payment-requested records say.
func (s *shop) payments(t *testing.T) []*message.PaymentRequested {
	t.Helper()
	made, _ := s.made(t, record.PaymentRequested)
	var all []*message.PaymentRequested
	for _, r := range made {
		all = append(all, unmarshal(t, r, &message.PaymentRequested{}))
	}
	return all
}

// requireSame wants a body that says the same as the refused one, and names it.
func requireSame[M interface {
	proto.Message
	GetAgain() uint64
}](t *testing.T, refused uint64, first, second M, clear func(M)) {
	t.Helper()
	require.Zero(t, first.GetAgain())
	require.Equal(t, refused, second.GetAgain())
	clear(second)
	require.True(t, proto.Equal(first, second), "%v\n%v", first, second)
}

func cleared(m *message.PaymentRequested) { m.Again = 0 }

// refusesAll has the cloud refuse the present epoch's records, and then answers nothing.
func (s *shop) refusesAll() {
	s.cloud.change(func() { s.cloud.ended = s.journal.Tail().Epoch })
	s.cloud.say(silence)
}

// TestRefusedTapIsPresentedAndTakenBack: the card has debited itself, so its operator has to see the payment.
func TestRefusedTapIsPresentedAndTakenBack(t *testing.T) {
	for name, restart := range map[string]bool{"at once": false, "over a restart": true} {
		t.Run(name, func(t *testing.T) {
			tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
				s.refusesAll()
				order := s.tap(t, "k1", card).Sale.OrderID
				refused := s.sale(t, order).Sale.PaymentSequence
				s.journal.change(func() { s.journal.room = journal.ErrNoRoom }) // what has begun is finished
				s.part()
				time.Sleep(4 * time.Second)
				require.Equal(t, checkout.Reversing, s.sale(t, order).Sale.State)
				if restart {
					s.stop()
					s.open(t)
					synctest.Wait()
				}
				sale := s.sale(t, order).Sale
				require.Equal(t, sale.ReversalSequence-1, sale.PaymentSequence, "both are made anew in one commit")
				asked := s.payments(t)
				require.Len(t, asked, 2)
				requireSame(t, refused, asked[0], asked[1], cleared)
				require.NotEmpty(t, asked[1].GetCardTransaction())
				s.refuse(message.Refusal_CAUSE_EPOCH, 1, refused)
				require.Len(t, s.payments(t), 2)

				s.part() // and once more
				time.Sleep(4 * time.Second)
				require.Len(t, s.payments(t), 3)
				s.cloud.say(takenBack)
				time.Sleep(4 * time.Second)
				require.Equal(t, checkout.Reversed, s.sale(t, order).Sale.State)
				s.requireAnew(t, order, 2, 3)
			})
		})
	}
}

// TestRefusedTapThatTheCloudKnows: what it has said of the payment it does not have to be shown again.
func TestRefusedTapThatTheCloudKnows(t *testing.T) {
	tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
		s.cloud.say(func(c sent) *message.PaymentResult {
			return result(c, message.Stage_STAGE_QUERYING, message.Outcome_OUTCOME_UNKNOWN, 1)
		})
		order := s.tap(t, "k1", card).Sale.OrderID
		require.Equal(t, checkout.Querying, s.sale(t, order).Sale.State)
		s.part()
		time.Sleep(4 * time.Second)
		require.Len(t, s.payments(t), 1)
		s.requireAnew(t, order, 2)
	})
}

// TestRefusedTapOfACancelledOrder: the cloud has cancelled unseen what the card paid, and its request was refused.
func TestRefusedTapOfACancelledOrder(t *testing.T) {
	tapShop(t, func(t *testing.T, s *shop, card *hardcard.Card) {
		s.refusesAll()
		s.cloud.change(func() { s.cloud.ended = 0 }) // nothing comes back, no refusal either
		order := s.tap(t, "k1", card).Sale.OrderID
		refused := s.sale(t, order).Sale.PaymentSequence
		s.journal.change(func() { s.journal.epoch = 2 })
		s.cloud.say(takenBack)
		time.Sleep(time.Minute)
		require.Equal(t, checkout.Reversed, s.sale(t, order).Sale.State)
		sent := len(s.cloud.sent)
		for range 3 {
			s.refuse(message.Refusal_CAUSE_EPOCH, 1, refused)
		}
		asked := s.payments(t)
		require.Len(t, asked, 2)
		requireSame(t, refused, asked[0], asked[1], cleared)
		require.Len(t, s.cloud.sent, sent, "it goes up in its turn")
		require.Equal(t, checkout.Reversed, s.sale(t, order).Sale.State)
		require.Equal(t, catalogue.NoticeRecordAnew.Text(), s.sale(t, order).Notice)

		back := result(sentOf(order), message.Stage_STAGE_FINAL, message.Outcome_OUTCOME_REVERSED, 7)
		back.Refunded = true
		s.cloud.results <- back
		synctest.Wait()
		require.True(t, s.sale(t, order).Sale.Result.GetRefunded())
	})
}

func sentOf(order checkout.OrderID) sent { return sent{order: order[:]} }

// TestRefusedOfflinePaymentIsHandedInAgain: the goods are gone, so it is not taken back, and it counts once in the limits.
func TestRefusedOfflinePaymentIsHandedInAgain(t *testing.T) {
	for name, restart := range map[string]bool{"at once": false, "over a restart": true} {
		t.Run(name, func(t *testing.T) {
			offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
				order := s.tap(t, "k1", card).Sale.OrderID
				refused := s.sale(t, order).Sale.PaymentSequence
				slips := len(s.printer.Documents())
				s.part()
				s.cloud.disconnect(false)
				s.cloud.say(silence)
				time.Sleep(31 * time.Second)
				if restart {
					s.stop()
					s.open(t)
					synctest.Wait()
				}
				sale := s.sale(t, order).Sale
				require.Equal(t, checkout.ApprovedOffline, sale.State)
				require.NotEqual(t, refused, sale.PaymentSequence)
				asked := s.offlineRecords(t)
				require.Len(t, asked, 2)
				requireSame(t, refused, asked[0], asked[1], cleared)
				require.EqualValues(t, 12_50, s.exposure(t))
				s.refuse(message.Refusal_CAUSE_EPOCH, 1, refused)
				require.Len(t, s.offlineRecords(t), 2)

				s.cloud.say(approve)
				time.Sleep(31 * time.Second)
				require.Equal(t, checkout.Approved, s.sale(t, order).Sale.State)
				require.Zero(t, s.cloud.count(record.ReversalRequested))
				require.Len(t, s.printer.Documents(), slips, "nothing is printed again")
				s.acknowledge()
				require.Zero(t, s.exposure(t))
			})
		})
	}
}

// followUpRecords are what all follow-up-requested records say.
func (s *shop) followUpRecords(t *testing.T) []*message.FollowUpRequested {
	t.Helper()
	made, _ := s.made(t, record.FollowUpRequested)
	var all []*message.FollowUpRequested
	for _, r := range made {
		all = append(all, unmarshal(t, r, &message.FollowUpRequested{}))
	}
	return all
}

// TestRefusedFollowUpIsAskedForAgain: it is never taken back, and its id has nothing done twice.
func TestRefusedFollowUpIsAskedForAgain(t *testing.T) {
	for name, restart := range map[string]bool{"at once": false, "over a restart": true} {
		t.Run(name, func(t *testing.T) {
			inDesk(t, func(t *testing.T, s *shop, b *books) {
				order := s.paid(t, "k1", 1250, false)
				b.silent = true
				f := s.done(t, order, "r1", refund, 500)
				other := s.done(t, order, "r2", refund, 100)
				s.journal.change(func() { s.journal.room = journal.ErrNoRoom })
				s.part()
				time.Sleep(4 * time.Second)
				if restart {
					s.stop()
					s.open(t)
					synctest.Wait()
				}
				asked := s.followUpRecords(t)
				require.Len(t, asked, 4)
				requireSame(t, f.RequestSequence, asked[0], asked[2], func(m *message.FollowUpRequested) { m.Again = 0 })
				require.Equal(t, other.ID[:], asked[3].GetFollowUpId())
				s.refuse(message.Refusal_CAUSE_EPOCH, 1, f.RequestSequence)
				require.Len(t, s.followUpRecords(t), 4)
				s.cloud.change(func() { b.silent = false })
				time.Sleep(4 * time.Second)
				require.Equal(t, followup.Approved, s.followUp(t, f.ID).State)
				require.Equal(t, followup.Approved, s.followUp(t, other.ID).State)
				require.EqualValues(t, 600, b.orders[string(order[:])].GetRefunded())
			})
		})
	}
}

// TestRefusedOfflineReturnIsHandedInAgain, behind its payment or before it.
func TestRefusedOfflineReturnIsHandedInAgain(t *testing.T) {
	offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
		order := s.tap(t, "k1", card).Sale.OrderID
		f := s.done(t, order, "r1", refund, 500)
		slips := len(s.printer.Documents())
		s.part()
		s.cloud.say(approve)
		s.returns(message.Outcome_OUTCOME_APPROVED)
		s.cloud.disconnect(false)
		time.Sleep(31 * time.Second)
		s.stop() // between the commits and the answers
		s.open(t)
		synctest.Wait()
		time.Sleep(31 * time.Second)
		require.Equal(t, checkout.Approved, s.sale(t, order).Sale.State)
		require.Equal(t, followup.Approved, s.followUp(t, f.ID).State)
		asked := s.followUpRecords(t)
		require.Len(t, asked, 2)
		require.True(t, asked[1].GetOffline())
		require.Equal(t, f.RequestSequence, asked[1].GetAgain())
		require.Len(t, s.printer.Documents(), slips)
	})
}

// TestWhatIsMadeAnewKeepsItsNumberAndItsShift: neither a voucher number nor a line of a shift is given twice.
func TestWhatIsMadeAnewKeepsItsNumberAndItsShift(t *testing.T) {
	offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
		var err error
		s.stop()
		s.identity, err = sign.NewKey(rand.Reader)
		require.NoError(t, err)
		s.open(t)
		synctest.Wait()
		order := s.tap(t, "k1", card).Sale.OrderID
		returned := s.done(t, order, "r1", refund, 500)
		later := s.tap(t, "k2", card).Sale
		s.part()
		s.returns(message.Outcome_OUTCOME_APPROVED)
		s.cloud.disconnect(false)
		time.Sleep(31 * time.Second)
		require.Len(t, s.followUpRecords(t), 2)
		require.Len(t, s.payments(t), 4)
		s.stop()
		s.open(t)
		synctest.Wait()
		time.Sleep(31 * time.Second)
		next := s.begin(t, "k3").Sale
		require.Equal(t, later.Voucher+1, next.Voucher)
		require.Less(t, returned.Voucher, later.Voucher)
		_, err = s.till.Press(t.Context(), next.OrderID, checkout.CancelPressed{})
		require.NoError(t, err)
		closed, err := s.shifts().CloseShift(t.Context(), counted(0, ""))
		require.NoError(t, err)
		require.Equal(t, "complete", closed.State)
		requireLine(t, closed, "offline-tap", 2, 25_00, 1, 5_00)
	})
}

// requireLine wants a line of a shift's end.
func requireLine(t *testing.T, closed station.Shift, method string, sales uint32, amount int64, refunds uint32, back int64) {
	t.Helper()
	for _, line := range closed.Lines {
		if line.Method == method {
			require.Equal(t, []any{sales, amount, refunds, back}, []any{line.Sales, line.SalesAmount, line.Refunds, line.RefundsAmount})
			return
		}
	}
	require.Fail(t, "no such line", method)
}
