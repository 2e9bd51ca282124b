package followup_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/protocol/record"
)

var (
	epoch = time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)
	rules = followup.Rules{
		Timing: checkout.DefaultTiming(), MerchantID: "102290053110001",
		Terminal: &message.TerminalBlock{DeviceType: "01", SerialNumber: "YT0001"},
	}
	order = []byte{0x01, 0x8f, 0x01, 0x02, 0x03, 0x04, 0x70, 0x06, 0x80, 0x08, 9, 10, 11, 12, 13, 14}
	id    = followup.ID{0x01, 0x8f, 0xff, 0x02, 0x03, 0x04, 0x70, 0x06, 0x80, 0x08, 9, 10, 11, 12, 13, 15}
)

// stored is one committed record.
type stored struct {
	kind    record.Type
	outcome message.Outcome // of FollowUpShown
	again   uint64          // the refused record in whose place it is
}

// world carries out effects the way the agent does: all commits of a step together and first, then the rest; a commit
// that fails undoes the step.
type world struct {
	now          time.Time
	followUp     followup.FollowUp
	durable      []byte
	last         uint64
	records      []stored
	effects      []followup.Effect // those carried out by the last give
	timer        time.Time
	journalFails bool
	request      *message.FollowUpRequested // the latest that was recorded
	asked        uint64                     // its place
}

func newWorld() *world { return &world{now: epoch} }

// give plays an event and everything that follows from it, and returns what was done.
func (w *world) give(event followup.Event) []string {
	w.effects = nil
	var done []string
	pending := []followup.Event{event}
	for len(pending) > 0 {
		next := pending[0]
		pending = pending[1:]
		before := w.followUp
		after, effects := rules.Step(before, next, w.now)
		w.followUp = after
		recorded, failed := w.commit(effects)
		if failed {
			done = append(done, "journal fails")
			w.followUp = before
			if _, begun := next.(followup.Started); !begun {
				pending = append(pending, followup.JournalFailed{Cause: next})
			}
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
func (w *world) commit(effects []followup.Effect) (recorded []followup.Event, failed bool) {
	durable := false
	for _, effect := range effects {
		e, ok := effect.(checkout.Commit)
		if !ok {
			continue
		}
		if w.journalFails {
			return nil, true
		}
		durable = true
		entry := stored{kind: e.Type}
		if shown, ok := e.Body.(*message.FollowUpShown); ok {
			entry.outcome = shown.GetOutcome()
		}
		if request, ok := e.Body.(*message.FollowUpRequested); ok {
			w.request, w.asked, entry.again = request, w.last+1, request.GetAgain()
		}
		w.last++
		w.records = append(w.records, entry)
		if e.Type == record.FollowUpRequested {
			recorded = append(recorded, followup.Recorded{Sequence: w.last})
		}
	}
	if !durable {
		return nil, false
	}
	snapshot, err := w.followUp.MarshalBinary()
	if err != nil {
		panic(err) // no test has a follow-up beyond the bounds
	}
	w.durable = snapshot
	return recorded, false
}

// restart forgets everything but what is durable.
func (w *world) restart(t require.TestingT) []string {
	w.followUp, w.effects = followup.FollowUp{}, nil
	if w.durable == nil {
		return []string{"nothing recorded"}
	}
	require.NoError(t, w.followUp.UnmarshalBinary(w.durable))
	if !w.followUp.Open() {
		return []string{"nothing open"}
	}
	return w.give(followup.Restarted{Last: w.last})
}

func original() *message.OrderFound {
	return &message.OrderFound{
		Found: true, Method: message.Method_METHOD_CODE, RequestedAt: epoch.Add(-time.Hour).UnixMicro(), Terminal: "10000002",
		Batch: 1, Voucher: 9, Payment: &message.PaymentResult{
			OrderId: order, Outcome: message.Outcome_OUTCOME_APPROVED, Stage: message.Stage_STAGE_FINAL, Amount: 10000, Currency: "CNY",
			Reference: "202605010001", Authorisation: "A1B2C3", Standing: &message.Standing{Paid: 10000},
		},
	}
}

func started(kind followup.Kind, amount money.Money) followup.Started {
	return followup.Started{
		ID: id, Kind: kind, Original: original(), Amount: amount, Cashier: "wang", Note: "退货", Batch: 1, Voucher: 18,
		Origin: checkout.Origin{Key: "key-1", Digest: [32]byte{1, 2, 3}},
	}
}

func answer(f followup.FollowUp, outcome message.Outcome, revision uint32) *message.FollowUpResult {
	return &message.FollowUpResult{
		FollowUpId: f.ID[:], OrderId: order, Kind: f.Kind, Outcome: outcome, Revision: revision,
		Amount: f.Amount.Minor, Currency: "CNY", Reference: "202605010002", DecidedAt: epoch.UnixMicro(),
		Standing: &message.Standing{Paid: 10000, Refunded: f.Amount.Minor},
	}
}

func yuan(t *testing.T, text string) money.Money {
	amount, err := money.Parse(text, money.CNY)
	require.NoError(t, err)
	return amount
}
