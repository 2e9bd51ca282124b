package agent_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

const (
	void     = message.FollowUp_FOLLOW_UP_VOID
	refund   = message.FollowUp_FOLLOW_UP_REFUND
	topUp    = message.FollowUp_FOLLOW_UP_TOP_UP
	complete = message.FollowUp_FOLLOW_UP_COMPLETE
	cancel   = message.FollowUp_FOLLOW_UP_CANCEL
	undo     = message.FollowUp_FOLLOW_UP_UNDO
)

// books answers follow-ups as the cloud does, of payments and holds that it has approved.
type books struct {
	orders   map[string]*message.Standing
	done     map[string]*message.FollowUpResult
	silent   bool
	disputed bool // the operator gives nothing back any more
}

func newBooks() *books {
	return &books{orders: map[string]*message.Standing{}, done: map[string]*message.FollowUpResult{}}
}

// pay approves a payment or hold and opens its standing.
func (b *books) pay(s sent) *message.PaymentResult {
	r := approve(s)
	standing := b.orders[string(s.order)]
	if standing == nil {
		standing = &message.Standing{Paid: s.payment.GetAmount()}
		if s.payment.GetHold() {
			standing = &message.Standing{Held: s.payment.GetAmount(), Hold: true, HoldExpires: time.Now().Add(720 * time.Hour).UnixMicro()}
		}
		b.orders[string(s.order)] = standing
	}
	r.Amount, r.Standing = s.payment.GetAmount(), proto.CloneOf(standing)
	return r
}

func (b *books) follow(f *message.FollowUpRequested, _ int) *message.FollowUpResult {
	if b.silent {
		return nil
	}
	if before := b.done[string(f.GetFollowUpId())]; before != nil {
		return before
	}
	r := &message.FollowUpResult{
		FollowUpId: f.GetFollowUpId(), OrderId: f.GetOrderId(), Kind: f.GetKind(), Outcome: message.Outcome_OUTCOME_APPROVED,
		Amount: f.GetAmount(), Currency: "CNY", Reference: fmt.Sprintf("26050200%04d", len(b.done)+1), Revision: 1,
		DecidedAt: time.Now().UnixMicro(),
	}
	s := b.orders[string(f.GetOrderId())]
	switch f.GetKind() {
	case void:
		r.Amount, s.Refunded, s.Closed = s.GetPaid(), s.GetPaid(), true
	case refund:
		if b.disputed || s.Refunded+f.GetAmount() > s.GetPaid() {
			r.Outcome, r.Reason = message.Outcome_OUTCOME_DECLINED, message.Reason_REASON_LIMIT_EXCEEDED
			break
		}
		s.Refunded += f.GetAmount()
	case topUp:
		s.Held += f.GetAmount()
	case complete:
		s.Paid += f.GetAmount()
		s.Closed = f.GetLast() || s.Paid == s.Held
	case cancel:
		r.Amount, s.Closed = s.Held-s.Paid, true
	case undo:
		r.Amount = b.done[string(f.GetUndoes())].GetAmount()
		s.Paid -= r.Amount
		s.Closed = false
	}
	r.Standing = proto.CloneOf(s)
	b.done[string(f.GetFollowUpId())] = r
	return r
}

// inDesk runs a test in a till whose cloud keeps books.
func inDesk(t *testing.T, test func(t *testing.T, s *shop, b *books)) {
	b := newBooks()
	inShop(t, b.pay, func(t *testing.T, s *shop) {
		s.cloud.answerFollow = b.follow
		test(t, s, b)
	})
}

// paid takes a payment, or a hold, and returns its order.
func (s *shop) paid(t *testing.T, key string, minor int64, hold bool) checkout.OrderID {
	t.Helper()
	view, err := s.till.Start(context.Background(), station.Start{
		Amount: yuan(minor), Hold: hold, Origin: checkout.Origin{Key: key, Digest: sha256.Sum256([]byte(key))},
	})
	require.NoError(t, err)
	s.scanner.Scan(customerCode)
	synctest.Wait()
	require.Equal(t, checkout.Approved, s.sale(t, view.Sale.OrderID).Sale.State)
	return view.Sale.OrderID
}

func (s *shop) do(order checkout.OrderID, key string, wish station.FollowUpWish) (followup.View, error) {
	wish.Origin = checkout.Origin{Key: key, Digest: sha256.Sum256(fmt.Appendf(nil, "%x %d %d", order, wish.Kind, wish.Amount))}
	return s.till.FollowUp(context.Background(), order, wish)
}

// done asks for a follow-up and returns what became of it at once.
func (s *shop) done(t *testing.T, order checkout.OrderID, key string, kind followup.Kind, minor int64) followup.FollowUp {
	t.Helper()
	view, err := s.do(order, key, station.FollowUpWish{Kind: kind, Amount: minor, Note: "试办"})
	require.NoError(t, err)
	synctest.Wait()
	return s.followUp(t, view.FollowUp.ID)
}

func (s *shop) followUp(t *testing.T, id followup.ID) followup.FollowUp {
	t.Helper()
	view, err := s.till.Follow(context.Background(), id)
	require.NoError(t, err)
	return view.FollowUp
}

func TestRefundIsRecordedSentShownAndPrinted(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		order := s.paid(t, "k1", 1250, false)
		f := s.done(t, order, "r1", refund, 500)
		require.Equal(t, followup.Approved, f.State)
		require.Zero(t, f.Unprinted)
		require.Equal(t, []string{
			"payment-requested", "outcome-shown", "receipt-printed", "receipt-printed",
			"follow-up-requested", "follow-up-shown", "receipt-printed", "receipt-printed",
		}, s.journal.types(t))
		asked := s.cloud.sent[len(s.cloud.sent)-1].followUp
		require.EqualValues(t, 2, asked.GetVoucher(), "a voucher of its own")
		require.Equal(t, "102290053110001", asked.GetMerchantId())
		require.Empty(t, s.cloud.sent[len(s.cloud.sent)-1].secret)
		require.EqualValues(t, 500, s.sale(t, order).Sale.Standing().GetRefunded(), "the sale shows it")
		require.EqualValues(t, 2, s.begunVoucher(t)-1, "and the next sale counts on")

		slips := s.printer.Documents()
		require.Len(t, slips, 4)
		slip := text(slips[2])
		for _, words := range []string{
			"退货 REFUND", "顾客联", "¥5.00", "原凭证号 ORIG VOUCHER 000001", "原参考号 ORIG REF 260501000001", "原金额 ORIG AMOUNT ¥12.50",
			"剩余可退 REFUNDABLE ¥7.50", "001234******5678", "凭证号 VOUCHER 000002", "备注 NOTE 试办", "https://check.example/r/",
		} {
			require.Contains(t, slip, words)
		}
		printed := unmarshal(t, s.journal.records[len(s.journal.records)-1], &message.ReceiptPrinted{})
		require.Equal(t, f.ID[:], printed.GetFollowUpId(), "the record says whose slip it was")
	})
}

// begunVoucher begins a sale and returns its number.
func (s *shop) begunVoucher(t *testing.T) uint32 {
	t.Helper()
	view := s.begin(t, "later")
	return view.Sale.Voucher
}

func TestRefundsNeverExceedWhatWasPaid(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		order := s.paid(t, "k1", 1250, false)
		require.Equal(t, followup.Approved, s.done(t, order, "r1", refund, 1000).State)
		_, err := s.do(order, "r2", station.FollowUpWish{Kind: refund, Amount: 251})
		requireRefused(t, err, catalogue.RefuseMoreThanLeft)
		_, err = s.do(order, "v1", station.FollowUpWish{Kind: void})
		requireRefused(t, err, catalogue.RefuseMoreThanLeft)
		require.Equal(t, followup.Approved, s.done(t, order, "r3", refund, 250).State)
		_, err = s.do(order, "r4", station.FollowUpWish{Kind: refund, Amount: 1})
		requireRefused(t, err, catalogue.RefuseNothingLeft)
		require.Equal(t, 2, s.cloud.count(record.FollowUpRequested))
		require.Equal(t, catalogue.TitleGoneBack.Text(), s.sale(t, order).Title)
	})
}

func TestCloudDecidesWhatElsewhereWasDone(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		order := s.paid(t, "k1", 1250, false)
		s.cloud.change(func() { b.orders[string(order[:])].Refunded = 1000 }) // at another till
		f := s.done(t, order, "r1", refund, 500)
		require.Equal(t, followup.Declined, f.State)
		require.Equal(t, message.Reason_REASON_LIMIT_EXCEEDED, f.Result.GetReason())
		require.Len(t, s.printer.Documents(), 2, "no slip for what was not done")
		require.EqualValues(t, 1000, s.sale(t, order).Sale.Standing().GetRefunded(), "and this till knows now")
		_, err := s.do(order, "r2", station.FollowUpWish{Kind: refund, Amount: 500})
		requireRefused(t, err, catalogue.RefuseMoreThanLeft)
	})
}

func TestUnknownFollowUpIsPursuedAndHoldsNothing(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		order := s.paid(t, "k1", 1250, false)
		s.cloud.change(func() { b.silent = true })
		f := s.done(t, order, "r1", refund, 1000)
		require.Equal(t, followup.Asking, f.State)
		_, err := s.do(order, "r2", station.FollowUpWish{Kind: refund, Amount: 251})
		requireRefused(t, err, catalogue.RefuseFollowUpOpen)
		_, err = s.do(order, "v1", station.FollowUpWish{Kind: void})
		requireRefused(t, err, catalogue.RefuseFollowUpOpen)
		other := s.paid(t, "k2", 700, false) // the till goes on
		require.NotEqual(t, order, other)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		require.Equal(t, followup.Unknown, s.followUp(t, f.ID).State)
		status, err := s.till.Status(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, status.Pursued, "and somebody can see it")
		require.Zero(t, s.sale(t, order).Sale.Standing().GetRefunded(), "nothing is claimed before it is definite")
		time.Sleep(10 * time.Minute)
		require.Greater(t, s.cloud.count(record.FollowUpRequested), 40, "it is asked about eagerly, then slowly")
		s.cloud.change(func() { b.silent = false })
		time.Sleep(31 * time.Second)
		synctest.Wait()
		require.Equal(t, followup.Approved, s.followUp(t, f.ID).State)
		require.Len(t, b.done, 1, "asked often, done once")
		asked := s.cloud.count(record.FollowUpRequested)
		time.Sleep(time.Hour)
		require.Equal(t, asked, s.cloud.count(record.FollowUpRequested), "and asked no more")
	})
}

func TestSecondPressIsTheSameFollowUp(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		order := s.paid(t, "k1", 1250, false)
		first := s.done(t, order, "r1", refund, 100)
		again, err := s.do(order, "r1", station.FollowUpWish{Kind: refund, Amount: 100})
		require.NoError(t, err)
		require.Equal(t, first.ID, again.FollowUp.ID)
		_, err = s.do(order, "r1", station.FollowUpWish{Kind: refund, Amount: 101})
		requireRefused(t, err, catalogue.RefuseKeyReused)
		_, err = s.do(order, "k1", station.FollowUpWish{Kind: refund, Amount: 100})
		requireRefused(t, err, catalogue.RefuseKeyReused)
		s.stop()
		s.open(t)
		synctest.Wait()
		again, err = s.do(order, "r1", station.FollowUpWish{Kind: refund, Amount: 100})
		require.NoError(t, err)
		require.Equal(t, first.ID, again.FollowUp.ID, "after a restart too")
		require.Len(t, b.done, 1)
	})
}

func TestRestartAsksWithTheSameRecord(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		order := s.paid(t, "k1", 1250, false)
		s.cloud.change(func() { b.silent = true })
		f := s.done(t, order, "v1", void, 0)
		s.stop()
		before := len(s.printer.Documents())
		s.open(t)
		synctest.Wait()
		require.Equal(t, followup.Unknown, s.followUp(t, f.ID).State)
		s.cloud.change(func() { b.silent = false })
		time.Sleep(4 * time.Second)
		synctest.Wait()
		require.Equal(t, followup.Approved, s.followUp(t, f.ID).State)
		sequences := map[uint64]bool{}
		for _, one := range s.cloud.sent {
			if one.followUp != nil {
				sequences[one.sequence] = true
			}
		}
		require.Len(t, sequences, 1, "one record asks for ever")
		require.Len(t, s.printer.Documents(), before+2)
		require.Contains(t, text(s.printer.Documents()[before]), "撤销 VOID")
		require.Equal(t, catalogue.TitleGoneBack.Text(), s.sale(t, order).Title)
		require.EqualValues(t, 3, s.begunVoucher(t), "numbers count on")
	})
}

func TestNothingHappensWithoutTheJournal(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		order := s.paid(t, "k1", 1250, false)
		s.journal.change(func() { s.journal.fail = errors.New("disk") })
		_, err := s.do(order, "r1", station.FollowUpWish{Kind: refund, Amount: 100})
		requireRefused(t, err, catalogue.RefuseJournal)
		require.Zero(t, s.cloud.count(record.FollowUpRequested))
		s.journal.change(func() { s.journal.fail = nil })
		require.Equal(t, followup.Approved, s.done(t, order, "r1", refund, 100).State)
	})
}

func TestWholeLifeOfAHold(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		order := s.paid(t, "h1", 10000, true)
		require.True(t, s.cloud.sent[0].payment.GetHold())
		require.Equal(t, catalogue.TitleHeld.Text(), s.sale(t, order).Title)
		require.Contains(t, text(s.printer.Documents()[0]), "预授权 HOLD")
		holds, err := s.till.Sales(t.Context(), 10, true)
		require.NoError(t, err)
		require.Len(t, holds, 1)
		_, err = s.do(order, "v1", station.FollowUpWish{Kind: void})
		requireRefused(t, err, catalogue.RefuseKindUnfit)
		_, err = s.do(order, "u0", station.FollowUpWish{Kind: undo})
		requireRefused(t, err, catalogue.RefuseNoCompletion)

		require.Equal(t, followup.Approved, s.done(t, order, "t1", topUp, 5000).State)
		first := s.done(t, order, "c1", complete, 7000)
		slip := text(s.printer.Documents()[4])
		require.Contains(t, slip, "预授权完成 COMPLETION")
		require.Contains(t, slip, "累计完成 COMPLETED ¥70.00")
		require.Contains(t, slip, "剩余冻结 STILL HELD ¥80.00")
		require.Equal(t, followup.Approved, s.done(t, order, "u1", undo, 0).State)
		require.Equal(t, first.ID, s.followUpsOf(t, order)[2].Undoes, "the latest completion")
		require.EqualValues(t, 0, s.sale(t, order).Sale.Standing().GetPaid())
		require.Equal(t, followup.Approved, s.done(t, order, "c2", complete, 6000).State)
		released := s.done(t, order, "x1", cancel, 0)
		require.EqualValues(t, 9000, released.Moved().Minor, "the cloud says how much")
		_, err = s.do(order, "c3", station.FollowUpWish{Kind: complete, Amount: 1})
		requireRefused(t, err, catalogue.RefuseHoldEnded)
		require.Equal(t, followup.Approved, s.done(t, order, "r1", refund, 6000).State, "what was completed can be refunded")
		holds, err = s.till.Sales(t.Context(), 10, true)
		require.NoError(t, err)
		require.Empty(t, holds)
		require.Len(t, s.followUpsOf(t, order), 6)
	})
}

// TestRefundOfAHoldAddsUp: it was held for less than was completed, so the slip says what was completed.
func TestRefundOfAHoldAddsUp(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		order := s.paid(t, "h1", 30000, true)
		s.done(t, order, "t1", topUp, 4900)
		s.done(t, order, "c1", complete, 34900)
		s.done(t, order, "r1", refund, 10000)
		slips := s.printer.Documents()
		slip := text(slips[len(slips)-1])
		for _, words := range []string{
			"退货 REFUND", "原金额 ORIG AMOUNT ¥300.00", "¥100.00", "累计完成 COMPLETED ¥349.00", "剩余可退 REFUNDABLE ¥249.00",
		} {
			require.Contains(t, slip, words)
		}
		require.NotContains(t, slip, "STILL HELD")
	})
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		s.done(t, s.paid(t, "k1", 1250, false), "r1", refund, 100)
		require.NotContains(t, text(s.printer.Documents()[2]), "COMPLETED", "a payment was not completed of anything")
	})
}

func (s *shop) followUpsOf(t *testing.T, order checkout.OrderID) []followup.FollowUp {
	t.Helper()
	views, err := s.till.FollowUps(t.Context(), order)
	require.NoError(t, err)
	var all []followup.FollowUp
	for _, view := range views {
		all = append(all, view.FollowUp)
	}
	return all
}

func TestExpiryIsRecordedAndShown(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		order := s.paid(t, "h1", 10000, true)
		records := len(s.journal.types(t))
		result := proto.CloneOf(s.sale(t, order).Sale.Result)
		result.Revision, result.Standing.Closed = 9, true
		s.cloud.results <- result
		s.cloud.results <- proto.CloneOf(result)
		synctest.Wait()
		require.Equal(t, catalogue.TitleHoldEnded.Text(), s.sale(t, order).Title)
		require.Equal(t, []string{"outcome-shown"}, s.journal.types(t)[records:], "once")
	})
}

func TestFollowUpsAreRefused(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		order := s.paid(t, "k1", 1250, false)
		for name, test := range map[string]struct {
			order  checkout.OrderID
			wish   station.FollowUpWish
			phrase catalogue.Phrase
		}{
			"no such order":         {checkout.OrderID{9}, station.FollowUpWish{Kind: void}, catalogue.RefuseNoSale},
			"refund of nothing":     {order, station.FollowUpWish{Kind: refund}, catalogue.RefuseAmount},
			"refund of a fortune":   {order, station.FollowUpWish{Kind: refund, Amount: 1 << 50}, catalogue.RefuseAmount},
			"void of a part":        {order, station.FollowUpWish{Kind: void, Amount: 1}, catalogue.RefuseAmount},
			"cancel with an amount": {order, station.FollowUpWish{Kind: cancel, Amount: 1}, catalogue.RefuseAmount},
			"complete a payment":    {order, station.FollowUpWish{Kind: complete, Amount: 1}, catalogue.RefuseKindUnfit},
		} {
			_, err := s.do(test.order, name, test.wish)
			require.ErrorIs(t, err, &station.Refusal{Phrase: test.phrase}, name)
		}
		s.cloud.stopped = "another copy"
		_, err := s.do(order, "r1", station.FollowUpWish{Kind: refund, Amount: 1})
		requireRefused(t, err, catalogue.RefuseStopped)
		require.Zero(t, s.cloud.count(record.FollowUpRequested))
	})
	t.Run("what was never paid", func(t *testing.T) {
		inShop(t, decline, func(t *testing.T, s *shop) {
			begun := s.begin(t, "k1")
			s.scanner.Scan(customerCode)
			synctest.Wait()
			_, err := s.do(begun.Sale.OrderID, "r1", station.FollowUpWish{Kind: refund, Amount: 100})
			requireRefused(t, err, catalogue.RefuseNotApproved)
		})
	})
}

func TestFollowUpsSlipWithSubstitutesIsTold(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		order := s.paid(t, "k1", 1250, false)
		s.printer.Alter(true)
		f := s.done(t, order, "r1", refund, 100)
		view, err := s.till.Follow(t.Context(), f.ID)
		require.NoError(t, err)
		require.Equal(t, catalogue.NoticePrintAltered.Text(), view.Notice)
		require.Equal(t, checkout.MerchantCopy|checkout.CustomerCopy, view.FollowUp.Altered)
		require.NotNil(t, s.printerNotice(t))
	})
}

func TestReprintedFollowUpSaysSo(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		order := s.paid(t, "k1", 1250, false)
		f := s.done(t, order, "r1", refund, 100)
		_, err := s.till.ReprintFollowUp(t.Context(), f.ID, checkout.CustomerCopy)
		require.NoError(t, err)
		synctest.Wait()
		slips := s.printer.Documents()
		require.Len(t, slips, 5)
		require.Contains(t, text(slips[4]), "重印 REPRINT")
		require.Contains(t, text(slips[4]), "退货 REFUND")
		all := s.journal.all()
		printed := unmarshal(t, all[len(all)-1], &message.ReceiptPrinted{})
		require.True(t, printed.GetReprint())
		require.Equal(t, f.ID[:], printed.GetFollowUpId())
		require.Equal(t, order[:], printed.GetOrderId())
		_, err = s.till.ReprintFollowUp(t.Context(), followup.ID{1}, checkout.CustomerCopy)
		requireRefused(t, err, catalogue.RefuseNoFollowUp)
	})
}

// TestStandingsThatOvertakeEachOther: two answers cross, and what the older one says of the order is no news.
func TestStandingsThatOvertakeEachOther(t *testing.T) {
	inDesk(t, func(t *testing.T, s *shop, b *books) {
		s.cloud.change(func() { b.silent = true })
		here := s.paid(t, "k1", 1250, false)
		s.cloud.change(func() {
			s.cloud.answerLookup = func(asked *message.OrderLookup, times int) *message.OrderFound {
				found := foreign(asked, times)
				found.Payment.Amount, found.Payment.Revision = 1250, 2
				found.Payment.Standing = &message.Standing{Paid: 1250, Revision: 2}
				return found
			}
		})
		_, err := s.till.Lookup(context.Background(), station.Wanted{Order: checkout.OrderID(elsewhere)})
		require.NoError(t, err)
		for _, order := range []checkout.OrderID{here, checkout.OrderID(elsewhere)} {
			one := s.done(t, order, order.String()+"1", refund, 100)
			two := s.done(t, order, order.String()+"2", refund, 200)
			s.answerRefund(two, &message.Standing{Paid: 1250, Refunded: 300, Revision: 4})
			s.answerRefund(one, &message.Standing{Paid: 1250, Refunded: 100, Revision: 3})
			require.Equal(t, followup.Approved, s.followUp(t, one.ID).State)
			_, err = s.do(order, order.String()+"3", station.FollowUpWish{Kind: refund, Amount: 951})
			requireRefused(t, err, catalogue.RefuseMoreThanLeft)
		}
		s.cloud.results <- &message.PaymentResult{
			OrderId: here[:], Stage: message.Stage_STAGE_FINAL, Outcome: message.Outcome_OUTCOME_APPROVED, Revision: 3,
			Amount: 1250, Currency: "CNY", Standing: &message.Standing{Paid: 1250, Refunded: 100, Revision: 3},
		}
		synctest.Wait()
		require.EqualValues(t, 300, s.sale(t, here).Sale.Standing().GetRefunded(), "a payment-result is overtaken as well")
	})
}

// answerRefund has the cloud say that a refund was carried out, and how its order stands.
func (s *shop) answerRefund(f followup.FollowUp, standing *message.Standing) {
	order := f.Order()
	s.cloud.follow <- &message.FollowUpResult{
		FollowUpId: f.ID[:], OrderId: order[:], Kind: f.Kind, Outcome: message.Outcome_OUTCOME_APPROVED,
		Amount: f.Amount.Minor, Currency: "CNY", Reference: "123456789012", Revision: 2, Standing: standing,
	}
	synctest.Wait()
}
