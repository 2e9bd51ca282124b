package checkout_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/protocol/record"
)

var (
	epoch = time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	rules = checkout.Rules{
		Timing: checkout.DefaultTiming(), MerchantID: "102290053110001", TerminalID: "10000001",
		Terminal: &message.TerminalBlock{DeviceType: "01", SerialNumber: "YT0001"}, ClockKnown: true,
	}
	order = checkout.OrderID{0x01, 0x8f, 0x01, 0x02, 0x03, 0x04, 0x70, 0x06, 0x80, 0x08, 9, 10, 11, 12, 13, 14}
)

// stored is one committed record.
type stored struct {
	kind     record.Type
	outcome  message.Outcome // of OutcomeShown
	sequence uint64
	again    uint64         // the refused record in whose place it is
	method   message.Method // of PaymentRequested
	standing checkout.OrderStanding
}

// till carries out effects the way the agent does: all commits of a step together and first, then the rest; a commit that
// fails undoes the step.
type till struct {
	now          time.Time
	sale         checkout.Sale
	durable      []byte // the snapshot
	last         uint64 // sequence of the latest record
	records      []stored
	effects      []checkout.Effect // those carried out by the last give
	timer        time.Time
	journalFails bool
	signedIn     bool                      // since the start
	saveless     bool                      // the journal keeps sales with records only
	payment      *message.PaymentRequested // the latest that was recorded
	refused      map[uint64]bool           // by the cloud, for ever
}

// named is the refused record that a body names.
func named(body any) uint64 {
	if can, is := body.(interface{ GetAgain() uint64 }); is {
		return can.GetAgain()
	}
	return 0
}

func newTill() *till { return &till{now: epoch, refused: map[uint64]bool{}} }

// give plays an event and everything that follows from it, and returns what was done.
func (w *till) give(event checkout.Event) []string {
	w.effects = nil
	if e, is := event.(checkout.RecordRefused); is {
		w.refused[e.Sequence] = true
	}
	var done []string
	pending := []checkout.Event{event}
	for len(pending) > 0 {
		next := pending[0]
		pending = pending[1:]
		before := w.sale
		known := rules
		known.SignedIn = w.signedIn
		sale, effects := known.Step(before, next, w.now)
		w.sale = sale
		recorded, failed := w.commit(effects)
		if failed {
			done = append(done, "journal fails")
			w.sale = before
			pending = append(pending, checkout.JournalFailed{Cause: next})
			continue
		}
		for _, effect := range effects {
			if at, ok := effect.(checkout.SetTimer); ok {
				w.timer = at.At
			}
			w.effects = append(w.effects, effect)
			done = append(done, describe(w, effect))
		}
		pending = append(pending, recorded...)
	}
	return done
}

// commit makes the step's records and snapshot durable.
func (w *till) commit(effects []checkout.Effect) (recorded []checkout.Event, failed bool) {
	durable := false
	for _, effect := range effects {
		switch e := effect.(type) {
		case checkout.Save:
			durable = durable || !w.saveless
		case checkout.Commit:
			durable = true
			entry := stored{kind: e.Type, again: named(e.Body)}
			if shown, ok := e.Body.(*message.OutcomeShown); ok {
				entry.outcome, entry.standing = shown.GetOutcome(), shown.GetOrder()
			}
			if w.journalFails {
				return nil, true
			}
			if payment, ok := e.Body.(*message.PaymentRequested); ok {
				w.payment, entry.method = payment, payment.GetMethod()
			}
			w.last++
			entry.sequence = w.last
			w.records = append(w.records, entry)
			recorded = append(recorded, checkout.Recorded{Type: e.Type, Sequence: w.last})
		}
	}
	if !durable {
		return nil, false
	}
	if w.journalFails {
		return nil, true
	}
	snapshot, err := w.sale.MarshalBinary()
	if err != nil {
		panic(err) // no test has a sale beyond the bounds
	}
	w.durable = snapshot
	return recorded, false
}

// restart forgets everything but what is durable.
func (w *till) restart(t require.TestingT) []string {
	w.sale, w.effects, w.signedIn = checkout.Sale{}, nil, false
	if w.durable == nil {
		return w.give(started(money.Money{Minor: 1250, Currency: money.CNY}))
	}
	require.NoError(t, w.sale.UnmarshalBinary(w.durable))
	if !w.sale.Open() {
		return []string{"nothing open"}
	}
	return w.give(checkout.Restarted{Last: w.last})
}

func yuan(t *testing.T, text string) money.Money {
	amount, err := money.Parse(text, money.CNY)
	require.NoError(t, err)
	return amount
}

func started(amount money.Money) checkout.Started {
	return checkout.Started{
		OrderID: order, Amount: amount, Cashier: "wang", Note: "桌号 8", Batch: 1, Voucher: 17,
		Origin: checkout.Origin{Key: "key-1", Digest: [32]byte{1, 2, 3}},
	}
}

func walletNamed(name string) hardwallet.WalletID {
	id := hardwallet.WalletID([]byte("0012345678900000"))
	copy(id[10:], name)
	return id
}

func answer(sale checkout.Sale, stage message.Stage, outcome message.Outcome, revision uint32) *message.PaymentResult {
	return &message.PaymentResult{
		OrderId: sale.OrderID[:], Stage: stage, Outcome: outcome, Revision: revision,
		Amount: sale.Amount.Minor, Currency: sale.Amount.Currency.Code, Reference: "202605010001",
		ShownCode: "https://operator.example/pay/1", ShownCodeExpires: epoch.Add(time.Minute).UnixMicro(),
	}
}
