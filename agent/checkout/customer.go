package checkout

import (
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// start begins a sale. It is saved so that the same intent after a restart finds it.
func (r Rules) start(e Started, now time.Time) (Sale, []Effect) {
	s := Sale{
		OrderID: e.OrderID, State: Waiting, Amount: e.Amount, Cashier: e.Cashier, Note: e.Note,
		Batch: e.Batch, Voucher: e.Voucher, Origin: e.Origin,
		Hold: e.Hold, HoldExpires: e.HoldExpires, Order: e.Order,
		StartedAt: now, Deadline: now.Add(r.Timing.WaitAtMost),
	}
	return s, []Effect{Save{}, Arm{Scanner: true, Reader: !s.Hold}, Show{}, r.timer(s)}
}

// scan takes the customer's code while a customer is waited for; the first means of payment wins.
func (r Rules) scan(s Sale, e CodeScanned, now time.Time) (Sale, []Effect) {
	switch {
	case s.State.Final():
		return s, []Effect{Show{Notice: catalogue.NoticeScanIdle}}
	case s.State != Waiting && !s.TakesOthers():
		return s, []Effect{Show{Notice: catalogue.NoticeSecondScan}}
	case e.Kind != CodeECNY:
		return s, []Effect{Show{Notice: foreignCode(e.Kind)}}
	case s.State != Waiting: // Supersede was not asked
		return s, []Effect{Show{Notice: catalogue.NoticeSecondScan}}
	}
	s.CodeTail = e.Tail
	return r.request(s, message.Method_METHOD_CODE, now)
}

func foreignCode(kind CodeKind) catalogue.Phrase {
	switch kind {
	case CodeWeChat:
		return catalogue.NoticeWeChat
	case CodeAlipay:
		return catalogue.NoticeAlipay
	case CodeUnionPay:
		return catalogue.NoticeUnionPay
	case CodeGoods:
		return catalogue.NoticeGoods
	case CodeUnreadable:
		return catalogue.NoticeUnreadable
	default:
		return catalogue.NoticeNotPayment
	}
}

func (r Rules) wantCode(s Sale, now time.Time) (Sale, []Effect) {
	if s.State != Waiting {
		return s, []Effect{Show{}}
	}
	return r.request(s, message.Method_METHOD_SHOWN, now)
}

// presentCard records that nobody knows the outcome before a hard wallet is asked, since asking debits it: after a power
// cut in the middle the sale, and through the record the cloud, still know that it may have been debited.
func (r Rules) presentCard(s Sale, e CardPresented, now time.Time) (Sale, []Effect) {
	switch {
	case s.TakesOthers() && !s.Hold && e.Barred != catalogue.None: // the code stays before the customer
		return s, []Effect{LeaveCard{}, Show{Notice: e.Barred}}
	case s.State != Waiting && s.State != CardUnknown:
		return s, []Effect{LeaveCard{}, Show{Notice: catalogue.NoticeSecondCard}}
	}
	// A hard wallet pays at once: it has nothing that could be held.
	if s.Hold {
		return s, []Effect{LeaveCard{}, Show{Notice: catalogue.NoticeCardNoHold}}
	}
	// Another card could be debited a second time for the same order.
	if s.Card.Silent && e.Wallet != s.Card.Wallet {
		return s, []Effect{LeaveCard{}, Show{Notice: catalogue.NoticeCardOther}}
	}
	// Asking debits the wallet: without a connection it must be certain before that the till may accept the payment.
	if !s.Card.Silent && e.Barred != catalogue.None {
		return s, []Effect{LeaveCard{}, Show{Notice: e.Barred}}
	}
	if !s.Card.Silent {
		s.Card = Card{Nonce: e.Nonce, Wallet: e.Wallet, Counter: e.Counter, At: now}
	}
	var ask Effect = PayCard{}
	if s.Card.Silent {
		ask = RecoverCard{}
	}
	s.State = Tapping
	s.Method = message.Method_METHOD_TAP
	s.Deadline = now.Add(r.Timing.TapWithin)
	unknown := Commit{Type: record.OutcomeShown, Body: &message.OutcomeShown{
		OrderId: s.OrderID[:], Outcome: message.Outcome_OUTCOME_UNKNOWN,
	}}
	return s, []Effect{unknown, ask, Arm{}, Show{}, r.timer(s)}
}

func (r Rules) cardPaid(s Sale, e CardPaid, now time.Time) (Sale, []Effect) {
	if !s.State.cardStage() {
		return r.cardPaidLate(s, e)
	}
	s.Card.Transaction, s.Card.Accepted = e.Transaction, e.Offline
	return r.requestTap(s, now)
}

// cardPaidLate keeps what a card signed for a sale that was given up by then. The cloud was told of a card that does not
// answer, and a person there asks the wallet's operator; what the customer and those who look into it have to know is
// that it was debited.
func (r Rules) cardPaidLate(s Sale, e CardPaid) (Sale, []Effect) {
	warn := Warn{What: "hard wallet paid after its sale had been given up"}
	if s.State == Waiting || !s.CardInDoubt() {
		return s, []Effect{warn}
	}
	s.Card.Transaction = e.Transaction
	return s, []Effect{
		Commit{Type: record.DeviceFault, Body: &message.DeviceFault{
			Device: "reader", Fault: "hard wallet paid after its sale was given up: order " + s.OrderID.String(),
		}},
		Show{Notice: catalogue.NoticeCardPaidLate}, warn,
	}
}

// requestTap asks the cloud for a payment that a hard wallet has signed, or accepts it.
func (r Rules) requestTap(s Sale, now time.Time) (Sale, []Effect) {
	if s.Card.Accepted != nil && s.Reversal == message.Reason_REASON_UNSPECIFIED {
		return r.acceptOffline(s, now)
	}
	return r.request(s, message.Method_METHOD_TAP, now)
}

// CardRequest is what the hard wallet is asked to pay, the same bytes each time.
func (r Rules) CardRequest(s Sale) hardwallet.Request {
	return hardwallet.Request{
		Order: s.OrderID, Amount: s.Amount.Minor, Currency: s.Amount.Currency.Code,
		Merchant: r.MerchantID, Terminal: r.TerminalID, Time: s.Card.At.Unix(), Nonce: s.Card.Nonce,
	}
}

// cardRefused goes back to waiting, unless a card was asked before and it is still not known what it did.
func (r Rules) cardRefused(s Sale, e CardRefused, now time.Time) (Sale, []Effect) {
	if s.State == Waiting || s.State == CardUnknown || s.TakesOthers() {
		return s, []Effect{Show{Notice: cardNotice(e.Cause)}} // it could not even be opened
	}
	if s.State != Tapping || len(s.Card.Transaction) != 0 {
		return s, nil
	}
	if !s.definite(e) {
		return r.cardLost(s, cardNotice(e.Cause), now)
	}
	s.Card, s.Method = Card{}, message.Method_METHOD_UNSPECIFIED
	if s.Reversal != message.Reason_REASON_UNSPECIFIED {
		return r.abandon(s, s.Reversal)
	}
	s.State = Waiting
	s.Deadline = now.Add(r.Timing.WaitAtMost)
	return s, []Effect{Save{}, Arm{Scanner: true, Reader: true}, Show{Notice: cardNotice(e.Cause)}, r.timer(s)}
}

// definite reports whether a refusal says that the card was not debited, by this sale's first asking either.
func (s Sale) definite(e CardRefused) bool { return !s.Card.Silent || e.Cause == CardNotPaid }

func cardNotice(cause CardCause) catalogue.Phrase {
	switch cause {
	case CardFunds:
		return catalogue.NoticeCardFunds
	case CardLimit:
		return catalogue.NoticeCardLimit
	case CardUsedUp:
		return catalogue.NoticeCardOnline
	case CardBlocked:
		return catalogue.NoticeCardBlocked
	case CardForeign:
		return catalogue.NoticeCardForeign
	case CardAway, CardNotPaid:
		return catalogue.NoticeCardAway
	case CardCrowd:
		return catalogue.NoticeTwoCards
	case CardLying:
		return catalogue.NoticeCardLying
	default:
		return catalogue.NoticeCardRefused
	}
}

func (r Rules) cardSilent(s Sale, now time.Time) (Sale, []Effect) {
	if s.State != Tapping || s.Card.heard() {
		return s, nil
	}
	return r.cardLost(s, catalogue.None, now)
}

// cardLost waits for the same card again. Only that card or the cloud can tell what happened; no other means of payment
// is offered, since the customer may have paid already.
func (r Rules) cardLost(s Sale, notice catalogue.Phrase, now time.Time) (Sale, []Effect) {
	s.Card.Silent = true
	if s.Reversal != message.Reason_REASON_UNSPECIFIED {
		return r.request(s, message.Method_METHOD_TAP, now)
	}
	s.State = CardUnknown
	s.Deadline = s.Card.At.Add(r.Timing.RetapWithin)
	return s, []Effect{Save{}, Arm{Reader: true}, Show{Notice: notice}, r.timer(s)}
}

// abandon ends a sale for which no payment was ever asked.
func (r Rules) abandon(s Sale, reason message.Reason) (Sale, []Effect) {
	s.State, s.Reversal = Abandoned, reason // so that people and programs are told why
	return s, []Effect{
		Commit{Type: record.SaleAbandoned, Body: &message.SaleAbandoned{
			OrderId: s.OrderID[:], Reason: reason, Amount: s.Amount.Minor, Currency: s.Amount.Currency.Code,
		}},
		Arm{}, Show{},
	}
}
