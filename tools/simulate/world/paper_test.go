package world

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/protocol/message"
)

// counter is a till with one sale of 100.00 of which 30.00 were refunded, as its journal has it; nothing runs there.
func counter() *till {
	w := &World{loop: &loop{}, purchases: map[order]*purchase{}, faults: map[string]int{}}
	t := &till{world: w, name: "till 0", evidence: newEvidence()}
	t.printer = &printer{till: t, papers: map[print]int{}}
	p := &purchase{number: 1, till: t, amount: 100_00, order: order{1}, customer: &customer{name: "customer 0001"}}
	w.adoptAs(p, p.order)
	e := &t.evidence
	e.numbered(t, string(p.order[:]), number{1, 7})
	e.outcome(p.order)[message.Outcome_OUTCOME_APPROVED] = true
	e.numbered(t, refundItem, number{1, 8})
	*e.follow([]byte(refundItem)) = followed{id: refundItem, order: p.order, kind: message.FollowUp_FOLLOW_UP_REFUND, final: true, asked: 30_00,
		done: true, came: 30_00, amount: -30_00}
	return t
}

const refundItem = "a refund's number"

// slipOf is a slip as the product lays it out, as far as anybody reads it here.
func slipOf(kind, batch, voucher, amount string) drivers.Document {
	return drivers.Document{Blocks: []drivers.Block{
		drivers.Text{Content: "签购单"}, drivers.Text{Content: "顾客联 CUSTOMER COPY"},
		drivers.Pair{Label: "交易类型 TYPE", Value: kind}, drivers.Pair{Label: "批次号 BATCH", Value: batch},
		drivers.Pair{Label: "凭证号 VOUCHER", Value: voucher}, drivers.Pair{Label: "参考号 REF", Value: "000000000001"},
		drivers.Pair{Label: "订单号 ORDER", Value: "01000000000000000000000000000000"},
		drivers.Text{Content: amount, Align: drivers.Right, Bold: true}}}
}

func broken(t *till) []string {
	var names []string
	for _, v := range t.world.violations {
		names = append(names, v.Name)
	}
	return names
}

func TestSlipsSayWhatTheJournalSays(t *testing.T) {
	for name, c := range map[string]struct {
		slip   drivers.Document
		broken []string
	}{
		"OK":                     {slipOf(saleType, "000001", "000007", "¥100.00"), nil},
		"RefundOK":               {slipOf("退货 REFUND", "000001", "000008", "¥30.00"), nil},
		"AmountOfAnother":        {slipOf(saleType, "000001", "000007", "¥30.00"), []string{"receipt-amount"}},
		"RefundOfTheWhole":       {slipOf("退货 REFUND", "000001", "000008", "¥100.00"), []string{"receipt-amount"}},
		"NumberOfTheSale":        {slipOf("退货 REFUND", "000001", "000007", "¥30.00"), []string{"receipt-differs"}},
		"AnotherNumber":          {slipOf(saleType, "000002", "000007", "¥100.00"), []string{"receipt-differs"}},
		"AnotherKind":            {slipOf("撤销 VOID", "000001", "000008", "¥30.00"), []string{"receipt-differs"}},
		"HoldThatIsNone":         {slipOf(holdType, "000001", "000007", "¥100.00"), []string{"receipt-differs"}},
		"OfNothing":              {drivers.Document{}, []string{"receipt-of-nothing"}},
		"EndOfAShiftWithoutOne":  {drivers.Document{Blocks: []drivers.Block{drivers.Text{Content: "交班单"}}}, []string{"printed-before-recorded"}},
		"LookAtAShiftNeedsNoEnd": {drivers.Document{Blocks: []drivers.Block{drivers.Text{Content: "当班报表"}}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			till := counter()
			till.printer.read(c.slip)
			require.Equal(t, c.broken, broken(till))
		})
	}
}

// TestSlipsLeadToTheirSale: whoever scans a refund's bar code looks for the sale, not for the refund.
func TestSlipsLeadToTheirSale(t *testing.T) {
	const sale, refund, other = "000000000001", "000000000002", "000000000003"
	first := slipOf(saleType, "000001", "000007", "¥100.00")
	first.Blocks = append(first.Blocks, drivers.Barcode{Content: sale})
	for name, c := range map[string]struct {
		original, bars string
		broken         []string
	}{
		"OK": {sale, sale, nil}, "NothingToScan": {"", "", nil},
		"ItsOwn":        {sale, refund, []string{"receipt-differs"}},
		"OfAnotherSale": {other, other, []string{"receipt-differs"}},
	} {
		t.Run(name, func(t *testing.T) {
			till := counter()
			till.printer.read(first)
			back := slipOf("退货 REFUND", "000001", "000008", "¥30.00")
			back.Blocks[5] = drivers.Pair{Label: "办理号 FOLLOW-UP NO", Value: refund}
			if c.original != "" {
				back.Blocks = append(back.Blocks, drivers.Pair{Label: "原参考号 ORIG REF", Value: c.original}, drivers.Barcode{Content: c.bars})
			}
			till.printer.read(back)
			require.Equal(t, c.broken, broken(till))
			require.Equal(t, refund, till.world.purchases[order{1}].slips[1].reference)
		})
	}
	t.Run("ASaleWithTheBarsOfAnother", func(t *testing.T) {
		till := counter()
		wrong := slipOf(saleType, "000001", "000007", "¥100.00")
		wrong.Blocks = append(wrong.Blocks, drivers.Barcode{Content: other})
		till.printer.read(wrong)
		require.Equal(t, []string{"receipt-differs"}, broken(till))
	})
}

func TestRefundIsPrintedOnlyWithItsRecord(t *testing.T) {
	till := counter()
	till.evidence.followed[refundItem].done, till.evidence.followed[refundItem].final = false, false
	till.printer.read(slipOf("退货 REFUND", "000001", "000008", "¥30.00"))
	require.Equal(t, []string{"printed-before-recorded"}, broken(till))
}

func TestWhatIsRecordedAsPrintedCameOut(t *testing.T) {
	report := func(t *testing.T, result message.ReceiptPrinted_Result, followUp string) []byte {
		body, err := proto.Marshal(&message.ReceiptPrinted{OrderId: append([]byte{1}, make([]byte, 15)...), FollowUpId: []byte(followUp),
			Copy: message.ReceiptPrinted_COPY_CUSTOMER, Result: result})
		require.NoError(t, err)
		return body
	}
	const done, unconfirmed = message.ReceiptPrinted_RESULT_DONE, message.ReceiptPrinted_RESULT_UNCONFIRMED
	t.Run("OK", func(t *testing.T) {
		till := counter()
		till.printer.read(slipOf(saleType, "000001", "000007", "¥100.00"))
		till.evidence.printRecorded(till, report(t, done, ""))
		till.evidence.printRecorded(till, report(t, message.ReceiptPrinted_RESULT_NOT_STARTED, refundItem))
		till.checkPapers()
		require.Empty(t, broken(till))
	})
	t.Run("NeverPrinted", func(t *testing.T) {
		till := counter()
		till.evidence.printRecorded(till, report(t, unconfirmed, ""))
		till.checkPapers()
		require.Equal(t, []string{"never-printed"}, broken(till), "of the refund nothing says anything")
	})
	t.Run("NothingCameOut", func(t *testing.T) {
		till := counter()
		till.evidence.printRecorded(till, report(t, unconfirmed, ""))
		require.Empty(t, broken(till), "nobody knows")
		till.evidence.printRecorded(till, report(t, done, ""))
		require.Equal(t, []string{"recorded-not-printed"}, broken(till))
	})
	t.Run("OneSlipIsOneRecord", func(t *testing.T) {
		till := counter()
		till.printer.read(slipOf(saleType, "000001", "000007", "¥100.00"))
		till.evidence.printRecorded(till, report(t, done, ""))
		till.evidence.printRecorded(till, report(t, done, ""))
		require.Equal(t, []string{"recorded-not-printed"}, broken(till))
	})
	t.Run("EachCopyOfAJournalMayRecordIt", func(t *testing.T) {
		till := counter()
		till.printer.read(slipOf(saleType, "000001", "000007", "¥100.00"))
		before := till.evidence.copied()
		till.evidence.printRecorded(till, report(t, done, ""))
		till.evidence = before
		till.evidence.printRecorded(till, report(t, done, ""))
		require.Empty(t, broken(till))
	})
	t.Run("TheSaleIsNotTheRefund", func(t *testing.T) {
		till := counter()
		till.printer.read(slipOf(saleType, "000001", "000007", "¥100.00"))
		till.evidence.printRecorded(till, report(t, done, refundItem))
		require.Equal(t, []string{"recorded-not-printed"}, broken(till))
	})
	t.Run("PrintedAndNotRecorded", func(t *testing.T) {
		till := counter()
		till.printer.read(slipOf("退货 REFUND", "000001", "000008", "¥30.00"))
		till.evidence.printRecorded(till, report(t, unconfirmed, ""))
		till.evidence.printRecorded(till, report(t, message.ReceiptPrinted_RESULT_NOT_STARTED, refundItem))
		till.checkPapers()
		require.Equal(t, []string{"printed-not-recorded"}, broken(till))
	})
}

func TestNumbersAreGivenOnce(t *testing.T) {
	till := counter()
	till.evidence.numbered(till, refundItem, number{1, 8})
	require.Empty(t, broken(till), "made anew, it keeps its number")
	till.evidence.numbered(till, "another", number{1, 8})
	require.Equal(t, []string{"number-reused"}, broken(till))
}
