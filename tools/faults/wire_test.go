package faults_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/topic"
	"github.com/yuantill/yuantill/tools/loadtest/terminal"
	"github.com/yuantill/yuantill/tools/shop"
)

// resendEvery is how often a peer sends again what is not acknowledged.
const resendEvery = 200 * time.Millisecond

// peer is a terminal with a valid certificate and keys that sends what it likes.
type peer struct {
	*terminal.Terminal
	acks     chan *message.Acknowledgement
	results  chan *message.PaymentResult
	refusals chan *message.Refusal
}

// dial signs a further terminal in.
func (w *world) dial(t *testing.T, enrolment string) *peer {
	t.Helper()
	const room = 256
	p := &peer{acks: make(chan *message.Acknowledgement, room), results: make(chan *message.PaymentResult, room),
		refusals: make(chan *message.Refusal, room)}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	connected, first, err := terminal.Dial(ctx, enrolment, w.Broker, terminal.Handlers{
		Acknowledged: func(ack *message.Acknowledgement) { p.acks <- ack },
		Result:       func(result *message.PaymentResult) { p.results <- result },
		Refused:      func(refusal *message.Refusal) { p.refusals <- refusal },
	})
	require.NoError(t, err)
	t.Cleanup(connected.Close)
	p.Terminal = connected
	p.send(t, topic.Up, p.seal(t, nil, first))
	p.acknowledged(t, 1)
	return p
}

func (p *peer) seal(t *testing.T, secret []byte, records ...record.Record) []byte {
	t.Helper()
	batch, err := p.Batch(secret, records...)
	require.NoError(t, err)
	return batch
}

func (p *peer) send(t *testing.T, lane topic.Lane, payload []byte) {
	t.Helper()
	require.True(t, p.Publish(lane, payload).WaitTimeout(patience))
}

// fault makes the next record of the chain.
func (p *peer) fault(t *testing.T, text string) record.Record {
	t.Helper()
	r, err := p.Make(record.DeviceFault, &message.DeviceFault{Device: "printer", Fault: text})
	require.NoError(t, err)
	return r
}

func next[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(patience):
		require.FailNow(t, "waited in vain for "+what)
		panic("unreachable")
	}
}

// acknowledged waits until everything up to a sequence is acknowledged.
func (p *peer) acknowledged(t *testing.T, sequence uint64) {
	t.Helper()
	for next(t, p.acks, "an acknowledgement").GetHighWater() < sequence {
	}
}

// refused waits for a refusal of that cause.
func (p *peer) refused(t *testing.T, cause message.Refusal_Cause) *message.Refusal {
	t.Helper()
	refusal := next(t, p.refusals, "a refusal")
	require.Equal(t, cause, refusal.GetCause())
	return refusal
}

// last makes, sends and gets acknowledged one more good record: the terminal still works.
func (p *peer) last(t *testing.T) {
	t.Helper()
	p.send(t, topic.Up, p.seal(t, nil, p.fault(t, "all is well")))
	p.acknowledged(t, p.Last())
}

// payment is a request to pay with a customer's code.
func (w *world) payment(code string, amount int64) *message.PaymentRequested {
	order := uuid.Must(uuid.NewV7())
	return &message.PaymentRequested{OrderId: order[:], Method: message.Method_METHOD_CODE, Amount: amount, Currency: "CNY",
		MerchantId: w.Merchant, Batch: 1, Voucher: 1, Cashier: "01", CodeTail: code[len(code)-6:],
		Terminal: &message.TerminalBlock{DeviceType: "01", SerialNumber: "forger"}}
}

// TestWire sends the cloud what only a thief or a broken machine would, from terminals whose certificates are valid.
func TestWire(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop.Options{Terminals: 1, Enrolments: 6})
	w.sell(t, w.Till, 101)
	t.Run("AlteredOnTheWay", func(t *testing.T) { w.altered(t, w.dial(t, w.Enrolments[0])) })
	t.Run("ReplayedPaysOnce", func(t *testing.T) { w.replayed(t, w.dial(t, w.Enrolments[1])) })
	t.Run("OtherBytesUnderTheSameNumber", func(t *testing.T) { w.otherBytes(t, w.dial(t, w.Enrolments[2])) })
	t.Run("BrokenChain", func(t *testing.T) { w.brokenChain(t, w.dial(t, w.Enrolments[3])) })
	t.Run("AnotherTerminalsLane", func(t *testing.T) {
		w.foreignLane(t, w.dial(t, w.Enrolments[4]), w.dial(t, w.Enrolments[5]))
	})
	w.sell(t, w.Till, 102) // nobody else was disturbed
	stats, err := w.Stats(t.Context())
	require.NoError(t, err)
	require.Equal(t, w.setAside(t), stats.Gaps)
	w.audit(t)
}

// setAside counts what is missing of terminals that are set aside: nothing after a broken chain is taken.
func (w *world) setAside(t *testing.T) (missing uint64) {
	t.Helper()
	terminals, err := w.Terminals(t.Context())
	require.NoError(t, err)
	for _, terminal := range terminals {
		if terminal.State == "quarantined" {
			missing += terminal.Missing
		}
	}
	return missing
}

// altered flips a byte in each part of a frame, and sends noise on every lane.
func (w *world) altered(t *testing.T, p *peer) {
	whole := p.seal(t, nil, p.fault(t, "altered"))
	const batch = 8 // what stands before the first frame's header
	for name, at := range map[string]int{"Header": batch + 40, "Body": batch + record.HeaderSize + 3, "Tag": len(whole) - 1} {
		t.Run(name, func(t *testing.T) {
			bad := bytes.Clone(whole)
			bad[at] ^= 1
			p.send(t, topic.Up, bad)
			p.refused(t, message.Refusal_CAUSE_TAG)
		})
	}
	w.alarmed(t, "tag", p.ID.String())
	for _, noise := range [][]byte{{}, {1}, []byte("no batch at all"), bytes.Repeat([]byte{0xFF}, 4096), whole[:len(whole)-5]} {
		p.send(t, topic.Now, noise)
		p.refused(t, message.Refusal_CAUSE_MALFORMED)
		p.send(t, topic.SignIn, noise)
	}
	w.alarmed(t, "malformed", p.ID.String())
	w.alarmed(t, "sign-in", p.ID.String())
	p.send(t, topic.Up, whole) // the right bytes are still welcome
	p.acknowledged(t, p.Last())
	p.last(t)
}

// replayed sends the same payment again and again.
func (w *world) replayed(t *testing.T, p *peer) {
	code := w.code()
	request := w.payment(code, 201)
	r, err := p.Make(record.PaymentRequested, request)
	require.NoError(t, err)
	batch := p.seal(t, []byte(code), r)
	for range 5 {
		p.send(t, topic.Now, batch)
	}
	result := next(t, p.results, "a result")
	for result.GetStage() != message.Stage_STAGE_FINAL {
		result = next(t, p.results, "a final result")
	}
	require.Equal(t, message.Outcome_OUTCOME_APPROVED, result.GetOutcome())
	w.taken.Add(201)
	p.send(t, topic.Up, batch)
	again := next(t, p.results, "the same result again")
	require.Equal(t, message.Outcome_OUTCOME_APPROVED, again.GetOutcome())
	require.Equal(t, result.GetReference(), again.GetReference())
	p.acknowledged(t, p.Last())
	// The same order in a new record is still one payment, and somebody is told.
	second, err := p.Make(record.PaymentRequested, request)
	require.NoError(t, err)
	reused := p.seal(t, []byte(code), second)
	await(t, patience, "the second record's place", func(context.Context) (bool, string) {
		p.send(t, topic.Now, reused) // as a terminal does until it is acknowledged
		select {
		case ack := <-p.acks:
			return ack.GetHighWater() == p.Last(), ack.String()
		case <-time.After(resendEvery):
			return false, "no acknowledgement"
		}
	})
	w.alarmed(t, "order-reused", p.ID.String())
	w.books(t)
	p.last(t)
}

// otherBytes sends a second record under a number that is taken: what a copy of the terminal would do.
func (w *world) otherBytes(t *testing.T, p *peer) {
	first := p.fault(t, "the first")
	p.send(t, topic.Up, p.seal(t, nil, first))
	p.acknowledged(t, p.Last())
	code := w.code()
	forged, err := p.Remake(first, record.PaymentRequested, w.payment(code, 202))
	require.NoError(t, err)
	p.send(t, topic.Now, p.seal(t, []byte(code), forged))
	refusal := p.refused(t, message.Refusal_CAUSE_OTHER_BYTES)
	require.Equal(t, p.Last(), refusal.GetSequence())
	w.alarmed(t, "other-bytes", p.ID.String())
	stats, err := w.Stats(t.Context())
	require.NoError(t, err)
	require.Positive(t, stats.Quarantined)
	w.books(t) // no money moved
	p.last(t)
}

// brokenChain leaves a record out and sends another in its place: the terminal is set aside until somebody has looked.
func (w *world) brokenChain(t *testing.T, p *peer) {
	missing, after := p.fault(t, "never sent"), p.fault(t, "sent")
	p.send(t, topic.Up, p.seal(t, nil, after))
	forged, err := p.Remake(missing, record.DeviceFault, &message.DeviceFault{Device: "printer", Fault: "forged"})
	require.NoError(t, err)
	p.send(t, topic.Up, p.seal(t, nil, forged))
	p.refused(t, message.Refusal_CAUSE_CHAIN)
	w.alarmed(t, "chain", p.ID.String())
	code := w.code()
	request, err := p.Make(record.PaymentRequested, w.payment(code, 203))
	require.NoError(t, err)
	p.send(t, topic.Now, p.seal(t, []byte(code), request))
	p.refused(t, message.Refusal_CAUSE_CHAIN)
	w.books(t) // no money moved
	await(t, patience, "a quarantined terminal", func(ctx context.Context) (bool, string) {
		terminals, err := w.Terminals(ctx)
		for _, known := range terminals {
			if known.ID == p.ID.String() {
				return known.State == "quarantined", known.State
			}
		}
		return false, fmt.Sprint(err)
	})
}

// foreignLane has one terminal speak in another's name, on the other's lane and on its own.
func (w *world) foreignLane(t *testing.T, thief, victim *peer) {
	r := victim.fault(t, "the victim's")
	batch := victim.seal(t, nil, r)
	require.True(t, thief.PublishAs(victim.ID, topic.Up, batch).WaitTimeout(patience)) // the broker takes and drops it
	thief.send(t, topic.Up, batch)
	thief.refused(t, message.Refusal_CAUSE_MALFORMED)
	require.Empty(t, victim.acks, "what the thief sent was taken for the victim's")
	victim.send(t, topic.Up, batch)
	victim.acknowledged(t, victim.Last())
	require.Empty(t, victim.refusals)
	thief.last(t)
	victim.last(t)
}
