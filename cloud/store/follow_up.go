package store

import (
	"encoding/hex"
	"fmt"
	"time"

	"github.com/yuantill/yuantill/protocol/record"
)

// FollowUpID names a follow-up for ever, on all terminals.
type FollowUpID [16]byte

// String returns the id in hexadecimal digits.
func (id FollowUpID) String() string { return hex.EncodeToString(id[:]) }

// FollowUpState says what became of a request to follow up an order.
type FollowUpState uint8

// The states. A follow-up leaves FollowUpWaiting once, in the change that stores what its order made of it.
const (
	FollowUpWaiting  FollowUpState = iota + 1 // stored with its record; its order has not looked at it yet
	FollowUpTaken                             // part of its order, which knows how it stands
	FollowUpDeclined                          // declined at once, for Reason
)

// String returns the state's name.
func (s FollowUpState) String() string {
	switch s {
	case FollowUpWaiting:
		return "waiting"
	case FollowUpTaken:
		return "taken"
	case FollowUpDeclined:
		return "declined"
	default:
		return fmt.Sprintf("follow-up-state-%d", uint8(s))
	}
}

// FollowUp is one request to follow up an order. In a Change, one that is waiting is new, and refused with
// FollowUpExists where its id is taken; any other says what became of a waiting one, and is refused with FollowUpMoved
// where that was said before.
type FollowUp struct {
	ID       FollowUpID
	Order    OrderID
	Terminal record.Terminal
	Sequence uint64 // of the FollowUpRequested record
	State    FollowUpState
	Reason   uint8 // the protocol's number, with FollowUpDeclined
	At       time.Time
}
