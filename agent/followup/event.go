package followup

import (
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
)

// Event is something that happened: Started, ResultArrived, Recorded, RecordRefused, JournalFailed, Tick, Restarted,
// Printed or ReprintPressed.
type Event interface{ event() }

// Effect is something to be done, in the order given: checkout's Commit, SendNow, Ask, Forget, Show, Print, SetTimer and
// Warn. Commits come first; when they fail, none of the others may be carried out.
type Effect = checkout.Effect

// Started asks for a follow-up; it is only given to the zero FollowUp.
type Started struct {
	ID             ID
	Kind           Kind
	Original       *message.OrderFound
	Amount         money.Money
	Undoes         ID
	Last           bool
	Cashier, Note  string
	Batch, Voucher uint32
	Origin         checkout.Origin
	// Offline says that the till accepts it by itself, because the cloud has not got the payment that it took offline.
	Offline bool
}

// ResultArrived is an answer of the cloud.
type ResultArrived struct{ Result *message.FollowUpResult }

// Recorded says that the request is durable, with its place in the journal.
type Recorded struct{ Sequence uint64 }

// RecordRefused says that the cloud will never take the request, since another copy of the terminal was at work: what is
// recorded from now on it may take (SPEC.md 7.5.1). Request is what the refused record says.
type RecordRefused struct {
	Sequence uint64
	Request  *message.FollowUpRequested
}

// JournalFailed says that the effects of an event could not be made durable: the follow-up is as it was before.
type JournalFailed struct{ Cause Event }

// Tick says that the time of the latest SetTimer has come, or passed.
type Tick struct{}

// Restarted is given to an open follow-up that was read back after a restart. Last is the sequence of the latest record
// that was committed with it.
type Restarted struct{ Last uint64 }

// Printed reports on one copy.
type Printed struct{ checkout.Printed }

// ReprintPressed asks for copies on paper once more.
type ReprintPressed struct{ Copies checkout.Copies }

func (Started) event()        {}
func (ResultArrived) event()  {}
func (Recorded) event()       {}
func (RecordRefused) event()  {}
func (JournalFailed) event()  {}
func (Tick) event()           {}
func (Restarted) event()      {}
func (Printed) event()        {}
func (ReprintPressed) event() {}
