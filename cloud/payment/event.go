package payment

import "github.com/yuantill/yuantill/cloud/operator"

// EventKind is what happened.
type EventKind uint8

// The kinds of event.
const (
	EventRequested         EventKind = iota + 1 // the terminal wants the payment
	EventAnswer                                 // an operator gave a definite answer to a call
	EventUnknown                                // a call ended without one
	EventNotSent                                // a call certainly never left
	EventTick                                   // NextAt was reached
	EventReversalRequested                      // the terminal wants it taken back
	EventQueryRequested                         // the terminal asks how it stands
	EventRecovered                              // the process restarted: calls in flight and one-time codes are gone
	EventFollowUpRequested                      // a terminal wants something done with the order
	EventBooksBehind                            // these books are an older copy: its terminal may have been told the outcome
	EventDisputed                               // an operator states a chargeback
)

// String returns the kind's name.
func (k EventKind) String() string {
	switch k {
	case EventRequested:
		return "requested"
	case EventAnswer:
		return "answer"
	case EventUnknown:
		return "unknown"
	case EventNotSent:
		return "not-sent"
	case EventTick:
		return "tick"
	case EventReversalRequested:
		return "reversal-requested"
	case EventQueryRequested:
		return "query-requested"
	case EventRecovered:
		return "recovered"
	case EventFollowUpRequested:
		return "follow-up-requested"
	case EventDeclined:
		return "declined"
	case EventBooksBehind:
		return "books-behind"
	case EventDisputed:
		return "disputed"
	default:
		return "invalid"
	}
}

// Event is something that happened to a payment.
type Event struct {
	Kind EventKind
	// Call and Operator say which call an answer, unknown or not-sent belongs to.
	Call     EffectKind
	Operator string
	Answer   operator.Answer
	// Reason goes with EventReversalRequested and EventDeclined.
	Reason operator.Reason
	// Asked goes with EventFollowUpRequested.
	Asked *Asked
	// Dispute goes with EventDisputed.
	Dispute *Dispute
	// FollowUp says which follow-up an answer, unknown or not-sent of CallFollowUp belongs to; FollowUpAnswer takes the
	// place of Answer.
	FollowUp       operator.FollowUpID
	FollowUpAnswer *operator.FollowUpAnswer
}

// EffectKind is what has to be done.
type EffectKind uint8

// The kinds of effect. Post, Alarm, TakeFollowUp and DeclineFollowUp belong into the commit that stores the new state;
// everything else runs after that commit.
const (
	CallAuthorise EffectKind = iota + 1
	CallOrder
	CallQuery
	CallReverse
	CallRefund
	CallFollowUp
	Post            // write a ledger entry
	Answer          // tell the terminal how the payment stands now
	Alarm           // tell a person
	SetTimer        // Tick at Effect.At
	TakeFollowUp    // note, in the same commit, that the order took the follow-up on
	DeclineFollowUp // note, in the same commit, that it was declined and why; then tell the terminal that asked
	AnswerFollowUp  // tell the terminal that asked how the follow-up stands now
)

// String returns the kind's name.
func (k EffectKind) String() string {
	switch k {
	case CallAuthorise:
		return "authorise"
	case CallOrder:
		return "order"
	case CallQuery:
		return "query"
	case CallReverse:
		return "reverse"
	case CallRefund:
		return "refund"
	case CallFollowUp:
		return "follow-up"
	case Post:
		return "post"
	case Answer:
		return "answer"
	case Alarm:
		return "alarm"
	case SetTimer:
		return "timer"
	case TakeFollowUp:
		return "take"
	case DeclineFollowUp:
		return "decline"
	case AnswerFollowUp:
		return "answer-follow-up"
	default:
		return "invalid"
	}
}

// PostingKind is which ledger entry is due.
type PostingKind uint8

// The kinds of posting. The first six cancel out in pairs; those after them belong to one follow-up each.
const (
	PostSale           PostingKind = iota + 1 // operator owes the merchant amount − fee, us the fee
	PostReversal                              // the sale undone
	PostSuspense                              // paid after it was taken back: operator owes, we owe the customer
	PostSuspenseReturn                        // the money went back
	PostHold                                  // an amount is held; no money moved
	PostHoldReturn                            // all of it was set free
	PostVoid                                  // the whole payment went back
	PostRefund                                // part or all of what was paid went back
	PostTopUp                                 // more is held
	PostCompletion                            // paid out of what is held
	PostRelease                               // what was still held was set free
	PostUndo                                  // a completion went back and is held again
	PostDispute                               // a customer's bank took it back
)

// String returns the kind's name.
func (k PostingKind) String() string {
	switch k {
	case PostSale:
		return "sale"
	case PostReversal:
		return "reversal"
	case PostSuspense:
		return "suspense"
	case PostSuspenseReturn:
		return "suspense-return"
	case PostHold:
		return "hold"
	case PostHoldReturn:
		return "hold-return"
	case PostVoid:
		return "void"
	case PostRefund:
		return "refund"
	case PostTopUp:
		return "top-up"
	case PostCompletion:
		return "completion"
	case PostRelease:
		return "release"
	case PostUndo:
		return "undo"
	case PostDispute:
		return "dispute"
	case PostLoss:
		return "loss"
	case PostLossReturn:
		return "loss-return"
	default:
		return "invalid"
	}
}

// AlarmKind is what a person is told.
type AlarmKind uint8

// The alarms.
const (
	AlarmAmountMismatch        AlarmKind = iota + 1 // an answer names another amount or currency
	AlarmForeignAnswer                              // an answer about another order or from another operator
	AlarmContradiction                              // an operator contradicts its earlier definite answer
	AlarmSecondReference                            // a second approval under another number: perhaps a second debit
	AlarmLateApproval                               // approved after it was taken back; the money goes back
	AlarmReversalRefused                            // the reversal was refused
	AlarmRefundRefused                              // the refund was refused: a person must act
	AlarmStillOpen                                  // many attempts and still not definite
	AlarmFollowUpOpen                               // the same for a follow-up
	AlarmFollowUpRefused                            // one that the cloud itself wants was refused; it is tried on
	AlarmFollowUpContradiction                      // the operator contradicts its definite answer about a follow-up
	AlarmCardDebited                                // a hard wallet has debited itself for what is taken back unseen by its operator
)

// String returns the alarm's name.
func (k AlarmKind) String() string {
	switch k {
	case AlarmAmountMismatch:
		return "amount-mismatch"
	case AlarmForeignAnswer:
		return "foreign-answer"
	case AlarmContradiction:
		return "contradiction"
	case AlarmSecondReference:
		return "second-reference"
	case AlarmLateApproval:
		return "late-approval"
	case AlarmReversalRefused:
		return "reversal-refused"
	case AlarmRefundRefused:
		return "refund-refused"
	case AlarmStillOpen:
		return "still-open"
	case AlarmFollowUpOpen:
		return "follow-up-open"
	case AlarmFollowUpRefused:
		return "follow-up-refused"
	case AlarmFollowUpContradiction:
		return "follow-up-contradiction"
	case AlarmNotHonoured:
		return "not-honoured"
	case AlarmReturnNotDone:
		return "return-not-done"
	case AlarmVoidOfClosedShift:
		return "void-of-closed-shift"
	case AlarmNotOwed:
		return "not-owed"
	case AlarmCardDebited:
		return "card-debited"
	default:
		return "invalid"
	}
}
