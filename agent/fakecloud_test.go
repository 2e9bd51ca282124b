package agent_test

import (
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/uplink"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// fakeCloud answers what is sent to it the way its script says. It remembers payments as the cloud does.
type fakeCloud struct {
	mu       sync.Mutex
	results  chan *message.PaymentResult
	follow   chan *message.FollowUpResult
	found    chan *message.OrderFound
	refusals chan *message.Refusal
	// answerFollow and answerLookup answer those; nil does not.
	answerFollow func(*message.FollowUpRequested, int) *message.FollowUpResult
	answerLookup func(*message.OrderLookup, int) *message.OrderFound
	answer       func(sent sent) *message.PaymentResult // its answer may be nil: none
	// ended is the newest epoch of which every record is refused for ever.
	ended   uint32
	sent    []sent
	secrets map[uint64][]byte
	stopped string
	barred  bool
	// offline and lastError are what Status says of the connection.
	offline   bool
	lastError string
	// clockOffset is what the till is told of its clock, unless clockUnknown.
	clockOffset  time.Duration
	clockUnknown bool
	// heardAt is when the till last heard it.
	heardAt time.Time
	// oldCopyAt and gone are what a sign-in found out about the till's journal.
	oldCopyAt, twinAt time.Time
	gone              journal.Range
}

// sent is one record that reached the cloud.
type sent struct {
	kind     record.Type
	sequence uint64
	epoch    uint32
	order    []byte
	payment  *message.PaymentRequested // nil unless it is one
	followUp *message.FollowUpRequested
	reversal *message.ReversalRequested
	lookup   *message.OrderLookup
	secret   string
	times    int // how often this record came, from 1
}

func newFakeCloud(answer func(sent) *message.PaymentResult) *fakeCloud {
	return &fakeCloud{
		results: make(chan *message.PaymentResult, 64), refusals: make(chan *message.Refusal, 8),
		follow: make(chan *message.FollowUpResult, 64), found: make(chan *message.OrderFound, 8),
		answer: answer, secrets: make(map[uint64][]byte),
	}
}

func (c *fakeCloud) SendNow(rec record.Record, secret []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, header, err := record.Parse(rec)
	if err != nil {
		return err
	}
	if secret != nil {
		c.secrets[header.Sequence] = slices.Clone(secret)
	}
	s := sent{kind: header.Type, sequence: header.Sequence, epoch: header.Epoch, secret: string(c.secrets[header.Sequence]), times: 1}
	switch header.Type {
	case record.PaymentRequested:
		s.payment = &message.PaymentRequested{}
		if err := proto.Unmarshal(rec.Body(), s.payment); err != nil {
			return err
		}
		s.order = s.payment.GetOrderId()
	case record.FollowUpRequested:
		s.followUp = &message.FollowUpRequested{}
		if err := proto.Unmarshal(rec.Body(), s.followUp); err != nil {
			return err
		}
	case record.OrderLookup:
		s.lookup = &message.OrderLookup{}
		if err := proto.Unmarshal(rec.Body(), s.lookup); err != nil {
			return err
		}
	default:
		s.reversal = &message.ReversalRequested{}
		if err := proto.Unmarshal(rec.Body(), s.reversal); err != nil {
			return err
		}
		s.order = s.reversal.GetOrderId()
	}
	for _, before := range c.sent {
		if before.sequence == s.sequence {
			s.times++
		}
	}
	c.sent = append(c.sent, s)
	c.reply(s)
	return nil
}

// reply sends what the script says.
func (c *fakeCloud) reply(s sent) {
	switch {
	case s.epoch <= c.ended:
		c.refusals <- &message.Refusal{Cause: message.Refusal_CAUSE_EPOCH, Epoch: s.epoch, Sequence: s.sequence}
	case s.followUp != nil:
		if c.answerFollow == nil {
			return
		}
		if result := c.answerFollow(s.followUp, s.times); result != nil {
			c.follow <- result
		}
	case s.lookup != nil:
		if c.answerLookup == nil {
			return
		}
		if found := c.answerLookup(s.lookup, s.times); found != nil {
			c.found <- found
		}
	default:
		if result := c.answer(s); result != nil {
			c.results <- result
		}
	}
}

// say changes what the cloud answers from now on.
func (c *fakeCloud) say(answer func(sent) *message.PaymentResult) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answer = answer
}

// change alters what the script looks at.
func (c *fakeCloud) change(apply func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	apply()
}

func (c *fakeCloud) ClockOffset() (time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.clockOffset, !c.clockUnknown
}

func (c *fakeCloud) Forget(sequence uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.secrets[sequence])
	delete(c.secrets, sequence)
}

func (c *fakeCloud) Status() uplink.Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return uplink.Status{
		Connected: !c.offline, Broker: "broker:8883", Epoch: 1, Stopped: c.stopped, Barred: c.barred, LastError: c.lastError,
		HeardAt: c.heardAt, HeardSteady: c.heardAt, OldCopyAt: c.oldCopyAt, Gone: c.gone, TwinAt: c.twinAt,
	}
}

func (c *fakeCloud) Results() <-chan *message.PaymentResult { return c.results }
func (c *fakeCloud) Refusals() <-chan *message.Refusal      { return c.refusals }

func (c *fakeCloud) FollowUpResults() <-chan *message.FollowUpResult { return c.follow }
func (c *fakeCloud) OrdersFound() <-chan *message.OrderFound         { return c.found }

func (c *fakeCloud) count(kind record.Type) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, s := range c.sent {
		if s.kind == kind {
			n++
		}
	}
	return n
}

func (c *fakeCloud) secretsKept() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.secrets)
}

// result is an answer to a payment of ¥12.50.
func result(s sent, stage message.Stage, outcome message.Outcome, revision uint32) *message.PaymentResult {
	return &message.PaymentResult{
		OrderId: s.order, Stage: stage, Outcome: outcome, Revision: revision, Amount: 1250, Currency: "CNY",
		Reference: "260501000001", Authorisation: "A1B2C3", PayerOperator: "工商银行", WalletMasked: "001234******5678",
		DecidedAt: time.Date(2026, 5, 1, 4, 0, 0, 0, time.UTC).UnixMicro(),
	}
}

func approve(s sent) *message.PaymentResult {
	return result(s, message.Stage_STAGE_FINAL, message.Outcome_OUTCOME_APPROVED, 1)
}

func decline(s sent) *message.PaymentResult {
	r := result(s, message.Stage_STAGE_FINAL, message.Outcome_OUTCOME_DECLINED, 1)
	r.Reason = message.Reason_REASON_INSUFFICIENT_FUNDS
	return r
}

func silence(sent) *message.PaymentResult { return nil }

var terminal = record.Terminal([]byte("10000001"))
