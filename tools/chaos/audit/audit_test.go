package audit_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/tools/chaos/audit"
)

const till = "10000001"

// id is an order id that differs in its last digits.
func id(n int) audit.Order { return audit.Order(fmt.Sprintf("%032x", n)) }

// day builds evidence that agrees, sale by sale.
type day struct{ audit.Evidence }

func newDay() *day {
	return &day{audit.Evidence{Journals: []audit.Journal{{Terminal: till, Stored: map[uint64]string{}}}}}
}

// write appends a record that the cloud has and has acknowledged.
func (d *day) write(r audit.Record) {
	j := &d.Journals[0]
	r.Sequence = uint64(len(j.Records) + 1)
	r.Digest = fmt.Sprint("digest of ", r.Sequence)
	j.Records = append(j.Records, r)
	j.Stored[r.Sequence], j.Acknowledged = r.Digest, r.Sequence
}

// sell adds a sale that ended so, as everybody saw it.
func (d *day) sell(n int, amount int64, outcome string) {
	order := id(n)
	d.Told = append(d.Told, audit.Told{Order: order, Terminal: till, Amount: amount, Outcome: outcome})
	if outcome == audit.Abandoned {
		d.write(audit.Record{Type: audit.TypeAbandoned, Order: order})
		return
	}
	d.write(audit.Record{Type: audit.TypeRequested, Order: order, Amount: amount, Method: "code"})
	if outcome == audit.Reversed {
		d.write(audit.Record{Type: audit.TypeShown, Order: order, Outcome: audit.Unknown})
		d.write(audit.Record{Type: audit.TypeReversal, Order: order})
	}
	d.write(audit.Record{Type: audit.TypeShown, Order: order, Outcome: outcome})
	d.print(order, amount, outcome, audit.CustomerCopy)
	bank := audit.BankOrder{Order: order, Amount: amount}
	switch outcome {
	case audit.Approved:
		d.print(order, amount, outcome, audit.MerchantCopy)
		bank.Debited = amount
		d.Entries = append(d.Entries, audit.Entry{Order: order, Kind: "sale", Received: amount})
	case audit.Reversed:
		bank.Debited, bank.Credited = amount, amount
		d.Entries = append(d.Entries, audit.Entry{Order: order, Kind: "sale", Received: amount},
			audit.Entry{Order: order, Kind: "reversal", Received: -amount})
	}
	d.Bank = append(d.Bank, bank)
	d.Payments = append(d.Payments, audit.Payment{Order: order, Terminal: till, Amount: amount, Outcome: outcome, Final: true})
}

// asks records that a follow-up was asked for.
func (d *day) asks(n int, followUp, kind string, amount int64) {
	d.write(audit.Record{Type: audit.TypeAsked, Order: id(n), FollowUp: followUp, Kind: kind, Amount: amount})
}

func (d *day) print(order audit.Order, amount int64, outcome, copy string) {
	d.write(audit.Record{Type: audit.TypePrinted, Order: order, Print: audit.PrintDone, Copy: copy})
	d.Papers = append(d.Papers, audit.Paper{Terminal: till, Order: order, Copy: copy, Outcome: outcome, Amount: amount, Whole: true})
}

// ordinary is a day with a sale of each kind: 1 approved, 2 declined, 3 reversed, 4 abandoned.
func ordinary() *day {
	d := newDay()
	d.write(audit.Record{Type: "epoch-opened"})
	d.sell(1, 1250, audit.Approved)
	d.sell(2, 300, audit.Declined)
	d.sell(3, 777, audit.Reversed)
	d.sell(4, 50, audit.Abandoned)
	return d
}

func TestAgreement(t *testing.T) {
	report := audit.Audit(ordinary().Evidence)
	require.Empty(t, report.Findings)
	require.Equal(t, 3, report.Payments)
	require.Equal(t, map[string]int{audit.Approved: 1, audit.Declined: 1, audit.Reversed: 1, audit.Abandoned: 1}, report.Tally)
}

// TestDoctoredBooks is the negative control: whatever is changed in one of the books alone is found.
func TestDoctoredBooks(t *testing.T) {
	journal := func(d *day) *audit.Journal { return &d.Journals[0] }
	for name, c := range map[string]struct {
		doctor func(d *day)
		kind   audit.Kind
		says   string
	}{
		"OneDebitMore": {func(d *day) { d.Bank[0].Debited *= 2 }, audit.Doubled, "of 1250 fen the operator debited 2500"},
		"ADebitAfterTheReversal": {func(d *day) { d.Bank[2].Debited *= 2 }, audit.Doubled,
			"of 777 fen the operator debited 1554 and gave back 777"},
		"ADebitOfNobodysOrder": {func(d *day) { d.Bank = append(d.Bank, audit.BankOrder{Order: id(9), Amount: 5, Debited: 5}) },
			audit.Lost, "nobody sold it"},
		"ADebitOfADeclinedOrder": {func(d *day) { d.Bank[1].Debited = 300 }, audit.Lost, "paid 300 fen, which the ledger does not know"},
		"ACreditMore":            {func(d *day) { d.Bank[0].Credited = 1 }, audit.Unexplained, "paid 1249 fen, the ledger has 1250"},
		"NoDebit":                {func(d *day) { d.Bank[0].Debited = 0 }, audit.Unexplained, "printed as paid"},
		"OpenAtTheOperator":      {func(d *day) { d.Bank[1].Open = true }, audit.Unexplained, "has not decided"},
		"OneEntryLess":           {func(d *day) { d.Entries = d.Entries[1:] }, audit.Lost, "which the ledger does not know"},
		"OneEntryMore":           {func(d *day) { d.Entries = append(d.Entries, d.Entries[0]) }, audit.Doubled, "has 2 sale entries"},
		"AnEntryOfAnotherAmount": {func(d *day) { d.Entries[0].Received++ }, audit.Doubled, "of 1250 fen the ledger received 1251"},
		"AnEntryOutOfBalance":    {func(d *day) { d.Entries[0].Sum = 3 }, audit.Unexplained, "sum to 3 fen"},
		"NoReversalEntry":        {func(d *day) { d.Entries = d.Entries[:2] }, audit.Unexplained, "paid 0 fen, the ledger has 777"},
		"OpenInTheCloud":         {func(d *day) { d.Payments[0].Final = false }, audit.Unexplained, "not definite in the cloud"},
		"OtherwiseInTheCloud":    {func(d *day) { d.Payments[1].Outcome = audit.Reversed }, audit.Unexplained, "reversed in the cloud"},
		"UnknownToTheCloud":      {func(d *day) { d.Payments = d.Payments[1:] }, audit.Lost, "the cloud has no payment"},
		"ARecordOnlyTheTillHas":  {func(d *day) { delete(journal(d).Stored, 3) }, audit.Lost, "record 3 of 10000001 was acknowledged"},
		"ARecordNeverSent": {func(d *day) { delete(journal(d).Stored, 3); journal(d).Acknowledged = 2 }, audit.Unexplained,
			"1 records of 10000001 never reached"},
		"ARecordOnlyTheCloudHas": {func(d *day) { journal(d).Stored[99] = "x" }, audit.Lost, "which the journal has lost"},
		"ARecordThatDiffers":     {func(d *day) { journal(d).Stored[2] = "x" }, audit.Unexplained, "another one in the cloud"},
		"AHoleInTheJournal": {func(d *day) { journal(d).Records = append(journal(d).Records[:1:1], journal(d).Records[2:]...) },
			audit.Lost, "record 3 follows 1"},
		"ABrokenChain":           {func(d *day) { journal(d).Damage = "chain broken" }, audit.Unexplained, "chain broken"},
		"ToldOtherwise":          {func(d *day) { d.Told[0].Outcome = audit.Declined }, audit.Unexplained, "told declined, the journal says approved"},
		"NeverTold":              {func(d *day) { d.Told[0].Outcome = audit.Unknown }, audit.Unexplained, "never learned"},
		"ToldOfAnotherAmount":    {func(d *day) { d.Told[0].Amount = 1251 }, audit.Unexplained, "told of 1251 fen"},
		"PaidAndNobodyTold":      {func(d *day) { d.Told = d.Told[1:] }, audit.Lost, "nobody sold it; the customer paid 1250 fen"},
		"ToldAndNotInAnyJournal": {func(d *day) { d.Told = append(d.Told, audit.Told{Order: id(8), Outcome: audit.Abandoned}) }, audit.Lost, "no journal knows it"},
		"SoldTwice":              {func(d *day) { d.Told = append(d.Told, d.Told[0]) }, audit.Doubled, "two sales were begun"},
		"ShownOtherwiseLater":    {func(d *day) { d.write(audit.Record{Type: audit.TypeShown, Order: id(1), Outcome: audit.Declined}) }, audit.Unexplained, "shown as declined after approved"},
		"RequestedTwice":         {func(d *day) { d.write(audit.Record{Type: audit.TypeRequested, Order: id(1), Amount: 1250}) }, audit.Doubled, "requested twice"},
		"AReceiptNobodySold": {func(d *day) {
			d.Papers = append(d.Papers, audit.Paper{Order: id(7), Outcome: audit.Approved, Whole: true})
		}, audit.Unexplained, "nobody knows it"},
		"AReceiptTooMany":          {func(d *day) { d.Papers = append(d.Papers, d.Papers[0]) }, audit.Unexplained, "printed a second time"},
		"AReceiptTooFew":           {func(d *day) { d.Papers = d.Papers[1:] }, audit.Unexplained, "0 of the customer's copies"},
		"AReceiptOverMore":         {func(d *day) { d.Papers[0].Amount = 9 }, audit.Unexplained, "printed over 9 fen"},
		"AReceiptForADeclinedSale": {func(d *day) { d.Papers[2].Outcome = audit.Approved }, audit.Unexplained, "printed as approved, the journal says declined"},
		"AReceiptNobodyPrinted": {func(d *day) {
			d.Papers = append(d.Papers, audit.Paper{Terminal: till, Order: id(4), Copy: "customer", Outcome: audit.Unknown, Whole: true})
		}, audit.Unexplained, "the journal says of none"},
		"ARefundNobodyWasToldOf": {func(d *day) {
			d.Bank[0].Credited = 250
			d.Entries = append(d.Entries, audit.Entry{Order: id(1), Kind: "refund", Part: "r", Received: -250})
			d.asks(1, "r", audit.Refund, 250)
			d.write(audit.Record{Type: audit.TypeFollowed, Order: id(1), Outcome: audit.Approved, Amount: 250, FollowUp: "r"})
		}, audit.Unexplained, "told of 1250 fen, the customer paid 1000"},
		"ARefundBookedTwice": {func(d *day) {
			for range 2 {
				d.Entries = append(d.Entries, audit.Entry{Order: id(1), Kind: "refund", Part: "r", Received: -250})
			}
		}, audit.Doubled, "has 2 refund r entries"},
		"ARefundSlipOfNothing": {func(d *day) {
			d.Papers = append(d.Papers, audit.Paper{Terminal: till, Order: id(1), Copy: audit.CustomerCopy, Outcome: audit.Approved,
				Amount: 250, Back: true, Whole: true})
		}, audit.Unexplained, "250 fen were printed as done"},
		"AnAlarm":            {func(d *day) { d.Alarms = append(d.Alarms, audit.Alarm{Kind: "other-bytes", Terminal: till}) }, audit.Unexplained, "alarm other-bytes"},
		"ACardThatSpentMore": {func(d *day) { d.Cards = append(d.Cards, audit.Card{Terminal: till, Wallet: "w", Spent: 4}) }, audit.Lost, "debited itself by 4 fen"},
		"ACardThatSpentLess": {func(d *day) { d.Cards = append(d.Cards, audit.Card{Terminal: till, Wallet: ""}) }, audit.Unexplained, "that it did not sign"},
	} {
		t.Run(name, func(t *testing.T) {
			d := ordinary()
			c.doctor(d)
			report := audit.Audit(d.Evidence)
			require.NotEmpty(t, report.Findings)
			require.Positive(t, report.Count(c.kind), "%v", report.Findings)
			require.Contains(t, fmt.Sprint(report.Findings), c.says)
		})
	}
}

func TestTruthsThatLookOdd(t *testing.T) {
	for name, doctor := range map[string]func(d *day){
		"ARefundThatEverybodyKnows": func(d *day) {
			d.Told[0].Returned, d.Bank[0].Credited = 250, 250
			d.Entries = append(d.Entries, audit.Entry{Order: id(1), Kind: "refund", Received: -250})
			d.asks(1, "r", audit.Refund, 250)
			d.write(audit.Record{Type: audit.TypeFollowed, Order: id(1), Outcome: audit.Unknown, FollowUp: "r"})
			d.write(audit.Record{Type: audit.TypeFollowed, Order: id(1), Outcome: audit.Approved, Amount: 250, FollowUp: "r"})
			d.write(audit.Record{Type: audit.TypePrinted, Order: id(1), Print: audit.PrintDone, Copy: audit.CustomerCopy, FollowUp: "r"})
			d.Papers = append(d.Papers, audit.Paper{Terminal: till, Order: id(1), Copy: audit.CustomerCopy, Outcome: audit.Approved,
				Amount: 250, Back: true, Whole: true})
		},
		"TwoRefundsOfOneOrder": func(d *day) {
			d.Told[0].Returned, d.Bank[0].Credited = 200, 200
			for _, part := range []string{"r", "s"} {
				d.Entries = append(d.Entries, audit.Entry{Order: id(1), Kind: "refund", Part: part, Received: -100})
				d.asks(1, part, audit.Refund, 100)
				d.write(audit.Record{Type: audit.TypeFollowed, Order: id(1), Outcome: audit.Approved, Amount: 100, FollowUp: part})
			}
		},
		"AReprint": func(d *day) {
			d.Papers = append(d.Papers, audit.Paper{Terminal: till, Order: id(1), Copy: "customer", Outcome: audit.Approved, Amount: 1250, Reprint: true, Whole: true})
			d.write(audit.Record{Type: audit.TypePrinted, Order: id(1), Print: audit.PrintDone, Copy: "customer", Reprint: true})
		},
		"AnAlarmThatTellsTheTruth": func(d *day) {
			d.Alarms = append(d.Alarms, audit.Alarm{Kind: "payment-still-open", Order: id(3)})
		},
		"HalfAReceipt": func(d *day) {
			d.Papers = append(d.Papers, audit.Paper{Terminal: till, Outcome: audit.Approved}, audit.Paper{Terminal: till, Order: id(1), Outcome: audit.Approved})
		},
		"ACardOfAPaymentTakenBack": func(d *day) {
			d.write(audit.Record{Type: audit.TypeRequested, Order: id(5), Amount: 60, Method: "tap"})
			d.write(audit.Record{Type: audit.TypeShown, Order: id(5), Outcome: audit.Reversed})
			d.Told = append(d.Told, audit.Told{Order: id(5), Amount: 60, Outcome: audit.Reversed})
			d.Cards = append(d.Cards, audit.Card{Terminal: till, Wallet: "w", Spent: 60})
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := ordinary()
			doctor(d)
			require.Empty(t, audit.Audit(d.Evidence).Findings)
		})
	}
}

// TestAnyDayAgrees holds that no mix of sales makes the auditor cry, and that a fen more or less anywhere does.
func TestAnyDayAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := newDay()
		approved := 0
		for n := range rapid.IntRange(1, 20).Draw(t, "sales") {
			outcome := rapid.SampledFrom([]string{audit.Approved, audit.Declined, audit.Reversed, audit.Abandoned}).Draw(t, "outcome")
			if outcome == audit.Approved {
				approved++
			}
			d.sell(n+1, rapid.Int64Range(1, 1_000_000).Draw(t, "amount"), outcome)
		}
		report := audit.Audit(d.Evidence)
		require.Empty(t, report.Findings)
		require.Equal(t, approved, report.Tally[audit.Approved])
		if len(d.Bank) == 0 {
			return
		}
		entry := &d.Bank[rapid.IntRange(0, len(d.Bank)-1).Draw(t, "entry")]
		entry.Debited += rapid.SampledFrom([]int64{-1, 1}).Draw(t, "difference")
		require.NotEmpty(t, audit.Audit(d.Evidence).Findings)
	})
}
