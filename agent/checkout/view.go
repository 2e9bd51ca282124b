package checkout

import (
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/message"
)

// View is a sale as it is put before people. Wallet ids in it are masked.
type View struct {
	Sale Sale
	// Title says what is going on, Next the one thing to do, Reason why it ended so, Notice what happened beside it.
	Title, Next, Reason, Notice catalogue.Text
	// Until is the end of the countdown: when more is known at the latest. Zero when there is none.
	Until time.Time
	// ShownCode is the text of the code for the customer to scan; empty unless it may be scanned now.
	ShownCode      string
	ShownCodeUntil time.Time
	// Reprint is what became of the copies that were asked for again; Rules know nothing of it.
	Reprint Reprint
}

// View returns what is shown of a sale together with a notice. That a copy has substitutes on it is shown for as long as
// nothing newer is.
func (r Rules) View(s Sale, notice catalogue.Phrase) View {
	title, next := phrases(s)
	if notice == catalogue.None && s.Altered != 0 {
		notice = catalogue.NoticePrintAltered
	}
	v := View{
		Sale: s, Title: title.Text(), Next: next.Text(), Notice: notice.Text(),
		Reason: catalogue.Reason(s.Reason()), Until: r.until(s),
	}
	if s.State == AwaitingScan {
		v.ShownCode = s.Result.GetShownCode()
		v.ShownCodeUntil = time.UnixMicro(s.Result.GetShownCodeExpires()).UTC()
	}
	return v
}

// phrases are the sale's title and the next step.
func phrases(s Sale) (title, next catalogue.Phrase) {
	if title, next = orderPhrases(s); title != catalogue.None {
		return title, next
	}
	switch s.State {
	case Waiting:
		if s.Hold {
			return catalogue.TitleWaiting, catalogue.StepPresentHold
		}
		return catalogue.TitleWaiting, catalogue.StepPresent
	case Tapping:
		return catalogue.TitleTapping, catalogue.StepHoldCard
	case CardUnknown:
		return catalogue.TitleCardUnknown, catalogue.StepSameCard
	case Authorising:
		return catalogue.TitleAuthorising, catalogue.StepWait
	case AwaitingPassword:
		return catalogue.TitlePassword, catalogue.StepPassword
	case AwaitingScan:
		return catalogue.TitleShown, catalogue.StepScanShown
	case Querying:
		return catalogue.TitleQuerying, catalogue.StepUnknown
	case Reversing:
		if s.withdrawn() {
			return catalogue.TitleQuerying, catalogue.StepUnknown
		}
		if s.SupersededBy != (OrderID{}) {
			return catalogue.TitleReversing, catalogue.StepSuperseded
		}
		return catalogue.TitleReversing, catalogue.StepReversing
	case Approved:
		return approvedPhrases(s)
	case Declined, Reversed:
		return endPhrases(s)
	case Abandoned:
		return catalogue.TitleAbandoned, catalogue.StepNewSale
	case ApprovedOffline:
		return catalogue.TitleApprovedOffline, catalogue.StepHandOverOffline
	case NotHonoured:
		return catalogue.TitleNotHonoured, catalogue.StepNotHonoured
	default:
		return catalogue.None, catalogue.None
	}
}

// approvedPhrases say what an approved order has become since.
func approvedPhrases(s Sale) (title, next catalogue.Phrase) {
	standing := s.Standing()
	switch {
	case s.Hold && standing.GetClosed() && standing.GetPaid() == 0:
		return catalogue.TitleHoldEnded, catalogue.StepHoldEnded
	case s.Hold && standing.GetPaid() > 0:
		return catalogue.TitleHoldPaid, catalogue.StepHoldPaid
	case s.Hold:
		return catalogue.TitleHeld, catalogue.StepHeld
	case s.givenBack():
		return catalogue.TitleGoneBack, catalogue.StepGoneBack
	case standing.GetRefunded() > 0:
		return catalogue.TitlePartBack, catalogue.StepPartBack
	default:
		return catalogue.TitleApproved, catalogue.StepHandOver
	}
}

// endPhrases tell apart where the customer's money is after a payment that did not succeed.
func endPhrases(s Sale) (title, next catalogue.Phrase) {
	title, next = catalogue.TitleReversed, catalogue.StepNoMoney
	if s.State == Declined {
		title, next = catalogue.TitleDeclined, catalogue.StepOtherMeans
	}
	switch {
	case s.CardInDoubt():
		next = catalogue.StepCardInDoubt
	case s.State == Reversed && s.Result.GetRefunded():
		next = catalogue.StepRefunded
	case s.CardDebited():
		next = catalogue.StepCardDebited
	case s.SupersededBy != (OrderID{}):
		next = catalogue.StepSuperseded
	}
	return title, next
}

// Reason says why the sale ended so, or is being taken back.
func (s Sale) Reason() message.Reason {
	switch {
	case s.State == Approved || s.State == ApprovedOffline:
		return message.Reason_REASON_UNSPECIFIED
	case s.Result.GetReason() != message.Reason_REASON_UNSPECIFIED:
		return s.Result.GetReason()
	default:
		return s.Reversal
	}
}

// until is the end of the countdown that people see.
func (r Rules) until(s Sale) time.Time {
	if s.AwaitsOrder() {
		if s.givenBack() {
			return time.Time{} // nobody waits for the order any more
		}
		return s.Order.Until
	}
	switch s.State {
	case Authorising:
		return r.silentAt(s)
	case CardUnknown, AwaitingPassword, AwaitingScan, Querying:
		return s.Deadline
	default:
		return time.Time{}
	}
}
