package audit_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/chaos/audit"
)

// follow has something done with an order; received is what the ledger has of it.
func (d *day) follow(n int, followUp, kind string, amount, received int64) {
	d.asks(n, followUp, kind, amount)
	d.write(audit.Record{Type: audit.TypeFollowed, Order: id(n), Outcome: audit.Approved, Amount: amount, FollowUp: followUp})
	d.Entries = append(d.Entries, audit.Entry{Order: id(n), Kind: kind, Part: followUp, Received: received})
}

// whole is a shift with everything in it: a sale, a hold that was raised, completed, undone and completed again, and an
// offline payment that was given back in part before the cloud had it.
func whole() *day {
	d := newDay()
	d.write(audit.Record{Type: audit.TypeLimits, Limits: &audit.Limits{ID: "l", PaymentMax: 500, WalletMax: 900, TotalMax: 800,
		WalletCountMax: 10, CountMax: 20}})
	d.write(audit.Record{Type: audit.TypeOpened, Shift: &audit.Shift{ID: "s", Batch: 7}})
	d.sell(1, 1250, audit.Approved)
	d.write(audit.Record{Type: audit.TypeRequested, Order: id(2), Amount: 10000, Method: "code", Hold: true})
	d.write(audit.Record{Type: audit.TypeShown, Order: id(2), Outcome: audit.Approved})
	d.follow(2, "t", audit.TopUp, 500, 0)
	d.follow(2, "c", audit.Complete, 10500, 10500)
	d.follow(2, "u", audit.Undo, 10500, -10500)
	d.follow(2, "d", audit.Complete, 8000, 8000)
	d.follow(2, "x", audit.Cancel, 2500, 0)
	d.Told = append(d.Told, audit.Told{Order: id(2), Terminal: till, Amount: 10000, Outcome: audit.Approved, Hold: true, Returned: -8000})
	d.Bank = append(d.Bank, audit.BankOrder{Order: id(2), Amount: 10000, Debited: 18500, Credited: 10500, Hold: true})
	d.Payments = append(d.Payments, audit.Payment{Order: id(2), Terminal: till, Amount: 10000, Outcome: audit.Approved, Final: true})

	d.write(audit.Record{Type: audit.TypeRequested, Order: id(3), Amount: 400, Method: "tap", Signed: true,
		Offline: &audit.Offline{Limits: "l", Total: 400, Count: 1}})
	d.write(audit.Record{Type: audit.TypeShown, Order: id(3), Outcome: audit.Approved})
	d.asks(3, "r", audit.Refund, 150)
	d.write(audit.Record{Type: audit.TypeFollowed, Order: id(3), Outcome: audit.Approved, FollowUp: "r"}) // the till's own word
	d.write(audit.Record{Type: audit.TypeShown, Order: id(3), Outcome: audit.Approved})
	d.write(audit.Record{Type: audit.TypeFollowed, Order: id(3), Outcome: audit.Approved, Amount: 150, FollowUp: "r"})
	d.Entries = append(d.Entries, audit.Entry{Order: id(3), Kind: "sale", Received: 400},
		audit.Entry{Order: id(3), Kind: "refund", Part: "r", Received: -150})
	d.Told = append(d.Told, audit.Told{Order: id(3), Terminal: till, Amount: 400, Outcome: audit.Approved, Returned: 150})
	d.Bank = append(d.Bank, audit.BankOrder{Order: id(3), Amount: 400, Debited: 400, Credited: 150, Wallet: "w"})
	d.Payments = append(d.Payments, audit.Payment{Order: id(3), Terminal: till, Amount: 400, Outcome: audit.Approved, Final: true})
	d.Cards = append(d.Cards, audit.Card{Terminal: till, Wallet: "w", Spent: 400})

	last := uint64(len(d.Journals[0].Records))
	d.write(audit.Record{Type: audit.TypeClosed, Shift: &audit.Shift{ID: "s", Batch: 7, First: 2, Last: last,
		Sales: map[string]audit.Sum{"code": {Count: 1, Amount: 1250}, "hold": {Count: 2, Amount: 18500},
			"offline-tap": {Count: 1, Amount: 400}},
		Refunds: audit.Sum{Count: 2, Amount: 10650}}})
	d.Journals[0].Compared = map[string]bool{"s": true}
	return d
}

func TestWholeLifeAgrees(t *testing.T) {
	report := audit.Audit(whole().Evidence)
	require.Empty(t, report.Findings)
	require.Equal(t, []int{3, 1, 1, 6, 0, 1}, []int{report.Payments, report.Holds, report.Offline, report.FollowUps, report.Given, report.Shifts})
}

// record returns the nth record of a type.
func (d *day) record(kind string, n int) *audit.Record {
	for i := range d.Journals[0].Records {
		if r := &d.Journals[0].Records[i]; r.Type == kind {
			if n--; n < 0 {
				return r
			}
		}
	}
	return nil
}

// shift is what the shift's end says.
func (d *day) shift() *audit.Shift { return d.record(audit.TypeClosed, 0).Shift }

// TestDoctoredLife: whatever is changed in one of the books alone is found.
func TestDoctoredLife(t *testing.T) {
	offline := func(d *day) *audit.Offline { return d.record(audit.TypeRequested, 2).Offline }
	open := func(d *day, id string, batch int) {
		d.write(audit.Record{Type: audit.TypeOpened, Shift: &audit.Shift{ID: id, Batch: batch}})
	}
	for name, c := range map[string]struct {
		doctor func(d *day)
		kind   audit.Kind
		says   string
	}{
		"AHoldLeftBehind":         {func(d *day) { d.Bank[1].Held = 1 }, audit.Unexplained, "1 fen are held"},
		"AHoldThatIsASale":        {func(d *day) { d.Bank[1].Hold = false }, audit.Unexplained, "is a hold true in the journal"},
		"MoreThanWasHeld":         {func(d *day) { d.Bank[1].Credited = 0 }, audit.Doubled, "10500 fen were held and 18500 paid"},
		"ACompletionNobodyKnows":  {func(d *day) { d.Bank[1].Debited += 5 }, audit.Unexplained, "paid 8005 fen, the ledger has 8000"},
		"ToldOfNoCompletion":      {func(d *day) { d.Told[1].Returned = 0 }, audit.Unexplained, "told of 0 fen, the customer paid 8000"},
		"AFollowUpTwice":          {func(d *day) { d.asks(2, "t", audit.TopUp, 500) }, audit.Doubled, "requested twice"},
		"AShiftThatSaysMore":      {func(d *day) { d.shift().Sales["code"] = audit.Sum{Count: 2, Amount: 1250} }, audit.Unexplained, "shift s of 10000001 says"},
		"AShiftThatForgetsAHold":  {func(d *day) { delete(d.shift().Sales, "hold") }, audit.Unexplained, "shift s of 10000001 says"},
		"AShiftThatForgetsRefund": {func(d *day) { d.shift().Refunds.Count-- }, audit.Unexplained, "shift s of 10000001 says"},
		"AShiftNotCompleted":      {func(d *day) { d.shift().Provisional = true }, audit.Unexplained, "was never completed"},
		"AShiftNotCompared":       {func(d *day) { d.Journals[0].Compared = nil }, audit.Unexplained, "has not found shift s"},
		"AShiftWithoutAnEnd":      {func(d *day) { open(d, "n", 8) }, audit.Unexplained, "shift n of 10000001 has no end"},
		"ABatchNumberTwice":       {func(d *day) { open(d, "n", 7) }, audit.Unexplained, "gave batch number 7 after 7"},
		"TwoOpenShifts":           {func(d *day) { open(d, "n", 8); open(d, "m", 9) }, audit.Unexplained, "while n was open"},
		"OfflineBeyondTheTotal":   {func(d *day) { offline(d).Total = 801 }, audit.Unexplained, "were taken offline by limits"},
		"OfflineBeyondTheCount":   {func(d *day) { offline(d).Count = 11 }, audit.Unexplained, "were taken offline by limits"},
		"OfflineByNoLimits":       {func(d *day) { offline(d).Limits = "m" }, audit.Unexplained, "were taken offline by limits"},
		"OfflineBeyondOne":        {func(d *day) { d.record(audit.TypeLimits, 0).Limits.PaymentMax = 399 }, audit.Unexplained, "were taken offline by limits"},
		"OfflineThatCountsLess":   {func(d *day) { offline(d).Total = 399 }, audit.Unexplained, "were taken offline by limits"},
		"AnOfflineReturnNotDone": {func(d *day) { d.record(audit.TypeFollowed, 6).Outcome = audit.Declined }, audit.Unexplained,
			"the customer paid 250 fen, the journal has 400"},
		"ASignedCardNobodySaw": {func(d *day) { d.Bank[2].Debited, d.Bank[2].Credited = 0, 0 }, audit.Lost, "debited itself by 400 fen"},
	} {
		t.Run(name, func(t *testing.T) {
			d := whole()
			c.doctor(d)
			report := audit.Audit(d.Evidence)
			require.Positive(t, report.Count(c.kind), "%v", report.Findings)
			require.Contains(t, fmt.Sprint(report.Findings), c.says)
		})
	}
}

// TestSlipsOfHolds: what is done with a hold has slips of its own.
func TestSlipsOfHolds(t *testing.T) {
	slip := func(kind string) []audit.Paper {
		return audit.Read(till, []string{"签购单", "顾客联 CUSTOMER COPY", "交易类型 TYPE " + kind, "ORDER " + string(id(2)), "￥80.00"}, false)
	}
	for _, done := range []string{"追加预授权 TOP-UP", "预授权完成 COMPLETION", "预授权撤销 HOLD CANCEL", "预授权完成撤销 UNDO"} {
		papers := slip(done)
		require.Len(t, papers, 1)
		require.True(t, papers[0].Back, done)
		require.EqualValues(t, 8000, papers[0].Amount)
	}
	require.False(t, slip("预授权 HOLD")[0].Back, "the hold itself is none")
}
