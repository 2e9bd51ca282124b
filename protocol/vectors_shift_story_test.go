package protocol_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/closing"
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
	byCode   = message.Method_METHOD_CODE
	byTap    = message.Method_METHOD_TAP
	byShown  = message.Method_METHOD_SHOWN
)

// elsewhere is what another terminal of the merchant took.
var elsewhere = orderID(0x63)

func reference(n int64) string { return fmt.Sprintf("2611180%05d", n) }

// tellDay tells the shift.
func (w *world) tellDay(t *testing.T, g *golden) {
	t.Helper()
	d := &day{w: w, g: g, at: 900_120, number: 100}
	limits := limits(1, micro(d.at))
	d.did(t, record.LimitsTaken, &message.OfflineLimitsTaken{Answer: d.heard(t, record.OfflineLimits, limits)})
	d.at = 1_000_000
	opened := micro(d.at)
	d.did(t, record.ShiftOpened, &message.ShiftOpened{ShiftId: shiftID, Cashier: "01", Batch: 2, Float: 20_000, Currency: "CNY"})
	d.did(t, record.CashMoved, &message.CashMoved{ShiftId: shiftID, Cashier: "01", Amount: -5_000, Currency: "CNY",
		Note: "兑零", Key: "cash-1"})
	sale := d.sales(t)
	d.refusals(t)
	d.lookups(t)
	d.hold(t)
	d.superseded(t)
	open := d.leftOpen(t, sale)
	d.acknowledged(t)
	first, second, back := d.offline(t, limits.GetLimitsId())
	closed := d.closes(t, opened)
	d.comesBack(t, first, second, back)
	d.does(t, open, 600, &message.Standing{Paid: 2100, Refunded: 600})
	blocked := limitsBlocking(2, micro(d.at), transactionOf(t, first.GetCardTransaction()))
	d.did(t, record.LimitsTaken, &message.OfflineLimitsTaken{Answer: d.heard(t, record.OfflineLimits, blocked)})
	d.completes(t, closed)
	d.acknowledged(t)
	require.EqualValues(t, dayEnd, w.sequence)
}

// sales are a sale that stays and one that is voided, with the slip of that.
func (d *day) sales(t *testing.T) *message.PaymentRequested {
	t.Helper()
	sale := d.pay(0x05, byCode, 2100)
	d.scanned(t, sale, "0112345678900012005")
	d.decided(t, sale, paid(&message.Standing{Paid: 2100}))
	mistake := d.pay(0x06, byCode, 900)
	d.scanned(t, mistake, "0112345678900012006")
	d.decided(t, mistake, paid(&message.Standing{Paid: 900}))
	voided := d.asks(t, 0x01, mistake.GetOrderId(), void, 0)
	d.does(t, voided, 900, &message.Standing{Paid: 900, Refunded: 900, Closed: true})
	d.did(t, record.ReceiptPrinted, &message.ReceiptPrinted{OrderId: mistake.GetOrderId(), FollowUpId: voided.GetFollowUpId(),
		Copy: message.ReceiptPrinted_COPY_MERCHANT, Result: message.ReceiptPrinted_RESULT_DONE})
	return sale
}

// refusals are follow-ups that the cloud declines: the shift of the first life is over, nobody knows the order, and the
// tap was taken back.
func (d *day) refusals(t *testing.T) {
	t.Helper()
	d.refuses(t, d.asks(t, 0x02, codeOrder, void, 0), message.Reason_REASON_SHIFT_CLOSED)
	d.refuses(t, d.asks(t, 0x03, orderID(0x62), refund, 100), message.Reason_REASON_UNKNOWN_ORDER)
	d.refuses(t, d.asks(t, 0x04, tapOrder, refund, 880), message.Reason_REASON_NOT_PAID)
}

// lookups find another terminal's order by its number, which is then refunded here, and do not find another.
func (d *day) lookups(t *testing.T) {
	t.Helper()
	d.at += 5_000
	d.did(t, record.OrderLookup, &message.OrderLookup{LookupId: lookupID(1), Reference: reference(77), Cashier: "01"})
	d.heard(t, record.OrderFound, &message.OrderFound{LookupId: lookupID(1), Found: true, Method: byShown,
		RequestedAt: micro(700_000), Terminal: "10000002", Batch: 12, Voucher: 7, Payment: &message.PaymentResult{
			OrderId: elsewhere, Outcome: message.Outcome_OUTCOME_APPROVED, Stage: message.Stage_STAGE_FINAL, Amount: 4200,
			Currency: "CNY", Reference: reference(77), Authorisation: "Z9Y8X7", OperatorCode: "ICBC", PayerOperator: "ABC",
			WalletMasked: "001300******0042", DecidedAt: micro(703_000), Revision: 2, Standing: &message.Standing{Paid: 4200}}})
	d.did(t, record.OrderLookup, &message.OrderLookup{LookupId: lookupID(2), OrderId: orderID(0x62), Cashier: "01"})
	d.heard(t, record.OrderFound, &message.OrderFound{LookupId: lookupID(2)})
	d.does(t, d.asks(t, 0x05, elsewhere, refund, 500, func(f *message.FollowUpRequested) { f.Note = "少一件" }), 500,
		&message.Standing{Paid: 4200, Refunded: 500})
}

// hold is held, topped up, completed in part, undone and cancelled; what comes after its end is declined.
func (d *day) hold(t *testing.T) {
	t.Helper()
	held := d.pay(0x07, byCode, 30_000)
	held.Hold, held.HoldExpires = true, micro(d.at+7*24*3_600_000)
	standing := func(paid, held int64, closed bool, expires int64) *message.Standing {
		return &message.Standing{Hold: true, Paid: paid, Held: held, Closed: closed, HoldExpires: expires}
	}
	d.scanned(t, held, "0112345678900012007")
	expires, order := held.GetHoldExpires(), held.GetOrderId()
	d.decided(t, held, paid(standing(0, 30_000, false, expires)))
	d.does(t, d.asks(t, 0x06, order, topUp, 5_000), 5_000, standing(0, 35_000, false, expires))
	d.does(t, d.asks(t, 0x07, order, complete, 12_000), 12_000, standing(12_000, 35_000, false, expires))
	back := d.asks(t, 0x08, order, undo, 0, func(f *message.FollowUpRequested) { f.Undoes = followUpID(0x07) })
	d.does(t, back, 12_000, standing(0, 35_000, false, expires))
	d.does(t, d.asks(t, 0x09, order, cancel, 0), 35_000, standing(0, 35_000, true, expires))
	last := d.asks(t, 0x0a, order, complete, 1_000, func(f *message.FollowUpRequested) { f.Last = true })
	d.refuses(t, last, message.Reason_REASON_HOLD_ENDED)
}

// superseded is a shown code that a scan takes the place of, in one commit, and a customer who forgot the password.
func (d *day) superseded(t *testing.T) {
	t.Helper()
	shown := d.pay(0x08, byShown, 1500)
	shown.GiveUp = micro(d.at + 120_000)
	d.did(t, record.PaymentRequested, shown)
	result := &message.PaymentResult{OrderId: shown.GetOrderId(), Outcome: message.Outcome_OUTCOME_UNKNOWN,
		Stage: message.Stage_STAGE_AWAITING_CUSTOMER, Amount: 1500, Currency: "CNY", Reference: reference(90), OperatorCode: "ICBC",
		ShownCode: "https://pay.example/q/9F3B", ShownCodeExpires: micro(d.at + 119_000), NextAt: micro(d.at + 3_000), Revision: 2}
	d.heard(t, record.PaymentResult, result)
	instead := d.pay(0x09, byCode, 1500)
	instead.Supersedes = shown.GetOrderId()
	d.did(t, record.OutcomeShown, &message.OutcomeShown{OrderId: shown.GetOrderId(), Result: result,
		Outcome: message.Outcome_OUTCOME_UNKNOWN})
	d.did(t, record.ReversalRequested, &message.ReversalRequested{OrderId: shown.GetOrderId(), PaymentSequence: shownOrder,
		Reason: message.Reason_REASON_SUPERSEDED})
	d.scanned(t, instead, "0112345678900012009")
	d.decided(t, shown, func(r *message.PaymentResult) {
		r.Outcome, r.Reason = message.Outcome_OUTCOME_REVERSED, message.Reason_REASON_SUPERSEDED
		r.Reference, r.PayerOperator, r.WalletMasked, r.Revision = reference(90), "", "", 4
	})
	d.decided(t, instead, paid(&message.Standing{Paid: 1500}))

	large := d.pay(0x0a, byCode, 500_000)
	d.scanned(t, large, "0112345678900012010")
	d.heard(t, record.PaymentResult, &message.PaymentResult{OrderId: large.GetOrderId(), Outcome: message.Outcome_OUTCOME_UNKNOWN,
		Stage: message.Stage_STAGE_AWAITING_PASSWORD, Amount: 500_000, Currency: "CNY", Reference: reference(d.number + 1),
		OperatorCode: "ICBC", NextAt: micro(d.at + 3_000), Revision: 2})
	d.decided(t, large, func(r *message.PaymentResult) {
		declined(message.Reason_REASON_VERIFICATION_FAILED)(r)
		r.Revision = 3
	})
}

// leftOpen is a refund that nobody has an answer to yet, which counts as done all the same: the next one is too much.
func (d *day) leftOpen(t *testing.T, sale *message.PaymentRequested) *message.FollowUpRequested {
	t.Helper()
	open := d.asks(t, 0x0b, sale.GetOrderId(), refund, 600)
	require.EqualValues(t, openRefund, d.w.sequence)
	result := &message.FollowUpResult{FollowUpId: open.GetFollowUpId(), OrderId: open.GetOrderId(), Kind: refund,
		Outcome: message.Outcome_OUTCOME_UNKNOWN, Amount: 600, Currency: "CNY", Reference: reference(91), OperatorCode: "ICBC",
		NextAt: micro(d.at + 4_000), Revision: 1, Standing: &message.Standing{Paid: 2100, Refunded: 600}}
	d.heard(t, record.FollowUpResult, result)
	d.at += 5_000
	d.did(t, record.FollowUpShown, &message.FollowUpShown{FollowUpId: open.GetFollowUpId(), OrderId: open.GetOrderId(),
		Result: result, Outcome: message.Outcome_OUTCOME_UNKNOWN})
	d.refuses(t, d.asks(t, 0x0c, sale.GetOrderId(), refund, 2000), message.Reason_REASON_LIMIT_EXCEEDED)
	return open
}

// closes ends the shift while the refund is open and the cloud away.
func (d *day) closes(t *testing.T, opened int64) *message.ShiftClosed {
	t.Helper()
	d.at += 60_000
	closed := &message.ShiftClosed{ShiftId: shiftID, Cashier: "01", Batch: 2, Revision: 1, Provisional: true, OpenedAt: opened,
		ClosedAt: micro(d.at), FirstSequence: shiftFirst, LastSequence: shiftLast,
		Lines: []*message.ShiftLine{
			{Method: closing.Code, Sales: 3, SalesAmount: 4500, Refunds: 1, RefundsAmount: 900, Counted: proto.Int64(3600)},
			{Method: closing.OfflineTap, Sales: 2, SalesAmount: 900, Refunds: 1, RefundsAmount: 200},
			{Method: closing.Hold, Sales: 1, SalesAmount: 12_000, Refunds: 1, RefundsAmount: 12_000, Counted: proto.Int64(0)},
			{Method: closing.Other, Refunds: 1, RefundsAmount: 500},
			{Method: closing.Cash, Counted: proto.Int64(14_990)},
		},
		OpenOrders: [][]byte{followUpID(0x0b)}, Currency: "CNY", Float: 20_000, CashMoved: -5_000, CashCounted: 14_990,
		ApprovedBy: "店长"}
	d.w.sign(t, closed)
	d.did(t, record.ShiftClosed, closed)
	require.EqualValues(t, shiftClose1, d.w.sequence)
	return closed
}

// completes ends it for good. The message has a field that nobody knows yet, which is signed too, and comes with its
// fields in another order.
func (d *day) completes(t *testing.T, provisional *message.ShiftClosed) {
	t.Helper()
	closed := proto.CloneOf(provisional)
	closed.Revision, closed.Provisional, closed.OpenOrders = 2, false, nil
	closed.Lines[0].Refunds, closed.Lines[0].RefundsAmount = 2, 1500
	closed.ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 99, protowire.VarintType), 7))
	d.w.sign(t, closed)
	d.more(t, happened{kind: record.ShiftClosed, body: closed, turned: true})
}
