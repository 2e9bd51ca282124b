package followup

import (
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// OfflineMax bounds what a till gives back of one payment by itself: the cloud, which has to carry all of it out, takes a
// bounded number of follow-ups of an order.
const OfflineMax = 8

// takeOffline gives an offline payment back without the cloud: request and outcome are one commit (SPEC.md 7.8.6). It
// goes up in its turn, behind its payment: nobody waits for the answer.
func (r Rules) takeOffline(f FollowUp, body *message.FollowUpRequested) (FollowUp, []Effect) {
	f.State, f.Unprinted = TakenOffline, bothCopies
	// The outcome is the last record of the commit: the request's sequence is the one before (restart).
	return f, []Effect{
		checkout.Commit{Type: record.FollowUpRequested, Body: body}, commitShown(f),
		checkout.Print{Copies: bothCopies}, checkout.Show{}, r.timer(f),
	}
}

// offlineResult takes the cloud's answer to what the till accepted. What is not definite changes nothing. What was not
// carried out is recorded, shown and told: the customer has a slip that says it was.
func (r Rules) offlineResult(f FollowUp, result *message.FollowUpResult) (FollowUp, []Effect) {
	notice := catalogue.NoticeReturnSettled
	switch result.GetOutcome() {
	case message.Outcome_OUTCOME_APPROVED:
		f.State = Approved
	case message.Outcome_OUTCOME_DECLINED:
		f.State, notice = NotCarriedOut, catalogue.NoticeReturnNotDone
	default:
		return f, nil
	}
	f.Result = result
	effects := []Effect{commitShown(f), checkout.Show{Notice: notice}, checkout.Forget{Sequence: f.RequestSequence}}
	if f.State == NotCarriedOut {
		effects = append(effects, checkout.Warn{What: "an offline return was not carried out"})
	}
	return f, effects
}

// resumeOffline goes on asking after a restart; what is to be said is whether the slip is on paper.
func (r Rules) resumeOffline(f FollowUp, unsure []Effect) (FollowUp, []Effect) {
	show := checkout.Show{}
	if len(unsure) > 0 {
		show.Notice = catalogue.NoticeReceiptUnsure
	}
	return f, append(unsure, checkout.Ask{Sequence: f.RequestSequence}, show, r.timer(f))
}

// Takes reports whether the till may accept it by itself at all: only what gives an offline payment back.
func Takes(kind Kind) bool {
	return kind == message.FollowUp_FOLLOW_UP_VOID || kind == message.FollowUp_FOLLOW_UP_REFUND
}

// Taken is the order as the slip of something given back offline has it: how it stands by what this till gave back
// before, since the cloud has said nothing of it yet. The order itself is not changed.
func Taken(order *message.OrderFound, done []FollowUp) *message.OrderFound {
	own := proto.CloneOf(order)
	paid := own.GetPayment().GetAmount()
	own.Payment.Standing = &message.Standing{Paid: paid, Refunded: paid - LeftOf(order, done).Refund}
	return own
}

// Standing is how the order stands once this is done: by the cloud, or of what the till accepted by itself by what it
// knows. Nil while nobody knows.
func (f FollowUp) Standing() *message.Standing {
	if f.State != TakenOffline {
		return f.Result.GetStanding()
	}
	standing := proto.CloneOf(f.Original.GetPayment().GetStanding())
	if standing == nil {
		return nil
	}
	standing.Refunded += f.Amount.Minor
	standing.Closed = f.Kind == message.FollowUp_FOLLOW_UP_VOID
	return standing
}
