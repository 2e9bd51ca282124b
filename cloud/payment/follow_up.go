package payment

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

// Bounds of what follows an approval.
const (
	// FollowUpsMax is how many follow-ups terminals may ask of one order; more are declined.
	FollowUpsMax = 64
	// ownMax is how many the cloud adds of its own: the release of a hold, and what a reversal takes back after others.
	ownMax = 4
	// followUpsKept are all that a payment can have. A refund of the cloud's own that a dispute overtakes is begun again.
	followUpsKept = FollowUpsMax + ownMax + 2*disputesMax
	// HoldCapMax bounds what may be completed of a hold, in percent.
	HoldCapMax = 200

	holdCapWhole = 100 // percent
)

// FollowUpStatus is where a follow-up stands.
type FollowUpStatus uint8

// The statuses. Done and Refused stay.
const (
	UnderWay FollowUpStatus = iota + 1 // being asked for until the operator's answer is definite
	Done
	Refused // by the operator; what it had reserved is free again
)

// Outcome derives what the terminal is told.
func (s FollowUpStatus) Outcome() Outcome {
	switch s {
	case Done:
		return OutcomeApproved
	case Refused:
		return OutcomeDeclined
	default:
		return OutcomeUnknown
	}
}

// String returns the status's name.
func (s FollowUpStatus) String() string {
	switch s {
	case UnderWay:
		return "under-way"
	case Done:
		return "done"
	case Refused:
		return "refused"
	default:
		return "invalid"
	}
}

// FollowUp is what is done with an approved order.
type FollowUp struct {
	ID     operator.FollowUpID
	Kind   operator.FollowUpKind
	Status FollowUpStatus
	Reason operator.Reason // why refused
	Amount int64           // minor units
	// Freed is what a completion or a cancellation took from what is held, or what an undo put back.
	Freed int64
	// Fee is what a completion cost, or what a void, a refund or an undo gave back of it; minor units, once done.
	Fee    int64
	Undoes operator.FollowUpID // of an undo: the completion
	Last   bool                // of a completion: what is held beyond it is set free
	// Terminal and Sequence name the record that asked for it; empty for the cloud's own.
	Terminal string
	Sequence uint64
	// Reference is our number of it, 12 digits, empty for the cloud's own; OperatorReference the operator's.
	Reference         string
	OperatorReference string

	CreatedAt, DecidedAt time.Time
	NextAt               time.Time // when it is asked for again
	Attempts             uint32
	// Revision rises whenever what the terminal is told changes.
	Revision uint32
	// Round counts how often a follow-up of the cloud's own was refused and begun again under another id.
	Round uint32
}

// own reports whether the cloud itself wants the follow-up.
func (f FollowUp) own() bool { return f.Terminal == "" }

// counts reports whether the follow-up reserves or took what it is about.
func (f FollowUp) counts() bool { return f.Status != Refused }

func (f FollowUp) validate() error {
	switch {
	case f.ID == operator.FollowUpID{} || f.Kind < operator.KindVoid || f.Kind > operator.KindUndo && f.Kind != operator.KindDispute:
		return fmt.Errorf("%w: follow-up without id or kind", ErrInvalidPayment)
	case f.Status < UnderWay || f.Status > Refused || f.Reason > operator.ReasonMax:
		return fmt.Errorf("%w: status or reason of a follow-up", ErrInvalidPayment)
	case f.Amount <= 0 || f.Amount > AmountMax || f.Fee < 0 || f.Fee > f.Amount || f.Freed < 0 || f.Freed > AmountMax:
		return fmt.Errorf("%w: amount of a follow-up out of range", ErrInvalidPayment)
	case len(f.Terminal) > textMax || len(f.OperatorReference) > textMax:
		return fmt.Errorf("%w: text of a follow-up too long", ErrInvalidPayment)
	case len(f.Reference) != referenceLen && (f.Reference != "" || !f.own()):
		return fmt.Errorf("%w: reference of a follow-up must have 12 digits", ErrInvalidPayment)
	}
	return nil
}

// Asked is a follow-up as a terminal asks for it.
type Asked struct {
	FollowUp
	Currency string
	Batch    uint32 // the shift it was asked in
	Offline  bool   // of a payment that the terminal had accepted by itself, before the cloud had it
}

// FollowUp returns the follow-up with an id.
func (p Payment) FollowUp(id operator.FollowUpID) (FollowUp, bool) {
	if i := p.followUp(id); i >= 0 {
		return p.FollowUps[i], true
	}
	return FollowUp{}, false
}

func (p Payment) followUp(id operator.FollowUpID) int {
	return slices.IndexFunc(p.FollowUps, func(f FollowUp) bool { return f.ID == id })
}

// Pursued reports whether a follow-up is under way.
func (p Payment) Pursued() bool {
	return slices.ContainsFunc(p.FollowUps, func(f FollowUp) bool { return f.Status == UnderWay })
}

// underWay counts the follow-ups that are.
func (p Payment) underWay() int {
	count := 0
	for _, f := range p.FollowUps {
		if f.Status == UnderWay {
			count++
		}
	}
	return count
}

// followed reports whether something was done with the order, or is.
func (p Payment) followed() bool { return slices.ContainsFunc(p.FollowUps, FollowUp.counts) }

const ownLabel = "yuantill follow-up of the cloud's own"

// ownID derives the id of one of the cloud's own follow-ups: the same after a restart, and as a UUID of version 8 none
// that a terminal mints.
func ownID(order operator.OrderID, number int, round uint32) operator.FollowUpID {
	content := append([]byte(ownLabel), order[:]...)
	content = binary.BigEndian.AppendUint32(content, uint32(number))
	content = binary.BigEndian.AppendUint32(content, round)
	sum := sha256.Sum256(content)
	id := operator.FollowUpID(sum[:16])
	id[6], id[8] = 0x80|id[6]&0x0f, 0x80|id[8]&0x3f
	return id
}
