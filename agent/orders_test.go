package agent_test

import (
	"context"
	"crypto/sha256"
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
	"github.com/yuantill/yuantill/tools/fakedevice/hardcard"
)

const (
	orderAccepted    = message.OrderStanding_ORDER_STANDING_ACCEPTED
	orderNotAccepted = message.OrderStanding_ORDER_STANDING_NOT_ACCEPTED
	orderGoneBack    = message.OrderStanding_ORDER_STANDING_GONE_BACK
	orderPerson      = message.OrderStanding_ORDER_STANDING_PERSON
	orderSettled     = message.OrderStanding_ORDER_STANDING_SETTLED
)

// ordering is a sale at a kiosk whose order has a minute to be accepted.
func ordering(key string) station.Start {
	return station.Start{Amount: yuan(1250), OrderReference: "A-42", AcceptWithin: time.Minute,
		Origin: checkout.Origin{Key: key, Digest: sha256.Sum256([]byte(key))}}
}

// order takes the payment of an order.
func (s *shop) order(t *testing.T, key string) checkout.OrderID {
	t.Helper()
	view, err := s.till.Start(context.Background(), ordering(key))
	require.NoError(t, err)
	s.scanner.Scan(customerCode)
	synctest.Wait()
	require.True(t, s.sale(t, view.Sale.OrderID).Sale.AwaitsOrder())
	return view.Sale.OrderID
}

// say is the shop's word on an order.
func (s *shop) say(id checkout.OrderID, standing checkout.OrderStanding) error {
	_, err := s.till.Press(context.Background(), id, checkout.OrderDecided{Standing: standing, SettledBy: "li"})
	return err
}

func (s *shop) standing(t *testing.T, id checkout.OrderID) checkout.OrderStanding {
	t.Helper()
	return s.sale(t, id).Sale.Order.Standing
}

// openOrders are the orders that the status tells of.
func (s *shop) openOrders(t *testing.T) []station.Sale {
	t.Helper()
	status, err := s.till.Status(context.Background())
	require.NoError(t, err)
	return status.Orders
}

func TestAcceptedOrderStays(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, _ *books) {
		id := s.order(t, "k1")
		for range 2 {
			require.NoError(t, s.say(id, orderAccepted), "said again it is the same")
		}
		requireRefused(t, s.say(id, orderNotAccepted), catalogue.RefuseOrderAccepted)
		s.stop()
		s.open(t)
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Empty(t, s.followUpsOf(t, id))
		require.Equal(t, orderAccepted, s.standing(t, id))
		require.Equal(t, 1, countOf(s.journal.types(t), "payment-requested"))
		for _, one := range s.cloud.sent {
			require.Equal(t, "A-42", one.payment.GetOrderReference())
			require.EqualValues(t, 60, one.payment.GetAcceptWithin())
		}
	})
}

func TestOrderThatNobodyAcceptsGoesBack(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		id := s.order(t, "k1")
		require.Empty(t, s.openOrders(t))
		time.Sleep(59 * time.Second)
		synctest.Wait()
		require.Empty(t, s.followUpsOf(t, id))
		b.silent = true
		time.Sleep(time.Second)
		synctest.Wait()
		open := s.openOrders(t)
		require.Len(t, open, 1)
		require.Equal(t, "A-42", open[0].ShopOrder.Reference)
		require.Equal(t, "not-accepted", open[0].ShopOrder.State)
		requireRefused(t, s.say(id, orderAccepted), catalogue.RefuseOrderGoesBack)
		require.NoError(t, s.say(id, orderNotAccepted))
		b.silent = false
		time.Sleep(time.Minute)
		synctest.Wait()
		done := s.followUpsOf(t, id)
		require.Len(t, done, 1, "one void, however often it is looked at")
		require.Equal(t, void, done[0].Kind)
		require.Equal(t, followup.Approved, done[0].State)
		require.Equal(t, orderGoneBack, s.standing(t, id))
		require.Empty(t, s.openOrders(t))
		requireRefused(t, s.say(id, orderAccepted), catalogue.RefuseOrderGoesBack)
		slips := s.printer.Documents()
		require.Len(t, slips, 5, "receipt, not accepted, void")
		for _, words := range []string{"订单未接受", "ORDER NOT ACCEPTED", "THE MONEY GOES BACK", "店铺单号 SHOP ORDER A-42"} {
			require.Contains(t, text(slips[2]), words)
		}
		require.Contains(t, text(slips[3]), "订单未被接受 Order not accepted")
	})
}

func TestRejectedOrderIsRefundedWhereNoVoidIsPossible(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		id := s.order(t, "k1")
		s.cloud.change(func() {
			s.cloud.answerFollow = func(f *message.FollowUpRequested, times int) *message.FollowUpResult {
				if f.GetKind() != void {
					return b.follow(f, times)
				}
				return declined(f, message.Reason_REASON_SHIFT_CLOSED)
			}
		})
		require.NoError(t, s.say(id, orderNotAccepted))
		synctest.Wait()
		time.Sleep(time.Second)
		synctest.Wait()
		done := s.followUpsOf(t, id)
		require.Len(t, done, 2)
		require.Equal(t, refund, done[1].Kind)
		require.Equal(t, followup.Approved, done[1].State)
		require.EqualValues(t, 1250, b.orders[string(id[:])].GetRefunded())
		require.Equal(t, orderGoneBack, s.standing(t, id))
	})
}

func declined(f *message.FollowUpRequested, reason message.Reason) *message.FollowUpResult {
	return &message.FollowUpResult{FollowUpId: f.GetFollowUpId(), OrderId: f.GetOrderId(), Kind: f.GetKind(), Reason: reason,
		Outcome: message.Outcome_OUTCOME_DECLINED, Revision: 1, DecidedAt: time.Now().UnixMicro()}
}

// inTrouble is a till whose order was not accepted, and whose money the operator does not give back.
func inTrouble(t *testing.T, test func(t *testing.T, s *shop, b *books, id checkout.OrderID)) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		id := s.order(t, "k1")
		s.cloud.change(func() {
			s.cloud.answerFollow = func(f *message.FollowUpRequested, _ int) *message.FollowUpResult {
				return declined(f, message.Reason_REASON_OPERATOR_UNAVAILABLE)
			}
		})
		require.NoError(t, s.say(id, orderNotAccepted))
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		require.Len(t, s.followUpsOf(t, id), 2, "a void and a refund, and no more")
		s.stop()
		s.open(t)
		synctest.Wait()
		require.Equal(t, orderPerson, s.standing(t, id))
		open := s.openOrders(t)
		require.Len(t, open, 1, "over a restart too")
		require.Equal(t, "person", open[0].ShopOrder.State)
		require.Equal(t, id.String(), open[0].ID)
		test(t, s, b, id)
		require.Empty(t, s.openOrders(t))
	})
}

func TestOrderThatCannotBeGivenBackIsForAPerson(t *testing.T) {
	t.Run("Settled", func(t *testing.T) {
		inTrouble(t, func(t *testing.T, s *shop, _ *books, id checkout.OrderID) {
			require.NoError(t, s.say(id, orderSettled))
			require.Equal(t, "li", s.sale(t, id).Sale.Order.SettledBy)
			requireRefused(t, s.say(id, orderAccepted), catalogue.RefuseOrderGoesBack)
		})
	})
	t.Run("Accepted", func(t *testing.T) {
		inTrouble(t, func(t *testing.T, s *shop, _ *books, id checkout.OrderID) {
			require.NoError(t, s.say(id, orderAccepted))
		})
	})
	t.Run("RefundedByHand", func(t *testing.T) {
		inTrouble(t, func(t *testing.T, s *shop, b *books, id checkout.OrderID) {
			s.cloud.change(func() { s.cloud.answerFollow = b.follow })
			require.Equal(t, followup.Approved, s.done(t, id, "r1", refund, 1250).State)
			time.Sleep(time.Second)
			synctest.Wait()
			require.Equal(t, orderGoneBack, s.standing(t, id))
			requireRefused(t, s.say(id, orderAccepted), catalogue.RefuseOrderGoesBack)
		})
	})
}

// TestRestartGivesBackOnce: the till dies at every moment between the deadline and the answer.
func TestRestartGivesBackOnce(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		b.silent = true
		s.cloud.heard(time.Now())
		id := s.order(t, "k1")
		s.journal.change(func() { s.journal.room = journal.ErrNoRoom }) // no follow-up can be recorded
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.Equal(t, orderNotAccepted, s.standing(t, id))
		require.Empty(t, s.followUpsOf(t, id))
		require.Contains(t, s.openOrders(t)[0].Notice.English, catalogue.RefuseNoRoom.Text().English)
		s.stop()
		s.journal.change(func() { s.journal.room = nil })
		for range 3 {
			s.open(t)
			time.Sleep(time.Minute)
			synctest.Wait()
			require.Equal(t, orderNotAccepted, s.standing(t, id))
			require.Len(t, s.followUpsOf(t, id), 1)
			s.stop()
		}
		b.silent = false
		s.open(t)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, orderGoneBack, s.standing(t, id))
	})
}

// TestTillThatWasOffGivesNothingBackBeforeItHasSignedIn: it may be an old copy that lacks the acceptance.
func TestTillThatWasOffGivesNothingBackBeforeItHasSignedIn(t *testing.T) {
	for name, c := range map[string]struct {
		learn func(s *shop)
		want  checkout.OrderStanding
	}{
		"Whole":   {func(s *shop) { s.cloud.heard(time.Now()) }, orderGoneBack},
		"OldCopy": {func(s *shop) { s.cloud.change(func() { s.cloud.heardAt, s.cloud.oldCopyAt = time.Now(), time.Now() }) }, orderPerson},
	} {
		t.Run(name, func(t *testing.T) {
			inDesk(t, func(t *testing.T, s *shop, _ *books) {
				id := s.order(t, "k1")
				s.stop()
				s.cloud.heard(time.Time{})
				s.open(t)
				time.Sleep(time.Hour)
				synctest.Wait()
				require.True(t, s.sale(t, id).Sale.AwaitsOrder())
				c.learn(s)
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				require.Equal(t, c.want, s.standing(t, id))
			})
		})
	}
}

// TestLostRecordsMakeAnOrderDoubtful also after the start that found the loss has ended at once.
func TestLostRecordsMakeAnOrderDoubtful(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, _ *books) {
		before := s.order(t, "k1")
		s.journal.change(func() {
			lost := uint64(len(s.journal.records) + 1)
			s.journal.lost = []journal.Loss{{Range: journal.Range{First: lost, Last: lost}}}
		})
		after := s.order(t, "k2")
		s.stop()
		s.cloud.heard(time.Now())
		s.open(t)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.Equal(t, orderPerson, s.standing(t, before))
		require.Empty(t, s.followUpsOf(t, before))
		require.Equal(t, orderGoneBack, s.standing(t, after), "it is newer than what was lost")
	})
}

func TestUnpaidOrderIsRefusedInWordsForPeople(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, _ *books) {
		view, err := s.till.Start(context.Background(), ordering("k1"))
		require.NoError(t, err)
		refusal := s.say(view.Sale.OrderID, orderAccepted)
		requireRefused(t, refusal, catalogue.RefuseOrderUnpaid)
		require.NotContains(t, refusal.Error(), "ORDER_STANDING")
	})
}

func TestOrderThatWentBackByHandIsNotAccepted(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, _ *books) {
		id := s.order(t, "k1")
		require.Equal(t, followup.Approved, s.done(t, id, "v1", void, 0).State)
		require.Equal(t, catalogue.TitleGoneBack.Text(), s.sale(t, id).Title, "at once, and not when its time passes")
		requireRefused(t, s.say(id, orderAccepted), catalogue.RefuseOrderGivenBack)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.Equal(t, orderGoneBack, s.standing(t, id))
		require.Len(t, s.followUpsOf(t, id), 1, "nothing more is asked for")
	})
}

func TestOrderPaidOfflineGoesBackOffline(t *testing.T) {
	offlineShop(t, as, func(t *testing.T, s *shop, card *hardcard.Card) {
		view, err := s.till.Start(context.Background(), ordering("k1"))
		require.NoError(t, err)
		s.place(applet(card))
		synctest.Wait()
		s.reader.Place()
		id := view.Sale.OrderID
		synctest.Wait()
		require.True(t, s.sale(t, id).Sale.AwaitsOrder())
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		done := s.followUpsOf(t, id)
		require.Len(t, done, 1)
		require.Equal(t, followup.TakenOffline, done[0].State)
		require.Equal(t, orderNotAccepted, s.standing(t, id), "it is back once the cloud says so")
		s.returns(message.Outcome_OUTCOME_APPROVED)
		s.cloud.disconnect(false)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.Equal(t, orderGoneBack, s.standing(t, id))
	})
}

func TestOrdersThatAreNoneAreRefused(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, _ *books) {
		requireRefused(t, s.say(s.paid(t, "k1", 1250, false), orderAccepted), catalogue.RefuseNoOrder)
		held := ordering("k2")
		held.Hold = true
		_, err := s.till.Start(context.Background(), held)
		requireRefused(t, err, catalogue.RefuseInvalid)
		view, err := s.till.Start(context.Background(), ordering("k3"))
		require.NoError(t, err)
		requireRefused(t, s.say(view.Sale.OrderID, orderAccepted), catalogue.RefuseOrderUnpaid)
		_, err = s.till.Press(context.Background(), view.Sale.OrderID, checkout.CancelPressed{})
		require.NoError(t, err)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.Empty(t, s.openOrders(t))
	})
}

// TestOrdersFillNoMemory: a till whose order system is dead takes no more orders than it can keep.
func TestOrdersFillNoMemory(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		b.silent = true
		var err error
		for i := 0; err == nil; i++ {
			require.Less(t, i, 100)
			start := ordering(string(rune('A' + i)))
			start.AcceptWithin = 10 * time.Minute
			if _, err = s.till.Start(context.Background(), start); err == nil {
				s.scanner.Scan(customerCode)
				synctest.Wait()
			}
		}
		requireRefused(t, err, catalogue.RefuseTooManyOpen)
		time.Sleep(11 * time.Minute)
		synctest.Wait()
		require.Len(t, s.openOrders(t), 32)
		require.Equal(t, 64, countOf(s.journal.types(t), "follow-up-requested"))
	})
}

// TestAcceptanceIsRecordedBeforeItIsAnswered: what the order system was told survives; what it was not told may be asked again.
func TestAcceptanceIsRecordedBeforeItIsAnswered(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, _ *books) {
		id := s.order(t, "k1")
		s.journal.change(func() { s.journal.fail = journal.ErrNoRoom })
		requireRefused(t, s.say(id, orderAccepted), catalogue.RefuseNoRoom)
		s.journal.change(func() { s.journal.fail = nil })
		require.NoError(t, s.say(id, orderAccepted))
		var body message.OutcomeShown
		records := s.journal.all()
		require.NoError(t, proto.Unmarshal(records[len(records)-1].Body(), &body))
		require.Equal(t, orderAccepted, body.GetOrder())
		require.Equal(t, message.Outcome_OUTCOME_APPROVED, body.GetOutcome())
		require.Nil(t, body.GetResult())
		header, err := record.ParseHeader(records[len(records)-1])
		require.NoError(t, err)
		require.Equal(t, record.OutcomeShown, header.Type)
	})
}

func TestOrderWhoseMoneyWentBackElsewhereIsNotAccepted(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		id := s.order(t, "k1")
		standing := b.orders[string(id[:])]
		tells := func(refunded int64) {
			standing.Refunded, standing.Revision = refunded, standing.Revision+2
			s.cloud.results <- &message.PaymentResult{OrderId: id[:], Stage: message.Stage_STAGE_FINAL, Outcome: message.Outcome_OUTCOME_APPROVED,
				Amount: 1250, Currency: "CNY", Standing: proto.CloneOf(standing), Revision: standing.Revision}
			synctest.Wait()
		}
		tells(1250)
		view := s.sale(t, id)
		require.EqualValues(t, 1250, view.Sale.Standing().GetRefunded())
		require.Equal(t, catalogue.TitleGoneBack.Text(), view.Title, "at once, and not when its time passes")
		require.Equal(t, catalogue.StepOrderGoesBack.Text(), view.Next)
		require.Zero(t, view.Until)
		s.stop()
		s.open(t)
		refusal := s.say(id, orderAccepted)
		requireRefused(t, refusal, catalogue.RefuseOrderGivenBack)
		require.NotContains(t, refusal.Error(), "ORDER_STANDING")
		tells(0)
		require.Equal(t, catalogue.TitleOrderWaits.Text(), s.sale(t, id).Title, "the other till's refund was refused")
		require.NoError(t, s.say(id, orderAccepted))
		tells(1250)
		require.Equal(t, orderAccepted, s.standing(t, id), "and then it is an ordinary refund")
		require.Equal(t, catalogue.TitleGoneBack.Text(), s.sale(t, id).Title)
	})
}
