package world

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator/registry"
	"github.com/yuantill/yuantill/cloud/plan"
	"github.com/yuantill/yuantill/cloud/store"
)

func TestFee(t *testing.T) {
	for _, c := range []struct {
		tariff tariff
		amount int64
		fee    int64
	}{
		{tariff{8, 9}, 100_00, 8},
		{tariff{8, 9}, 100_000_00, 8000},
		{tariff{8, 9}, 18_75, 1}, // 1.5 rounds up to 2, and 1.6875 is the ceiling
		{tariff{8, 9}, 6_24, 0},
		{tariff{8, 9}, 6_25, 0}, // half a fen rounds up, above the ceiling
		{tariff{8, 9}, 11_12, 1},
		{tariff{8, 6}, 100_00, 6}, // below the rate
		{tariff{3, 9}, 100_00, 3},
		{tariff{3, 9}, 1, 0},
	} {
		require.Equal(t, c.fee, c.tariff.fee(c.amount), "%+v", c)
	}
}

// TestTermsAreWhatTheProductReads: the documents say what the world believes they say.
func TestTermsAreWhatTheProductReads(t *testing.T) {
	read, err := plan.Load(plans(terminalIDs()))
	require.NoError(t, err)
	operators, err := registry.Load(operatorsDocument())
	require.NoError(t, err)
	ceiling := int64(wholeRate)
	for _, code := range operatorCodes {
		known, err := operators.Get(code)
		require.NoError(t, err)
		ceiling = min(ceiling, known.FeeCapBasisPoints)
	}
	for i, id := range terminalIDs() {
		p, rates := read.For(merchantID, id), tariffs[i%len(tariffs)]
		require.Equal(t, rates.ceiling, min(p.FeeCap, ceiling), id)
		if p.Fee < 0 {
			p.Fee = merchantRate
		}
		require.Equal(t, rates.rate, p.Fee, id)
		require.EqualValues(t, noPasswordMax, p.NoPasswordMax)
		require.Equal(t, plan.Offline{PaymentMax: offlinePaymentMax, WalletMax: offlineWalletMax, WalletCountMax: offlineWalletCount,
			TerminalMax: offlineTerminalMax, TerminalCountMax: offlineTerminalCount, HoursMax: offlineHoursMax,
			Shares: []plan.Share{{Hours: 4, Percent: 50}, {Hours: 12, Percent: 20}}}, p.Offline)
	}
}

// entry is what the ledger has of an amount that was paid, or of one that went back where that is below zero.
func entry(kind store.EntryKind, amount, fee int64) store.Entry {
	return store.Entry{Kind: kind, At: dawn, Postings: []store.Posting{{Account: "operator/ICBC", Amount: amount},
		{Account: "merchant/" + merchantID, Amount: fee - amount}, {Account: "fees", Amount: -fee}}}
}

func TestFeesAreHeldAgainstTheTerms(t *testing.T) {
	for name, c := range map[string]struct {
		lien     *lien
		returned int64
		entries  []store.Entry
		broken   []string
	}{
		"OK":               {nil, 0, []store.Entry{entry(store.EntrySale, 100_00, 8)}, nil},
		"AboveItsCap":      {nil, 0, []store.Entry{entry(store.EntrySale, 100_00, 10)}, []string{"fee-differs", "fee-above-cap", "fee-above-cap"}},
		"NotCharged":       {nil, 0, []store.Entry{entry(store.EntrySale, 100_00, 0)}, []string{"fee-differs", "fee-differs", "fee-above-cap"}},
		"Refunded":         {nil, 30_00, []store.Entry{entry(store.EntrySale, 100_00, 8), entry(store.EntryRefund, -30_00, -3)}, nil},
		"KeptOnARefund":    {nil, 30_00, []store.Entry{entry(store.EntrySale, 100_00, 8), entry(store.EntryRefund, -30_00, 0)}, []string{"fee-above-cap"}},
		"TooMuchBack":      {nil, 30_00, []store.Entry{entry(store.EntrySale, 100_00, 8), entry(store.EntryRefund, -30_00, -4)}, []string{"fee-differs"}},
		"AllBack":          {nil, 100_00, []store.Entry{entry(store.EntrySale, 100_00, 8), entry(store.EntryVoid, -100_00, -8)}, nil},
		"AllBackAndKept":   {nil, 100_00, []store.Entry{entry(store.EntrySale, 100_00, 8), entry(store.EntryVoid, -100_00, -7)}, []string{"fee-above-cap"}},
		"OnlyHeld":         {&lien{all: 100_00, percent: 100, rest: 100_00}, 0, nil, nil},
		"CompletedInParts": {completedInParts(false), 0, []store.Entry{entry(store.EntryCompletion, 18_75, 1), entry(store.EntryCompletion, 50_00, 4)}, nil},
		"OnePartUndone": {completedInParts(true), 0, []store.Entry{entry(store.EntryCompletion, 18_75, 1), entry(store.EntryCompletion, 50_00, 4),
			entry(store.EntryUndo, -50_00, -4)}, nil},
		"UndoneAndKept": {completedInParts(true), 0, []store.Entry{entry(store.EntryCompletion, 18_75, 1), entry(store.EntryCompletion, 50_00, 4),
			entry(store.EntryUndo, -50_00, 0)}, []string{"fee-above-cap"}},
	} {
		t.Run(name, func(t *testing.T) {
			till, _, o := paidAt(c.lien)
			till.world.days = map[feeDay]dayFees{}
			o.returned = c.returned
			till.world.checkFees(o, c.entries)
			till.world.checkDays()
			require.Equal(t, c.broken, broken(till))
		})
	}
}

func completedInParts(undone bool) *lien {
	l := &lien{all: 100_00, percent: 100, rest: 31_25, paid: 68_75, moves: []move{{amount: 18_75}, {amount: 50_00}}}
	if undone {
		l.rest, l.paid = 81_25, 18_75
		l.moves = append(l.moves, move{amount: -50_00, undone: true})
	}
	return l
}

// TestFeeDueGoesByOrder: what came back before more was paid takes nothing of what that costs.
func TestFeeDueGoesByOrder(t *testing.T) {
	for name, c := range map[string]struct {
		moves []move
		due   []int64
	}{
		"RefundedBetween":       {[]move{{amount: 181_81}, {amount: -181_80}, {amount: 545_43}, {amount: -545_43}, {amount: 181_81}}, []int64{15}},
		"RefundedAtLast":        {[]move{{amount: 181_81}, {amount: 545_43}, {amount: 181_81}, {amount: -727_23}}, []int64{14}},
		"AllBack":               {[]move{{amount: 181_81}, {amount: -181_81}}, []int64{0}},
		"Undone":                {[]move{{amount: 181_81}, {amount: 100_00}, {amount: -100_00, undone: true}}, []int64{15}},
		"UndoneAfterARefund":    {[]move{{amount: 100_00}, {amount: 100_00}, {amount: -100_00}, {amount: -100_00, undone: true}}, []int64{0}},
		"NothingYet":            {nil, []int64{0}},
		"DisputedBetween":       {[]move{{amount: 181_81}, {amount: -181_80, dispute: true}, {amount: 545_43}, {amount: -545_43}, {amount: 181_81}}, []int64{15, 14}},
		"DisputedAndNotHeardOf": {[]move{{amount: -159_37, dispute: true}, {amount: 212_50}}, []int64{17, 4}},
		"NothingAndDisputed":    {[]move{{amount: -100_00, dispute: true}}, []int64{0}},
	} {
		t.Run(name, func(t *testing.T) {
			o := &bankOrder{lien: &lien{moves: c.moves}}
			require.Equal(t, c.due, o.feesDue(tariffs[0]))
		})
	}
}

func TestADayIsTheMerchants(t *testing.T) {
	till, _, _ := paidAt(nil)
	till.world.days = map[feeDay]dayFees{}
	late := dawn.Add(15*time.Hour + 59*time.Minute)
	till.world.feeDay(late, till, 100_00, 8)
	till.world.feeDay(late.Add(time.Minute), till, 100_00, 8)
	require.Len(t, till.world.days, 2, "midnight is at 16:00 UTC")
}
