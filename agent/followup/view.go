package followup

import (
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
)

// View is a follow-up as it is put before people.
type View struct {
	FollowUp FollowUp
	// Name says what is done, Title what is going on, Next the one thing to do, Reason why it ended so, Notice what
	// happened beside it.
	Name, Title, Next, Reason, Notice catalogue.Text
	// Until is when more is known at the latest; zero when nothing is said about that.
	Until time.Time
	// Reprint is what became of the copies that were asked for again; Rules know nothing of it.
	Reprint checkout.Reprint
}

// View returns what is shown of a follow-up together with a notice. That a copy has substitutes on it is shown for as long
// as nothing newer is.
func (r Rules) View(f FollowUp, notice catalogue.Phrase) View {
	title, next := phrases(f)
	if notice == catalogue.None && f.Altered != 0 {
		notice = catalogue.NoticePrintAltered
	}
	v := View{
		FollowUp: f, Name: catalogue.FollowUpName(f.Kind), Title: title.Text(), Next: next.Text(), Notice: notice.Text(),
	}
	switch f.State {
	case Declined, NotCarriedOut:
		v.Reason = f.Reason()
	case Asking:
		v.Until = f.RequestedAt.Add(r.Timing.AnswerWithin)
	}
	return v
}

// Reason says why it was not done. What is beyond the order itself is not the wallet's limit, and the order says how much; nor
// is it the wallet's where the operator gives back less than the order has left.
func (f FollowUp) Reason() catalogue.Text {
	given, standing := f.Result.GetReason(), f.Result.GetStanding()
	if given != message.Reason_REASON_LIMIT_EXCEEDED {
		return catalogue.Reason(given)
	}
	left := LeftOf(&message.OrderFound{Payment: &message.PaymentResult{Standing: standing}}, nil)
	sum := func(minor int64) money.Money { return money.Money{Minor: minor, Currency: f.Amount.Currency} }
	back := Takes(f.Kind) || f.Kind == message.FollowUp_FOLLOW_UP_UNDO
	switch {
	case standing != nil && back && f.beyond(standing, left):
		return catalogue.RefuseMoreThanLeft.Text().With(catalogue.Refundable(sum(left.Refund)))
	case back:
		return catalogue.NoMoreBack()
	case standing != nil && f.Kind == message.FollowUp_FOLLOW_UP_COMPLETE && f.Amount.Minor > left.Held:
		return catalogue.BeyondHold().With(catalogue.StillHeld(sum(left.Held)))
	default:
		return catalogue.Reason(given)
	}
}

// beyond reports whether it asks for more than the order has left. An undo names no amount: it is of a whole completion, of which
// something is gone where something was given back.
func (f FollowUp) beyond(standing *message.Standing, left Left) bool {
	if f.Kind == message.FollowUp_FOLLOW_UP_UNDO {
		return standing.GetRefunded() > 0
	}
	return f.Amount.Minor > left.Refund
}

func phrases(f FollowUp) (title, next catalogue.Phrase) {
	switch f.State {
	case Asking:
		return catalogue.TitleFollowUpAsking, catalogue.StepFollowUpWait
	case Unknown:
		return catalogue.TitleFollowUpUnknown, catalogue.StepFollowUpUnknown
	case Declined:
		return catalogue.TitleFollowUpDeclined, catalogue.StepFollowUpDeclined
	case TakenOffline:
		return catalogue.TitleReturnedOffline, catalogue.StepReturnedOffline
	case NotCarriedOut:
		return catalogue.TitleReturnNotDone, catalogue.StepReturnNotDone
	default:
		return donePhrases(f.Kind)
	}
}

func donePhrases(kind Kind) (title, next catalogue.Phrase) {
	switch kind {
	case message.FollowUp_FOLLOW_UP_VOID:
		return catalogue.TitleVoided, catalogue.StepMoneyBack
	case message.FollowUp_FOLLOW_UP_REFUND:
		return catalogue.TitleRefunded, catalogue.StepMoneyBack
	case message.FollowUp_FOLLOW_UP_TOP_UP:
		return catalogue.TitleToppedUp, catalogue.StepHoldRaised
	case message.FollowUp_FOLLOW_UP_COMPLETE:
		return catalogue.TitleCompleted, catalogue.StepCompleted
	case message.FollowUp_FOLLOW_UP_CANCEL:
		return catalogue.TitleReleased, catalogue.StepReleased
	case message.FollowUp_FOLLOW_UP_UNDO:
		return catalogue.TitleUndone, catalogue.StepHeldAgain
	default:
		return catalogue.None, catalogue.None
	}
}
