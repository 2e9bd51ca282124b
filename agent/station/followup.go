package station

import (
	"encoding/hex"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/followup"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
)

// FollowUp is something done with an order as the API shows it. Amounts are in minor units; times are UTC.
type FollowUp struct {
	ID       string `json:"id" doc:"32 hexadecimal digits"`
	Order    string `json:"order" doc:"the order it is about"`
	Kind     string `json:"kind" enum:"void,refund,top-up,complete,cancel,undo"`
	State    string `json:"state" enum:"asking,unknown,approved,declined,approved-offline,not-carried-out"`
	Outcome  string `json:"outcome" enum:"approved,declined,unknown"`
	Final    bool   `json:"final" doc:"nothing changes any more"`
	Amount   int64  `json:"amount" doc:"minor units: what was moved, or is asked for; 0 where only the cloud knows"`
	Currency string `json:"currency"`
	Text     string `json:"amount_text" doc:"the amount with its symbol"`
	Cashier  string `json:"cashier,omitempty"`
	Note     string `json:"note,omitempty"`
	Batch    uint32 `json:"batch"`
	Voucher  uint32 `json:"voucher"`
	Undoes   string `json:"undoes,omitempty" doc:"the completion that an undo takes back"`
	Last     bool   `json:"last,omitempty" doc:"the completion releases what is held beyond it"`

	Name   Words  `json:"name" doc:"what is done"`
	Title  Words  `json:"title" doc:"what is going on"`
	Next   Words  `json:"next" doc:"the one thing to do next"`
	Reason *Words `json:"reason,omitempty" doc:"why it was not done"`
	Notice *Words `json:"notice,omitempty" doc:"what happened beside it"`

	RequestedAt time.Time  `json:"requested_at"`
	At          time.Time  `json:"at" doc:"the till's clock when this was written"`
	Until       *time.Time `json:"until,omitempty" doc:"when it is shown as unknown at the latest"`
	Reference   string     `json:"reference,omitempty"`
	Original    string     `json:"original_reference,omitempty" doc:"the order's"`
	Standing    *Standing  `json:"standing,omitempty" doc:"the order's, afterwards"`
	Unprinted   []string   `json:"unprinted,omitempty" enum:"merchant,customer" doc:"copies given to the printer that has not reported yet"`
	Altered     []string   `json:"altered,omitempty" enum:"merchant,customer" doc:"copies last printed with substitutes for what the printer cannot print"`
	Reprint     *Reprint   `json:"reprint,omitempty" doc:"what became of the copies asked for again lately"`
}

// newFollowUp writes a view for the API.
func newFollowUp(v followup.View, now time.Time) FollowUp {
	f, r := v.FollowUp, v.FollowUp.Result
	written := FollowUp{
		ID: f.ID.String(), Order: f.Order().String(), Kind: kindName(f.Kind), State: f.State.String(),
		Outcome: outcomeName(f.Outcome()), Final: f.State.Final(),
		Amount: f.Moved().Minor, Currency: f.Amount.Currency.Code, Text: f.Moved().Display(),
		Cashier: f.Cashier, Note: f.Note, Batch: f.Batch, Voucher: f.Voucher, Last: f.Last,
		Name: v.Name, Title: v.Title, Next: v.Next, Reason: optional(v.Reason), Notice: optional(v.Notice),
		RequestedAt: f.RequestedAt.UTC(), At: now.UTC(), Until: optionalTime(v.Until),
		Reference: r.GetReference(), Original: f.Original.GetPayment().GetReference(), Unprinted: copyNames(f.Unprinted),
		Altered: copyNames(f.Altered), Reprint: newReprint(v.Reprint),
	}
	if f.Undoes != (followup.ID{}) {
		written.Undoes = f.Undoes.String()
	}
	if f.State.Final() || f.State == followup.TakenOffline {
		written.Standing = newStanding(f.Standing())
	}
	return written
}

// Order is an order that was looked up.
type Order struct {
	ID            string     `json:"id"`
	Here          bool       `json:"here" doc:"it is in this till's journal"`
	Terminal      string     `json:"terminal" doc:"where it was taken"`
	Outcome       string     `json:"outcome" enum:"none,approved,declined,unknown,reversed"`
	Reason        *Words     `json:"reason,omitempty" doc:"why it ended so"`
	Amount        int64      `json:"amount"`
	Currency      string     `json:"currency"`
	Text          string     `json:"amount_text"`
	Method        string     `json:"method,omitempty" enum:"code,tap,shown"`
	Batch         uint32     `json:"batch,omitempty"`
	Voucher       uint32     `json:"voucher,omitempty"`
	Reference     string     `json:"reference,omitempty"`
	Authorisation string     `json:"authorisation,omitempty"`
	Operator      string     `json:"operator,omitempty" doc:"the payer's"`
	Wallet        string     `json:"wallet,omitempty" doc:"masked"`
	RequestedAt   *time.Time `json:"requested_at,omitempty"`
	Standing      *Standing  `json:"standing,omitempty"`
	Refundable    int64      `json:"refundable" doc:"may still be refunded, without what was asked for here and is not definite"`
	StillHeld     int64      `json:"still_held,omitempty" doc:"of a hold, likewise"`
	FollowUps     []FollowUp `json:"follow_ups" doc:"what was done with it on this till"`
}

// newOrder writes what was found for the API.
func newOrder(found FoundOrder, now time.Time) Order {
	o, p := found.Order, found.Order.GetPayment()
	written := Order{
		Here: found.Here, Terminal: o.GetTerminal(), Outcome: outcomeName(p.GetOutcome()), Reason: optional(catalogue.Reason(p.GetReason())),
		Amount: p.GetAmount(), Currency: p.GetCurrency(), Text: amountText(p.GetAmount(), p.GetCurrency()),
		Method: methodName(o.GetMethod()), Batch: o.GetBatch(), Voucher: o.GetVoucher(),
		Reference: p.GetReference(), Authorisation: p.GetAuthorisation(), Operator: p.GetPayerOperator(),
		Wallet: p.GetWalletMasked(), Standing: newStanding(p.GetStanding()), FollowUps: []FollowUp{},
	}
	written.ID = hex.EncodeToString(p.GetOrderId())
	if p.GetOutcome() == message.Outcome_OUTCOME_APPROVED {
		written.Refundable, written.StillHeld = found.Left.Refund, found.Left.Held
	}
	if at := o.GetRequestedAt(); at != 0 {
		written.RequestedAt = optionalTime(time.UnixMicro(at))
	}
	for _, view := range found.FollowUps {
		written.FollowUps = append(written.FollowUps, newFollowUp(view, now))
	}
	return written
}

// amountText is an amount with its symbol, or nothing in a currency that this till does not know.
func amountText(minor int64, code string) string {
	amount, err := money.Of(minor, code)
	if err != nil {
		return ""
	}
	return amount.Display()
}

// kinds are the follow-ups as the API names them.
func kinds() map[string]followup.Kind {
	return map[string]followup.Kind{
		"void": message.FollowUp_FOLLOW_UP_VOID, "refund": message.FollowUp_FOLLOW_UP_REFUND,
		"top-up": message.FollowUp_FOLLOW_UP_TOP_UP, "complete": message.FollowUp_FOLLOW_UP_COMPLETE,
		"cancel": message.FollowUp_FOLLOW_UP_CANCEL, "undo": message.FollowUp_FOLLOW_UP_UNDO,
	}
}

func kindName(kind followup.Kind) string {
	for name, one := range kinds() {
		if one == kind {
			return name
		}
	}
	return ""
}

// parseFollowUp reads a follow-up's id as 32 hexadecimal digits.
func parseFollowUp(text string) (followup.ID, error) {
	id, err := parseOrder(text)
	if err != nil {
		return followup.ID{}, &Refusal{Phrase: catalogue.RefuseNoFollowUp}
	}
	return followup.ID(id), nil
}

func copyNames(set checkout.Copies) []string {
	var names []string
	if set&checkout.MerchantCopy != 0 {
		names = append(names, copyMerchant)
	}
	if set&checkout.CustomerCopy != 0 {
		names = append(names, copyCustomer)
	}
	return names
}
